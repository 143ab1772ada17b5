//! Guards: conditions that a message of the runtime checks on the server, and that end it if they do not hold.
//!
//! A guard is a cast that fails with 22P02 and names itself in the server's message, in whatever language that is.

use super::session::Refusal;
use tokio_postgres::error::SqlState;

/// A condition without which a run must not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guard {
    /// No other session works on the target.
    Busy,
    /// No other run has taken over the attempt.
    TakenOver,
    /// The transaction that is to be recorded still holds its target's lock.
    Gone,
}

impl Guard {
    const ALL: [Self; 3] = [Self::Busy, Self::TakenOver, Self::Gone];

    const fn text(self) -> &'static str {
        match self {
            Self::Busy => "an earlier session is still at work here",
            Self::TakenOver => "another run has taken over",
            Self::Gone => "the transaction is gone",
        }
    }

    /// An expression that fails unless a condition holds.
    pub(crate) fn expression(self, condition: &str) -> String {
        require(condition, self.text())
    }

    /// The guard that ended a message.
    pub(crate) fn of(refusal: &Refusal) -> Option<Self> {
        let server = refusal.error.as_db_error()?;
        if *server.code() != SqlState::INVALID_TEXT_REPRESENTATION {
            return None;
        }
        let names = |guard: &Self| server.message().contains(&message(guard.text()));
        Self::ALL.into_iter().find(names)
    }
}

fn message(text: &str) -> String {
    format!("patchgen: {text}")
}

/// An expression that fails with a text unless a condition holds.
pub(crate) fn require(condition: &str, text: &str) -> String {
    format!(
        "(CASE WHEN {condition} THEN '1' ELSE '{}' END)::pg_catalog.int4",
        message(text)
    )
}
