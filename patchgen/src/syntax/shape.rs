//! What two statements have in common that differ in their constants alone, as the `INSERT`s of a dump do: both are right or
//! neither is.

use crate::segment::Strings;
use crate::segment::lexer::{TokenKind, Tokens};
use std::collections::HashSet;

/// More than the tables of a large dump.
const MANY: usize = 10_000;
/// A statement of many rows is like no other.
const LONG: usize = 1 << 14;

/// The shapes of statements that were found right.
#[derive(Default)]
pub(super) struct Shapes {
    right: HashSet<String>,
    last: Option<String>,
}

impl Shapes {
    /// Whether a statement is as right as one before it. Only of `INSERT`s there are so many that it pays to ask.
    pub(super) fn has(&mut self, statement: &str, strings: Strings) -> bool {
        let first = statement.get(..6).unwrap_or_default();
        let is_one_of_many = strings == Strings::Standard
            && statement.len() < LONG
            && first.eq_ignore_ascii_case("insert");
        self.last = is_one_of_many.then(|| shape(statement)).flatten();
        let is_known = |shape| self.right.contains(shape);
        self.last.as_ref().is_some_and(is_known)
    }

    /// The statement that was asked for last turned out right.
    pub(super) fn keep(&mut self) {
        if self.right.len() < MANY {
            self.right.extend(self.last.take());
        }
    }
}

/// A statement with all plain numbers and strings alike; nothing where a string may be more than a string.
fn shape(statement: &str) -> Option<String> {
    let mut shape = String::with_capacity(statement.len());
    let mut done = 0;
    for token in Tokens::new(statement, Strings::Standard) {
        let text = &statement[token.range.clone()];
        // `:'name'` is a variable of psql, `UESCAPE '!'` an escape character.
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
