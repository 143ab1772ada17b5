use crate::account::Account;
use crate::error::Error;
use crate::guard::{Ending, Guard};
use crate::options::{Cluster, Durability, Options};
use crate::server::Server;
use crate::{data, folder, template};

impl Options {
    /// A server that is gone without a trace when the value is dropped or its process ends.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start with these options.
    pub fn throwaway(self) -> Result<Server, Error> {
        create(self, None)
    }
}

impl Server {
    /// A server that is gone without a trace when the value is dropped or its process ends.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub fn throwaway() -> Result<Server, Error> {
        Options::new().throwaway()
    }

    /// A throwaway standby that follows this server, with the same options.
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
    let (folder, lock) = folder::throwaway(&base, &account)?;
    // From here on the guard cleans up, also when this function fails.
    let guard = Guard::over(
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
