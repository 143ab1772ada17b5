use super::reading::without_escapes;
use crate::sql::lexer::StringMode;
use crate::sql::split::{Piece, PieceKind, Split};

/// Returns the text with everything that is not SQL, and every statement that is not wanted, replaced by spaces.
pub(crate) fn sql_only(text: &str, split: &Split, is_wanted: impl Fn(&Piece) -> bool) -> String {
    let mut sql = String::with_capacity(text.len());
    for piece in &split.pieces {
        let part = &text[piece.range.clone()];
        match piece.kind {
            // Comments stay, because some are directives for the linter.
            PieceKind::Space => sql.push_str(&part.replace("\\.", "  ").replace("\\;", " ;")),
            PieceKind::Statement if is_wanted(piece) => match piece.string_mode {
                StringMode::Standard => sql.push_str(part),
                StringMode::Escape => sql.push_str(&without_escapes(part)),
            },
            _ => sql.extend(
                part.bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
            ),
        }
    }
    sql
}
