//! Commands and calls that leave the role that a statement runs as.

use super::setting;
use crate::sql::lexer::StringMode;
use crate::sql::words::Reader;
use std::borrow::Cow;

/// Command or call that leaves the role of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Escape {
    /// Offset in the statement.
    pub(crate) offset: usize,
    /// Command or call, as a message shows it.
    pub(crate) command: &'static str,
}

/// Returns the commands and calls in a statement that leave its role: the statement itself, constant calls of `set_config`,
/// and the statements in the body of a `DO`.
///
/// A statement that is built while it runs is not seen.
pub(crate) fn role_escapes(statement: &str, string_mode: StringMode) -> Vec<Escape> {
    let mut found = Vec::new();
    if !is_candidate(statement, string_mode) {
        return found;
    }
    let mut sources = vec![Source {
        text: statement.to_owned(),
        offset: 0,
        is_exact: true,
        is_block: false,
    }];
    // A body can contain another body, to any depth.
    while let Some(source) = sources.pop() {
        source.scan(string_mode, &mut found, &mut sources);
    }
    found.sort_by_key(|escape| escape.offset);
    found.dedup();
    found
}

/// Returns `false` if a first look shows that the statement has no escape.
fn is_candidate(statement: &str, string_mode: StringMode) -> bool {
    let first = Reader::new(statement, string_mode).word();
    let first = first.unwrap_or_default();
    let contains = |part: &str| {
        let mut windows = statement.as_bytes().windows(part.len());
        windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    ["set", "reset", "discard", "do"].contains(&first.as_str())
        || contains("set_config")
        // The name of the function may be written with escapes.
        || contains("u&\"")
}

/// Text with statements.
struct Source {
    text: String,
    /// Offset of the text in the statement that is checked, or of the constant that the text is the value of.
    offset: usize,
    /// `false` if the text is not as written, so that offsets in it mean nothing outside.
    is_exact: bool,
    /// `true` for the body of a PL/pgSQL block, `false` for SQL.
    is_block: bool,
}

impl Source {
    fn scan(&self, string_mode: StringMode, found: &mut Vec<Escape>, sources: &mut Vec<Source>) {
        let mut reader = Reader::new(&self.text, string_mode);
        let (mut at_start, mut in_declarations) = (true, false);
        while let Some(place) = reader.place() {
            let offset = self.offset_of(place.start as usize);
            if at_start && !in_declarations {
                if let Some(command) = command(reader.clone()) {
                    found.push(Escape { offset, command });
                }
                let inner = block(reader.clone()).or_else(|| self.executed(reader.clone()));
                sources.extend(inner.map(|inner| Source {
                    offset: self.offset_of(inner.offset),
                    is_exact: self.is_exact && inner.is_exact,
                    ..inner
                }));
            }
            if self.is_block && at_start && reader.is_at("declare") {
                in_declarations = true;
            } else if reader.is_at("begin") {
                in_declarations = false;
            }
            at_start = reader.is_at_symbol(b';')
                || self.is_block && BEFORE_STATEMENTS.iter().any(|word| reader.is_at(word));
            if at_start {
                reader.advance();
            } else if let Some(command) = call(&mut reader) {
                found.push(Escape { offset, command });
            }
        }
    }

    fn offset_of(&self, inner: usize) -> usize {
        match self.is_exact {
            true => self.offset + inner,
            false => self.offset,
        }
    }

    /// Returns the constant that an `EXECUTE` of a block runs.
    fn executed(&self, mut reader: Reader<'_>) -> Option<Source> {
        if !(self.is_block && reader.accept("execute")) {
            return None;
        }
        let place = reader.place()?;
        let text = reader.string()?;
        reader.at_statement_end().then_some(Source {
            text,
            offset: place.start as usize,
            is_exact: false,
            is_block: false,
        })
    }
}

/// Words of PL/pgSQL that a statement can follow.
const BEFORE_STATEMENTS: [&str; 4] = ["begin", "then", "else", "loop"];

/// Returns the command of a statement if it leaves the role.
fn command(mut reader: Reader<'_>) -> Option<&'static str> {
    if reader.accept("set") {
        setting::set_escape(reader)
    } else if reader.accept("reset") {
        setting::reset_escape(reader)
    } else {
        // It does what `RESET SESSION AUTHORIZATION` does, and more.
        (reader.accept("discard") && reader.is_at("all")).then_some("DISCARD ALL")
    }
}

/// Skips a name with its qualifiers, or another token. Returns the call of `set_config` that begins there, if it leaves the
/// role.
fn call(reader: &mut Reader<'_>) -> Option<&'static str> {
    let before = reader.place();
    let (schema, name) = reader.qualified();
    if reader.place() == before {
        reader.advance();
    }
    if name.as_deref() != Some("set_config")
        || schema.is_some_and(|schema| schema != "pg_catalog")
        || !reader.is_at_symbol(b'(')
    {
        return None;
    }
    let mut reader = reader.clone();
    // The constant may stand in parentheses, and have a type.
    while reader.accept_symbol(b'(') || reader.accept_any(&["cast", "text", "varchar", "name"]) {}
    let setting = reader.string()?;
    let ends = |symbol: &u8| reader.is_at_symbol(*symbol);
    if !b",):".iter().any(ends) && !reader.is_at("as") {
        return None;
    }
    match setting.to_ascii_lowercase().as_str() {
        "role" => Some("set_config('role', …)"),
        "session_authorization" => Some("set_config('session_authorization', …)"),
        _ => None,
    }
}

/// Returns the body of a `DO`, unless it is in another language than PL/pgSQL.
fn block(mut reader: Reader<'_>) -> Option<Source> {
    if !reader.accept("do") {
        return None;
    }
    let mut body = None;
    while !reader.at_statement_end() {
        if reader.accept("language") {
            let language = reader.string().or_else(|| reader.name());
            if language.is_some_and(|language| language != "plpgsql") {
                return None;
            }
            continue;
        }
        let mut decoded = reader.clone();
        let Some(constant) = reader.constant() else {
            reader.advance();
            continue;
        };
        body = decoded.string().map(|text| Source {
            text,
            offset: constant.inner.start as usize,
            is_exact: matches!(constant.value, Some(Cow::Borrowed(_))),
            is_block: true,
        });
    }
    body
}

#[cfg(test)]
mod tests;
