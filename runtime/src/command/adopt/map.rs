//! Files that name the patch of each version of another tool.

use crate::{Error, ErrorKind, Identity, ParseIdentityError};
use std::str::FromStr;

/// The patch of each version of another tool.
///
/// Read from lines `version = IDENTITY`, or `version = -` for what is no patch; `#` begins a comment.
///
/// ```
/// use patchgen_runtime::VersionMap;
///
/// let map: VersionMap = "
///     1    = -    # Flyway's baseline is the dump that we begin with
///     1.1  = app.20240101.0001
///     1.2  = patches/app.20240201.0001.postgres.breed.sql
/// ".parse()?;
/// # let _ = map;
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct VersionMap {
    pub(super) lines: Vec<(String, Option<Identity>)>,
}

impl FromStr for VersionMap {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fault = |number: usize, message: String| {
            Error::new(ErrorKind::Config, format!("line {number} of the mapping: {message}"))
                .with_help("write lines of the form `version = IDENTITY`, or `version = -` for what is no patch")
        };
        let mut lines: Vec<(String, Option<Identity>)> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (version, identity) = line
                .split_once('=')
                .map(|(version, identity)| (version.trim(), identity.trim()))
                .filter(|(version, identity)| !version.is_empty() && !identity.is_empty())
                .ok_or_else(|| fault(number, format!("`{line}` has not the form of a mapping")))?;
            if lines.iter().any(|(other, _)| other == version) {
                return Err(fault(number, format!("`{version}` is mapped twice")));
            }
            let identity = match identity {
                "-" => None,
                identity => Some(
                    identity
                        .parse()
                        .map_err(|error: ParseIdentityError| fault(number, error.to_string()))?,
                ),
            };
            lines.push((version.to_owned(), identity));
        }
        Ok(Self { lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_line() {
        for (text, expected) in [
            (
                "a",
                "line 1 of the mapping: `a` has not the form of a mapping",
            ),
            (
                "# c\n1 = ",
                "line 2 of the mapping: `1 =` has not the form of a mapping",
            ),
            ("1 = app", "line 1 of the mapping: `app` names no patch"),
            (
                "1 = -\n\n1 = -",
                "line 3 of the mapping: `1` is mapped twice",
            ),
        ] {
            let error = text.parse::<VersionMap>().expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
    }
}
