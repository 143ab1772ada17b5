//! `SET`, `RESET` and `DISCARD`, and their effect on how strings are read.

use super::lexer::StringMode;
use super::words::{Reader, boolean};

/// Parameter that decides whether a backslash in a plain string escapes the next character.
pub(super) const STANDARD_CONFORMING_STRINGS: &str = "standard_conforming_strings";

/// Returns how plain strings are read after this statement, or `None` if the statement does not change that.
pub(crate) fn string_mode_after(statement: &str) -> Option<StringMode> {
    let mut reader = Reader::new(statement, StringMode::Standard);
    if reader.accept("set") {
        let _ = accept_scope(&mut reader, "session") || accept_scope(&mut reader, "local");
        if parameter(&mut reader)? != STANDARD_CONFORMING_STRINGS {
            return None;
        }
        return Some(match boolean(&value(&mut reader)) {
            Some(false) => StringMode::Escape,
            _ => StringMode::Standard,
        });
    }
    if reader.accept("reset") {
        let parameter = parameter(&mut reader)?;
        return (parameter == STANDARD_CONFORMING_STRINGS || parameter == "all")
            .then_some(StringMode::Standard);
    }
    (reader.accept("discard") && reader.accept("all")).then_some(StringMode::Standard)
}

/// Skips the word `SESSION`, `LOCAL` or `NAMES`, unless it is the name of a parameter itself.
pub(super) fn accept_scope(reader: &mut Reader<'_>, word: &str) -> bool {
    let mut ahead = reader.clone();
    let is_scope = ahead.accept(word)
        && !ahead.is_at("to")
        && !ahead.is_at("from")
        && !ahead.is_at_symbol(b'=')
        && !ahead.is_at_symbol(b'.');
    if is_scope {
        *reader = ahead;
    }
    is_scope
}

/// Reads the name of a parameter with all its qualifiers, in lower case.
pub(super) fn parameter(reader: &mut Reader<'_>) -> Option<String> {
    let mut name = reader.name()?;
    while reader.accept_symbol(b'.') {
        name.push('.');
        name.push_str(&reader.name()?);
    }
    Some(name.to_ascii_lowercase())
}

/// Reads the value that is assigned to a parameter.
pub(super) fn value(reader: &mut Reader<'_>) -> String {
    if !reader.accept("to") {
        reader.accept_symbol(b'=');
    }
    reader.value()
}
