//! Patches that a run left unfinished, and the errors for people who have to decide about them.

use super::entry::Begun;
use super::progress::{Progress, UnderWay};
use super::row::Row;
use crate::server::identity::TransactionId;
use crate::{Error, ErrorKind, Identity, Place};

/// A patch of an earlier run that may have been committed.
#[derive(Clone, Debug)]
pub(crate) struct Interrupted {
    pub(crate) identity: Identity,
    pub(crate) place: Place,
    pub(crate) user: String,
    pub(crate) file: String,
    pub(crate) attempt: u32,
    pub(crate) started_at: Option<String>,
    /// The transaction that was about to be committed, if it was recorded.
    pub(crate) transaction: Option<TransactionId>,
}

impl Interrupted {
    pub(crate) fn of_row(row: &Row) -> Self {
        Self {
            identity: row.identity(),
            place: row.series.place.clone(),
            user: row.user.clone(),
            file: row.file.clone(),
            attempt: row.attempt,
            started_at: row.started_at.clone(),
            transaction: row.run.transaction.clone(),
        }
    }

    pub(crate) fn of_begun(begun: &Begun<'_>) -> Self {
        Self {
            identity: begun.patch.id().into(),
            place: begun.place.clone(),
            user: begun.patch.user().to_owned(),
            file: begun.patch.file().to_owned(),
            attempt: begun.attempt,
            started_at: None,
            transaction: None,
        }
    }

    /// The statement of a concurrent patch whose transaction was about to be committed, if there is one.
    pub(crate) fn of_progress(begun: &Begun<'_>, progress: &Progress) -> Option<Self> {
        let UnderWay::Transaction(id) = &progress.under_way else {
            return None;
        };
        Some(Self {
            transaction: Some(id.clone()),
            ..Self::of_begun(begun)
        })
    }

    /// The error for a patch whose session is still at work.
    pub(crate) fn running(&self) -> Error {
        Error::new(
            ErrorKind::Locked,
            format!(
                "an earlier session of `{}` is still at work in `{}` (attempt {})",
                self.file, self.place, self.attempt
            ),
        )
        .with_help(
            "let it end; if its program is gone and it hangs, end it with pg_terminate_backend",
        )
    }

    /// The error for a transaction whose outcome the server cannot tell.
    pub(crate) fn doubt(&self, reason: &str) -> Error {
        let identity = &self.identity;
        let message = format!(
            "whether `{}` took effect in `{}` is not known: {reason} ({})",
            self.file,
            self.place,
            self.when()
        );
        Error::new(ErrorKind::InDoubt, message).with_help(format!(
            "look in database `{}` whether what the patch makes is there; then run, with the same files and options, \
             `patchgen resolve --applied {identity}` if it is, or `patchgen resolve --retry {identity}` if it is not",
            self.place.database
        ))
    }

    /// The error for a statement outside of transactions whose progress nobody can tell.
    pub(crate) fn statement_doubt(&self, reason: &str) -> Error {
        let identity = &self.identity;
        let message = format!(
            "how far a statement of `{}` came in `{}` is not known: {reason} ({})",
            self.file,
            self.place,
            self.when()
        );
        Error::new(ErrorKind::InDoubt, message).with_help(format!(
            "look in database `{}` what the statement has done, and bring it to its end by hand or take it back; then run, with \
             the same files and options, `patchgen resolve --applied {identity}` if all of it is done, and apply goes on \
             behind it, or `patchgen resolve --retry {identity}` if it is to be run again",
            self.place.database
        ))
    }

    fn when(&self) -> String {
        let begun = self
            .started_at
            .as_ref()
            .map_or_else(String::new, |when| format!(", begun {when}"));
        format!("attempt {}{begun}", self.attempt)
    }
}
