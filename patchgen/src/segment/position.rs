use super::{Piece, PieceKind, Strings};
use std::ops::Range;

/// The line and column of a byte, both from 1, the column in characters.
///
/// ```
/// use patchgen::segment::position;
///
/// assert_eq!(position("select 1;\nselect 'ä', x", 22), (2, 12));
/// ```
///
/// # Panics
/// If the offset is not a character boundary of the text.
#[must_use]
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut place = Place::START;
    place.advance(text, offset);
    (place.line, place.column)
}

/// A place that moves forward through a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    pub(super) const START: Self = Self {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// Uses what the standard library has compiled with optimisation: build scripts are built without.
    pub(super) fn advance(&mut self, text: &str, offset: usize) {
        let mut rest = &text[self.offset..offset];
        while let Some(at) = rest.find('\n') {
            self.line += 1;
            self.column = 1;
            rest = &rest[at + 1..];
        }
        self.column += rest.chars().count();
        self.offset = offset;
    }

    pub(super) fn piece(&self, kind: PieceKind, range: Range<usize>, strings: Strings) -> Piece {
        Piece {
            kind,
            range,
            line: self.line,
            column: self.column,
            strings,
        }
    }
}
