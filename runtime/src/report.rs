//! The report of a run.

use crate::Identity;
use patchgen_model::{Kind, Patch, PatchId};
use std::fmt;
use std::time::Duration;

/// A patch that a run applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedPatch {
    pub(crate) id: Identity,
    pub(crate) file: String,
    pub(crate) kind: Kind,
    pub(crate) user: String,
    pub(crate) elapsed: Duration,
}

impl AppliedPatch {
    pub(crate) fn new(patch: &Patch<'_>, elapsed: Duration) -> Self {
        Self {
            id: patch.id().into(),
            file: patch.file().to_owned(),
            kind: patch.kind(),
            user: patch.user().to_owned(),
            elapsed,
        }
    }

    /// The identity of the patch.
    #[must_use]
    pub fn id(&self) -> PatchId<'_> {
        self.id.as_id()
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Time from the first try to the commit; patches of one transaction share it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// The result of [`apply`](crate::apply).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub(crate) applied: Vec<AppliedPatch>,
    pub(crate) adopted: Vec<AppliedPatch>,
    pub(crate) warnings: Vec<String>,
    pub(crate) elapsed: Duration,
    pub(crate) waited: Duration,
    /// Patches that the selection left out.
    pub(crate) left_out: usize,
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
            left_out: 0,
            known,
        }
    }

    /// The patches that were applied, in order.
    #[must_use]
    pub fn applied(&self) -> &[AppliedPatch] {
        &self.applied
    }

    /// The bootstrap patches that were only recorded, because their database existed already.
    #[must_use]
    pub fn adopted(&self) -> &[AppliedPatch] {
        &self.adopted
    }

    /// Differences that the policies allow, and other facts that deserve attention.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// `true` if nothing was applied or recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.adopted.is_empty()
    }

    /// Time that the whole run took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Time that the run waited for other runs, for sessions of earlier ones, for connections and for databases in use.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Number of pending patches that the selection ([`Config::selection`](crate::Config::selection),
    /// [`Config::kinds`](crate::Config::kinds)) left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

/// A number of patches, in words.
pub(crate) fn count(number: usize) -> String {
    format!("{number} {}", if number == 1 { "patch" } else { "patches" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let milliseconds = self.elapsed.as_millis();
        if self.is_empty() && self.left_out > 0 {
            let left_out = count(self.left_out);
            return write!(
                f,
                "nothing applied, {left_out} still pending, {milliseconds} ms"
            );
        }
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
            write!(f, ", {} ms of it waiting", self.waited.as_millis())?;
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
        if self.left_out > 0 {
            write!(f, "\n{} still pending", count(self.left_out))?;
        }
        Ok(())
    }
}
