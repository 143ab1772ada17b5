use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::output::Output;
use crate::rule::{Level, Rules};
use crate::{cargo, name, pipeline};
use std::path::{Path, PathBuf};

/// Which patches to take, and how strict to be with them.
///
/// In a build script:
///
/// ```no_run
/// patchgen::Build::new().patches("patches/**/*.sql").emit();
/// ```
///
/// Elsewhere, for those who want the values:
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
    pub(crate) globs: Vec<String>,
    pub(crate) base: Option<PathBuf>,
    pub(crate) database: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) lock: LockChoice,
    pub(crate) locked: bool,
    pub(crate) rules: Rules,
}

/// Which lock file to compare with.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum LockChoice {
    /// `patches.lock` in the base, if there is one.
    #[default]
    Beside,
    At(PathBuf),
    None,
}

impl Build {
    /// A build without patches yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the files that a glob matches, too. It is relative to the package, or to the current folder.
    pub fn patches(mut self, glob: impl Into<String>) -> Self {
        self.globs.push(glob.into());
        self
    }

    /// Looks for patches and the lock file from this folder on, instead of the current one.
    pub fn base(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base = Some(folder.into());
        self
    }

    /// The logical database of patches with launchpad names.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The role that runs patches with launchpad names; `postgres` if not given.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// The lock file, if it is not `patches.lock` beside `Cargo.toml`.
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock = LockChoice::At(path.into());
        self
    }

    /// Pays no heed to a lock file; for what writes one.
    pub fn without_lock_file(mut self) -> Self {
        self.lock = LockChoice::None;
        self
    }

    /// Also rejects patches that are not sealed in the lock file, as the environment variable `PATCHGEN_LOCKED=1` does.
    pub fn locked(mut self, locked: bool) -> Self {
        self.locked = locked;
        self
    }

    /// Makes the findings of a rule errors.
    pub fn deny(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Deny)
    }

    /// Makes the findings of a rule warnings, which they are unless the rule was denied or allowed.
    pub fn warn(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Warn)
    }

    /// Leaves the findings of a rule out.
    pub fn allow(self, rule: impl Into<String>) -> Self {
        self.level(rule.into(), Level::Allow)
    }

    fn level(mut self, rule: String, level: Level) -> Self {
        self.rules.levels.insert(rule, level);
        self
    }

    /// The major version of the oldest server that the patches are for, which some lints depend on.
    pub fn postgres_version(mut self, major: u32) -> Self {
        self.rules.postgres_version = Some(major);
        self
    }

    /// Finds, validates and orders the patches.
    ///
    /// # Errors
    /// With everything that is wrong with them.
    pub fn run(&self) -> Result<Output, Diagnostics> {
        pipeline::run(self, None)
    }

    /// Does the whole work of a build script: writes `$OUT_DIR/patches.rs`, which `embed_patches!()` includes, tells
    /// cargo when to run again, prints every finding, and ends the process if one of them is an error.
    ///
    /// It runs again when a patch or the lock file has changed, and for nothing else. So the revision that the set has is
    /// the one at which a patch changed last.
    pub fn emit(&self) {
        cargo::emit(self);
    }

    /// What is wrong with the build itself.
    pub(crate) fn faults(&self) -> Vec<Diagnostic> {
        let mut faults: Vec<_> = self.rules.unknown().collect();
        let database = self.database.as_deref().map(name::check_database);
        let user = self.user.as_deref().map(name::check_user);
        for error in [database, user]
            .into_iter()
            .flatten()
            .filter_map(Result::err)
        {
            let fault = Diagnostic::error("setting", error.to_string());
            faults.push(fault.help(error.help()));
        }
        faults
    }

    /// The folder that globs are relative to, absolute.
    pub(crate) fn folder(&self) -> Result<PathBuf, Diagnostics> {
        let folder = self.base.as_deref().unwrap_or(Path::new("."));
        let absolute = match std::env::current_dir() {
            Ok(current) => Ok(current.join(folder)),
            Err(_) if folder.is_absolute() => Ok(folder.to_owned()),
            Err(error) => Err(error),
        };
        // Without `.` in it.
        absolute
            .map(|folder| folder.components().collect())
            .map_err(|error| {
                Diagnostic::error("setting", format!("no current folder: {error}")).into()
            })
    }

    /// The path of the lock file, absolute, and its name for people.
    pub(crate) fn lock_path(&self, base: &Path) -> Option<(PathBuf, String)> {
        let path = match &self.lock {
            LockChoice::None => return None,
            LockChoice::Beside => Path::new("patches.lock"),
            LockChoice::At(path) => path,
        };
        Some((base.join(path), path.to_string_lossy().replace('\\', "/")))
    }

    pub(crate) fn is_locked(&self) -> bool {
        let asked = std::env::var("PATCHGEN_LOCKED");
        self.locked || asked.is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
    }
}
