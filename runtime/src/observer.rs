//! What happens, told as it happens: to `tracing` always, and to the program's observer if it has one.

use crate::Config;
use patchgen_model::PatchId;
use std::time::Duration;

/// Something that happened during a run.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan stands; so many patches are about to run.
    Planned {
        /// How many.
        patches: usize,
    },
    /// Another run holds the lock.
    Waiting {
        /// Who: process id of its backend, application name and since when.
        holder: &'a str,
        /// For how long this run has been waiting.
        waited: Duration,
    },
    /// A database, role or schema was made.
    Created {
        /// What, for example ``database `app` ``.
        what: &'a str,
    },
    /// A patch begins.
    Started {
        /// Which.
        patch: PatchId<'a>,
        /// Its file.
        file: &'a str,
        /// The attempt, counted from 1 over all runs.
        attempt: u32,
    },
    /// A patch is applied.
    Applied {
        /// Which.
        patch: PatchId<'a>,
        /// Its file.
        file: &'a str,
        /// How long it took.
        elapsed: Duration,
    },
    /// A patch was recorded without running it.
    Adopted {
        /// Which.
        patch: PatchId<'a>,
        /// Why.
        reason: &'a str,
    },
    /// A patch lost a lock wait or a deadlock and is tried again.
    Retrying {
        /// Which.
        patch: PatchId<'a>,
        /// What the server said.
        reason: &'a str,
        /// When the next try begins.
        pause: Duration,
    },
    /// An interrupted patch of an earlier run was settled.
    Recovered {
        /// Which.
        patch: PatchId<'a>,
        /// Whether it had taken effect.
        applied: bool,
    },
    /// A difference that the policies let pass, or another thing worth a look.
    Warning {
        /// What.
        message: &'a str,
    },
}

/// Told of every [`Event`]; closures of one argument are observers.
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
    /// Called on the thread that does the work; a slow observer slows the run.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

pub(crate) fn emit(config: &Config, event: &Event<'_>) {
    match event {
        Event::Planned { patches } => tracing::info!(patches, "plan"),
        Event::Waiting { holder, waited } => {
            tracing::info!(holder, ?waited, "waiting for another run")
        }
        Event::Created { what } => tracing::info!(what, "created"),
        Event::Started {
            patch,
            file,
            attempt,
        } => tracing::info!(%patch, file, attempt, "start"),
        Event::Applied {
            patch,
            file,
            elapsed,
        } => tracing::info!(%patch, file, ?elapsed, "applied"),
        Event::Adopted { patch, reason } => tracing::info!(%patch, reason, "adopted"),
        Event::Retrying {
            patch,
            reason,
            pause,
        } => tracing::warn!(%patch, reason, ?pause, "trying again"),
        Event::Recovered { patch, applied } => tracing::warn!(%patch, applied, "recovered"),
        Event::Warning { message } => tracing::warn!("{message}"),
    }
    if let Some(observer) = &config.observer {
        observer.observe(event);
    }
}
