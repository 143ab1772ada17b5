use crate::class::Classified;
use crate::diagnostic::Diagnostic;
use patchgen_model::{Class, CopyData, Grammar, Item, Kind, ScriptMode, Span, Statement, Variable};
use std::time::Duration;

/// What the name of a file, and the lock file, say of it; with its text and the rules it determines the verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Context {
    pub(crate) grammar: Grammar,
    pub(crate) named_kind: Option<Kind>,
    pub(crate) is_baseline: bool,
    /// It runs while its database is being made.
    pub(crate) is_bootstrap: bool,
    /// Sealed patches have passed the parser and the lints before.
    pub(crate) is_sealed: bool,
}

/// What is known of a patch from its text.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) script: ScriptMode,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) parts: Vec<Part>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// An [`Item`] that owns its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Statement(Sentence),
    Meta(Span),
}

/// A [`Statement`] that owns its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sentence {
    pub(crate) span: Span,
    pub(crate) classified: Classified,
    pub(crate) variables: Vec<Variable>,
    pub(crate) data: Option<CopyData>,
}

impl Sentence {
    pub(crate) fn class(&self) -> Class {
        self.classified.class
    }
}

impl Part {
    pub(crate) fn sentence(&self) -> Option<&Sentence> {
        match self {
            Self::Statement(sentence) => Some(sentence),
            Self::Meta(_) => None,
        }
    }

    pub(crate) fn item(&self) -> Item<'_> {
        match self {
            Self::Meta(span) => Item::Meta(*span),
            Self::Statement(sentence) => Item::Statement(Statement {
                span: sentence.span,
                class: sentence.classified.class,
                schema: sentence.classified.schema.as_deref(),
                object: sentence.classified.object.as_deref(),
                conditional: sentence.classified.conditional,
                variables: sentence.variables.clone(),
                data: sentence.data,
                ..Statement::default()
            }),
        }
    }
}
