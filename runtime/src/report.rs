//! What a run tells its caller.

use crate::Config;
use crate::observer::{Event, emit};
use patchgen_model::{Kind, Patch, PatchId, Version};
use std::fmt;
use std::time::Duration;

/// A patch that a run applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedPatch {
    pub(crate) database: String,
    pub(crate) version: Version,
    pub(crate) file: String,
    pub(crate) kind: Kind,
    pub(crate) user: String,
    pub(crate) elapsed: Duration,
}

impl AppliedPatch {
    pub(crate) fn new(patch: &Patch<'_>, elapsed: Duration) -> Self {
        Self {
            database: patch.database().to_owned(),
            version: patch.version(),
            file: patch.file().to_owned(),
            kind: patch.kind(),
            user: patch.user().to_owned(),
            elapsed,
        }
    }

    /// Which patch.
    #[must_use]
    pub fn id(&self) -> PatchId<'_> {
        PatchId::new(&self.database, self.version)
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// From the first try to the commit; patches of one transaction share the time.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// What [`apply`](crate::apply) did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub(crate) applied: Vec<AppliedPatch>,
    pub(crate) adopted: Vec<AppliedPatch>,
    pub(crate) warnings: Vec<String>,
    pub(crate) elapsed: Duration,
    pub(crate) waited: Duration,
    known: usize,
}

impl Report {
    pub(crate) fn new(known: usize) -> Self {
        Self {
            applied: Vec::new(),
            adopted: Vec::new(),
            warnings: Vec::new(),
            elapsed: Duration::ZERO,
            waited: Duration::ZERO,
            known,
        }
    }

    /// Adds the bootstrap patches of the database that holds the ledger.
    pub(crate) fn made(&mut self, applied: &[(Patch<'_>, Duration)]) {
        let applied = applied.iter();
        self.applied
            .extend(applied.map(|(patch, elapsed)| AppliedPatch::new(patch, *elapsed)));
    }

    pub(crate) fn warn(&mut self, config: &Config, warnings: Vec<String>) {
        for warning in warnings {
            emit(config, &Event::Warning { message: &warning });
            self.warnings.push(warning);
        }
    }

    /// The patches that were applied, in order.
    #[must_use]
    pub fn applied(&self) -> &[AppliedPatch] {
        &self.applied
    }

    /// The bootstrap patches that were only recorded, because their database was there already.
    #[must_use]
    pub fn adopted(&self) -> &[AppliedPatch] {
        &self.adopted
    }

    /// Differences that the policies let pass.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether nothing was to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.adopted.is_empty()
    }

    /// How long all of it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How much of it was waiting for another run.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// So many patches, in words.
pub(crate) fn count(number: usize) -> String {
    format!("{number} {}", if number == 1 { "patch" } else { "patches" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let milliseconds = self.elapsed.as_millis();
        if self.is_empty() {
            return write!(
                f,
                "nothing to do for {}, {milliseconds} ms",
                count(self.known)
            );
        }
        write!(
            f,
            "applied {} in {milliseconds} ms",
            count(self.applied.len())
        )?;
        if self.waited > Duration::ZERO {
            write!(
                f,
                ", {} ms of it waiting for another run",
                self.waited.as_millis()
            )?;
        }
        for patch in &self.applied {
            write!(f, "\n  {:>8} ms  {}", patch.elapsed.as_millis(), patch.file)?;
        }
        for patch in &self.adopted {
            write!(
                f,
                "\n    recorded  {} (its database was there already)",
                patch.file
            )?;
        }
        Ok(())
    }
}
