//! Classifies arbitrary statements, with the parser's tree if there is one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchgen::sql::{PieceKind, classify, split};

fuzz_target!(|text: &str| {
    for piece in split(text).pieces {
        if piece.kind == PieceKind::Statement {
            let statement = &text[piece.range];
            let found = classify(statement);
            assert!(found.object.is_none_or(|name| name.len() <= 63));
            let places = [found.name, found.limit, found.keyword, found.body];
            for place in places.into_iter().flatten() {
                // This panics if the place lies outside.
                let _ = place.of(statement);
            }
        }
    }
});
