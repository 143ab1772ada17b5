use super::input::{LintInput, fault};
use crate::sql::{Fault, PieceKind};

pub(super) const NAME: &str = "copy-not-ended";

/// Reports `COPY … FROM stdin` with data up to the end of the file.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    let pieces = &input.split.pieces;
    let copy = match pieces.as_slice() {
        [.., copy, _, data] if data.kind == PieceKind::CopyData => copy,
        [.., copy, data] if data.kind == PieceKind::CopyData => copy,
        _ => return Vec::new(),
    };
    let message = "the data is not ended before the end of the file".to_owned();
    vec![fault(copy.range.start, NAME, message)]
}
