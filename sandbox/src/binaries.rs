use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A folder with the server programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
}

/// Folders that hold one folder for each version, each with a `bin`.
const INSTALLATIONS: [&str; 5] = [
    "/usr/lib/postgresql",
    "/usr",
    "/opt/homebrew/opt",
    "/usr/local/opt",
    "/Library/PostgreSQL",
];

impl Binaries {
    /// Returns the folder named by `$PG_BIN`, else the newest version installed in the usual places or on `PATH`.
    ///
    /// # Errors
    /// No server programs were found; the help names the package to install.
    pub fn find() -> Result<Binaries, Error> {
        if let Some(dir) = std::env::var_os("PG_BIN") {
            return Binaries::at(dir);
        }
        Binaries::installed().into_iter().next().ok_or_else(|| {
            Error::new("no postgresql server programs were found").with_help(
                "install the server (Debian and Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; \
                 macOS: `brew install postgresql`), or set PG_BIN to the folder of `initdb` and `postgres`",
            )
        })
    }

    /// Returns the programs in a given folder.
    ///
    /// # Errors
    /// `initdb` or `postgres` is not in it.
    pub fn at(dir: impl Into<PathBuf>) -> Result<Binaries, Error> {
        let dir = dir.into();
        let dir = dir.canonicalize().unwrap_or(dir);
        for program in ["initdb", "postgres"] {
            if !dir.join(program).is_file() {
                return Err(Error::new(format!("there is no `{program}` in `{}`", dir.display()))
                    .with_help("name the folder of the server programs, such as /usr/lib/postgresql/15/bin"));
            }
        }
        Ok(Binaries { dir })
    }

    /// Returns all versions found in the usual places, the newest first, then the one on `PATH`.
    pub fn installed() -> Vec<Binaries> {
        let mut versions: Vec<(Reverse<u32>, PathBuf)> = INSTALLATIONS
            .iter()
            .filter_map(|root| fs::read_dir(root).ok())
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let version = version_in(path.file_name()?.to_str()?)?;
                Some((Reverse(version), path.join("bin")))
            })
            .collect();
        versions.sort();
        let path = std::env::var_os("PATH").unwrap_or_default();
        versions
            .into_iter()
            .map(|(_, dir)| dir)
            .chain(std::env::split_paths(&path))
            .filter_map(|dir| Binaries::at(dir).ok())
            .collect()
    }

    /// Returns the folder of the programs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Returns the major version that the server program prints.
    ///
    /// # Errors
    /// The program does not run, or prints something else than its version.
    pub fn major(&self) -> Result<u32, Error> {
        let program = self.program("postgres");
        let output = std::process::Command::new(&program)
            .arg("--version")
            .output()
            .map_err(|e| Error::io("cannot run", &program, e))?;
        // `postgres (PostgreSQL) 15.20 (Debian …)`, `postgres (PostgreSQL) 18beta1`
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_once("(PostgreSQL) ")
            .and_then(|(_, version)| leading_number(version))
            .ok_or_else(|| Error::new(format!("`{}` does not tell its version", program.display())))
    }
}

/// Returns the version in the name of an installation's folder: `15`, `pgsql-15` or `postgresql@15`.
fn version_in(name: &str) -> Option<u32> {
    let digits = name
        .strip_prefix("pgsql-")
        .or_else(|| name.strip_prefix("postgresql@"))
        .unwrap_or(name);
    digits.parse().ok()
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_folder_names() {
        for (name, version) in [
            ("15", Some(15)),
            ("pgsql-9", Some(9)),
            ("postgresql@17", Some(17)),
            ("lib", None),
            ("pgsql-next", None),
        ] {
            assert_eq!(version_in(name), version, "{name}");
        }
    }

    #[test]
    fn a_folder_without_servers_is_an_error_with_help() {
        let error = Binaries::at("/").unwrap_err();
        assert_eq!(error.to_string(), "there is no `initdb` in `/`");
        assert!(
            error
                .help()
                .is_some_and(|help| help.contains("postgresql/15/bin"))
        );
    }
}
