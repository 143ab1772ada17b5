use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::error::Error;

/// Names of throwaway folders begin so; the sweep goes by it.
const PREFIX: &str = "patchgen-sandbox-";
/// Held locked by the owner and the guard of a throwaway folder.
const LOCK: &str = "lock";
/// A folder younger than this may not have got its lock yet.
const SETTLED: Duration = Duration::from_secs(60);
/// Room for a few dozen servers; containers often have 64 MB.
const MEMORY_NEEDED: u64 = 2 << 30;
/// The name of a Unix socket fits into 108 bytes with its final NUL.
const SOCKET_LIMIT: usize = 107;

/// Where the parts of a server are.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) sockets: PathBuf,
    pub(crate) log: PathBuf,
}

impl Folder {
    pub(crate) fn at(root: PathBuf) -> Folder {
        Folder {
            data: root.join("data"),
            sockets: root.join("run"),
            log: root.join("log"),
            root,
        }
    }
}

/// A new folder below `base`, with its lock held.
pub(crate) fn throwaway(base: &Path, account: &Account) -> Result<(Folder, File), Error> {
    let root = temporary(base, PREFIX)?;
    let path = root.path().join(LOCK);
    let lock = File::create(&path)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|e| Error::io("cannot lock", &path, e))?;
    let folder = Folder::at(root.path().to_owned());
    create(account, &folder.sockets)?;
    open_to_all(&folder.sockets)?;
    let _kept = root.keep();
    Ok((folder, lock))
}

/// A new folder below `base` that everybody can enter, and that is removed when the value is dropped.
pub(crate) fn temporary(base: &Path, prefix: &str) -> Result<tempfile::TempDir, Error> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(base)
        .map_err(|e| Error::io("cannot make a folder in", base, e))?;
    open_to_all(folder.path())?;
    Ok(folder)
}

/// A folder that belongs to the account and nobody else can enter.
pub(crate) fn create(account: &Account, path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|e| Error::io("cannot make the folder", path, e))?;
    account.give(path)
}

/// Lets everybody enter a folder, whatever the umask was.
pub(crate) fn open_to_all(path: &Path) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(|e| Error::io("cannot change the permissions of", path, e))
}

/// Whether a socket in the folder has a name that is short enough.
pub(crate) fn fits_socket(folder: &Path) -> bool {
    folder.as_os_str().len() + "/.s.PGSQL.65535".len() <= SOCKET_LIMIT
}

/// The folder for temporary files on disk, such that the account can enter it and sockets fit.
pub(crate) fn on_disk(account: &Account) -> Result<PathBuf, Error> {
    [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()]
        .into_iter()
        .find(|dir| is_usable(dir, account))
        .ok_or_else(|| {
            Error::new(format!(
                "user `{}` can enter no folder for temporary files",
                account.name()
            ))
            .with_help("set TMPDIR to a folder with a short name that everybody can enter")
        })
}

/// A folder that is held in memory, if there is one with much room and the user did not choose another.
///
/// A server is a thousand small files, and file systems on disk become ten times slower at them when many
/// servers come and go (ext4 does not use an inode again that was freed in the last minutes).
pub(crate) fn in_memory(account: &Account) -> Option<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let chosen = std::env::var_os("TMPDIR").is_some();
    let space = rustix::fs::statvfs(&memory).ok()?;
    let roomy = space.f_bavail.saturating_mul(space.f_frsize) >= MEMORY_NEEDED;
    (!chosen && roomy && is_usable(&memory, account)).then_some(memory)
}

fn is_usable(dir: &Path, account: &Account) -> bool {
    let example = dir.join(format!("{PREFIX}000000/run"));
    dir.is_absolute() && account.may_enter(dir) && fits_socket(&example)
}

/// Removes what owners and guards left who were both killed. A server still running in such a folder ends by
/// itself when it misses its pid file, within a minute.
pub(crate) fn sweep(base: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
        {
            let path = entry.path();
            let mine = entry
                .metadata()
                .is_ok_and(|meta| meta.is_dir() && meta.uid() == me && is_settled(&meta));
            if mine && is_abandoned(&path) {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }
}

fn is_settled(meta: &fs::Metadata) -> bool {
    meta.modified()
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > SETTLED))
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settled_folders_without_an_owner_are_swept() {
        let base = tempfile::tempdir().unwrap();
        let account = Account::for_server().unwrap();
        let (held, _lock) = throwaway(base.path(), &account).unwrap();
        let (left, lock) = throwaway(base.path(), &account).unwrap();
        let (young, _) = throwaway(base.path(), &account).unwrap();
        drop(lock);
        let other = base.path().join("other");
        fs::create_dir(&other).unwrap();
        for folder in [&held.root, &left.root, &other] {
            let long_ago = std::time::SystemTime::now() - 2 * SETTLED;
            File::open(folder).unwrap().set_modified(long_ago).unwrap();
        }

        sweep(base.path());

        assert!(held.root.exists() && young.root.exists() && other.exists());
        assert!(!left.root.exists());
    }
}
