use super::input::{LintInput, LintStatement};
use crate::sql::lexer::Tokens;
use crate::sql::{Fault, StringMode};
use patchgen_model::Kind;

pub(super) const NAME: &str = "needs-transaction";

/// Reports statements that have no effect, or fail, outside of a transaction.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    if input.kind != Kind::Concurrent {
        return Vec::new();
    }
    input
        .statements()
        .filter_map(|statement| {
            let command = command(&statement)?;
            Some(statement.fault(
                NAME,
                format!("`{command}` means nothing outside of a transaction"),
            ))
        })
        .collect()
}

/// Returns the command of a statement that needs a transaction.
fn command(statement: &LintStatement<'_>) -> Option<&'static str> {
    let mut words = Tokens::new(statement.text, StringMode::Standard)
        .map(|token| statement.text[token.range].to_ascii_lowercase());
    let first = words.next()?;
    let second = words.next();
    match (first.as_str(), second.as_deref().unwrap_or_default()) {
        ("set", "local") => Some("SET LOCAL"),
        ("set", "transaction") => Some("SET TRANSACTION"),
        ("set", "constraints") => Some("SET CONSTRAINTS"),
        ("lock", _) => Some("LOCK"),
        ("savepoint", _) => Some("SAVEPOINT"),
        ("release", _) => Some("RELEASE SAVEPOINT"),
        ("rollback", "to") => Some("ROLLBACK TO SAVEPOINT"),
        ("declare", _) if !words.any(|word| word == "hold") => Some("DECLARE CURSOR"),
        _ => None,
    }
}
