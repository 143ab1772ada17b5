//! Statements and meta-commands of a patch.

use super::patch_text::PatchText;
use crate::sql::class::{Escape, classify_with, may_need_no_transaction, role_escapes};
use crate::sql::lexer::span;
use crate::sql::{Classified, PieceKind, Split, variables};
use patchgen_model::{Class, CopyData, Item, Kind, Span, Statement, Variable};

/// [`Item`] that owns its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum OwnedItem {
    Statement(OwnedStatement),
    Meta(Span),
}

/// [`Statement`] that owns its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OwnedStatement {
    pub(crate) span: Span,
    /// Spans in it are relative to the statement.
    pub(crate) classified: Classified,
    /// Commands and calls in it that leave the role of the patch; empty in a baseline.
    pub(crate) escapes: Vec<Escape>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) data: Option<CopyData>,
}

impl OwnedStatement {
    /// Returns the class of the statement.
    pub(crate) fn class(&self) -> Class {
        self.classified.class
    }

    /// Returns the statement with borrowed names.
    fn statement(&self) -> Statement<'_> {
        let found = &self.classified;
        let moved = |span: Option<Span>| span.map(|span| span.moved(self.span.start));
        Statement {
            span: self.span,
            class: found.class,
            schema: found.schema.as_deref(),
            object: found.object.as_deref(),
            conditional: found.conditional,
            name: moved(found.name),
            limit: moved(found.limit),
            keyword: moved(found.keyword),
            body: moved(found.body),
            variables: self.variables.clone(),
            data: self.data,
        }
    }
}

impl OwnedItem {
    /// Returns the statement, unless the item is a meta-command.
    pub(crate) fn statement(&self) -> Option<&OwnedStatement> {
        match self {
            Self::Statement(statement) => Some(statement),
            Self::Meta(_) => None,
        }
    }

    /// Returns the item with borrowed names.
    pub(crate) fn item(&self) -> Item<'_> {
        match self {
            Self::Meta(span) => Item::Meta(*span),
            Self::Statement(statement) => Item::Statement(statement.statement()),
        }
    }
}

/// Returns the statements and meta-commands of a patch.
pub(super) fn items(split: &Split, patch: &PatchText<'_>) -> Vec<OwnedItem> {
    let mut items: Vec<OwnedItem> = Vec::new();
    for piece in &split.pieces {
        let span = span(&piece.range);
        match piece.kind {
            PieceKind::Space => {}
            PieceKind::Meta => items.push(OwnedItem::Meta(span)),
            PieceKind::Statement => {
                let statement = &patch.text[piece.range.clone()];
                let mut variables = if patch.attributes.is_baseline {
                    variables(statement, piece.string_mode)
                } else {
                    Vec::new()
                };
                let mut classified = classify_with(statement, piece.string_mode, &variables);
                if patch.kind == Kind::Concurrent
                    && classified.class == Class::Transactional
                    && may_need_no_transaction(statement, piece.string_mode)
                {
                    // A partitioned table needs it, and it does no harm to another one.
                    classified.class = Class::Repeatable;
                }
                if patch.is_for_psql() {
                    // psql puts the values in itself.
                    variables.clear();
                }
                for variable in &mut variables {
                    variable.span = variable.span.moved(span.start);
                }
                let escapes = match patch.attributes.is_baseline {
                    true => Vec::new(),
                    false => role_escapes(statement, piece.string_mode),
                };
                items.push(OwnedItem::Statement(OwnedStatement {
                    span,
                    classified,
                    escapes,
                    variables,
                    data: None,
                }));
            }
            PieceKind::CopyData => {
                let statement = items.iter_mut().rev().find_map(|item| match item {
                    OwnedItem::Statement(statement) => Some(statement),
                    OwnedItem::Meta(_) => None,
                });
                if let Some(statement) = statement {
                    statement.data = Some(CopyData { span });
                }
            }
        }
    }
    items
}
