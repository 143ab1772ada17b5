//! Parses every statement while building; the only user of the SQL parser besides `class/tree.rs` and the lints.
//!
//! Statements are parsed one by one, as the lexer has split them: data, meta-commands and a fault in one statement do not
//! disturb the others. Of each statement the first fault is told; what follows it is mostly its echo.

mod blank;
mod depth;
mod hint;
mod index;
mod message;
mod prepare;
mod shape;
mod whole;

use crate::segment::{Fault, PieceKind, Segmented};
use squawk_syntax::SourceFile;
use squawk_syntax::ast::Stmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use depth::{Depth, with_stack};
pub(crate) use prepare::Dialect;
pub(crate) use whole::Whole;

const CODE: &str = "syntax";

/// What is wrong with the statements of a text, one by one; what is a [`Whole`] has nothing wrong.
pub(crate) fn check(text: &str, segmented: &Segmented, dialect: Dialect) -> Vec<Fault> {
    let mut shapes = shape::Shapes::default();
    segmented
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
        .filter(|piece| {
            // What never ends has been told already.
            !segmented
                .faults
                .iter()
                .any(|fault| piece.range.contains(&fault.offset))
        })
        .filter_map(|piece| {
            let statement = &text[piece.range.clone()];
            if shapes.has(statement, piece.strings) {
                return None;
            }
            let readings = |statement: &str| prepare::readings(statement, piece.strings, dialect);
            let Some(mut fault) = check_statement(statement, readings) else {
                shapes.keep();
                return None;
            };
            fault.offset += piece.range.start;
            Some(fault)
        })
        .collect()
}

/// Parses one statement in each of its readings until one is right; the first reading tells the fault.
fn check_statement(statement: &str, readings: impl Fn(&str) -> prepare::Readings) -> Option<Fault> {
    let depth = Depth::of(statement);
    if depth.is_beyond_parser() {
        return Some(Fault {
            offset: 0,
            code: CODE,
            message: "nested too deeply to be checked".to_owned(),
            help: Some(
                "split it, or declare `-- patch: syntax=unchecked` to leave it to the server"
                    .to_owned(),
            ),
        });
    }
    let readings = readings(statement);
    let mut found = None;
    for reading in &readings.texts {
        match with_stack(depth, || first_error(reading)) {
            Some(Ok(None)) => return None,
            Some(Ok(Some(error))) => found = found.or(Some(error)),
            Some(Err(Panicked)) | None => {
                return Some(Fault {
                    offset: 0,
                    code: CODE,
                    message: "the parser gave up on this statement".to_owned(),
                    help: Some(
                        "declare `-- patch: syntax=unchecked` to leave it to the server".to_owned(),
                    ),
                });
            }
        }
    }
    found
        .filter(|_| !readings.is_open)
        .map(|error| message::fault(statement, &error))
}

/// Whether the parser takes a statement of plain SQL; what it is not given, it does not take.
#[cfg(feature = "lint")]
pub(crate) fn parses(statement: &str) -> bool {
    let depth = Depth::of(statement);
    let parse = || matches!(first_error(statement), Ok(None));
    !depth.is_beyond_parser() && with_stack(depth, parse).unwrap_or(false)
}

/// The tree of a statement, if it is right and no deeper than is usual.
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

/// What the parser says, at a place of the statement.
#[derive(Clone, PartialEq, Eq, Debug)]
struct ParseError {
    range: Range<usize>,
    message: String,
}

/// The parser has a fault of its own.
struct Panicked;

fn first_error(statement: &str) -> Result<Option<ParseError>, Panicked> {
    catch_unwind(AssertUnwindSafe(|| {
        let parse = SourceFile::parse(statement);
        let first = parse.errors().into_iter().next().map(|error| ParseError {
            range: error.range().into(),
            message: error.message().to_owned(),
        });
        first
            .filter(|_| !prepare::is_known_gap(statement))
            .or_else(|| index::inline(&parse.tree()))
    }))
    .map_err(|_| Panicked)
}

#[cfg(test)]
mod tests;
