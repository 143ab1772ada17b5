//! Versions of servers, as they are told at the start of a session.

use crate::{Error, ErrorKind};

/// The oldest major version that has all functions which the ledger and the locks need.
const OLDEST: u32 = 13;

/// `true` if a text of `server_version` names a version that is too old; a text without a number passes.
pub(super) fn is_too_old(version: &str) -> bool {
    let version = version.trim_start();
    let end = version.find(|c: char| !c.is_ascii_digit());
    let major = version[..end.unwrap_or(version.len())].parse::<u32>();
    major.is_ok_and(|major| major < OLDEST)
}

/// The error for a server that is too old.
pub(super) fn too_old(place: &str, version: &str) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!("the server at `{place}` is PostgreSQL {version}, and {OLDEST} or later is needed"),
    )
    .with_help(
        "upgrade the server, or name another with --conninfo, DATABASE_URL or PGHOST and PGPORT",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_13_are_too_old() {
        for (version, expected) in [
            ("12.22", true),
            ("9.6.24", true),
            ("10beta1", true),
            ("12.9 (Ubuntu 12.9-0ubuntu0.20.04.1)", true),
            ("13.1 (Debian 13.1-1.pgdg100+1)", false),
            ("13", false),
            ("15.14", false),
            ("18beta1", false),
            ("19devel", false),
            // Texts of poolers that do not know the server yet.
            ("", false),
            ("bouncer", false),
        ] {
            assert_eq!(is_too_old(version), expected, "{version}");
        }
    }
}
