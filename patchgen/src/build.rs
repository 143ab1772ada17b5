//! Builder that a build script uses.

use crate::diagnostic::Diagnostics;
use crate::rule::Level;
use crate::set::Output;
use crate::settings::{LockChoice, Settings};
use crate::{cargo, pipeline};
use std::path::PathBuf;

/// Builder that finds, validates and embeds patches.
///
/// In a build script:
///
/// ```no_run
/// patchgen::Build::new().patches("patches/**/*.sql").emit();
/// ```
///
/// In another program, which uses the values:
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # std::fs::write(folder.path().join("kennel.20240131.0001.postgres.start.sql"), "create table t ();").unwrap();
/// let output = patchgen::Build::new().base(folder.path()).patches("*.sql").run()?;
/// assert_eq!(output.patch_set().len(), 1);
/// # Ok::<(), patchgen::Diagnostics>(())
/// ```
#[derive(Clone, Default, Debug)]
#[must_use = "nothing happens before `emit` or `run`"]
pub struct Build {
    settings: Settings,
}

impl Build {
    /// Returns a build without patches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the files that a glob matches. The glob is relative to the base.
    pub fn patches(mut self, glob: impl Into<String>) -> Self {
        self.settings.globs.push(glob.into());
        self
    }

    /// Sets the base, the folder that globs and the lock file are relative to. Without it, they are relative to the current
    /// folder, which in a build script is that of the package.
    pub fn base(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.base = Some(folder.into());
        self
    }

    /// Sets the logical database of patches with launchpad names.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.settings.database = Some(name.into());
        self
    }

    /// Sets the role that runs patches with launchpad names. The default is `postgres`.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.settings.user = Some(name.into());
        self
    }

    /// Sets the lock file. The default is `patches.lock` in the base.
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.lock = LockChoice::At(path.into());
        self
    }

    /// Ignores the lock file, for programs that write one.
    pub fn without_lock_file(mut self) -> Self {
        self.settings.lock = LockChoice::None;
        self
    }

    /// Rejects patches that are not sealed in the lock file, as the environment variable `PATCHGEN_LOCKED=1` does.
    pub fn locked(mut self, locked: bool) -> Self {
        self.settings.locked = locked;
        self
    }

    /// Makes the findings of a rule errors.
    pub fn deny(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Deny)
    }

    /// Makes the findings of a rule warnings.
    pub fn warn(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Warn)
    }

    /// Ignores the findings of a rule.
    pub fn allow(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Allow)
    }

    fn level(mut self, rule: String, level: Level) -> Self {
        self.settings.rules.levels.insert(rule, level);
        self
    }

    /// Sets the major version of the oldest server that the patches must run on. Some lints depend on it; the default is 15.
    pub fn postgres_version(mut self, major: u32) -> Self {
        self.settings.rules.postgres_version = Some(major);
        self
    }

    /// Finds, validates and orders the patches.
    ///
    /// # Errors
    /// All findings, if at least one of them is an error.
    pub fn run(&self) -> Result<Output, Diagnostics> {
        pipeline::run(&self.settings, None)
    }

    /// Does the whole work of a build script: writes `$OUT_DIR/patches.rs`, which `embed_patches!()` includes, tells cargo when
    /// to run the script again, prints all findings, and ends the process if one of them is an error.
    ///
    /// Cargo runs the script again only if a patch or the lock file has changed. The revision of the set is therefore the one
    /// at which a patch changed last.
    pub fn emit(&self) {
        cargo::emit(&self.settings);
    }
}
