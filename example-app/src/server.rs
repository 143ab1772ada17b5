//! Which PostgreSQL the program works with.

use anyhow::{Context, anyhow};
use patchgen_runtime::Config;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// Any of these says that the user has a server in mind.
const CHOICES: [&str; 5] = [
    "DATABASE_URL",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGSERVICE",
];

/// The user's server, or one of the program's own, which runs as long as this value lives.
pub(crate) struct Server {
    config: Config,
    own: Option<Own>,
}

struct Own {
    folder: PathBuf,
    _server: patchgen_sandbox::Server,
}

impl Server {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let chosen = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if CHOICES.iter().any(|name| chosen(&name)) {
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
        let config =
            Config::new().conninfo(server.conninfo("postgres", patchgen_sandbox::SUPERUSER));
        let own = Own {
            folder,
            _server: server,
        };
        Ok(Self {
            config,
            own: Some(own),
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn how_to_go_on(&self) -> String {
        let again =
            "Start me again, and I find nothing to patch. Add a file to `patches`, and I apply it.";
        match &self.own {
            Some(own) => format!(
                "{again}\nWith PGHOST or DATABASE_URL I work on another server. To begin anew, remove {}.",
                own.folder.display()
            ),
            None => again.to_owned(),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.own {
            Some(own) => write!(
                f,
                "Working on a PostgreSQL of my own in {}",
                own.folder.display()
            ),
            None => f.write_str("Working on the PostgreSQL that the environment names"),
        }
    }
}

/// Where programs keep a user's data, by the XDG convention.
fn data_folder() -> Option<PathBuf> {
    let folder = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("HUNDBIDRAG_DATA").or_else(|| {
        let data = folder("XDG_DATA_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(Path::new(".local/share"))))?;
        Some(data.join("hundbidrag"))
    })
}
