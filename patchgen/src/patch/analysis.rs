//! Analysis of a patch by itself.

use super::attributes::Attributes;
use super::directive;
use super::findings::Findings;
use super::item::{OwnedItem, items};
#[cfg(feature = "lint")]
use super::lint::{self, Stage};
use super::patch_text::PatchText;
use super::{meta, transaction};
use crate::diagnostic::Diagnostic;
use crate::rule::Rules;
#[cfg(feature = "syntax")]
use crate::sql::parser::{self, Dialect, TextTree};
use crate::sql::{Fault, Piece, PieceKind, Split, split};
use patchgen_model::{Kind, ScriptMode};
use std::time::Duration;

/// Properties of a patch that its text determines.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Analysis {
    pub(crate) kind: Kind,
    pub(crate) script: ScriptMode,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) items: Vec<OwnedItem>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// Analyses the text of a patch by itself. `file` is the path that is shown.
pub(crate) fn analyse(file: &str, text: &str, attributes: Attributes, rules: &Rules) -> Analysis {
    let mut findings = Findings::new(file, text, rules);
    if text.trim().is_empty() {
        // An editor or a copy may have truncated the file, and not written it yet. Once recorded, its checksum is final.
        findings.error_of_file(
            "blank-patch",
            "the file is blank",
            "write the patch, or delete the file; one without statements needs a comment that says why",
        );
        return Analysis {
            findings: findings.into_list(),
            ..Analysis::default()
        };
    }
    let split = split(text);
    let mut pieces = split.pieces.iter();
    let first = pieces.find(|piece| piece.kind != PieceKind::Space);
    let leading = first.map_or(text.len(), |piece| piece.range.start);
    let (mut directives, faults) = directive::read(text, 0..leading);
    let patch = PatchText {
        text,
        attributes,
        kind: attributes
            .named_kind
            .or(directives.kind)
            .unwrap_or_default(),
        script: directives.script.unwrap_or_default(),
    };
    faults.into_iter().for_each(|fault| findings.error(fault));
    directives.check(&patch, &mut findings);
    for piece in &split.pieces {
        stray_directives(text, piece, leading, &mut findings);
    }
    findings.allow(std::mem::take(&mut directives.allow));
    let tree = text_tree(&split, &patch);
    if !directives.unchecked && tree.is_none() {
        check_syntax(&split, &patch, &mut findings);
    }
    let items = check_items(&split, tree.as_ref(), &patch, &mut findings);
    Analysis {
        kind: patch.kind,
        script: patch.script,
        lock_timeout: directives.lock_timeout,
        statement_timeout: directives.statement_timeout,
        items,
        findings: findings.into_list(),
    }
}

/// Reports directives in a piece after the first statement.
fn stray_directives(text: &str, piece: &Piece, leading: usize, findings: &mut Findings<'_>) {
    let faults = match piece.kind {
        PieceKind::Space if piece.range.start >= leading => {
            directive::stray(text, piece.range.clone())
        }
        PieceKind::Statement => directive::within(text, piece.range.clone(), piece.string_mode),
        _ => return,
    };
    faults.into_iter().for_each(|fault| findings.error(fault));
}

/// Returns the tree of the patch as a whole, if it is to be parsed and the parser accepts it.
#[cfg(feature = "syntax")]
fn text_tree(split: &Split, patch: &PatchText<'_>) -> Option<TextTree> {
    if !patch.is_parsed() {
        return None;
    }
    TextTree::of(patch.text, split)
}

/// Parses the statements one by one, and reports their syntax errors.
#[cfg(feature = "syntax")]
fn check_syntax(split: &Split, patch: &PatchText<'_>, findings: &mut Findings<'_>) {
    if !patch.is_parsed() {
        return;
    }
    let dialect = if patch.attributes.is_baseline {
        Dialect::Psql
    } else {
        Dialect::Sql
    };
    let faults = parser::check(patch.text, split, dialect);
    faults.into_iter().for_each(|fault| findings.error(fault));
}

/// Stands for the tree of a patch without the feature `syntax`, in which only the server checks statements.
#[cfg(not(feature = "syntax"))]
struct TextTree;

#[cfg(not(feature = "syntax"))]
fn text_tree(_: &Split, _: &PatchText<'_>) -> Option<TextTree> {
    None
}

#[cfg(not(feature = "syntax"))]
fn check_syntax(_: &Split, _: &PatchText<'_>, _: &mut Findings<'_>) {}

/// Checks the statements and meta-commands, unless the faults of the split make them uncertain.
fn check_items(
    split: &Split,
    tree: Option<&TextTree>,
    patch: &PatchText<'_>,
    findings: &mut Findings<'_>,
) -> Vec<OwnedItem> {
    // In a script for psql, psql checks its own syntax.
    let is_relevant = |fault: &&Fault| !patch.is_for_psql() || fault.code == "unterminated";
    let mut faults = split.faults.iter().filter(is_relevant).peekable();
    if faults.peek().is_some() {
        faults.cloned().for_each(|fault| findings.error(fault));
        return Vec::new();
    }
    let mut items = items(split, patch);
    meta::check(&items, patch, findings);
    transaction::check(&mut items, patch, findings);
    if !patch.is_for_psql() && !items.iter().any(|item| item.statement().is_some()) {
        findings.warn_of_file(
            "empty-patch",
            "the patch has no statement",
            "write its statements before it is applied anywhere: afterwards it must not change",
        );
    }
    if patch.is_parsed() {
        check_lints(split, tree, &items, patch, findings);
    }
    items
}

#[cfg(feature = "lint")]
fn check_lints(
    split: &Split,
    tree: Option<&TextTree>,
    items: &[OwnedItem],
    patch: &PatchText<'_>,
    findings: &mut Findings<'_>,
) {
    let stage = match patch.attributes {
        Attributes {
            is_baseline: true, ..
        } => Stage::Baseline,
        Attributes {
            is_bootstrap: true, ..
        } => Stage::Bootstrap,
        _ => Stage::Later,
    };
    let faults = lint::check(&lint::LintInput {
        text: patch.text,
        split,
        tree,
        items,
        kind: patch.kind,
        stage,
        postgres_version: findings.postgres_version(),
        is_on: &|rule| findings.is_on(rule),
    });
    faults.into_iter().for_each(|fault| findings.warn(fault));
}

#[cfg(not(feature = "lint"))]
fn check_lints(
    _: &Split,
    _: Option<&TextTree>,
    _: &[OwnedItem],
    _: &PatchText<'_>,
    _: &mut Findings<'_>,
) {
}
