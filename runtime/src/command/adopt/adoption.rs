//! The description of an adoption.

use super::{Tool, VersionMap};
use crate::Identity;

/// The choice between recording and showing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Recording {
    /// Show the patches that would be recorded; change and create nothing.
    #[default]
    Show,
    /// Record them.
    Record,
}

/// The patches to record as adopted, and the source of that knowledge.
///
/// ```
/// use patchgen_runtime::{Adoption, Recording, Tool};
///
/// let adoption = Adoption::new().from(Tool::Sqlx).database("app").recording(Recording::Record);
/// # let _ = adoption;
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Adoption {
    pub(super) from: Option<Tool>,
    pub(super) table: Option<String>,
    pub(super) map: Option<VersionMap>,
    pub(super) database: Option<String>,
    pub(super) through: Option<Identity>,
    pub(super) recording: Recording,
}

impl Adoption {
    /// All patches of the set, as the caller knows; they are only shown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The patches that another tool has recorded as applied in its own table, which is left alone.
    #[must_use]
    pub fn from(mut self, tool: Tool) -> Self {
        self.from = Some(tool);
        self
    }

    /// The table of that tool, if it is not the usual one: `name` or `schema.name`.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// The patch of each of that tool's versions, in place of their order.
    #[must_use]
    pub fn map(mut self, map: VersionMap) -> Self {
        self.map = Some(map);
        self
    }

    /// Only patches of this logical database.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Only patches of this one's database, up to and with it.
    #[must_use]
    pub fn through(mut self, identity: Identity) -> Self {
        self.through = Some(identity);
        self
    }

    /// The choice between recording and showing \[show\].
    #[must_use]
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }
}
