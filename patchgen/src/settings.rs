//! Choices of a build.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::rule::Rules;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Choices of a [`Build`](crate::Build).
#[derive(Clone, Default, Debug)]
pub(crate) struct Settings {
    /// Globs of the patch files, relative to the base.
    pub(crate) globs: Vec<String>,
    /// Folder that globs and the lock file are relative to; the current one if there is none.
    pub(crate) base: Option<PathBuf>,
    /// Logical database of patches with launchpad names.
    pub(crate) database: Option<String>,
    /// Role that runs patches with launchpad names.
    pub(crate) user: Option<String>,
    pub(crate) lock: LockChoice,
    /// `true` if unsealed patches are rejected.
    pub(crate) locked: bool,
    pub(crate) rules: Rules,
}

/// Lock file that a build compares its patches with.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum LockChoice {
    /// `patches.lock` in the base, if there is one.
    #[default]
    Default,
    /// File at a path.
    At(PathBuf),
    /// No lock file.
    None,
}

impl Settings {
    /// Returns the absolute path of the folder that globs are relative to.
    pub(crate) fn folder(&self) -> Result<PathBuf, Diagnostics> {
        let folder = self.base.as_deref().unwrap_or(Path::new("."));
        let absolute = match std::env::current_dir() {
            Ok(current) => Ok(current.join(folder)),
            Err(_) if folder.is_absolute() => Ok(folder.to_owned()),
            Err(error) => Err(error),
        };
        // Collecting the components removes `.`.
        absolute
            .map(|folder| folder.components().collect())
            .map_err(|error| {
                Diagnostic::error("setting", format!("no current folder: {error}")).into()
            })
    }

    /// Returns the absolute path of the lock file, and the path that is shown. Returns `None` if the build has no lock file.
    pub(crate) fn lock_path(&self, base: &Path) -> Option<(PathBuf, String)> {
        let path = match &self.lock {
            LockChoice::None => return None,
            LockChoice::Default => Path::new("patches.lock"),
            LockChoice::At(path) => path,
        };
        Some((base.join(path), path.to_string_lossy().replace('\\', "/")))
    }

    /// Returns `true` if the build or the environment rejects unsealed patches.
    pub(crate) fn is_locked(&self) -> Result<bool, Diagnostics> {
        let variable = variable("PATCHGEN_LOCKED")?;
        Ok(self.locked || variable.is_some_and(|value| !matches!(value.as_str(), "" | "0")))
    }
}

/// Returns the value of an environment variable. One that is not UTF-8 is an error, so that it is never ignored.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Diagnostics> {
    let value = std::env::var_os(name).map(OsString::into_string);
    value.transpose().map_err(|_| {
        let message = format!("the environment variable `{name}` is not UTF-8");
        Diagnostic::error("setting", message)
            .help("unset it, or set it to text in UTF-8")
            .into()
    })
}
