use super::{Input, fault};
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Fault, Strings};

pub(super) const NAME: &str = "password-literal";

/// A password in clear text, of a role or a user mapping.
pub(super) fn check(input: &Input<'_>) -> Vec<Fault> {
    input
        .statements()
        .filter_map(|statement| {
            let mut tokens = Tokens::new(statement.text, Strings::Standard);
            let mut is_next = |words: &[&str]| {
                let word = tokens.next().map(|token| &statement.text[token.range]);
                word.is_some_and(|word| words.iter().any(|it| it.eq_ignore_ascii_case(word)))
            };
            if !is_next(&["create", "alter"]) || !is_next(&["role", "user", "group"]) {
                return None;
            }
            let mut is_behind = false;
            let secret = tokens.find(|token| {
                let is_secret = is_behind && token.kind == TokenKind::Text;
                is_behind = statement.text[token.range.clone()].eq_ignore_ascii_case("password");
                is_secret
            })?;
            let text = &statement.text[secret.range.clone()];
            // What the server has hashed is what a dump contains.
            let is_hashed = text.starts_with("'SCRAM-SHA-256$") || text.starts_with("'md5");
            (!is_hashed).then(|| {
                let offset = statement.offset + secret.range.start;
                fault(offset, NAME, "a password in clear text".to_owned())
            })
        })
        .collect()
}
