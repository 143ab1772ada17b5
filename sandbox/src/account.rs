use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, chown, fchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::Error;

/// An operating system account that a server runs as.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// True if this process is root and its children must change to the account.
    drop_root: bool,
}

impl Account {
    /// Returns this process' own account, or for root `postgres` or else `nobody`, since PostgreSQL refuses to run as
    /// root.
    pub(crate) fn for_server() -> Result<Account, Error> {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            return Ok(Account {
                name: id(&["-un"]).unwrap_or_else(|| uid.as_raw().to_string()),
                uid: uid.as_raw(),
                gid: rustix::process::getegid().as_raw(),
                drop_root: false,
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(Account::named)
            .ok_or_else(|| {
                Error::new("postgresql refuses to run as root, and there is no user `postgres` or `nobody` to run it as")
                    .with_help("add a system user `postgres`, or run as an ordinary user")
            })
    }

    /// Returns the account that owns an existing data folder. Only root can use another account than its own.
    pub(crate) fn owner_of(self, data: &Path) -> Result<Account, Error> {
        let uid = fs::metadata(data)
            .map_err(|e| Error::io("cannot read", data, e))?
            .uid();
        if uid == self.uid {
            return Ok(self);
        }
        if self.drop_root && uid != 0 {
            let name = id(&["-un", &uid.to_string()]);
            if let Some(owner) = name.as_deref().and_then(Account::named) {
                return Ok(owner);
            }
        }
        Err(Error::new(format!(
            "`{}` belongs to user {uid}, but the server would run as `{}`",
            data.display(),
            self.name
        ))
        .with_help("remove the folder to begin anew, or run as the user who made it"))
    }

    fn named(name: &str) -> Option<Account> {
        let uid = id(&["-u", name])?.parse().ok()?;
        let gid = id(&["-g", name])?.parse().ok()?;
        Some(Account {
            name: name.to_owned(),
            uid,
            gid,
            drop_root: true,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns a command that runs as this account, in the root folder and with a minimal environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_clear();
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Messages are parsed, so they must be English; a fixed time zone makes templates the same everywhere.
        command.env("LC_ALL", "C").env("TZ", "UTC");
        if self.drop_root {
            command.gid(self.gid).uid(self.uid);
        }
        command
    }

    /// Makes the account the owner of a path that this process created.
    pub(crate) fn chown(&self, path: &Path) -> Result<(), Error> {
        if self.drop_root {
            chown(path, Some(self.uid), Some(self.gid))
                .map_err(|e| Error::io("cannot change the owner of", path, e))?;
        }
        Ok(())
    }

    /// Makes the account the owner of an open file; `path` is for the error message.
    pub(crate) fn fchown(&self, file: impl AsFd, path: &Path) -> Result<(), Error> {
        if self.drop_root {
            fchown(file, Some(self.uid), Some(self.gid))
                .map_err(|e| Error::io("cannot change the owner of", path, e))?;
        }
        Ok(())
    }

    /// Returns whether the permissions of the folder and of all its ancestors let the account enter it.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else {
            return false;
        };
        folder.ancestors().all(|ancestor| {
            fs::metadata(ancestor).is_ok_and(|meta| {
                let execute = match () {
                    () if meta.uid() == self.uid => 0o100,
                    () if meta.gid() == self.gid => 0o010,
                    () => 0o001,
                };
                meta.mode() & execute != 0
            })
        })
    }
}

/// Runs the `id` program, which also knows the accounts of directory services.
fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
