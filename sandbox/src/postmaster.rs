use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, test_kill_process, waitpid};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::{Error, excerpt};

const POLL: Duration = Duration::from_millis(2);
/// Time limit of a start. Crash recovery of much data may take long.
const START_LIMIT: Duration = Duration::from_secs(120);
/// Time after which a server that does not end is killed. After twice this time the wait ends.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A running postmaster.
#[derive(Debug)]
pub(crate) enum Postmaster {
    /// A child of this process, which must wait for it.
    Child(Child),
    /// A process that another one started, with its data folder.
    Other(Pid, PathBuf),
}

/// Error of a postmaster that ended instead of becoming ready.
#[derive(Debug)]
pub(crate) enum StartError {
    /// Another program listens on the port.
    PortTaken(Error),
    /// Backends of a killed postmaster still run. They end by themselves.
    Lingering(Error),
    Other(Error),
}

/// Contents of `postmaster.pid`, the file in which a postmaster writes its state.
pub(crate) struct PidFile {
    pub(crate) pid: Pid,
    pub(crate) port: u16,
    pub(crate) sockets: PathBuf,
    pub(crate) ready: bool,
}

impl PidFile {
    pub(crate) fn read(data: &Path) -> Option<PidFile> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        Some(PidFile {
            pid: lines.next()?.parse().ok().and_then(Pid::from_raw)?,
            port: lines.nth(2)?.parse().ok()?,
            sockets: lines.next()?.into(),
            ready: lines.nth(2)?.starts_with("ready"),
        })
    }
}

impl Postmaster {
    /// Starts the server of a data folder and waits until it accepts connections.
    pub(crate) fn start(
        account: &Account,
        binaries: &Binaries,
        data: &Path,
        log: &Path,
        mut on_spawn: impl FnMut(u32),
    ) -> Result<Postmaster, StartError> {
        let cannot = |e| StartError::Other(Error::io("cannot write", log, e));
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(cannot)?;
        let log_start = output.metadata().map_err(cannot)?.len();
        let program = binaries.program("postgres");
        let mut child = account
            .command(&program)
            .arg("-D")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(cannot)?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .map_err(|e| StartError::Other(Error::io("cannot run", &program, e)))?;
        on_spawn(child.id());

        let begin = Instant::now();
        loop {
            let ended = child.try_wait().map_or(true, |status| status.is_some());
            if ended || begin.elapsed() > START_LIMIT {
                let mut postmaster = Postmaster::Child(child);
                postmaster.end(Signal::QUIT);
                return Err(start_error(log, log_start));
            }
            if let Some(file) = PidFile::read(data)
                && file.ready
                && file.pid == Pid::from_child(&child)
            {
                return Ok(Postmaster::Child(child));
            }
            sleep(POLL);
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        match self {
            Postmaster::Child(child) => Pid::from_child(child),
            Postmaster::Other(pid, _) => *pid,
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        match self {
            Postmaster::Child(child) => child.try_wait().map_or(true, |status| status.is_some()),
            // A dead process stays in the process table until its parent has waited for it. The parent may be this
            // process, or an init that never waits. A server removes its pid file last.
            Postmaster::Other(pid, data) => {
                waitpid(Some(*pid), WaitOptions::NOHANG).is_ok_and(|status| status.is_some())
                    || PidFile::read(data).is_none_or(|file| file.pid != *pid)
                    || test_kill_process(*pid).is_err()
            }
        }
    }

    /// Sends the signal and waits until the process has ended.
    pub(crate) fn end(&mut self, signal: Signal) {
        let begin = Instant::now();
        if !self.has_ended() {
            let _ = kill_process(self.pid(), signal);
        }
        while !self.has_ended() && begin.elapsed() < 2 * STOP_LIMIT {
            if begin.elapsed() > STOP_LIMIT {
                let _ = kill_process(self.pid(), Signal::KILL);
            }
            sleep(POLL);
        }
    }
}

/// Returns the error of a failed start, from the log that the server has written since the position `from`.
fn start_error(log: &Path, from: u64) -> StartError {
    let bytes = fs::read(log).unwrap_or_default();
    let from = usize::try_from(from).unwrap_or(0).min(bytes.len());
    let text = String::from_utf8_lossy(&bytes[from..]);
    let text = text.trim();
    let reason = text
        .lines()
        .find(|line| line.contains("FATAL:"))
        .or(text.lines().last())
        .and_then(|line| {
            line.split_once("FATAL:")
                .map(|(_, reason)| reason)
                .or(Some(line))
        })
        .unwrap_or("it said nothing")
        .trim();
    let error = Error::new(format!("postgresql did not start: {reason}"))
        .with_help(format!("the server said:\n{}", excerpt(text)));
    if text.contains("could not bind") {
        StartError::PortTaken(error)
    } else if text.contains("is still in use") || text.contains("already exists") {
        StartError::Lingering(error)
    } else {
        StartError::Other(error)
    }
}

impl StartError {
    pub(crate) fn into_error(self) -> Error {
        match self {
            StartError::PortTaken(e) | StartError::Lingering(e) | StartError::Other(e) => e,
        }
    }
}
