use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;
use crate::options::{Auth, Durability};
use crate::{data, folder};

/// Makes a data folder as `initdb` would, from a copy of what it made before.
///
/// Templates belong to this process' user, whoever the server runs as, and lie below `base` in a folder that is
/// trusted only if it belongs to that user. A template appears at once, by a rename; the lock spares the
/// others the work while one makes it.
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
    let me = rustix::process::geteuid().as_raw();
    let folder = base.join(format!("patchgen-templates-{me}"));
    // It may exist: made by an earlier run, or by somebody else to mislead this one.
    let _ = DirBuilder::new().mode(0o755).create(&folder);
    let meta = fs::symlink_metadata(&folder).ok()?;
    let safe = meta.is_dir() && meta.uid() == me && meta.mode() & 0o022 == 0;
    safe.then_some(folder)
}

/// Names everything that the outcome of `initdb` depends on. A package update changes the time of the binary.
fn key(binaries: &Binaries, auth: &Auth) -> Result<String, Error> {
    let program = binaries.program("postgres");
    let meta = fs::metadata(&program).map_err(|e| Error::io("cannot read", &program, e))?;
    let mut hasher = DefaultHasher::new();
    (&program, meta.mtime(), meta.mtime_nsec(), meta.size()).hash(&mut hasher);
    data::INITDB.hash(&mut hasher);
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
    let workshop = template.with_extension("building");
    // The lock is held, so what lies there was left by a process that was killed.
    let _ = fs::remove_dir_all(&workshop);
    DirBuilder::new()
        .create(&workshop)
        .map_err(|e| Error::io("cannot make the folder", &workshop, e))?;
    folder::open_to_all(&workshop)?;
    let data = workshop.join("data");
    data::initdb(account, binaries, auth, Durability::Off, &data)?;
    reclaim(&data)?;
    fs::rename(&data, template).map_err(|e| Error::io("cannot make the folder", template, e))?;
    let _ = fs::remove_dir(&workshop);
    Ok(())
}

/// Makes what the server's account wrote this process' own.
fn reclaim(path: &Path) -> Result<(), Error> {
    let me = rustix::process::geteuid();
    if !me.is_root() {
        return Ok(());
    }
    let cannot = |e| Error::io("cannot change the owner of", path, e);
    lchown(path, Some(me.as_raw()), None).map_err(cannot)?;
    if fs::symlink_metadata(path).map_err(cannot)?.is_dir() {
        for entry in fs::read_dir(path).map_err(cannot)? {
            reclaim(&entry.map_err(cannot)?.path())?;
        }
    }
    Ok(())
}

/// Copies folders and plain files; there is nothing else in a fresh data folder.
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
            account.give(&copy)?;
        }
    }
    // Last, so that nobody else can put anything into a folder that is still written to.
    account.give(to)
}
