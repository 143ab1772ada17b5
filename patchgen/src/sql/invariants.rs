//! Properties of every text, tested on random texts that are composed of what matters to the lexer.

use super::*;
use patchgen_model::Position;
use proptest::prelude::*;

const FRAGMENTS: [&str; 64] = [
    "'",
    "''",
    "\"",
    "E'",
    "e'",
    "U&'",
    "U&\"",
    "N'",
    "b'",
    "$$",
    "$a$",
    "$ä$",
    "$1",
    "--",
    "/*",
    "*/",
    "\\",
    "\\;",
    "\\:",
    "\\.\n",
    "\n\\.\n",
    "\n\\.",
    "\\echo ",
    "\\connect",
    "\\g",
    "\\!",
    "`",
    ";",
    ";\n",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":a",
    ":'b'",
    ":\"c\"",
    "::",
    ":=",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "ä",
    "🐶",
    "\u{a0}",
    "x",
    "1",
    "0x",
    "copy t from stdin",
    "COPY t TO stdout",
    "create function f() ",
    "begin",
    " atomic ",
    "case ",
    " end",
    " as ",
    ".",
    "set standard_conforming_strings = off;",
    "reset all;",
    "select ",
    "uescape '!'",
    "alter ",
];

fn text() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(&FRAGMENTS[..]);
    prop_oneof![
        prop::collection::vec(fragment, 0..40).prop_map(|parts| parts.concat()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_cover_the_text_and_fit_their_kinds(text in text()) {
        let whole = split(&text);
        let mut end = 0;
        let mut expects_data = false;
        for piece in &whole.pieces {
            prop_assert_eq!(piece.range.start, end);
            end = piece.range.end;
            let Piece { line, column, .. } = *piece;
            prop_assert_eq!(Position { line, column }, Position::of(&text, piece.range.start));
            let part = &text[piece.range.clone()];
            match piece.kind {
                PieceKind::Space | PieceKind::Meta => prop_assert!(!part.is_empty()),
                PieceKind::CopyData => {
                    prop_assert!(expects_data);
                    expects_data = false;
                }
                PieceKind::Statement => {
                    prop_assert!(!expects_data);
                    expects_data = copy::is_from_stdin(part);
                    let _ = classify(part);
                    for variable in variables(part, piece.string_mode) {
                        prop_assert!(variable.span.of(part).starts_with(':'));
                        prop_assert!(!variable.name(part).is_empty());
                    }
                    if whole.faults.is_empty() {
                        prop_assert_eq!(part.trim_matches([' ', '\t', '\r', '\n']), part);
                    }
                    if whole.faults.is_empty() && piece.string_mode == StringMode::Standard {
                        let again = split(part).pieces;
                        prop_assert_eq!(again[0].range.clone(), 0..part.len());
                    }
                }
            }
        }
        prop_assert!(!expects_data);
        prop_assert_eq!(end, text.len());
        for fault in &whole.faults {
            prop_assert!(text.is_char_boundary(fault.offset));
        }
    }
}
