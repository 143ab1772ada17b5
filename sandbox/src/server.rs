use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::account::Account;
use crate::address::Address;
use crate::binaries::Binaries;
use crate::data;
use crate::error::Error;
use crate::folder::Folder;
use crate::guard::Guard;
use crate::options::{Auth, Durability, Options, SUPERUSER};
use crate::port::Port;
use crate::postmaster::{Postmaster, StartError};

/// Number of attempts to start while processes of a killed server still run. With [`PAUSE`] between them they take
/// ten seconds.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// A PostgreSQL server on this machine.
///
/// Its methods take `&self`, so that one thread can kill the server while another uses it.
#[derive(Debug)]
pub struct Server {
    account: Account,
    binaries: Binaries,
    folder: Folder,
    options: Options,
    port: u16,
    /// Keeps other sandboxes from the port while the server is down. `None` for a server that another process started.
    _reservation: Option<Port>,
    postmaster: Mutex<Option<Postmaster>>,
    /// `None` if the server does not end with this value.
    guard: Option<Mutex<Guard>>,
}

impl Server {
    /// Starts a server on a complete data folder, on the preferred port if that is free.
    pub(crate) fn launch(
        account: Account,
        binaries: Binaries,
        folder: Folder,
        options: Options,
        durability: Durability,
        guard: Option<Guard>,
        preferred: Option<u16>,
    ) -> Result<Server, Error> {
        let mut port = match preferred.and_then(|number| Port::exactly(number).ok()) {
            Some(port) => port,
            None => Port::any()?,
        };
        let mut server = Server {
            account,
            binaries,
            folder,
            options,
            port: port.number(),
            _reservation: None,
            postmaster: Mutex::new(None),
            guard: guard.map(Mutex::new),
        };
        let mut tries = 0;
        loop {
            server.port = port.number();
            data::write_settings(
                &server.account,
                &server.folder.data,
                &server.options.settings,
                durability,
                server.port,
                &server.folder.sockets,
            )?;
            tries += 1;
            match server.try_start(&mut server.postmaster()) {
                Ok(()) => break,
                Err(StartError::PortTaken(_)) if tries < TRIES => port = Port::any()?,
                Err(StartError::Lingering(_)) if tries < TRIES => sleep(PAUSE),
                Err(error) => return Err(error.into_error()),
            }
        }
        server._reservation = Some(port);
        Ok(server)
    }

    /// Returns a server that another process started.
    pub(crate) fn attached(
        account: Account,
        binaries: Binaries,
        folder: Folder,
        options: Options,
        port: u16,
        postmaster: Postmaster,
    ) -> Server {
        Server {
            account,
            binaries,
            folder,
            options,
            port,
            _reservation: None,
            postmaster: Mutex::new(Some(postmaster)),
            guard: None,
        }
    }

    /// Returns the TCP port on 127.0.0.1. It stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of the Unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.folder.sockets
    }

    /// Returns the data folder.
    pub fn data_dir(&self) -> &Path {
        &self.folder.data
    }

    /// Returns the programs of the server's version.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Returns the process id of the postmaster, or `None` if it does not run.
    pub fn pid(&self) -> Option<u32> {
        let mut postmaster = self.postmaster();
        let running = postmaster.as_mut()?;
        if running.has_ended() {
            return None;
        }
        u32::try_from(running.pid().as_raw_pid()).ok()
    }

    /// Returns the operating system account that the server runs as, which peer authentication accepts.
    pub fn system_user(&self) -> &str {
        self.account.name()
    }

    /// Returns the server's log.
    pub fn log(&self) -> String {
        fs::read(&self.folder.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Returns libpq's `key=value` words for a connection over TCP, with the superuser's password if it has one.
    pub fn conninfo(&self, database: &str, user: &str) -> String {
        self.address(database, user).conninfo("127.0.0.1")
    }

    /// Returns the same as [`conninfo`](Server::conninfo) for the Unix socket.
    pub fn socket_conninfo(&self, database: &str, user: &str) -> String {
        let sockets = self.folder.sockets.to_string_lossy();
        self.address(database, user).conninfo(&sockets)
    }

    /// Returns the same as [`conninfo`](Server::conninfo) in the form `postgresql://…`.
    pub fn url(&self, database: &str, user: &str) -> String {
        self.address(database, user).url()
    }

    /// Starts the server unless it runs. Waits until the processes of a killed server have ended.
    ///
    /// # Errors
    /// The server does not start. The help is its log.
    pub fn start(&self) -> Result<(), Error> {
        let mut postmaster = self.postmaster();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_start(&mut postmaster) {
                Ok(()) => return Ok(()),
                Err(StartError::PortTaken(_) | StartError::Lingering(_)) if tries < TRIES => {
                    sleep(PAUSE)
                }
                Err(error) => return Err(error.into_error()),
            }
        }
    }

    /// Shuts the server down (SIGINT), which ends all sessions, and waits until it has ended.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Stops and starts the server.
    ///
    /// # Errors
    /// As [`start`](Server::start).
    pub fn restart(&self) -> Result<(), Error> {
        self.stop();
        self.start()
    }

    /// Ends the server and all its sessions at once (SIGQUIT). The next start recovers from the WAL.
    pub fn crash(&self) {
        self.end(Signal::QUIT);
    }

    /// Kills the postmaster alone (SIGKILL). Its sessions end when they notice.
    pub fn kill(&self) {
        self.end(Signal::KILL);
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    fn try_start(&self, postmaster: &mut Option<Postmaster>) -> Result<(), StartError> {
        if postmaster
            .as_mut()
            .is_some_and(|running| !running.has_ended())
        {
            return Ok(());
        }
        let started = Postmaster::start(
            &self.account,
            &self.binaries,
            &self.folder.data,
            &self.folder.log,
            |pid| self.watch(Some(pid)),
        );
        if started.is_err() {
            self.watch(None);
        }
        *postmaster = Some(started?);
        Ok(())
    }

    fn end(&self, signal: Signal) {
        if let Some(mut postmaster) = self.postmaster().take() {
            // Comes first: after the process was waited for, its id may belong to another process.
            self.watch(None);
            postmaster.end(signal);
        }
    }

    fn watch(&self, pid: Option<u32>) {
        if let Some(guard) = &self.guard {
            let mut guard = guard.lock().unwrap_or_else(PoisonError::into_inner);
            guard.watch(pid);
        }
    }

    fn postmaster(&self) -> MutexGuard<'_, Option<Postmaster>> {
        self.postmaster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn address<'a>(&self, database: &'a str, user: &'a str) -> Address<'a> {
        let password = match &self.options.auth {
            Auth::Scram { password } if user == SUPERUSER => Some(password.clone()),
            _ => None,
        };
        Address {
            port: self.port,
            database,
            user,
            password,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server without a guard continues to run.
        if let Some(guard) = self.guard.take() {
            let guard = guard.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Some(mut postmaster) = self.postmaster().take() {
                postmaster.end(guard.ending().signal());
            }
            drop(guard);
        }
    }
}
