use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;
use crate::options::{Auth, Durability};
use crate::{data, folder};

/// Creates a data folder as a copy of one that `initdb` created before.
///
/// Templates belong to this process' user, not to the server's account, and are below `base` in a folder that is
/// trusted only if it belongs to this user. A rename puts a complete template in place. A lock makes other processes
/// wait while one creates it.
pub(crate) fn copy(
    account: &Account,
    binaries: &Binaries,
    auth: &Auth,
    base: &Path,
    data: &Path,
) -> Result<(), Error> {
    let Some(templates) = trusted_folder(base) else {
        return data::initdb(account, binaries, auth, Durability::Off, data);
    };
    let template = templates.join(key(binaries, auth)?);
    if !template.exists() {
        let path = template.with_extension("lock");
        let lock = File::create(&path).map_err(|e| Error::io("cannot write", &path, e))?;
        lock.lock()
            .map_err(|e| Error::io("cannot lock", &path, e))?;
        if !template.exists() {
            build(account, binaries, auth, &template)?;
        }
    }
    copy_folder(&template, data, account)
}

fn trusted_folder(base: &Path) -> Option<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let folder = base.join(format!("patchgen-templates-{user}"));
    // The folder may exist: an earlier run may have created it, or an attacker.
    let _ = DirBuilder::new().mode(0o755).create(&folder);
    let meta = fs::symlink_metadata(&folder).ok()?;
    let is_safe = meta.is_dir() && meta.uid() == user && meta.mode() & 0o022 == 0;
    is_safe.then_some(folder)
}

/// Returns a hash of everything that the outcome of `initdb` depends on. A package update changes the time of the
/// binary.
fn key(binaries: &Binaries, auth: &Auth) -> Result<String, Error> {
    let program = binaries.program("postgres");
    let meta = fs::metadata(&program).map_err(|e| Error::io("cannot read", &program, e))?;
    let mut hasher = DefaultHasher::new();
    (&program, meta.mtime(), meta.mtime_nsec(), meta.size()).hash(&mut hasher);
    data::INITDB_ARGUMENTS.hash(&mut hasher);
    match auth {
        Auth::Trust => 0.hash(&mut hasher),
        Auth::Scram { password } => password.hash(&mut hasher),
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn build(
    account: &Account,
    binaries: &Binaries,
    auth: &Auth,
    template: &Path,
) -> Result<(), Error> {
    let building = template.with_extension("building");
    // The lock is held, so an existing folder is the remainder of a process that was killed.
    let _ = fs::remove_dir_all(&building);
    DirBuilder::new()
        .create(&building)
        .map_err(|e| Error::io("cannot make the folder", &building, e))?;
    folder::open_to_all(&building)?;
    let data = building.join("data");
    data::initdb(account, binaries, auth, Durability::Off, &data)?;
    take_ownership(&data)?;
    fs::rename(&data, template).map_err(|e| Error::io("cannot make the folder", template, e))?;
    let _ = fs::remove_dir(&building);
    Ok(())
}

/// Makes this process' user the owner of the files that the server's account wrote.
fn take_ownership(path: &Path) -> Result<(), Error> {
    let user = rustix::process::geteuid();
    if !user.is_root() {
        return Ok(());
    }
    let cannot = |e| Error::io("cannot change the owner of", path, e);
    lchown(path, Some(user.as_raw()), None).map_err(cannot)?;
    if fs::symlink_metadata(path).map_err(cannot)?.is_dir() {
        for entry in fs::read_dir(path).map_err(cannot)? {
            take_ownership(&entry.map_err(cannot)?.path())?;
        }
    }
    Ok(())
}

/// Copies folders and plain files. A fresh data folder has no other kinds.
fn copy_folder(from: &Path, to: &Path, account: &Account) -> Result<(), Error> {
    let cannot = |e| Error::io("cannot copy", from, e);
    DirBuilder::new().mode(0o700).create(to).map_err(cannot)?;
    for entry in fs::read_dir(from).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(cannot)?.is_dir() {
            copy_folder(&source, &copy, account)?;
        } else {
            fs::copy(&source, &copy).map_err(cannot)?;
            account.chown(&copy)?;
        }
    }
    // Comes last, so that the account cannot change a folder while this process writes to it.
    account.chown(to)
}
