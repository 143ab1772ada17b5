use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::error::Error;

/// Prefix of the names of throwaway folders, by which [`sweep`] finds them.
const PREFIX: &str = "patchgen-sandbox-";
/// Name of the file that the owner and the guard of a throwaway folder keep locked.
const LOCK: &str = "lock";
/// Age below which a folder may not have its lock yet.
const MINIMUM_AGE: Duration = Duration::from_secs(60);
/// Free space that a few dozen servers need, in bytes. Containers often have 64 MB.
const MEMORY_NEEDED: u64 = 2 << 30;
/// Longest name of a Unix socket in bytes: 108 with the final NUL.
const SOCKET_LIMIT: usize = 107;

/// The paths of a server's files.
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

/// Creates a throwaway folder below `base` and locks it.
pub(crate) fn create_throwaway(base: &Path, account: &Account) -> Result<(Folder, File), Error> {
    let root = create_temporary(base, PREFIX)?;
    let path = root.path().join(LOCK);
    let lock = File::create(&path)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|e| Error::io("cannot lock", &path, e))?;
    let folder = Folder::at(root.path().to_owned());
    create_private(account, &folder.sockets)?;
    open_to_all(&folder.sockets)?;
    let _ = root.keep();
    Ok((folder, lock))
}

/// Creates a folder below `base` that everybody can enter. It is removed when the value is dropped.
pub(crate) fn create_temporary(base: &Path, prefix: &str) -> Result<tempfile::TempDir, Error> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(base)
        .map_err(|e| Error::io("cannot make a folder in", base, e))?;
    open_to_all(folder.path())?;
    Ok(folder)
}

/// Creates a folder that belongs to the account and that nobody else can enter.
pub(crate) fn create_private(account: &Account, path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|e| Error::io("cannot make the folder", path, e))?;
    account.chown(path)
}

/// Lets everybody enter a folder, whatever the umask is.
pub(crate) fn open_to_all(path: &Path) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(|e| Error::io("cannot change the permissions of", path, e))
}

/// Returns whether the name of a socket in the folder is short enough.
pub(crate) fn fits_socket(folder: &Path) -> bool {
    folder.as_os_str().len() + "/.s.PGSQL.65535".len() <= SOCKET_LIMIT
}

/// Returns a folder for temporary files on disk that the account can enter and whose name leaves room for a socket's.
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

/// Returns a folder that is held in memory, or `None` if there is none with enough space or `TMPDIR` is set.
///
/// A server has a thousand small files. File systems on disk create them ten times slower when many servers are
/// created and removed (ext4 does not reuse an inode that was freed in the last minutes).
pub(crate) fn in_memory(account: &Account) -> Option<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let is_tmpdir_set = std::env::var_os("TMPDIR").is_some();
    let space = rustix::fs::statvfs(&memory).ok()?;
    let has_space = space.f_bavail.saturating_mul(space.f_frsize) >= MEMORY_NEEDED;
    (!is_tmpdir_set && has_space && is_usable(&memory, account)).then_some(memory)
}

fn is_usable(dir: &Path, account: &Account) -> bool {
    let example = dir.join(format!("{PREFIX}000000/run"));
    dir.is_absolute() && account.can_enter(dir) && fits_socket(&example)
}

/// Removes throwaway folders whose owner and guard were both killed. A server that still runs in such a folder ends
/// by itself within a minute, when it finds that its pid file is missing.
pub(crate) fn sweep(base: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
        {
            let path = entry.path();
            let is_own = entry
                .metadata()
                .is_ok_and(|meta| meta.is_dir() && meta.uid() == me && is_old(&meta));
            if is_own && is_abandoned(&path) {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }
}

fn is_old(meta: &fs::Metadata) -> bool {
    meta.modified()
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > MINIMUM_AGE))
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
    fn only_old_folders_without_an_owner_are_swept() {
        let base = tempfile::tempdir().unwrap();
        let account = Account::for_server().unwrap();
        let (held, _lock) = create_throwaway(base.path(), &account).unwrap();
        let (left, lock) = create_throwaway(base.path(), &account).unwrap();
        let (young, _) = create_throwaway(base.path(), &account).unwrap();
        drop(lock);
        let other = base.path().join("other");
        fs::create_dir(&other).unwrap();
        for folder in [&held.root, &left.root, &other] {
            let long_ago = std::time::SystemTime::now() - 2 * MINIMUM_AGE;
            File::open(folder).unwrap().set_modified(long_ago).unwrap();
        }

        sweep(base.path());

        assert!(held.root.exists() && young.root.exists() && other.exists());
        assert!(!left.root.exists());
    }
}
