//! Which PostgreSQL the program works with.

use anyhow::{Context, anyhow};
use patchgen_runtime::Config;
use std::env;
use std::fmt;
use std::path::PathBuf;

/// Any of these says that the user has a server in mind.
const CHOICES: [&str; 5] = [
    "DATABASE_URL",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGSERVICE",
];

/// The user's server, or one of the program's own.
pub(crate) struct Server {
    config: Config,
    own: Option<Own>,
}

/// A server with its files in a folder; it runs as long as this value lives.
struct Own {
    folder: PathBuf,
    _server: patchgen_sandbox::Server,
}

impl Server {
    pub(crate) fn find() -> anyhow::Result<Self> {
        if CHOICES.into_iter().any(|name| variable(name).is_some()) {
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

    /// How to reach it.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn how_to_go_on(&self) -> String {
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

/// Where programs keep a user's data, by the XDG convention, unless told otherwise.
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

/// A variable of the environment; an empty one counts as none.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
