//! Identities: the names of patches as people read and write them.

use patchgen_model::{Grammar, PatchId, Version};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// The name of a patch: its logical database (or the place that it goes to) and its version.
///
/// Read from `database.major.minor`, `database.major.minor.point`, or the name of a patch file of the dotted grammar. The
/// older spelling `database:major-minor-point` is understood too. Grammars differ in spelling only: they do not count in a
/// comparison.
///
/// ```
/// use patchgen_runtime::Identity;
///
/// let identity: Identity = "app.20240131.0001".parse()?;
/// assert_eq!(identity, "app:20240131-1-0".parse()?);
/// assert_eq!(identity, "patches/app.20240131.0001.postgres.start.sql".parse()?);
/// assert_eq!("app.2211.5.1".parse::<Identity>()?.to_string(), "app.2211.5.1");
/// # Ok::<(), patchgen_runtime::ParseIdentityError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Identity {
    /// The logical database, or the text of a [`Place`](crate::Place).
    pub database: String,
    /// The version.
    pub version: Version,
    grammar: Grammar,
}

impl Identity {
    /// The identity of a version in a database.
    ///
    /// ```
    /// use patchgen_runtime::{Identity, Version};
    ///
    /// let identity = Identity::new("app", Version { major: 2211, minor: 5, point: 0 });
    /// assert_eq!(identity.to_string(), "app.2211.5.0");
    /// ```
    #[must_use]
    pub fn new(database: impl Into<String>, version: Version) -> Self {
        Self {
            database: database.into(),
            version,
            grammar: PatchId::new("", version).grammar(),
        }
    }

    /// The same identity, borrowed.
    #[must_use]
    pub fn as_id(&self) -> PatchId<'_> {
        PatchId::new(&self.database, self.version).spelled(self.grammar)
    }
}

impl From<PatchId<'_>> for Identity {
    fn from(id: PatchId<'_>) -> Self {
        Self {
            database: id.database.to_owned(),
            version: id.version,
            grammar: id.grammar(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_id().fmt(f)
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.as_id() == other.as_id()
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_id().hash(state);
    }
}

/// A text that names no patch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseIdentityError(String);

impl ParseIdentityError {
    /// The remedy.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "write database.major.minor, database.major.minor.point, or the name of the file"
    }
}

impl fmt::Display for ParseIdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no patch", self.0)
    }
}

impl std::error::Error for ParseIdentityError {}

impl FromStr for Identity {
    type Err = ParseIdentityError;

    fn from_str(text: &str) -> Result<Self, ParseIdentityError> {
        read(text).ok_or_else(|| ParseIdentityError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Identity> {
    if let Some((database, version)) = text.rsplit_once(':') {
        return Some(Identity::new(database, version.parse().ok()?));
    }
    let is_file = text.ends_with(".sql");
    let name = match text.rsplit_once('/') {
        Some((_, name)) if is_file => name,
        _ => text,
    };
    // A place may hold dots: the version is the last of the text, except in a file's name.
    if is_file {
        let mut parts = name.splitn(4, '.');
        let (database, major, minor) = (parts.next()?, parts.next()?, parts.next()?);
        return Some(Identity::new(
            database,
            format!("{major}.{minor}").parse().ok()?,
        ));
    }
    let mut dots = name.rmatch_indices('.').map(|(dot, _)| dot).skip(1).take(2);
    let (of_two, of_three) = (dots.next()?, dots.next());
    [of_three, Some(of_two)]
        .into_iter()
        .flatten()
        .find_map(|dot| {
            let version = name[dot + 1..].parse().ok()?;
            (dot > 0).then(|| Identity::new(&name[..dot], version))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read_as_they_are_written() {
        for (text, written) in [
            ("app.20240131.0001", Some("app.20240131.0001")),
            ("app.20240131.1", Some("app.20240131.0001")),
            ("app.00000000.0000", Some("app.00000000.0000")),
            ("app.2211.5.1", Some("app.2211.5.1")),
            ("app.2211.5.0", Some("app.2211.5.0")),
            ("app:2211-5-1", Some("app.2211.5.1")),
            ("shared/app.20240131.0001", Some("shared/app.20240131.0001")),
            ("my.app.20240131.0001", Some("my.app.20240131.0001")),
            (
                "a/b/app.20240131.0001.postgres.start.sql",
                Some("app.20240131.0001"),
            ),
            ("app", None),
            ("app.1", None),
            (".1.2", None),
            ("app.x.y", None),
        ] {
            let read = text.parse::<Identity>().ok();
            assert_eq!(
                read.map(|identity| identity.to_string()).as_deref(),
                written,
                "{text}"
            );
        }
    }
}
