use super::input::{LintInput, fault};
use crate::sql::Fault;
use crate::sql::lexer::{StringMode, TokenKind, Tokens};
use crate::sql::parser::tree;
use patchgen_model::Kind;
use squawk_syntax::ast::{AlterTypeAction, AstNode, Stmt};

pub(super) const NAME: &str = "new-enum-value";

/// Reports an enum value that is used in the transaction that adds it.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    if input.kind == Kind::Concurrent {
        return Vec::new();
    }
    let statements: Vec<_> = input.statements().collect();
    let mut found = Vec::new();
    let mut created = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        match change(statement.text) {
            Some(Change::Created(name)) => created.push(name),
            // A value of a type that is created in the same transaction can be used at once.
            Some(Change::Added { name, value }) if !created.contains(&name) => {
                let using = statements[at + 1..]
                    .iter()
                    .find_map(|later| Some(later.offset + use_of(&value, later.text)?));
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
    Created(String),
    Added { name: String, value: String },
}

fn change(statement: &str) -> Option<Change> {
    let mut words = Tokens::new(statement, StringMode::Standard)
        .map(|token| statement[token.range].to_ascii_lowercase());
    let first = words.next()?;
    if !matches!(first.as_str(), "create" | "alter") || words.next()? != "type" {
        return None;
    }
    let name = |name: Option<String>| name.unwrap_or_default().trim().to_ascii_lowercase();
    match tree(statement)? {
        Stmt::CreateType(created) => {
            let created = created
                .type_name()
                .map(|name| name.syntax().text().to_string());
            Some(Change::Created(name(created)))
        }
        Stmt::AlterType(altered) => match altered.action()? {
            AlterTypeAction::AddValue(added) => Some(Change::Added {
                name: name(
                    altered
                        .type_name_ref()
                        .map(|name| name.syntax().text().to_string()),
                ),
                value: added.literal()?.syntax().text().to_string(),
            }),
            _ => None,
        },
        _ => None,
    }
}

fn use_of(value: &str, statement: &str) -> Option<usize> {
    if matches!(change(statement), Some(Change::Added { .. })) {
        return None;
    }
    Tokens::new(statement, StringMode::Standard)
        .find(|token| token.kind == TokenKind::Text && &statement[token.range.clone()] == value)
        .map(|token| token.range.start)
}
