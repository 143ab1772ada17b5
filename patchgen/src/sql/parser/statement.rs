//! Parsing of a single statement.

use super::depth::Depth;
#[cfg(feature = "lint")]
use super::depth::with_stack;
use super::inline_index;
use super::reading;
use squawk_syntax::SourceFile;
use squawk_syntax::ast::Stmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Error of the parser at a place in a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ParseError {
    pub(super) range: Range<usize>,
    pub(super) message: String,
}

/// Error for a statement on which the parser panicked.
pub(super) struct Panicked;

/// Parses a statement of plain SQL and returns its first error. The caller provides the stack.
pub(super) fn first_error(statement: &str) -> Result<Option<ParseError>, Panicked> {
    catch_unwind(AssertUnwindSafe(|| {
        let parse = SourceFile::parse(statement);
        let first = parse.errors().into_iter().next().map(|error| ParseError {
            range: error.range().into(),
            message: error.message().to_owned(),
        });
        first
            .filter(|_| !reading::is_known_gap(statement))
            .or_else(|| {
                inline_index::find(&parse.tree()).map(|range| ParseError {
                    range,
                    message: inline_index::MESSAGE.to_owned(),
                })
            })
    }))
    .map_err(|_| Panicked)
}

/// Returns `true` if the parser accepts a statement of plain SQL. A statement that nests too deeply is not accepted.
#[cfg(feature = "lint")]
pub(super) fn is_accepted(statement: &str) -> bool {
    let depth = Depth::of(statement);
    let parse = || matches!(first_error(statement), Ok(None));
    !depth.is_beyond_parser() && with_stack(depth, parse).unwrap_or(false)
}

/// Returns the tree of a statement if the parser accepts it and it is no deeper than is usual.
pub(crate) fn tree(statement: &str) -> Option<Stmt> {
    if !Depth::of(statement).is_shallow() {
        return None;
    }
    let parse = || {
        let parse = SourceFile::parse(statement);
        let mut statements = parse.tree().stmts();
        let only = statements.next().filter(|_| statements.next().is_none());
        only.filter(|_| parse.errors().is_empty())
    };
    catch_unwind(AssertUnwindSafe(parse)).ok().flatten()
}
