//! Shape of a statement: its text without its constants.
//!
//! Of two statements with the same shape, such as the `INSERT`s of a dump, both are valid or neither is.

use crate::sql::lexer::{StringMode, TokenKind, Tokens};
use std::collections::HashSet;

/// Greatest number of shapes that are kept; more than a large dump has tables.
const MAX_COUNT: usize = 10_000;
/// Length in bytes from which on a statement is not compared: one with many rows hardly has the shape of another.
const MAX_LEN: usize = 1 << 14;

/// Shapes of statements that the parser has accepted.
#[derive(Default)]
pub(super) struct Shapes {
    accepted: HashSet<String>,
    /// Shape that `contains` was called with last.
    last: Option<String>,
}

impl Shapes {
    /// Returns `true` if a statement with this shape has been accepted. Only `INSERT`s are numerous enough to be compared.
    pub(super) fn contains(&mut self, statement: &str, string_mode: StringMode) -> bool {
        let first = statement.get(..6).unwrap_or_default();
        let is_one_of_many = string_mode == StringMode::Standard
            && statement.len() < MAX_LEN
            && first.eq_ignore_ascii_case("insert");
        self.last = is_one_of_many.then(|| shape(statement)).flatten();
        let is_known = |shape| self.accepted.contains(shape);
        self.last.as_ref().is_some_and(is_known)
    }

    /// Adds the shape of the statement that [`Shapes::contains`] was called with last.
    pub(super) fn insert(&mut self) {
        if self.accepted.len() < MAX_COUNT {
            self.accepted.extend(self.last.take());
        }
    }
}

/// Returns a statement with all plain numbers and strings made equal, or `None` if a string in it may not be a constant.
fn shape(statement: &str) -> Option<String> {
    let mut shape = String::with_capacity(statement.len());
    let mut done = 0;
    for token in Tokens::new(statement, StringMode::Standard) {
        let text = &statement[token.range.clone()];
        // `:'name'` is a variable of psql, and `UESCAPE '!'` names an escape character.
        let is_variable = statement[..token.range.start].ends_with(':');
        if is_variable || text.eq_ignore_ascii_case("uescape") {
            return None;
        }
        let alike = match token.kind {
            TokenKind::Text if text.starts_with('\'') && token.closed => "''",
            TokenKind::Number if text.bytes().all(|byte| byte.is_ascii_digit()) => "0",
            _ => continue,
        };
        shape.push_str(&statement[done..token.range.start]);
        shape.push_str(alike);
        done = token.range.end;
    }
    shape.push_str(&statement[done..]);
    Some(shape)
}
