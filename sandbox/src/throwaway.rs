use crate::account::Account;
use crate::guard::{Ending, Guard};
use crate::options::{Cluster, Durability, Options};
use crate::server::{Owned, Server};
use crate::{Error, data, folder, template};

pub(crate) fn make(options: Options) -> Result<Server, Error> {
    from(options, None)
}

/// A standby that follows `primary`, with the primary's options.
pub(crate) fn standby(primary: &Server) -> Result<Server, Error> {
    from(primary.options().clone(), Some(primary))
}

fn from(options: Options, primary: Option<&Server>) -> Result<Server, Error> {
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
    let owned = Owned {
        guard,
        ending: Ending::Immediate,
    };
    Server::launch(
        account,
        binaries,
        folder,
        options,
        durability,
        Some(owned),
        None,
    )
}
