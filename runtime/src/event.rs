//! Events: the progress of a run, told to `tracing` always and to the program's observer if it has one.

use patchgen_model::PatchId;
use std::time::Duration;

/// A step of a run, reported when it happens.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan is complete; its patches are about to run.
    Planned {
        /// Number of patches.
        patches: usize,
    },
    /// The run waits; reported when the wait begins, and then every ten seconds.
    Waiting {
        /// The obstacle: another session by its process id, application name, role and the start of its transaction;
        /// or a connection, or a database that is in use, with the server's message.
        holder: &'a str,
        /// Time that this run has waited so far.
        waited: Duration,
    },
    /// A database, role or schema was created.
    Created {
        /// The object, for example ``database `app` ``.
        what: &'a str,
    },
    /// A patch begins.
    Started {
        /// The patch.
        patch: PatchId<'a>,
        /// Its file.
        file: &'a str,
        /// The attempt, counted from 1 over all runs.
        attempt: u32,
    },
    /// A patch is applied.
    Applied {
        /// The patch.
        patch: PatchId<'a>,
        /// Its file.
        file: &'a str,
        /// Time from the first try to the commit.
        elapsed: Duration,
    },
    /// A patch was recorded without running it.
    Adopted {
        /// The patch.
        patch: PatchId<'a>,
        /// The reason.
        reason: &'a str,
    },
    /// A patch lost a lock wait or a deadlock and is tried again.
    Retrying {
        /// The patch.
        patch: PatchId<'a>,
        /// The server's message.
        reason: &'a str,
        /// Time until the next try.
        pause: Duration,
    },
    /// The outcome of a patch that an earlier run left unfinished was found out.
    Recovered {
        /// The patch.
        patch: PatchId<'a>,
        /// `true` if it was committed.
        applied: bool,
    },
    /// A difference that the policies allow, or another fact that deserves attention.
    Warning {
        /// The text.
        message: &'a str,
    },
}

/// Receives every [`Event`] of a run; a closure of one argument is an observer.
///
/// ```
/// use patchgen_runtime::{Config, Event};
///
/// let config = Config::new().observer(|event: &Event<'_>| {
///     if let Event::Applied { patch, elapsed, .. } = event {
///         println!("{patch} took {elapsed:?}");
///     }
/// });
/// # let _ = config;
/// ```
pub trait Observer: Send + Sync {
    /// Receives one event, on the thread that does the work: a slow observer slows the run.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

impl Event<'_> {
    /// Writes the event to the program's log.
    pub(crate) fn trace(&self) {
        match self {
            Self::Planned { patches } => tracing::info!(patches, "plan"),
            Self::Waiting { holder, waited } => {
                tracing::info!(holder, ?waited, "waiting")
            }
            Self::Created { what } => tracing::info!(what, "created"),
            Self::Started {
                patch,
                file,
                attempt,
            } => tracing::info!(%patch, file, attempt, "start"),
            Self::Applied {
                patch,
                file,
                elapsed,
            } => tracing::info!(%patch, file, ?elapsed, "applied"),
            Self::Adopted { patch, reason } => tracing::info!(%patch, reason, "adopted"),
            Self::Retrying {
                patch,
                reason,
                pause,
            } => tracing::warn!(%patch, reason, ?pause, "trying again"),
            Self::Recovered { patch, applied } => tracing::warn!(%patch, applied, "recovered"),
            Self::Warning { message } => tracing::warn!("{message}"),
        }
    }
}
