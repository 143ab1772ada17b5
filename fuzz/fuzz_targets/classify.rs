//! Classifies any statement, by the parser's tree where that helps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchgen::sql::{PieceKind, classify, split};

fuzz_target!(|text: &str| {
    for piece in split(text).pieces {
        if piece.kind == PieceKind::Statement {
            let found = classify(&text[piece.range]);
            assert!(found.object.is_none_or(|name| name.len() <= 63));
        }
    }
});
