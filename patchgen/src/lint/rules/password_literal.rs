use super::{Input, fault};
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Fault, Strings};

pub(super) const NAME: &str = "password-literal";

/// A password in clear text, of a role or a user mapping.
pub(super) fn check(input: &Input<'_>) -> Vec<Fault> {
    input
        .statements()
        .filter_map(|statement| {
            let tokens: Vec<_> = Tokens::new(statement.text, Strings::Standard).collect();
            let word = |at: usize| {
                tokens
                    .get(at)
                    .map(|token| statement.text[token.range.clone()].to_ascii_lowercase())
                    .unwrap_or_default()
            };
            let is_role = matches!(word(0).as_str(), "create" | "alter")
                && matches!(word(1).as_str(), "role" | "user" | "group");
            if !is_role {
                return None;
            }
            let at = (2..tokens.len()).find(|at| {
                word(*at) == "password"
                    && tokens
                        .get(at + 1)
                        .is_some_and(|next| next.kind == TokenKind::Text)
            })?;
            let secret = &tokens[at + 1];
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
