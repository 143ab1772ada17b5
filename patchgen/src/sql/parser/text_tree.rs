use super::depth::{Depth, with_stack};
use super::inline_index;
use super::sql_only::sql_only;
#[cfg(feature = "lint")]
use super::statement::is_accepted;
use crate::sql::split::{PieceKind, Split};
use squawk_syntax::{Parse, SourceFile};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Length in bytes of the largest text that is parsed as a whole; larger trees would take too much memory at once.
const MAX_LEN: usize = 1 << 20;

/// Tree of a whole text. If there is one, no statement needs to be parsed by itself.
#[cfg_attr(
    not(feature = "lint"),
    expect(
        dead_code,
        reason = "only the lints read it; for the parser its existence is enough"
    )
)]
pub(crate) struct TextTree {
    /// Text in which everything that is not SQL is replaced by spaces.
    pub(crate) sql: String,
    pub(crate) parse: Parse<SourceFile>,
    pub(crate) depth: Depth,
}

impl TextTree {
    /// Returns the tree of a text, or `None` if a statement has a fault, nests too deeply, or is not plain SQL. Then each
    /// statement has to be parsed by itself.
    pub(crate) fn of(text: &str, split: &Split) -> Option<Self> {
        let depth = depth(text, split)?;
        if text.len() > MAX_LEN || !split.faults.is_empty() || depth.is_beyond_parser() {
            return None;
        }
        let sql = sql_only(text, split, |_| true);
        Self::parse(sql, depth, |parse| {
            parse.errors().is_empty() && inline_index::find(&parse.tree()).is_none()
        })
    }

    /// Returns the tree of those statements that the parser accepts by themselves. Others could confuse it.
    #[cfg(feature = "lint")]
    pub(crate) fn of_accepted(text: &str, split: &Split) -> Option<Self> {
        let sql = sql_only(text, split, |_| true);
        let sql = sql_only(text, split, |piece| is_accepted(&sql[piece.range.clone()]));
        Self::parse(sql, depth(text, split)?, |_| true)
    }

    fn parse(sql: String, depth: Depth, is_valid: fn(&Parse<SourceFile>) -> bool) -> Option<Self> {
        let parse = || {
            let parse = SourceFile::parse(&sql);
            is_valid(&parse).then_some(parse)
        };
        let parse = with_stack(depth, || catch_unwind(AssertUnwindSafe(parse)))?.ok()??;
        Some(Self { sql, parse, depth })
    }
}

/// Returns the depth of the deepest statement, or `None` if there is no statement.
fn depth(text: &str, split: &Split) -> Option<Depth> {
    split
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
        .map(|piece| Depth::of(&text[piece.range.clone()]))
        .max()
}
