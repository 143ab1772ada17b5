//! Makes a statement of plain SQL out of one that psql or a session setting reads in its own way.
//!
//! Every byte keeps its place, so that the parser's offsets hold in the file.

use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Strings, variables};
use patchgen_model::{Quoting, Variable};
use std::borrow::Cow;

/// Whose language a text is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// The server's.
    Sql,
    /// psql's, where variables may stand: a baseline.
    Psql,
}

/// The ways to read a statement.
pub(super) struct Readings {
    pub(super) texts: Vec<String>,
    /// Whether it may turn out right although no reading is: a variable can hold any SQL.
    pub(super) is_open: bool,
}

pub(super) fn readings(statement: &str, strings: Strings, dialect: Dialect) -> Readings {
    let text = match strings {
        Strings::Standard => Cow::Borrowed(statement),
        Strings::Escape => Cow::Owned(without_escapes(statement)),
    };
    let references = match dialect {
        Dialect::Sql => Vec::new(),
        Dialect::Psql => variables(statement, strings),
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
        // A name, a string, a number.
        ["v", "'", "1"]
            .map(|plain| with_placeholders(&text, &references, plain))
            .into()
    } else {
        vec![with_placeholders(&text, &references, "v")]
    };
    // What is no variable's name stays: `a[1:n]`.
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

/// Blanks plain strings in which a backslash escapes; the parser knows only the standard ones.
pub(super) fn without_escapes(statement: &str) -> String {
    let mut text = String::with_capacity(statement.len());
    let mut done = 0;
    for token in Tokens::new(statement, Strings::Escape) {
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

/// Statements that the parser does not know, and every server does.
pub(super) fn is_known_gap(statement: &str) -> bool {
    let mut words = Tokens::new(statement, Strings::Standard)
        .map(|token| statement[token.range].to_ascii_lowercase());
    let mut next = || words.next().unwrap_or_default();
    match (next().as_str(), next().as_str(), next().as_str()) {
        ("set", "names", value) => value.starts_with('\''),
        ("set", "role", "=") => true,
        _ => false,
    }
}
