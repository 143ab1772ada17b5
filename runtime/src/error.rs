//! The error of all functions: one opaque type with predicates.

use crate::identity::{Identity, ParseIdentityError};
use patchgen_model::{Patch, PatchId};
use std::error::Error as StdError;
use std::fmt;

/// The class of an error, for programs that decide by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration does not make sense, or a connection string cannot be read.
    Config,
    /// A server could not be reached, or the connection to it was lost.
    Connection,
    /// A role was refused: wrong password, unknown role, no entry in `pg_hba.conf`.
    Authentication,
    /// A role lacks a privilege.
    Privilege,
    /// A database that a patch belongs to does not exist.
    MissingDatabase,
    /// The server is a standby, where nothing can be written.
    Standby,
    /// The ledger and the program's patches contradict each other.
    History,
    /// A patch failed and was rolled back.
    Patch,
    /// Another run held the lock for longer than this one may wait.
    Locked,
    /// Another run has taken over this one's work.
    Fenced,
    /// The outcome of a patch cannot be known.
    InDoubt,
    /// The state database answered in a way that is not understood.
    Ledger,
}

/// A place in a patch file; line and column count from 1, columns in characters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Location {
    /// The file as the build or the command line named it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The error of [`apply`](crate::apply), [`plan`](crate::plan) and the other functions.
///
/// `Display` is one line, in lower case and without a full stop; the remedy is [`help`](Self::help), the underlying
/// error is [`source`](StdError::source). No password and no connection string ever appears in it.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// # let config = patchgen_runtime::Config::new();
/// if let Err(error) = patchgen_runtime::apply(&PATCHES, &config) {
///     eprintln!("error: {error}");
///     if let Some(help) = error.help() {
///         eprintln!("help: {help}");
///     }
///     std::process::exit(if error.is_in_doubt() { 3 } else { 1 });
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    patch: Option<Identity>,
    location: Option<Location>,
    excerpt: Option<String>,
    sql_state: Option<String>,
    help: Option<String>,
    warnings: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            patch: None,
            location: None,
            excerpt: None,
            sql_state: None,
            help: None,
            warnings: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    pub(crate) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.0.warnings = warnings;
        self
    }

    /// Adds another error that was found in the same phase: its message, its excerpt and its help.
    pub(crate) fn and(mut self, other: Self) -> Self {
        let message = std::mem::take(&mut self.0.message);
        self.0.message = format!("{message}; {other}");
        let excerpts = [self.0.excerpt.take(), other.0.excerpt];
        self.0.excerpt = join(excerpts);
        let is_new = |help: &String| {
            let known = self.0.help.as_deref().unwrap_or_default();
            !known.lines().any(|line| line == help)
        };
        let help = other.0.help.filter(is_new);
        self.0.help = join([self.0.help.take(), help]);
        self
    }

    pub(crate) fn with_patch(mut self, patch: &Patch<'_>) -> Self {
        self.0.patch = Some(patch.id().into());
        self
    }

    pub(crate) fn with_location(mut self, location: Location, excerpt: Option<String>) -> Self {
        self.0.location = Some(location);
        self.0.excerpt = excerpt;
        self
    }

    pub(crate) fn with_sql_state(mut self, sql_state: impl Into<String>) -> Self {
        self.0.sql_state = Some(sql_state.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The patch that failed or is in doubt.
    #[must_use]
    pub fn patch(&self) -> Option<PatchId<'_>> {
        self.0.patch.as_ref().map(Identity::as_id)
    }

    /// The place in a patch file at which it failed.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// The offending line with a caret below the column, numbered, for people.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// The five characters of PostgreSQL's SQLSTATE, if the server gave the error.
    #[must_use]
    pub fn sql_state(&self) -> Option<&str> {
        self.0.sql_state.as_deref()
    }

    /// `true` if the outcome of a patch cannot be known; nothing runs until somebody has resolved it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.0.kind == ErrorKind::InDoubt
    }

    /// The remedy.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Warnings that came before the error and may explain it.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The whole text for people: the message, the offending line, the remedy and the warnings, each on lines of its own.
    ///
    /// ```no_run
    /// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
    /// # let config = patchgen_runtime::Config::new();
    /// if let Err(error) = patchgen_runtime::apply(&PATCHES, &config) {
    ///     eprintln!("error: {}", error.explain());
    /// }
    /// ```
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = self.to_string();
        for (lead, more) in [("\n", self.excerpt()), ("\nhelp: ", self.help())] {
            if let Some(more) = more {
                text.push_str(lead);
                text.push_str(more);
            }
        }
        for warning in self.warnings() {
            text.push_str("\nwarning: ");
            text.push_str(warning);
        }
        text
    }

    /// The message without the place and the SQLSTATE.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

fn join(texts: [Option<String>; 2]) -> Option<String> {
    let texts: Vec<String> = texts
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.0.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.0.message)?;
        match &self.0.sql_state {
            Some(state) => write!(f, " ({state})"),
            None => Ok(()),
        }
    }
}

impl From<ParseIdentityError> for Error {
    fn from(error: ParseIdentityError) -> Self {
        Self::new(ErrorKind::Config, error.to_string()).with_help(error.help())
    }
}

/// Writes [`Error::explain`], because a program whose `main` returns the error prints this.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
