use std::fmt;
use std::path::PathBuf;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;

/// The name of the superuser in every sandbox.
pub const SUPERUSER: &str = "postgres";

/// How a server is made. The defaults are those of [`Server::throwaway`](crate::Server::throwaway) and
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

/// How connections are authenticated.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Anyone on this machine is believed to be who he says.
    #[default]
    Trust,
    /// A password for every role; the superuser's is given here.
    Scram {
        /// The superuser's password.
        password: String,
    },
}

// By hand, because a password must not reach a log.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Trust => "Trust",
            Auth::Scram { .. } => "Scram",
        })
    }
}

/// Where a new server's files come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cluster {
    /// A copy of what `initdb` made before: fast, but all copies share one system identifier.
    #[default]
    Cached,
    /// An `initdb` of its own, for when the system identifier matters. A persistent server always gets one.
    Fresh,
}

/// Whether the files survive a crash of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Never wait for the disk. Crashes of PostgreSQL alone are survived. The default of a throwaway server.
    Off,
    /// As PostgreSQL does it by itself. The default of a persistent server.
    On,
}

/// What becomes of a persistent server when its owner ends. A throwaway server always ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Afterwards {
    /// It is shut down.
    #[default]
    Stop,
    /// It runs on, and the next call for its folder finds it running.
    KeepRunning,
}

impl Options {
    /// The defaults.
    pub fn new() -> Options {
        Options::default()
    }

    /// A setting as in `postgresql.conf`; a later one of the same name wins.
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Options {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// How connections are authenticated. Default: trust.
    pub fn auth(mut self, auth: Auth) -> Options {
        self.auth = auth;
        self
    }

    /// A line of `pg_hba.conf`, put before the lines that follow from [`auth`](Options::auth).
    pub fn hba(mut self, line: impl Into<String>) -> Options {
        self.hba.push(line.into());
        self
    }

    /// A file in the data folder, readable to the server alone, such as a TLS key.
    pub fn file(mut self, name: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Options {
        self.files.push((name.into(), contents.into()));
        self
    }

    /// Where the files of a throwaway server come from. Default: a cached copy.
    pub fn cluster(mut self, cluster: Cluster) -> Options {
        self.cluster = cluster;
        self
    }

    /// Whether to wait for the disk. Default: off for a throwaway server, on for a persistent one.
    pub fn durability(mut self, durability: Durability) -> Options {
        self.durability = Some(durability);
        self
    }

    /// The version to run. Default: that of [`Binaries::find`].
    pub fn binaries(mut self, binaries: Binaries) -> Options {
        self.binaries = Some(binaries);
        self
    }

    /// What becomes of a persistent server when its owner ends. Default: it stops.
    pub fn afterwards(mut self, afterwards: Afterwards) -> Options {
        self.afterwards = afterwards;
        self
    }

    /// The programs to run, such that the account can run them.
    pub(crate) fn find_binaries(&self, account: &Account) -> Result<Binaries, Error> {
        let binaries = self.binaries.clone().map_or_else(Binaries::find, Ok)?;
        if account.may_enter(binaries.dir()) {
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
