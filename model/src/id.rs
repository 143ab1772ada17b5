use crate::{Grammar, Version};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Identity of a patch: its logical database and its version. Folder, user and description of a file may change.
///
/// It is displayed as `app.20240131.0001` or `app.2211.5.1`, in the spelling of the patch's own grammar if that is known.
/// Equality, order and hash do not depend on the grammar.
///
/// ```
/// use patchgen_model::{Grammar, PatchId, Version};
///
/// let id = PatchId::new("app", Version::new(20240131, 1, 0));
/// assert_eq!(id.to_string(), "app.20240131.0001");
/// assert_eq!(id.spelled(Grammar::Launchpad).to_string(), "app.20240131.1.0");
/// assert_eq!(id.spelled(Grammar::Launchpad), id);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PatchId<'a> {
    /// The logical database, as the file name or the program gives it.
    pub database: &'a str,
    /// The version within that database.
    pub version: Version,
    grammar: Grammar,
}

impl<'a> PatchId<'a> {
    /// Returns the identity in the spelling that the version's value suggests.
    #[must_use]
    pub const fn new(database: &'a str, version: Version) -> Self {
        Self {
            database,
            version,
            grammar: version.likely_grammar(),
        }
    }

    /// Returns the same identity in the spelling of a grammar.
    #[must_use]
    pub const fn spelled(self, grammar: Grammar) -> Self {
        Self { grammar, ..self }
    }

    /// The grammar that the identity is spelled in.
    #[must_use]
    pub const fn grammar(&self) -> Grammar {
        self.grammar
    }

    const fn key(&self) -> (&'a str, Version) {
        (self.database, self.version)
    }
}

impl PartialEq for PatchId<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for PatchId<'_> {}

impl PartialOrd for PatchId<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PatchId<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for PatchId<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for PatchId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.database)?;
        self.version.write(self.grammar, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_decides_the_spelling_of_an_identity() {
        for (version, grammar, expected) in [
            (
                Version::new(2211, 5, 0),
                Grammar::Dotted,
                "app.00002211.0005",
            ),
            (Version::new(2211, 5, 0), Grammar::Launchpad, "app.2211.5.0"),
            (Version::new(2211, 5, 1), Grammar::Launchpad, "app.2211.5.1"),
            (
                Version::new(20240131, 1, 0),
                Grammar::Dotted,
                "app.20240131.0001",
            ),
            (
                Version::new(20240131, 1, 0),
                Grammar::Launchpad,
                "app.20240131.1.0",
            ),
            (Version::new(0, 0, 0), Grammar::Launchpad, "app.0.0.0"),
            // No dotted name can have these.
            (Version::new(2211, 5, 1), Grammar::Dotted, "app.2211.5.1"),
            (Version::new(1, 10_000, 0), Grammar::Dotted, "app.1.10000.0"),
        ] {
            let id = PatchId::new("app", version).spelled(grammar);
            assert_eq!(id.to_string(), expected);
            let (_, rest) = expected.split_once('.').unwrap();
            assert_eq!(rest.parse(), Ok(version));
        }
    }

    #[test]
    fn identities_are_compared_without_their_grammar() {
        let hash = |id: PatchId<'_>| {
            let mut hasher = std::hash::DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        };
        let id = |database, minor, grammar| {
            PatchId::new(database, Version::new(1, minor, 0)).spelled(grammar)
        };
        let (dotted, launchpad) = (id("a", 1, Grammar::Dotted), id("a", 1, Grammar::Launchpad));
        assert_eq!(dotted, launchpad);
        assert_eq!(dotted.cmp(&launchpad), Ordering::Equal);
        assert_eq!(hash(dotted), hash(launchpad));
        assert!(dotted < id("a", 2, Grammar::Launchpad));
        assert!(id("a", 2, Grammar::Dotted) < id("b", 1, Grammar::Launchpad));
        assert_ne!(hash(dotted), hash(id("a", 2, Grammar::Dotted)));
    }
}
