//! Splits arbitrary text. No byte may be lost, and the functions must not panic or take long.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchgen::sql::{PieceKind, split, variables};
use patchgen_model::Position;

fuzz_target!(|text: &str| {
    let whole = split(text);
    let mut end = 0;
    for piece in &whole.pieces {
        assert_eq!(piece.range.start, end);
        end = piece.range.end;
        let place = Position::of(text, piece.range.start);
        assert_eq!((place.line, place.column), (piece.line, piece.column));
        if piece.kind == PieceKind::Statement {
            let statement = &text[piece.range.clone()];
            for variable in variables(statement, piece.string_mode) {
                assert!(variable.span.of(statement).starts_with(':'));
            }
        }
    }
    assert_eq!(end, text.len());
    for fault in &whole.faults {
        assert!(text.is_char_boundary(fault.offset));
    }
});
