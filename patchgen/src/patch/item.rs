//! Statements and meta-commands of a patch.

use super::patch_text::PatchText;
use crate::sql::{Classified, Piece, PieceKind, Split, classify, variables};
use patchgen_model::{Class, CopyData, Item, Span, Statement, Variable};

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
    pub(crate) classified: Classified,
    pub(crate) variables: Vec<Variable>,
    pub(crate) data: Option<CopyData>,
}

impl OwnedStatement {
    /// Returns the class of the statement.
    pub(crate) fn class(&self) -> Class {
        self.classified.class
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
            Self::Statement(statement) => Item::Statement(Statement {
                span: statement.span,
                class: statement.classified.class,
                schema: statement.classified.schema.as_deref(),
                object: statement.classified.object.as_deref(),
                conditional: statement.classified.conditional,
                variables: statement.variables.clone(),
                data: statement.data,
                ..Statement::default()
            }),
        }
    }
}

/// Returns the statements and meta-commands of a patch.
pub(super) fn items(split: &Split, patch: &PatchText<'_>) -> Vec<OwnedItem> {
    let mut items: Vec<OwnedItem> = Vec::new();
    let interpolates = patch.attributes.is_baseline && !patch.is_for_psql();
    for piece in &split.pieces {
        let span = span(piece);
        match piece.kind {
            PieceKind::Space => {}
            PieceKind::Meta => items.push(OwnedItem::Meta(span)),
            PieceKind::Statement => {
                let statement = &patch.text[piece.range.clone()];
                let mut variables = if interpolates {
                    variables(statement, piece.string_mode)
                } else {
                    Vec::new()
                };
                for variable in &mut variables {
                    variable.span.start += span.start;
                    variable.span.end += span.start;
                }
                items.push(OwnedItem::Statement(OwnedStatement {
                    span,
                    classified: classify(statement),
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

/// Returns the range of a piece.
fn span(piece: &Piece) -> Span {
    // Larger texts are rejected before they are read.
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: narrow(piece.range.start),
        end: narrow(piece.range.end),
    }
}
