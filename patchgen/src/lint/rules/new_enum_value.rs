use super::{Input, Sentence, fault};
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Fault, Strings};
use patchgen_model::Kind;
use squawk_syntax::ast::{AlterTypeAction, AstNode, Stmt};

pub(super) const NAME: &str = "new-enum-value";

/// An enum value that is used in the transaction that adds it.
pub(super) fn check(input: &Input<'_>, sentences: &[Sentence<'_>]) -> Vec<Fault> {
    if input.kind == Kind::Concurrent {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut made = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        match change(sentence) {
            Some(Change::Made(name)) => made.push(name),
            // A type made in this transaction can be used at once.
            Some(Change::Added { name, value }) if !made.contains(&name) => {
                let using = sentences[at + 1..]
                    .iter()
                    .find_map(|later| Some(later.offset + use_of(&value, later)?));
                if let Some(offset) = using {
                    let message = format!("{value} is used in the transaction that adds it");
                    found.push(fault(offset, NAME, message));
                }
            }
            _ => {}
        }
    }
    found
}

enum Change {
    Made(String),
    Added { name: String, value: String },
}

fn change(sentence: &Sentence<'_>) -> Option<Change> {
    match sentence.tree.as_ref()? {
        Stmt::CreateType(made) => Some(Change::Made(text(&made.type_name()?))),
        Stmt::AlterType(altered) => match altered.action()? {
            AlterTypeAction::AddValue(added) => Some(Change::Added {
                name: text(&altered.type_name_ref()?),
                value: added.literal()?.syntax().text().to_string(),
            }),
            _ => None,
        },
        _ => None,
    }
}

fn text(name: &impl AstNode) -> String {
    let text = name.syntax().text().to_string();
    text.trim().to_ascii_lowercase()
}

fn use_of(value: &str, later: &Sentence<'_>) -> Option<usize> {
    if !later.text.contains(value) || matches!(change(later), Some(Change::Added { .. })) {
        return None;
    }
    Tokens::new(later.text, Strings::Standard)
        .find(|token| token.kind == TokenKind::Text && &later.text[token.range.clone()] == value)
        .map(|token| token.range.start)
}
