//! Patch that the rules check.

use crate::patch::item::OwnedItem;
use crate::rule::explain;
use crate::sql::parser::{self, TextTree};
use crate::sql::{Fault, Split};
use patchgen_model::{Class, Kind};
use squawk_syntax::ast::{AstNode, Stmt};

/// Stage of a database in which a patch runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// The patch creates the database, mostly from a dump.
    Baseline,
    /// The database is new and not used yet.
    Bootstrap,
    /// The database is in use.
    Later,
}

/// Patch that the rules check.
pub(crate) struct LintInput<'a> {
    pub(crate) text: &'a str,
    pub(crate) split: &'a Split,
    /// Tree of the patch, if the parser accepts it as a whole.
    pub(crate) tree: Option<&'a TextTree>,
    pub(crate) items: &'a [OwnedItem],
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
    /// Major version of the oldest server that the patch must run on.
    pub(crate) postgres_version: Option<u32>,
    /// Function that returns `true` if the findings of a rule are reported.
    pub(crate) is_on: &'a dyn Fn(&str) -> bool,
}

impl<'a> LintInput<'a> {
    /// Returns the statements of the patch.
    pub(super) fn statements(&self) -> impl Iterator<Item = LintStatement<'a>> {
        let text = self.text;
        self.items
            .iter()
            .filter_map(OwnedItem::statement)
            .map(|statement| LintStatement {
                offset: statement.span.start as usize,
                text: statement.span.of(text),
                class: statement.class(),
            })
    }

    /// Returns a function that returns the tree of a statement. It is taken from the tree of the patch if there is one.
    pub(super) fn trees(&self) -> impl Fn(&LintStatement<'_>) -> Option<Stmt> + use<> {
        let all: Option<Vec<Stmt>> = self.tree.map(|tree| tree.parse.tree().stmts().collect());
        move |statement| {
            let Some(all) = &all else {
                return parser::tree(statement.text);
            };
            let end = |tree: &Stmt| usize::from(tree.syntax().text_range().end());
            let at = all.partition_point(|tree| end(tree) <= statement.offset);
            all.get(at).cloned()
        }
    }
}

/// Statement of a patch.
#[derive(Clone, Copy, Debug)]
pub(super) struct LintStatement<'a> {
    pub(super) offset: usize,
    pub(super) text: &'a str,
    pub(super) class: Class,
}

impl LintStatement<'_> {
    /// Returns a finding about the statement.
    pub(super) fn fault(&self, code: &'static str, message: String) -> Fault {
        fault(self.offset, code, message)
    }
}

/// Returns a finding of a rule, with the remedy in the table of rules.
pub(super) fn fault(offset: usize, code: &'static str, message: String) -> Fault {
    Fault {
        offset,
        code,
        message,
        help: explain(code).map(|lint| lint.instead.to_owned()),
    }
}
