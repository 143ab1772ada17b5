use super::depth::Depth;
use super::index;
use super::prepare::without_escapes;
use crate::segment::{Piece, PieceKind, Segmented, Strings};
use squawk_syntax::ast::{AstNode, Stmt};
use squawk_syntax::{Parse, SourceFile};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The SQL of a text, parsed in one; every byte is where it is in the text.
pub(crate) struct Whole {
    #[cfg_attr(not(feature = "lint"), expect(dead_code, reason = "for the lints"))]
    pub(crate) sql: String,
    pub(crate) parse: Parse<SourceFile>,
}

impl Whole {
    /// Parses a text, if it is right, no deeper than is usual, and split by the parser as it is by the lexer.
    pub(super) fn right(text: &str, segmented: &Segmented) -> Option<Self> {
        let is_shallow = |piece: &Piece| Depth::of(&text[piece.range.clone()]).is_shallow();
        if !segmented.faults.is_empty() || !statements(segmented).all(is_shallow) {
            return None;
        }
        let whole = Self::parse(sql_only(text, segmented, |_| true))?;
        let is_right = || {
            whole.parse.errors().is_empty()
                && index::inline(&whole.parse.tree()).is_none()
                && starts(&whole.parse).eq(statements(segmented).map(|piece| piece.range.start))
        };
        let is_right = catch_unwind(AssertUnwindSafe(is_right)).unwrap_or(false);
        is_right.then_some(whole)
    }

    /// Parses what the parser understands of a text; the rest could lead it astray.
    #[cfg(feature = "lint")]
    pub(crate) fn understood(text: &str, segmented: &Segmented) -> Option<Self> {
        let sql = sql_only(text, segmented, |_| true);
        let is_understood = |piece: &Piece| super::tree(&sql[piece.range.clone()]).is_some();
        Self::parse(sql_only(text, segmented, is_understood))
    }

    fn parse(sql: String) -> Option<Self> {
        let parse = catch_unwind(|| SourceFile::parse(&sql)).ok()?;
        Some(Self { sql, parse })
    }

    /// The statements, with the offset of each.
    #[cfg(feature = "lint")]
    pub(crate) fn statements(&self) -> Vec<(usize, Stmt)> {
        starts(&self.parse).zip(self.parse.tree().stmts()).collect()
    }
}

fn statements(segmented: &Segmented) -> impl Iterator<Item = &Piece> {
    let pieces = segmented.pieces.iter();
    pieces.filter(|piece| piece.kind == PieceKind::Statement)
}

/// Where the statements of a tree begin.
fn starts(parse: &Parse<SourceFile>) -> impl Iterator<Item = usize> {
    parse.tree().stmts().map(|statement| start(&statement))
}

fn start(statement: &Stmt) -> usize {
    let node = statement.syntax();
    let tokens = node.descendants_with_tokens();
    let first = tokens
        .filter_map(|element| element.into_token())
        .find(|token| !token.kind().is_trivia());
    let range = first.map_or_else(|| node.text_range(), |token| token.text_range());
    range.start().into()
}

/// The text with spaces for all that is no SQL, and for the statements that are not wanted.
fn sql_only(text: &str, segmented: &Segmented, is_wanted: impl Fn(&Piece) -> bool) -> String {
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
