use super::input::LintInput;
use crate::sql::Fault;
use patchgen_model::{Class, Kind};

pub(super) const NAME: &str = "unrepeatable";

/// Reports statements of a concurrent patch whose interruption leaves it in doubt.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    if input.kind != Kind::Concurrent {
        return Vec::new();
    }
    input
        .statements()
        .filter(|statement| matches!(statement.class, Class::Procedural | Class::Unrepeatable))
        .map(|statement| {
            let words: Vec<_> = statement.text.split_whitespace().take(2).collect();
            let words = match statement.class {
                Class::Procedural => words[0].to_ascii_uppercase(),
                _ => words.join(" ").to_ascii_uppercase(),
            };
            statement.fault(
                NAME,
                format!("an interrupted `{words}` leaves the patch in doubt"),
            )
        })
        .collect()
}
