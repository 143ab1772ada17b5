//! `SET`, `RESET` and `DISCARD`.

use super::reader::{Reader, boolean};
use crate::segment::Strings;
use patchgen_model::Class;

const LEXICAL: &str = "standard_conforming_strings";

/// The class of a `SET` whose first word has been read.
pub(super) fn set(mut reader: Reader<'_>) -> Class {
    let local = scope(&mut reader, "local");
    // `SESSION` stands before any name, and begins `SESSION AUTHORIZATION` and `SESSION CHARACTERISTICS`.
    let mut session = false;
    while scope(&mut reader, "session") {
        session = true;
    }
    if session && reader.sees("characteristics") {
        return Class::SessionSetting;
    }
    match parameter(&mut reader).as_deref() {
        Some("authorization") if session => Class::RoleEscape,
        Some("role") if value(&mut reader) == "none" => Class::RoleEscape,
        Some("role") => Class::SetRole,
        Some("transaction" | "constraints") | None => Class::Transactional,
        Some(name) => set_class(name, local),
    }
}

/// The class of a `SET` of a parameter.
pub(super) fn set_class(parameter: &str, local: bool) -> Class {
    match parameter {
        "session_authorization" => Class::RoleEscape,
        LEXICAL => Class::LexicalSetting,
        _ if local => Class::Transactional,
        _ => Class::SessionSetting,
    }
}

/// The class of a `RESET` whose first word has been read.
pub(super) fn reset(mut reader: Reader<'_>) -> Class {
    if reader.accept("session") {
        return Class::RoleEscape;
    }
    reset_class(&parameter(&mut reader).unwrap_or_default())
}

/// The class of a `RESET` of a parameter, or of `all`.
pub(super) fn reset_class(parameter: &str) -> Class {
    match parameter {
        "role" | "session_authorization" => Class::RoleEscape,
        LEXICAL | "all" => Class::LexicalSetting,
        _ => Class::SessionSetting,
    }
}

/// What a plain string means behind this statement, if it says anything about that.
pub(crate) fn strings_after(statement: &str) -> Option<Strings> {
    let mut reader = Reader::new(statement, Strings::Standard);
    if reader.accept("set") {
        let _ = scope(&mut reader, "session") || scope(&mut reader, "local");
        if parameter(&mut reader)? != LEXICAL {
            return None;
        }
        return Some(match boolean(&value(&mut reader)) {
            Some(false) => Strings::Escape,
            _ => Strings::Standard,
        });
    }
    if reader.accept("reset") {
        let parameter = parameter(&mut reader)?;
        return (parameter == LEXICAL || parameter == "all").then_some(Strings::Standard);
    }
    (reader.accept("discard") && reader.accept("all")).then_some(Strings::Standard)
}

/// Steps over the word, unless it is the name of a parameter itself.
fn scope(reader: &mut Reader<'_>, word: &str) -> bool {
    let mut ahead = reader.clone();
    let is_scope = ahead.accept(word)
        && !ahead.sees("to")
        && !ahead.sees("from")
        && !ahead.sees_symbol(b'=')
        && !ahead.sees_symbol(b'.');
    if is_scope {
        *reader = ahead;
    }
    is_scope
}

/// The name of a parameter; of a qualified one, all parts.
pub(super) fn parameter(reader: &mut Reader<'_>) -> Option<String> {
    let mut name = reader.name()?;
    while reader.accept_symbol(b'.') {
        name.push('.');
        name.push_str(&reader.name()?);
    }
    Some(name.to_ascii_lowercase())
}

fn value(reader: &mut Reader<'_>) -> String {
    if !reader.accept("to") {
        reader.accept_symbol(b'=');
    }
    reader.value()
}
