//! Plain SQL in place of a statement that psql or a session setting reads differently.
//!
//! Every byte keeps its offset, so that the parser's offsets are valid in the file.

use crate::sql::lexer::{StringMode, TokenKind, Tokens};
use crate::sql::variable::variables;
use patchgen_model::{Quoting, Variable};
use std::borrow::Cow;

/// Language of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// SQL as the server reads it.
    Sql,
    /// SQL as psql reads it, with references to variables: a baseline.
    Psql,
}

/// Ways to read a statement.
pub(super) struct Readings {
    pub(super) texts: Vec<String>,
    /// `true` if the statement may be valid although no reading is, because a variable can contain any SQL.
    pub(super) is_open: bool,
}

/// Returns the ways to read a statement, with placeholders for variables.
pub(super) fn readings(statement: &str, string_mode: StringMode, dialect: Dialect) -> Readings {
    let text = match string_mode {
        StringMode::Standard => Cow::Borrowed(statement),
        StringMode::Escape => Cow::Owned(without_escapes(statement)),
    };
    let references = match dialect {
        Dialect::Sql => Vec::new(),
        Dialect::Psql => variables(statement, string_mode),
    };
    if references.is_empty() {
        return Readings {
            texts: vec![text.into_owned()],
            is_open: false,
        };
    }
    let is_open = references
        .iter()
        .any(|reference| reference.quoting == Quoting::Plain);
    let mut texts: Vec<String> = if is_open {
        // A variable can contain a name, a string or a number.
        ["v", "'", "1"]
            .map(|plain| with_placeholders(&text, &references, plain))
            .into()
    } else {
        vec![with_placeholders(&text, &references, "v")]
    };
    // Without placeholders, because `a[1:n]` may be a slice.
    texts.push(text.into_owned());
    Readings { texts, is_open }
}

fn with_placeholders(statement: &str, references: &[Variable], plain: &str) -> String {
    let mut text = String::with_capacity(statement.len());
    let mut done = 0;
    for reference in references {
        let range = reference.span.start as usize..reference.span.end as usize;
        let inner = "v".repeat(range.len() - 2);
        text.push_str(&statement[done..range.start]);
        match (reference.quoting, plain) {
            (Quoting::Literal, _) | (Quoting::Plain, "'") => {
                text.push('\'');
                text.push_str(&inner);
                text.push('\'');
            }
            (Quoting::Identifier, _) => {
                text.push('"');
                text.push_str(&inner);
                text.push('"');
            }
            (Quoting::Plain, plain) => text.push_str(&plain.repeat(range.len())),
        }
        done = range.end;
    }
    text.push_str(&statement[done..]);
    text
}

/// Replaces the content of plain strings in which a backslash escapes; the parser knows only the standard ones.
pub(super) fn without_escapes(statement: &str) -> String {
    let mut text = String::with_capacity(statement.len());
    let mut done = 0;
    for token in Tokens::new(statement, StringMode::Escape) {
        let constant = &statement[token.range.clone()];
        let open = constant.find('\'').map_or(0, |at| at + 1);
        let is_plain = constant.starts_with(['\'', 'n', 'N']) && open > 0;
        if token.kind == TokenKind::Text && token.closed && is_plain && constant.contains('\\') {
            let inner = token.range.start + open..token.range.end - 1;
            text.push_str(&statement[done..inner.start]);
            text.push_str(&"v".repeat(inner.len()));
            done = inner.end;
        }
    }
    text.push_str(&statement[done..]);
    text
}

/// Returns `true` for statements that every server accepts, although the parser does not.
pub(super) fn is_known_gap(statement: &str) -> bool {
    let mut words = Tokens::new(statement, StringMode::Standard)
        .map(|token| statement[token.range].to_ascii_lowercase());
    if words.next().is_none_or(|first| first != "set") {
        return false;
    }
    let mut next = || words.next().unwrap_or_default();
    let mut name = next();
    if matches!(name.as_str(), "session" | "local") {
        name = next();
    }
    match (name.as_str(), next().as_str()) {
        ("names", "" | "default") | ("role", "=") => true,
        ("names", value) => value.starts_with('\''),
        _ => false,
    }
}
