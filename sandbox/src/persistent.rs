use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::process::test_kill_process;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;
use crate::folder::Folder;
use crate::guard::{Ending, Guard};
use crate::options::{Afterwards, Durability, Options};
use crate::postmaster::{PidFile, Postmaster};
use crate::server::Server;
use crate::{data, folder};

/// Folder of root's data if the server's account cannot enter the folder that the caller named.
const FALLBACK: &str = "/var/lib/patchgen-sandbox";

impl Options {
    /// Opens the server of a folder: the first call creates it, a later call starts it again, or uses it if it runs.
    ///
    /// Authentication, `hba` lines and files are those of the first call. Settings are those of each start.
    ///
    /// If root calls and the server's account cannot enter the folder, the files are below
    /// `/var/lib/patchgen-sandbox`, and `cluster` in the folder is a symbolic link to them.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start, or the folder holds data of another version or user.
    pub fn persistent(self, dir: impl AsRef<Path>) -> Result<Server, Error> {
        open(self, dir.as_ref())
    }
}

impl Server {
    /// Opens the server of a folder, which keeps its data. See [`Options::persistent`].
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start, or the folder holds data of another version or user.
    pub fn persistent(dir: impl AsRef<Path>) -> Result<Server, Error> {
        Options::new().persistent(dir)
    }
}

fn open(options: Options, dir: &Path) -> Result<Server, Error> {
    if !dir.exists() {
        fs::create_dir_all(dir).map_err(|e| Error::io("cannot make the folder", dir, e))?;
        folder::open_to_all(dir)?;
    }
    let dir = &dir
        .canonicalize()
        .map_err(|e| Error::io("cannot read", dir, e))?;
    // Held until the server runs, so that two concurrent calls start one server.
    let path = dir.join("lock");
    let lock = File::create(&path).map_err(|e| Error::io("cannot write", &path, e))?;
    lock.lock()
        .map_err(|e| Error::io("cannot lock", &path, e))?;

    let mut account = Account::for_server()?;
    let mut folder = Folder::at(root(dir, &account)?);
    let durability = options.durability.unwrap_or(Durability::On);
    let binaries;
    if folder.data.exists() {
        account = account.owner_of(&folder.data)?;
        binaries = matching_binaries(&options, &account, &folder.data)?;
        if let Some((file, postmaster)) = find_running(&folder.data) {
            folder.sockets = file.sockets;
            return Ok(Server::attached(
                account, binaries, folder, options, file.port, postmaster,
            ));
        }
    } else {
        binaries = options.find_binaries(&account)?;
        create_data(&account, &binaries, &options, durability, &folder)?;
    }

    let temporary_sockets = create_sockets(&account, &mut folder)?;
    let guard = match options.afterwards {
        Afterwards::KeepRunning => None,
        Afterwards::Stop => Some(Guard::start(
            &folder.data,
            Ending::Fast,
            temporary_sockets.as_deref(),
            None,
        )?),
    };
    let port_file = dir.join("port");
    let last_port = fs::read_to_string(&port_file)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let server = Server::launch(
        account, binaries, folder, options, durability, guard, last_port,
    )?;
    fs::write(&port_file, format!("{}\n", server.port()))
        .map_err(|e| Error::io("cannot write", &port_file, e))?;
    Ok(server)
}

/// Returns the folder that holds the files: the one that the caller named, or the target of its link `cluster`.
fn root(dir: &Path, account: &Account) -> Result<PathBuf, Error> {
    if account.can_enter(dir) {
        return Ok(dir.to_owned());
    }
    let link = dir.join("cluster");
    if let Ok(target) = link.canonicalize() {
        return Ok(target);
    }
    let fallback = Path::new(FALLBACK);
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(fallback)
        .map_err(|e| {
            Error::io("cannot make the folder", fallback, e).with_help(format!(
                "user `{}`, whom the server runs as, cannot enter `{}`; choose a folder that everybody can enter",
                account.name(),
                dir.display()
            ))
        })?;
    let target = folder::create_temporary(fallback, "cluster-")?;
    let _ = fs::remove_file(&link);
    symlink(target.path(), &link).map_err(|e| Error::io("cannot make the link", &link, e))?;
    Ok(target.keep())
}

/// Creates the data folder under a temporary name and renames it, so that `data` exists only when it is complete.
fn create_data(
    account: &Account,
    binaries: &Binaries,
    options: &Options,
    durability: Durability,
    folder: &Folder,
) -> Result<(), Error> {
    let new = folder.root.join("data.new");
    let _ = fs::remove_dir_all(&new);
    data::initdb(account, binaries, &options.auth, durability, &new)?;
    data::configure(account, options, &new)?;
    fs::rename(&new, &folder.data).map_err(|e| Error::io("cannot make the folder", &folder.data, e))
}

/// Returns programs of the version that created the data.
fn matching_binaries(options: &Options, account: &Account, data: &Path) -> Result<Binaries, Error> {
    let path = data.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(|e| Error::io("cannot read", &path, e))?;
    let version = text.trim();
    let fits = |binaries: &Binaries| {
        binaries
            .major()
            .is_ok_and(|major| version == major.to_string())
    };
    let preferred = options.find_binaries(account)?;
    if fits(&preferred) {
        return Ok(preferred);
    }
    Binaries::installed()
        .into_iter()
        .find(|binaries| options.binaries.is_none() && fits(binaries))
        .ok_or_else(|| {
            Error::new(format!(
                "`{}` was made by postgresql {version}",
                data.display()
            ))
            .with_help("install that version, or remove the folder to begin anew")
        })
}

/// Returns the server that runs on the data. The pid file may be older than the last boot, so only a successful
/// connection proves that the server runs.
fn find_running(data: &Path) -> Option<(PidFile, Postmaster)> {
    let file = PidFile::read(data).filter(|file| file.ready)?;
    test_kill_process(file.pid).ok()?;
    UnixStream::connect(file.sockets.join(format!(".s.PGSQL.{}", file.port))).ok()?;
    let postmaster = Postmaster::Other(file.pid, data.to_owned());
    Some((file, postmaster))
}

/// Creates the socket's folder: beside the data, or a temporary one if that name is too long. Returns the temporary
/// one.
fn create_sockets(account: &Account, folder: &mut Folder) -> Result<Option<PathBuf>, Error> {
    if folder::fits_socket(&folder.sockets) {
        if !folder.sockets.exists() {
            folder::create_private(account, &folder.sockets)?;
            folder::open_to_all(&folder.sockets)?;
        }
        return Ok(None);
    }
    let sockets = folder::create_temporary(&folder::on_disk(account)?, "patchgen-socket-")?;
    account.chown(sockets.path())?;
    folder.sockets = sockets.keep();
    Ok(Some(folder.sockets.clone()))
}
