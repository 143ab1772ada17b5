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
use crate::postmaster::{Postmaster, Refusal};

/// Tries to start over leftovers of a killed server; with [`PAUSE`] between them ten seconds.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// A PostgreSQL server on this machine.
///
/// Its methods take `&self`, so that one thread may kill the server under the work of another.
#[derive(Debug)]
pub struct Server {
    account: Account,
    binaries: Binaries,
    folder: Folder,
    options: Options,
    port: u16,
    /// Held so that no other sandbox takes the port while the server is down. A server that was found running
    /// holds its port by itself.
    _reserved: Option<Port>,
    postmaster: Mutex<Option<Postmaster>>,
    guard: Option<Mutex<Guard>>,
}

impl Server {
    /// Starts a server whose data folder is ready, on the preferred port if that is free.
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
            _reserved: None,
            postmaster: Mutex::new(None),
            guard: guard.map(Mutex::new),
        };
        let mut tries = 0;
        loop {
            server.port = port.number();
            data::set(
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
                Err(Refusal::PortTaken(_)) if tries < TRIES => port = Port::any()?,
                Err(Refusal::Lingering(_)) if tries < TRIES => sleep(PAUSE),
                Err(refusal) => return Err(refusal.into_error()),
            }
        }
        server._reserved = Some(port);
        Ok(server)
    }

    /// A server that another process started.
    pub(crate) fn found(
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
            _reserved: None,
            postmaster: Mutex::new(Some(postmaster)),
            guard: None,
        }
    }

    /// The TCP port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the Unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.folder.sockets
    }

    /// The data folder.
    pub fn data_dir(&self) -> &Path {
        &self.folder.data
    }

    /// The programs that it runs.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The process id of the postmaster, if it runs.
    pub fn pid(&self) -> Option<u32> {
        let mut postmaster = self.postmaster();
        let running = postmaster.as_mut()?;
        if running.has_ended() {
            return None;
        }
        u32::try_from(running.pid().as_raw_pid()).ok()
    }

    /// The operating system's account that the server runs as, the one that peer authentication would accept.
    pub fn system_user(&self) -> &str {
        self.account.name()
    }

    /// What the server has written to its log.
    pub fn log(&self) -> String {
        fs::read(&self.folder.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// libpq's `key=value` words for a connection over TCP, with the superuser's password if it has one.
    pub fn conninfo(&self, database: &str, user: &str) -> String {
        self.address(database, user).conninfo("127.0.0.1")
    }

    /// As [`conninfo`](Server::conninfo), over the Unix socket.
    pub fn socket_conninfo(&self, database: &str, user: &str) -> String {
        let sockets = self.folder.sockets.to_string_lossy();
        self.address(database, user).conninfo(&sockets)
    }

    /// As [`conninfo`](Server::conninfo), written as `postgresql://…`.
    pub fn url(&self, database: &str, user: &str) -> String {
        self.address(database, user).url()
    }

    /// Starts the server, unless it runs. Waits for what a killed server has left.
    ///
    /// # Errors
    /// The server does not start; the help is what it said.
    pub fn start(&self) -> Result<(), Error> {
        let mut postmaster = self.postmaster();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_start(&mut postmaster) {
                Ok(()) => return Ok(()),
                Err(Refusal::PortTaken(_) | Refusal::Lingering(_)) if tries < TRIES => sleep(PAUSE),
                Err(refusal) => return Err(refusal.into_error()),
            }
        }
    }

    /// Shuts the server down in order, ending all sessions, and waits until it is gone.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Stops and starts it.
    ///
    /// # Errors
    /// As [`start`](Server::start).
    pub fn restart(&self) -> Result<(), Error> {
        self.stop();
        self.start()
    }

    /// Crashes the server and all its sessions (SIGQUIT): the next start has to recover from the log.
    pub fn crash(&self) {
        self.end(Signal::QUIT);
    }

    /// Kills the postmaster alone (SIGKILL). Its sessions notice by and by.
    pub fn kill(&self) {
        self.end(Signal::KILL);
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    fn try_start(&self, postmaster: &mut Option<Postmaster>) -> Result<(), Refusal> {
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
            // Told first: once the process is waited for, its id may be another's.
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
        // Without a guard it was found running, or is to run on.
        if let Some(guard) = self.guard.take() {
            let guard = guard.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Some(mut postmaster) = self.postmaster().take() {
                postmaster.end(guard.ending().signal());
            }
            drop(guard);
        }
    }
}
