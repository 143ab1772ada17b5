use super::{Depth, blank::sql_only, index, with_stack};
use crate::segment::{PieceKind, Segmented};
use squawk_syntax::{Parse, SourceFile};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Trees of larger texts would take too much memory at once.
const LARGE: usize = 1 << 20;

/// The tree of a patch as a whole. Where there is one, no statement needs to be parsed by itself.
#[cfg_attr(
    not(feature = "lint"),
    expect(
        dead_code,
        reason = "the lints read it; for the parser it is enough that there is one"
    )
)]
pub(crate) struct Whole {
    /// The text with spaces for what is no SQL.
    pub(crate) sql: String,
    pub(crate) parse: Parse<SourceFile>,
    pub(crate) depth: Depth,
}

impl Whole {
    /// Nothing if a statement has a fault, is unusually deep, or is not plain SQL: then each has to be looked at.
    pub(crate) fn of(text: &str, segmented: &Segmented) -> Option<Self> {
        let depth = depth(text, segmented)?;
        if text.len() > LARGE || !segmented.faults.is_empty() || depth.is_beyond_parser() {
            return None;
        }
        let sql = sql_only(text, segmented, |_| true);
        Self::parse(sql, depth, |parse| {
            parse.errors().is_empty() && index::inline(&parse.tree()).is_none()
        })
    }

    /// The tree of those statements that the parser takes by themselves; others could lead it astray.
    #[cfg(feature = "lint")]
    pub(crate) fn of_faultless(text: &str, segmented: &Segmented) -> Option<Self> {
        let sql = sql_only(text, segmented, |_| true);
        let sql = sql_only(text, segmented, |piece| {
            super::parses(&sql[piece.range.clone()])
        });
        Self::parse(sql, depth(text, segmented)?, |_| true)
    }

    fn parse(sql: String, depth: Depth, is_right: fn(&Parse<SourceFile>) -> bool) -> Option<Self> {
        let parse = || {
            let parse = SourceFile::parse(&sql);
            is_right(&parse).then_some(parse)
        };
        let parse = with_stack(depth, || catch_unwind(AssertUnwindSafe(parse)))?.ok()??;
        Some(Self { sql, parse, depth })
    }
}

/// The depth of the deepest statement; nothing where there is none.
fn depth(text: &str, segmented: &Segmented) -> Option<Depth> {
    segmented
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
        .map(|piece| Depth::of(&text[piece.range.clone()]))
        .max()
}
