use super::input::{LintInput, fault};
use crate::sql::lexer::{TokenKind, Tokens};
use crate::sql::{Fault, StringMode};

pub(super) const NAME: &str = "password-literal";

/// Reports a password in clear text, of a role or a user mapping.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    input
        .statements()
        .filter_map(|statement| {
            let mut tokens = Tokens::new(statement.text, StringMode::Standard);
            let mut is_next = |words: &[&str]| {
                let word = tokens.next().map(|token| &statement.text[token.range]);
                word.is_some_and(|word| words.iter().any(|it| it.eq_ignore_ascii_case(word)))
            };
            if !is_next(&["create", "alter"]) || !is_next(&["role", "user", "group"]) {
                return None;
            }
            let mut is_after = false;
            let secret = tokens.find(|token| {
                let is_secret = is_after && token.kind == TokenKind::Text;
                is_after = statement.text[token.range.clone()].eq_ignore_ascii_case("password");
                is_secret
            })?;
            let text = &statement.text[secret.range.clone()];
            // A dump contains passwords that the server has hashed.
            let is_hashed = text.starts_with("'SCRAM-SHA-256$") || text.starts_with("'md5");
            (!is_hashed).then(|| {
                let offset = statement.offset + secret.range.start;
                fault(offset, NAME, "a password in clear text".to_owned())
            })
        })
        .collect()
}
