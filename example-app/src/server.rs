//! The PostgreSQL server of the program.

use anyhow::{Context, anyhow};
use patchgen_runtime::Config;
use std::env;
use std::fmt;
use std::path::PathBuf;

/// Environment variables that select a server.
const SELECTING_VARIABLES: [&str; 5] = [
    "DATABASE_URL",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGSERVICE",
];

/// The server that the environment selects, or one that the program runs.
pub(crate) struct Server {
    config: Config,
    own: Option<Own>,
}

/// A server with its files in a folder. It ends when the value is dropped.
struct Own {
    folder: PathBuf,
    _server: patchgen_sandbox::Server,
}

impl Server {
    /// Returns the selected server, or starts one.
    pub(crate) fn find() -> anyhow::Result<Self> {
        if SELECTING_VARIABLES
            .into_iter()
            .any(|name| variable(name).is_some())
        {
            let config = Config::from_env()?;
            return Ok(Self { config, own: None });
        }
        let folder = data_folder().context(
            "cannot tell where to keep a database: set HUNDBIDRAG_DATA to a folder, or PGHOST to use a server that runs",
        )?;
        let server = patchgen_sandbox::Server::persistent(&folder).map_err(|error| {
            let help = error
                .help()
                .unwrap_or("set PGHOST to use a server that runs");
            anyhow!("{error}\nhelp: {help}")
        })?;
        let conninfo = server.conninfo("postgres", patchgen_sandbox::SUPERUSER);
        Ok(Self {
            config: Config::new().conninfo(conninfo),
            own: Some(Own {
                folder,
                _server: server,
            }),
        })
    }

    /// Returns the configuration of a connection to the server.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns advice for the user's next steps.
    pub(crate) fn next_steps(&self) -> String {
        let mut text = "Start me again: nothing is left to patch. \
             Put a file into `patches`, build me again, and it is applied."
            .to_owned();
        if let Some(own) = &self.own {
            text += "\nWith PGHOST or DATABASE_URL I work on another server.";
            text += &format!(" To begin anew, remove {}", own.folder.display());
        }
        text
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.own {
            None => f.write_str("Working on the PostgreSQL that the environment names"),
            Some(own) => {
                let folder = own.folder.display();
                write!(f, "Working on a PostgreSQL of my own in {folder}")
            }
        }
    }
}

/// Returns the folder of the server's files: `HUNDBIDRAG_DATA`, or one in the user's data folder by the XDG convention.
fn data_folder() -> Option<PathBuf> {
    if let Some(folder) = variable("HUNDBIDRAG_DATA") {
        return Some(folder.into());
    }
    let data = match (variable("XDG_DATA_HOME"), variable("HOME")) {
        (Some(data), _) => PathBuf::from(data),
        (None, Some(home)) => PathBuf::from(home).join(".local/share"),
        (None, None) => return None,
    };
    Some(data.join("hundbidrag"))
}

/// Returns an environment variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
