//! The patch files that the command line names.

use crate::Failure;
use crate::arguments::{Files, Launchpad};
use glob::Pattern;
use patchgen::{Build, Output};
use patchgen_runtime::cli::FAILED;
use std::path::Path;

/// Returns a build that reads the files.
pub(crate) fn build(files: &Files, launchpad: &Launchpad) -> Build {
    let mut build = Build::new();
    for argument in &files.globs {
        build = build.patches(glob_of(argument));
    }
    if let Some(database) = &launchpad.database {
        build = build.database(database);
    }
    if let Some(user) = &launchpad.user {
        build = build.user(user);
    }
    build
}

/// Reads and checks the files. An error in them is a failure; a warning is not.
pub(crate) fn read(build: &Build) -> Result<Output, Failure> {
    build.run().map_err(|diagnostics| Failure {
        text: diagnostics.to_string(),
        code: FAILED,
    })
}

/// Returns the glob of an argument. The name of an existing file or folder is not a pattern, even if it looks like one:
/// the shell may have expanded a glob already.
fn glob_of(argument: &str) -> String {
    let path = Path::new(argument);
    if path.is_dir() {
        let folder = Pattern::escape(argument.trim_end_matches('/'));
        format!("{folder}/**/*.sql")
    } else if path.exists() {
        Pattern::escape(argument)
    } else {
        argument.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_existing_file_is_not_a_pattern() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("a[1].sql"), "").unwrap();
        assert_eq!(glob_of(&path("a[1].sql")), path("a[[]1[]].sql"));
        assert_eq!(glob_of(&path("")), path("**/*.sql"));
        assert_eq!(glob_of(&path("a[12].sql")), path("a[12].sql"));
    }
}
