use super::prepare::without_escapes;
use crate::segment::{Piece, PieceKind, Segmented, Strings};

/// The text with spaces for all that is no SQL, and for the statements that are not wanted.
pub(crate) fn sql_only(
    text: &str,
    segmented: &Segmented,
    is_wanted: impl Fn(&Piece) -> bool,
) -> String {
    let mut sql = String::with_capacity(text.len());
    for piece in &segmented.pieces {
        let part = &text[piece.range.clone()];
        match piece.kind {
            // Comments stay: they may speak to the linter.
            PieceKind::Space => sql.push_str(&part.replace("\\.", "  ").replace("\\;", " ;")),
            PieceKind::Statement if is_wanted(piece) => match piece.strings {
                Strings::Standard => sql.push_str(part),
                Strings::Escape => sql.push_str(&without_escapes(part)),
            },
            _ => sql.extend(
                part.bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
            ),
        }
    }
    sql
}
