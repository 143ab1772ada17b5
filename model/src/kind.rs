use std::fmt;
use std::str::FromStr;

/// Way in which a patch runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Kind {
    /// In one transaction; on a replicated cluster through the replication, so that all nodes get it in step.
    #[default]
    Std,
    /// On every node of a cluster, in one transaction each.
    Direct,
    /// On every node, statement by statement outside a transaction, on a connection of its own.
    Concurrent,
}

impl Kind {
    /// All kinds, in the order of their definition.
    pub const ALL: [Self; 3] = [Self::Std, Self::Direct, Self::Concurrent];

    /// Returns the word used in file names, directives and the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Std => "std",
            Self::Direct => "direct",
            Self::Concurrent => "concurrent",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Error for a word that is not a kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseKindError(String);

impl fmt::Display for ParseKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no kind; kinds are `std`, `direct` and `concurrent`",
            self.0
        )
    }
}

impl std::error::Error for ParseKindError {}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| ParseKindError(word.to_owned()))
    }
}

/// Way in which a baseline runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum ScriptMode {
    /// By the runtime itself.
    #[default]
    Native,
    /// By the `psql` program.
    Psql,
}
