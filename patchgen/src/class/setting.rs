//! `SET`, `RESET` and `DISCARD`.

use super::reader::{Reader, boolean};
use crate::segment::Strings;
use patchgen_model::Class;

const LEXICAL: &str = "standard_conforming_strings";

/// The class of a `SET` whose first word has been read.
pub(super) fn set(mut reader: Reader<'_>) -> Class {
    let local = reader.accept("local");
    // `SESSION AUTHORIZATION` and `SESSION CHARACTERISTICS` begin with the word that may also stand before a name.
    if !local && reader.accept("session") && reader.accept("characteristics") {
        return Class::SessionSetting;
    }
    if local {
        reader.accept("session");
    }
    let Some(parameter) = parameter(&mut reader) else {
        return Class::Transactional;
    };
    match parameter.as_str() {
        "authorization" | "session_authorization" => Class::RoleEscape,
        "role" if value(&mut reader) == "none" => Class::RoleEscape,
        "role" => Class::SetRole,
        LEXICAL => Class::LexicalSetting,
        "transaction" | "constraints" => Class::Transactional,
        _ if local => Class::Transactional,
        _ => Class::SessionSetting,
    }
}

/// The class of a `RESET` whose first word has been read.
pub(super) fn reset(mut reader: Reader<'_>) -> Class {
    reader.accept("session");
    match parameter(&mut reader).as_deref() {
        Some("role" | "authorization" | "session_authorization") => Class::RoleEscape,
        Some(LEXICAL | "all") => Class::LexicalSetting,
        _ => Class::SessionSetting,
    }
}

/// What a plain string means behind this statement, if it says anything about that.
pub(crate) fn strings_after(statement: &str) -> Option<Strings> {
    let mut reader = Reader::new(statement, Strings::Standard);
    if reader.accept("set") {
        reader.accept_any(&["session", "local"]);
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

/// The name of a parameter; of a qualified one, all parts.
fn parameter(reader: &mut Reader<'_>) -> Option<String> {
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
