//! Names of patch files, in two grammars.
//!
//! ```
//! use patchgen::name;
//!
//! let name = name::parse("hundbidrag.20240131.0001.postgres.add_breed.sql")?;
//! assert_eq!(name.database, Some("hundbidrag"));
//! assert_eq!(name.version.to_string(), "20240131.0001");
//!
//! let error = name::parse("hundbidrag.2024131.0001.postgres.add_breed.sql").unwrap_err();
//! assert_eq!(error.to_string(), "the major version `2024131` has 7 digits, not 8");
//! # Ok::<(), name::NameError>(())
//! ```

mod dotted;
mod extension;
mod launchpad;

use crate::diagnostic::Diagnostic;
use patchgen_model::{Grammar, Kind, Version};
use std::fmt;

/// Parts of the name of a patch file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<'a> {
    /// Grammar of the name.
    pub grammar: Grammar,
    /// Logical database; `None` in launchpad names.
    pub database: Option<&'a str>,
    /// Version.
    pub version: Version,
    /// Role that runs the patch; `None` in launchpad names.
    pub user: Option<&'a str>,
    /// Description; empty in launchpad names.
    pub description: &'a str,
    /// Kind of the patch; `None` in dotted names.
    pub kind: Option<Kind>,
}

/// Error for the first part of a name that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameError {
    message: String,
    help: String,
}

impl NameError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }

    /// Returns the remedy.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Returns the finding about the file with this name.
    pub(crate) fn diagnostic(self, file: &str) -> Diagnostic {
        Diagnostic::error("file-name", self.message)
            .in_file(file)
            .help(self.help)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NameError {}

const SHAPES: &str = "names are `database.YYYYMMDD.NNNN.user.description.sql` or \
     `patch-major-minor-point-kind.sql`";

/// Parses a file name, without folders.
///
/// # Errors
/// If the name follows neither grammar. The error names the first part that is wrong.
pub fn parse(name: &str) -> Result<Name<'_>, NameError> {
    let stem = extension::strip(name)?;
    if launchpad::is_meant(stem) {
        launchpad::parse(stem)
    } else {
        dotted::parse(stem)
    }
}

/// Checks the name of a logical database.
///
/// # Errors
/// If the name contains other characters than letters, digits, `_` and `-`, begins with a digit or `-`, or is longer than 63
/// bytes.
pub fn check_database(name: &str) -> Result<(), NameError> {
    dotted::identifier("database", name)
}

