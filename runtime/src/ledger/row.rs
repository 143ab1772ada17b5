//! Rows of the ledger, as they are read.

use crate::server::identity::TransactionId;
use crate::{Identity, Place};
use patchgen_model::Version;

/// The patches of one logical database, and the place that they go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Series {
    /// The logical database of their file names.
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// The recorded state of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum State {
    /// Begun or failed; nothing is committed.
    Intent,
    /// About to be committed; the transaction id tells the outcome.
    Committing,
    /// Committed.
    Applied,
    /// Recorded without running.
    Adopted,
}

impl State {
    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "intent" => Self::Intent,
            "committing" => Self::Committing,
            "applied" => Self::Applied,
            "adopted" => Self::Adopted,
            _ => return None,
        })
    }

    /// `true` if the patch is applied or adopted.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Applied | Self::Adopted)
    }
}

/// The error of the last attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LastFailure {
    /// SQLSTATE, if the server raised the error.
    pub(crate) sql_state: Option<String>,
    pub(crate) message: String,
}

/// The progress of a patch in its place.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Run {
    /// The transaction that committed it, or was about to.
    pub(crate) transaction: Option<TransactionId>,
    /// Number of statements of a concurrent patch that are done.
    pub(crate) done: usize,
    /// `true` if the transaction of one of its statements was about to be committed.
    pub(crate) is_committing: bool,
    /// The statement, counted from 0, that was begun outside of a transaction and not seen to end.
    pub(crate) begun: Option<usize>,
}

impl Run {
    /// `true` if a part of an unfinished patch is done, or may be.
    pub(crate) fn may_have_effect(&self) -> bool {
        self.done > 0 || self.begun.is_some() || self.is_committing
    }
}

/// The record of a patch in a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) series: Series,
    pub(crate) version: Version,
    pub(crate) file: String,
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) checksum: String,
    /// `sha256`, followed by `(imported)` where another tool had run the patch.
    pub(crate) algorithm: String,
    pub(crate) state: State,
    pub(crate) attempt: u32,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
    pub(crate) milliseconds: Option<u64>,
    pub(crate) login_role: String,
    pub(crate) branch: Option<String>,
    pub(crate) revision_number: Option<u32>,
    pub(crate) revision_id: Option<String>,
    pub(crate) failure: Option<LastFailure>,
    pub(crate) run: Run,
}

impl Row {
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(&self.series.name, self.version)
    }
}
