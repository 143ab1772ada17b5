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
use crate::syntax::Whole;
use crate::verdict::Part;
use patchgen_model::{Class, Kind};
use squawk_syntax::ast::Stmt;

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
    pub(crate) parts: &'a [Part],
    /// If the parser has nothing against it.
    pub(crate) whole: Option<Whole>,
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
    /// The oldest server that it must run on.
    pub(crate) postgres_version: Option<u32>,
    /// Whether anybody wants to hear of a rule.
    pub(crate) is_on: &'a dyn Fn(&str) -> bool,
}

/// What the rules find, in the order of the text.
pub(crate) fn check(mut input: Input<'_>) -> Vec<Fault> {
    type Rule = fn(&Input<'_>, &[Sentence<'_>]) -> Vec<Fault>;
    const OWN: [(&str, Rule); 7] = [
        (copy_not_ended::NAME, copy_not_ended::check),
        (mixed_change::NAME, mixed_change::check),
        (needs_transaction::NAME, needs_transaction::check),
        (new_enum_value::NAME, new_enum_value::check),
        (password_literal::NAME, password_literal::check),
        (session_setting::NAME, session_setting::check),
        (unrepeatable::NAME, unrepeatable::check),
    ];
    // A dump may be large, and there is little to say of it.
    if input.whole.is_none() && input.stage != Stage::Baseline {
        input.whole = Whole::understood(input.text, input.segmented);
    }
    let sentences = input.sentences();
    let mut found = match (input.stage, &input.whole) {
        (Stage::Later, Some(whole)) => squawk::check(&input, whole, &sentences),
        // Nothing is locked out and nothing is lost in a database that nobody uses.
        _ => Vec::new(),
    };
    for (name, rule) in OWN {
        if (input.is_on)(name) {
            found.extend(rule(&input, &sentences));
        }
    }
    found.sort_by_key(|fault| (fault.offset, fault.code));
    found.dedup_by_key(|fault| (fault.offset, fault.code));
    found
}

impl<'a> Input<'a> {
    fn sentences(&self) -> Vec<Sentence<'a>> {
        let trees = self.whole.as_ref().map(Whole::statements);
        let mut trees = trees.unwrap_or_default().into_iter().peekable();
        let statements = self.parts.iter().filter_map(Part::sentence);
        statements
            .map(|sentence| {
                let offset = sentence.span.start as usize;
                // There are trees of statements that are no part of the patch, and parts without a tree.
                while trees.next_if(|(start, _)| *start < offset).is_some() {}
                Sentence {
                    offset,
                    text: sentence.span.of(self.text),
                    class: sentence.class(),
                    tree: trees
                        .next_if(|(start, _)| *start == offset)
                        .map(|(_, tree)| tree),
                }
            })
            .collect()
    }
}

/// A statement, and what is known of it.
#[derive(Clone, Debug)]
struct Sentence<'a> {
    offset: usize,
    text: &'a str,
    class: Class,
    tree: Option<Stmt>,
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
