//! Syntax check of every statement while a program is built, by the parser of `squawk`.
//!
//! Statements are parsed one by one, as `split` has found them: data, meta-commands and an error in one statement do not
//! affect the others. Only the first error of a statement is reported, because later ones are mostly consequences of it.

mod depth;
mod fault_token;
mod hint;
mod inline_index;
mod message;
mod reading;
mod shape;
mod sql_only;
mod statement;
mod text_tree;

use super::fault::Fault;
use super::split::{PieceKind, Split};
use depth::Depth;
use message::CODE;
use statement::{Panicked, first_error};

pub(crate) use depth::with_stack;
pub(crate) use reading::Dialect;
pub(crate) use statement::tree;
pub(crate) use text_tree::TextTree;

/// Checks the statements of a text one by one. A text that has a [`TextTree`] has no faults.
pub(crate) fn check(text: &str, split: &Split, dialect: Dialect) -> Vec<Fault> {
    let mut shapes = shape::Shapes::default();
    split
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
        .filter(|piece| {
            // An unterminated statement has been reported already.
            !split
                .faults
                .iter()
                .any(|fault| piece.range.contains(&fault.offset))
        })
        .filter_map(|piece| {
            let statement = &text[piece.range.clone()];
            if shapes.contains(statement, piece.string_mode) {
                return None;
            }
            let readings =
                |statement: &str| reading::readings(statement, piece.string_mode, dialect);
            let Some(mut fault) = check_statement(statement, readings) else {
                shapes.insert();
                return None;
            };
            fault.offset += piece.range.start;
            Some(fault)
        })
        .collect()
}

/// Parses one statement in each of its readings until one is accepted. If none is, the fault is that of the first reading.
fn check_statement(statement: &str, readings: impl Fn(&str) -> reading::Readings) -> Option<Fault> {
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

#[cfg(test)]
mod tests;
