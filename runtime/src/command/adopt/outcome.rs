//! The result of an adoption.

use crate::Identity;
use patchgen_model::{Patch, PatchId};
use std::fmt;

/// A patch that is recorded as adopted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdoptedPatch {
    pub(crate) id: Identity,
    pub(crate) file: String,
    pub(crate) from: Vec<String>,
}

impl AdoptedPatch {
    pub(super) fn new(patch: &Patch<'_>, from: &[String]) -> Self {
        Self {
            id: patch.id().into(),
            file: patch.file().to_owned(),
            from: from.to_vec(),
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

    /// The versions of the other tool that it was matched with; none if no tool was asked.
    #[must_use]
    pub fn from(&self) -> &[String] {
        &self.from
    }
}

/// A patch that another tool has recorded in a way that cannot be trusted. It stays pending.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Doubtful {
    /// The version of the other tool.
    pub version: String,
    /// The file of the patch.
    pub file: String,
    /// The reason why it is not trusted.
    pub reason: String,
}

/// The result of [`adopt`](crate::adopt), or what it would be.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Adopted {
    pub(crate) source: Option<String>,
    pub(crate) adopted: Vec<AdoptedPatch>,
    pub(crate) doubtful: Vec<Doubtful>,
    pub(crate) notes: Vec<String>,
    pub(crate) known: usize,
    pub(crate) recorded: bool,
}

impl Adopted {
    /// The patches, in order.
    #[must_use]
    pub fn adopted(&self) -> &[AdoptedPatch] {
        &self.adopted
    }

    /// Entries of another tool that are not trusted; their patches stay pending.
    #[must_use]
    pub fn doubtful(&self) -> &[Doubtful] {
        &self.doubtful
    }

    /// Other facts about the other tool's ledger.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Number of patches that had been applied or adopted before.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known
    }

    /// `true` if it was recorded, `false` if it was only shown.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.recorded
    }
}

impl fmt::Display for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doubtful in &self.doubtful {
            let Doubtful {
                version,
                file,
                reason,
            } = doubtful;
            writeln!(
                f,
                "warning: `{version}` is not believed: {reason}; `{file}` stays pending: look what is there, then adopt it by itself or let it run"
            )?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let number = self.adopted.len();
        let patches = if number == 1 { "patch" } else { "patches" };
        match (self.recorded, number) {
            (_, 0) => f.write_str("nothing to adopt")?,
            (true, _) => write!(f, "adopted {number} {patches} without running them")?,
            (false, _) => write!(f, "{number} {patches} to adopt without running them")?,
        }
        if let Some(source) = &self.source {
            write!(f, ", by {source}")?;
        }
        if self.known > 0 {
            write!(f, "; {} recorded before", self.known)?;
        }
        let versions: Vec<String> = self
            .adopted
            .iter()
            .map(|patch| patch.from.join(", "))
            .collect();
        let width = versions
            .iter()
            .map(|text| text.chars().count())
            .max()
            .unwrap_or(0);
        for (patch, from) in self.adopted.iter().zip(versions) {
            if width == 0 {
                write!(f, "\n  {}", patch.file)?;
            } else {
                write!(f, "\n  {from:<width$}  {}", patch.file)?;
            }
        }
        if !self.recorded && number > 0 {
            f.write_str("\nnothing is recorded yet")?;
        }
        Ok(())
    }
}