/// Checks the name of a role.
///
/// # Errors
/// Those of [`check_database`].
pub fn check_user(name: &str) -> Result<(), NameError> {
    dotted::identifier("user", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_grammars() {
        let version = |major, minor, point| Version {
            major,
            minor,
            point,
        };
        let dotted = |database, version, user, description| Name {
            grammar: Grammar::Dotted,
            database: Some(database),
            version,
            user: Some(user),
            description,
            kind: None,
        };
        let launchpad = |version, kind| Name {
            grammar: Grammar::Launchpad,
            database: None,
            version,
            user: None,
            description: "",
            kind: Some(kind),
        };
        let long = format!("{}.20240131.0001.u.d.sql", "d".repeat(63));
        for (name, expected) in [
            (
                "hundbidrag.20240131.0001.postgres.add_breed.sql",
                dotted(
                    "hundbidrag",
                    version(20240131, 1, 0),
                    "postgres",
                    "add_breed",
                ),
            ),
            (
                "_a-B9.00000000.0000._.Größe-2+höhe_पत्नी.sql",
                dotted("_a-B9", version(0, 0, 0), "_", "Größe-2+höhe_पत्नी"),
            ),
            (
                "patch-x.99999999.9999.u.patch-1-2-3-std.sql",
                dotted(
                    "patch-x",
                    version(99_999_999, 9999, 0),
                    "u",
                    "patch-1-2-3-std",
                ),
            ),
            (
                "patch.20240131.0001.u.d.sql",
                dotted("patch", version(20240131, 1, 0), "u", "d"),
            ),
            (
                &long,
                dotted(&long[..63], version(20240131, 1, 0), "u", "d"),
            ),
            (
                "patch-2211-5-0-concurrent.sql",
                launchpad(version(2211, 5, 0), Kind::Concurrent),
            ),
            (
                "patch-2211-05-00-std.sql",
                launchpad(version(2211, 5, 0), Kind::Std),
            ),
            (
                "patch-0-2147483647-1-direct.sql",
                launchpad(version(0, 2_147_483_647, 1), Kind::Direct),
            ),
        ] {
            assert_eq!(parse(name), Ok(expected), "{name}");
        }
    }

    #[test]
    fn near_misses_have_a_hint_of_their_own() {
        let long = format!("{}.20240131.0001.u.d.sql", "d".repeat(64));
        let names = [
            // the extension, and files that are no patches
            "app.20240131.0001.postgres.add.SQL",
            "app.20240131.0001.postgres.add.Sql",
            "app.20240131.0001.postgres.add.psql",
            "app.20240131.0001.postgres.add",
            "app.20240131.0001.postgres.add.sql~",
            "app.20240131.0001.postgres.add.sql.bak",
            "app.20240131.0001.postgres.add.sql.swp",
            "app.20240131.0001.postgres.add.sql.gz",
            "app.20240131.0001.postgres.add.sql.txt",
            ".#app.20240131.0001.postgres.add.sql",
            "#app.20240131.0001.postgres.add.sql#",
            ".app.20240131.0001.postgres.add.sql",
            "README",
            "README.md",
            ".sql",
            // the number of parts
            "app.20240131.0001.postgres.sql",
            "app.20240131.0001.add_breed_table.sql",
            "20240131.0001.postgres.add.sql",
            "app.0001.postgres.add.sql",
            "app.20240131.postgres.add.sql",
            "app.20240131.0001.sql",
            "app.20240131.0001.postgres.add.breed.sql",
            "my.app.20240131.0001.postgres.add.sql",
            "app.2024.01.31.0001.postgres.add.sql",
            "app.20240131.0001..add.sql",
            ".20240131.0001.postgres.add.sql",
            "app..0001.postgres.add.sql",
            "app.20240131.0001.postgres..sql",
            "init.sql",
            "V1__init.sql",
            "20240131120000_add_breed.sql",
            "up.sql",
            // spaces
            "app.20240131.0001.postgres.add breed.sql",
            " app.20240131.0001.postgres.add.sql",
            "app.20240131.0001.postgres.add\u{a0}breed.sql",
            // the versions
            "app.2024013.0001.postgres.add.sql",
            "app.202401310.0001.postgres.add.sql",
            "app.2024-01-31.0001.postgres.add.sql",
            "app.2024013O.0001.postgres.add.sql",
            "app.٢٠٢٤٠١٣١.0001.postgres.add.sql",
            "app.20240131.001.postgres.add.sql",
            "app.20240131.00001.postgres.add.sql",
            "app.20240131.1200a.postgres.add.sql",
            "app.20240131.-001.postgres.add.sql",
            "app.0001.20240131.postgres.add.sql",
            // database, user, description
            "1app.20240131.0001.postgres.add.sql",
            "-app.20240131.0001.postgres.add.sql",
            "äpp.20240131.0001.postgres.add.sql",
            "a$p.20240131.0001.postgres.add.sql",
            long.as_str(),
            "app.20240131.0001.2postgres.add.sql",
            "app.20240131.0001.post@gres.add.sql",
            "app.20240131.0001.postgres.add(2).sql",
            "app.20240131.0001.postgres.add,breed.sql",
            "app.20240131.0001.postgres.add\u{200b}breed.sql",
            // launchpad
            "patch-2211-5-0.sql",
            "patch-2211-5-std.sql",
            "patch-2211-std.sql",
            "patch-2211-5-0-1-std.sql",
            "patch-2211-5-0-std-add_breed.sql",
            "patch-2211-5-0-Std.sql",
            "patch-2211-5-0-concurrently.sql",
            "patch-2211-5-0-standard.sql",
            "patch-2211-5-0-dirext.sql",
            "patch-2211-5-0-online.sql",
            "patch-2211-5--1-std.sql",
            "patch-2211-+5-0-std.sql",
            "patch-2211-5x-0-std.sql",
            "patch-2147483648-5-0-std.sql",
            "patch-99999999999999999999-5-0-std.sql",
            "patch_2211_5_0_std.sql",
            "patch-2211_5_0-std.sql",
            "patch.2211.5.0.std.sql",
            "patch-2211.5.0-std.sql",
            "Patch-2211-5-0-std.sql",
            "patch2211-5-0-std.sql",
            "patch-std-2211-5-0.sql",
            "patch-2211-5-0-.sql",
            "patch-.sql",
            "patch.sql",
            "patch--1-2-3-std.sql",
        ];
        let shown: Vec<String> = names
            .iter()
            .map(|name| {
                let error = parse(name).expect_err(name);
                format!("{}\n    {error}\n    {}", name.escape_debug(), error.help())
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
