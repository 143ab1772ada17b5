//! Classes of `SET` and `RESET`.

use crate::sql::setting::{STANDARD_CONFORMING_STRINGS, accept_scope, parameter};
use crate::sql::words::Reader;
use patchgen_model::Class;

/// Returns the class of a `SET` whose first word has been read.
pub(super) fn set(mut reader: Reader<'_>) -> Class {
    if set_escape(reader.clone()).is_some() {
        return Class::RoleEscape;
    }
    let scope = scope(&mut reader);
    if scope.session && reader.is_at("characteristics") {
        return Class::SessionSetting;
    }
    if accept_scope(&mut reader, "names") {
        return Class::ClientEncoding;
    }
    match parameter(&mut reader).as_deref() {
        Some("role") => Class::SetRole,
        Some("transaction" | "constraints") | None => Class::Transactional,
        Some(STANDARD_CONFORMING_STRINGS) => Class::LexicalSetting,
        Some("client_encoding") => Class::ClientEncoding,
        Some(_) if scope.local => Class::Transactional,
        Some(_) => Class::SessionSetting,
    }
}

struct Scope {
    local: bool,
    session: bool,
}

/// Skips `LOCAL` and `SESSION`. `SESSION` is allowed before any name; `SESSION AUTHORIZATION` and `SESSION CHARACTERISTICS`
/// begin with it, too.
fn scope(reader: &mut Reader<'_>) -> Scope {
    let local = accept_scope(reader, "local");
    let mut session = false;
    while accept_scope(reader, "session") {
        session = true;
    }
    Scope { local, session }
}

/// Returns the command of a `SET` that leaves the role, whose first word has been read.
pub(super) fn set_escape(mut reader: Reader<'_>) -> Option<&'static str> {
    let scope = scope(&mut reader);
    match parameter(&mut reader)?.as_str() {
        "authorization" if scope.session => Some("SET SESSION AUTHORIZATION"),
        "session_authorization" => Some("SET SESSION AUTHORIZATION"),
        "role" => {
            if !reader.accept("to") {
                reader.accept_symbol(b'=');
            }
            if reader.is_at("default") {
                return Some("SET ROLE TO DEFAULT");
            }
            let role = reader.clone().name().or_else(|| reader.string())?;
            // The server compares the name as it is stored, whatever quotes it is written in.
            (role == "none").then_some("SET ROLE NONE")
        }
        _ => None,
    }
}

/// Returns the class of a `RESET` whose first word has been read.
pub(super) fn reset(mut reader: Reader<'_>) -> Class {
    if reset_escape(reader.clone()).is_some() {
        return Class::RoleEscape;
    }
    match parameter(&mut reader).as_deref() {
        Some(STANDARD_CONFORMING_STRINGS | "all") => Class::LexicalSetting,
        _ => Class::SessionSetting,
    }
}

/// Returns the command of a `RESET` that leaves the role, whose first word has been read.
pub(super) fn reset_escape(mut reader: Reader<'_>) -> Option<&'static str> {
    match parameter(&mut reader)?.as_str() {
        "role" => Some("RESET ROLE"),
        "session_authorization" => Some("RESET SESSION AUTHORIZATION"),
        "session" if reader.is_at("authorization") => Some("RESET SESSION AUTHORIZATION"),
        _ => None,
    }
}
