//! Classes of `SET` and `RESET`.

use crate::sql::setting::{STANDARD_CONFORMING_STRINGS, accept_scope, parameter, value};
use crate::sql::words::Reader;
use patchgen_model::Class;

/// Returns the class of a `SET` whose first word has been read.
pub(super) fn set(mut reader: Reader<'_>) -> Class {
    let local = accept_scope(&mut reader, "local");
    // `SESSION` is allowed before any name; `SESSION AUTHORIZATION` and `SESSION CHARACTERISTICS` begin with it, too.
    let mut session = false;
    while accept_scope(&mut reader, "session") {
        session = true;
    }
    if session && reader.is_at("characteristics") {
        return Class::SessionSetting;
    }
    if accept_scope(&mut reader, "names") {
        return Class::ClientEncoding;
    }
    match parameter(&mut reader).as_deref() {
        Some("authorization") if session => Class::RoleEscape,
        Some("role") if value(&mut reader) == "none" => Class::RoleEscape,
        Some("role") => Class::SetRole,
        Some("transaction" | "constraints") | None => Class::Transactional,
        Some(name) => set_class(name, local),
    }
}

/// Returns the class of a `SET` of a parameter.
pub(super) fn set_class(parameter: &str, local: bool) -> Class {
    match parameter {
        "session_authorization" => Class::RoleEscape,
        STANDARD_CONFORMING_STRINGS => Class::LexicalSetting,
        "client_encoding" => Class::ClientEncoding,
        _ if local => Class::Transactional,
        _ => Class::SessionSetting,
    }
}

/// Returns the class of a `RESET` whose first word has been read.
pub(super) fn reset(mut reader: Reader<'_>) -> Class {
    if reader.accept("session") {
        return Class::RoleEscape;
    }
    reset_class(&parameter(&mut reader).unwrap_or_default())
}

/// Returns the class of a `RESET` of a parameter, or of `all`.
pub(super) fn reset_class(parameter: &str) -> Class {
    match parameter {
        "role" | "session_authorization" => Class::RoleEscape,
        STANDARD_CONFORMING_STRINGS | "all" => Class::LexicalSetting,
        _ => Class::SessionSetting,
    }
}
