//! The tools whose ledgers can be read.

mod diesel;
mod flyway;
mod lazr;
mod refinery;
mod sqlx;

use super::foreign::Foreign;
use crate::{Error, ErrorKind};
use std::fmt;
use std::str::FromStr;

/// Another tool whose ledger can be read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tool {
    /// lazr.postgresql: table `lazrdatabaserevision`.
    Lazr,
    /// sqlx: table `_sqlx_migrations`.
    Sqlx,
    /// refinery: table `refinery_schema_history`.
    Refinery,
    /// diesel: table `__diesel_schema_migrations`.
    Diesel,
    /// Flyway: table `flyway_schema_history`.
    Flyway,
}

impl Tool {
    /// All tools.
    pub const ALL: [Self; 5] = [
        Self::Lazr,
        Self::Sqlx,
        Self::Refinery,
        Self::Diesel,
        Self::Flyway,
    ];

    /// The layout of its ledger.
    pub(super) const fn ledger(self) -> &'static Foreign {
        match self {
            Self::Lazr => &lazr::LEDGER,
            Self::Sqlx => &sqlx::LEDGER,
            Self::Refinery => &refinery::LEDGER,
            Self::Diesel => &diesel::LEDGER,
            Self::Flyway => &flyway::LEDGER,
        }
    }

    /// The tool's name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lazr => "lazr",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::Diesel => "diesel",
            Self::Flyway => "flyway",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Tool {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|tool| tool.as_str() == word)
            .ok_or_else(|| {
                let words = Self::ALL.map(Self::as_str).join("`, `");
                Error::new(
                    ErrorKind::Config,
                    format!("`{word}` is no tool whose ledger can be read"),
                )
                .with_help(format!(
                    "those are `{words}`; patches up to one are recorded with --through"
                ))
            })
    }
}
