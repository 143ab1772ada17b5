use crate::account::Account;
use crate::error::Error;
use crate::guard::{Ending, Guard};
use crate::options::{Cluster, Durability, Options};
use crate::server::Server;
use crate::{data, folder, template};

impl Options {
    /// Starts a server that is removed with all its files when the value is dropped or its process ends.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start with these options.
    pub fn throwaway(self) -> Result<Server, Error> {
        create(self, None)
    }
}

impl Server {
    /// Starts a server that is removed with all its files when the value is dropped or its process ends.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub fn throwaway() -> Result<Server, Error> {
        Options::new().throwaway()
    }

    /// Starts a throwaway standby of this server, with the same options.
    ///
    /// # Errors
    /// The server does not run, or there is no `pg_basebackup` beside its programs.
    pub fn standby(&self) -> Result<Server, Error> {
        create(self.options().clone(), Some(self))
    }
}

/// Creates a throwaway server, as a standby of `primary` if there is one.
fn create(options: Options, primary: Option<&Server>) -> Result<Server, Error> {
    let account = Account::for_server()?;
    let binaries = options.find_binaries(&account)?;
    let durability = options.durability.unwrap_or(Durability::Off);
    let disk = folder::on_disk(&account)?;
    let base = match durability {
        Durability::On => disk.clone(),
        Durability::Off => folder::in_memory(&account).unwrap_or_else(|| disk.clone()),
    };
    folder::sweep(&base);
    let (folder, lock) = folder::create_throwaway(&base, &account)?;
    // The guard also cleans up if one of the following steps fails.
    let guard = Guard::start(
        &folder.data,
        Ending::Immediate,
        Some(&folder.root),
        Some(lock),
    )?;
    match (primary, options.cluster) {
        (Some(primary), _) => data::base_backup(
            &account,
            &binaries,
            &options.auth,
            primary.socket_dir(),
            primary.port(),
            &folder.data,
        )?,
        (None, Cluster::Cached) => {
            template::copy(&account, &binaries, &options.auth, &disk, &folder.data)?;
        }
        (None, Cluster::Fresh) => {
            data::initdb(
                &account,
                &binaries,
                &options.auth,
                Durability::Off,
                &folder.data,
            )?;
        }
    }
    data::configure(&account, &options, &folder.data)?;
    Server::launch(
        account,
        binaries,
        folder,
        options,
        durability,
        Some(guard),
        None,
    )
}
