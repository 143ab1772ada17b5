//! Patch files that their names identify.

use patchgen_model::{Grammar, Kind, PatchId};
use std::fs::Metadata;
use std::path::Path;

/// Patch file that its name identifies.
#[derive(Clone, Debug)]
pub(crate) struct NamedFile<'a> {
    /// Path that is shown.
    pub(crate) file: &'a str,
    /// Path in the file system.
    pub(crate) path: &'a Path,
    pub(crate) metadata: &'a Metadata,
    /// Identity. The database is empty if neither the name nor the build contains it.
    pub(crate) id: PatchId<'a>,
    /// Grammar of the name.
    pub(crate) grammar: Grammar,
    /// Kind in the name.
    pub(crate) kind: Option<Kind>,
    /// Role that runs the patch.
    pub(crate) user: &'a str,
    pub(crate) description: &'a str,
}
