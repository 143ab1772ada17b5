use std::fmt;
use std::path::PathBuf;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;

/// The name of the superuser in every sandbox.
pub const SUPERUSER: &str = "postgres";

/// Options of a new server. The defaults are those of [`Server::throwaway`](crate::Server::throwaway) and
/// [`Server::persistent`](crate::Server::persistent).
///
/// ```
/// use patchgen_sandbox::{Auth, Options};
///
/// # fn main() -> Result<(), patchgen_sandbox::Error> {
/// let server = Options::new()
///     .setting("log_statement", "all")
///     .auth(Auth::Scram { password: "correct horse".into() })
///     .throwaway()?;
/// assert_eq!(server.psql("postgres", "SHOW log_statement")?, "all");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) auth: Auth,
    pub(crate) hba: Vec<String>,
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) cluster: Cluster,
    pub(crate) durability: Option<Durability>,
    pub(crate) binaries: Option<Binaries>,
    pub(crate) afterwards: Afterwards,
}

/// Authentication of connections.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// No password: every user of this machine can connect as every role.
    #[default]
    Trust,
    /// A password for every role. The superuser's is set here.
    Scram {
        /// The superuser's password.
        password: String,
    },
}

// Written by hand, because a password must not reach a log.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Trust => "Trust",
            Auth::Scram { .. } => "Scram",
        })
    }
}

/// Source of a new server's files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cluster {
    /// A copy of files that an earlier `initdb` created: fast, but all copies share one system identifier.
    #[default]
    Cached,
    /// An `initdb` of its own, for when the system identifier matters. A persistent server always has one.
    Fresh,
}

/// Durability of the files over a crash of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// No waiting for the disk. The data survive a crash of PostgreSQL alone. The default of a throwaway server.
    Off,
    /// PostgreSQL's own settings. The default of a persistent server.
    On,
}

/// Fate of a persistent server when its owner ends. A throwaway server always ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Afterwards {
    /// The server is shut down.
    #[default]
    Stop,
    /// The server continues to run, and the next call for its folder uses it.
    KeepRunning,
}

impl Options {
    /// Returns the defaults.
    pub fn new() -> Options {
        Options::default()
    }

    /// Adds a setting as in `postgresql.conf`. A later one of the same name overrides it.
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Options {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// Sets the authentication of connections. Default: trust.
    pub fn auth(mut self, auth: Auth) -> Options {
        self.auth = auth;
        self
    }

    /// Adds a line of `pg_hba.conf` before the lines that follow from [`auth`](Options::auth).
    pub fn hba(mut self, line: impl Into<String>) -> Options {
        self.hba.push(line.into());
        self
    }

    /// Adds a file in the data folder that only the server can read, such as a TLS key.
    pub fn file(mut self, name: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Options {
        self.files.push((name.into(), contents.into()));
        self
    }

    /// Sets the source of a throwaway server's files. Default: a cached copy.
    pub fn cluster(mut self, cluster: Cluster) -> Options {
        self.cluster = cluster;
        self
    }

    /// Sets the durability. Default: off for a throwaway server, on for a persistent one.
    pub fn durability(mut self, durability: Durability) -> Options {
        self.durability = Some(durability);
        self
    }

    /// Sets the programs to run. Default: those of [`Binaries::find`].
    pub fn binaries(mut self, binaries: Binaries) -> Options {
        self.binaries = Some(binaries);
        self
    }

    /// Sets the fate of a persistent server when its owner ends. Default: it stops.
    pub fn afterwards(mut self, afterwards: Afterwards) -> Options {
        self.afterwards = afterwards;
        self
    }

    /// Returns the programs to run, or an error if the account cannot run them.
    pub(crate) fn find_binaries(&self, account: &Account) -> Result<Binaries, Error> {
        let binaries = self.binaries.clone().map_or_else(Binaries::find, Ok)?;
        if account.can_enter(binaries.dir()) {
            return Ok(binaries);
        }
        Err(Error::new(format!(
            "user `{}`, whom the server runs as, cannot enter `{}`",
            account.name(),
            binaries.dir().display()
        ))
        .with_help(
            "put the programs into a folder that everybody can enter, or run as an ordinary user",
        ))
    }
}
