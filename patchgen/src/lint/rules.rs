//! The rules at work on a patch; one that is ours has a file.

mod squawk;

mod copy_not_ended;
mod mixed_change;
mod needs_transaction;
mod new_enum_value;
mod password_literal;
mod session_setting;
mod unrepeatable;

use super::explain;
use crate::segment::{Fault, Segmented};
use crate::syntax::{self, Whole};
use crate::verdict::Part;
use patchgen_model::{Class, Kind};
use squawk_syntax::ast::{AstNode, Stmt};

/// When a patch runs in the life of its database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It makes the database, mostly from a dump.
    Baseline,
    /// The database is new: nobody uses it yet.
    Bootstrap,
    /// The database is in use.
    Later,
}

/// A patch to be linted.
pub(crate) struct Input<'a> {
    pub(crate) text: &'a str,
    pub(crate) segmented: &'a Segmented,
    /// Its tree, if the parser takes it as a whole.
    pub(crate) whole: Option<&'a Whole>,
    pub(crate) parts: &'a [Part],
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
    /// The oldest server that it must run on.
    pub(crate) postgres_version: Option<u32>,
    /// Whether anybody wants to hear of a rule.
    pub(crate) is_on: &'a dyn Fn(&str) -> bool,
}

/// What the rules find, in the order of the text.
pub(crate) fn check(input: &Input<'_>) -> Vec<Fault> {
    type Rule = fn(&Input<'_>) -> Vec<Fault>;
    const OWN: [(&str, Rule); 7] = [
        (copy_not_ended::NAME, copy_not_ended::check),
        (mixed_change::NAME, mixed_change::check),
        (needs_transaction::NAME, needs_transaction::check),
        (new_enum_value::NAME, new_enum_value::check),
        (password_literal::NAME, password_literal::check),
        (session_setting::NAME, session_setting::check),
        (unrepeatable::NAME, unrepeatable::check),
    ];
    let mut found = match input.stage {
        Stage::Later => squawk::check(input),
        // Nothing is locked out and nothing is lost in a database that nobody uses.
        Stage::Baseline | Stage::Bootstrap => Vec::new(),
    };
    for (name, rule) in OWN {
        if (input.is_on)(name) {
            found.extend(rule(input));
        }
    }
    found.sort_by_key(|fault| (fault.offset, fault.code));
    found.dedup_by_key(|fault| (fault.offset, fault.code));
    found
}

impl<'a> Input<'a> {
    fn statements(&self) -> impl Iterator<Item = Sentence<'a>> {
        let text = self.text;
        self.parts
            .iter()
            .filter_map(Part::sentence)
            .map(|sentence| Sentence {
                offset: sentence.span.start as usize,
                text: sentence.span.of(text),
                class: sentence.class(),
            })
    }

    /// Gives the tree of a statement, out of that of the patch where there is one.
    fn trees(&self) -> impl Fn(&Sentence<'_>) -> Option<Stmt> + use<> {
        let all: Option<Vec<Stmt>> = self.whole.map(|whole| whole.parse.tree().stmts().collect());
        move |statement| {
            let Some(all) = &all else {
                return syntax::tree(statement.text);
            };
            let end = |tree: &Stmt| usize::from(tree.syntax().text_range().end());
            let at = all.partition_point(|tree| end(tree) <= statement.offset);
            all.get(at).cloned()
        }
    }
}

/// A statement, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Sentence<'a> {
    offset: usize,
    text: &'a str,
    class: Class,
}

impl Sentence<'_> {
    fn fault(&self, code: &'static str, message: String) -> Fault {
        fault(self.offset, code, message)
    }
}

/// A finding of a rule; its remedy is that of the table.
fn fault(offset: usize, code: &'static str, message: String) -> Fault {
    Fault {
        offset,
        code,
        message,
        help: explain(code).map(|lint| lint.instead.to_owned()),
    }
}

#[cfg(test)]
mod tests;
