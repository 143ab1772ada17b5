use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Signal;

use crate::error::Error;

/// A small shell process that ends the server and removes its folder after this process has ended, by whatever cause.
///
/// The shell reads the server's process id from a pipe, one line at every change (an empty line if no server runs),
/// and acts when the pipe is closed. The kernel closes the pipe even if this process is killed with SIGKILL.
#[derive(Debug)]
pub(crate) struct Guard {
    ending: Ending,
    shell: Child,
    pipe: Option<ChildStdin>,
}

/// Kind of a server's shutdown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// Without a checkpoint, for data that are removed afterwards.
    Immediate,
    /// With a checkpoint.
    Fast,
}

impl Ending {
    pub(crate) fn signal(self) -> Signal {
        match self {
            Ending::Immediate => Signal::QUIT,
            Ending::Fast => Signal::INT,
        }
    }
}

// A postmaster that was killed leaves its pid file, a few bytes of System V shared memory, and backends that have
// not noticed its end yet. `-ef` finds these backends by their working folder where there is a /proc.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
signal=$1 data=$2 remove=$3 pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
    kill -"$signal" "$pid"
    tries=0
    while [ -e "$data/postmaster.pid" ] && kill -s 0 "$pid" && [ $tries -lt 1000 ]; do
        sleep 0.01 || sleep 1
        tries=$((tries + 1))
    done
    [ -e "$data/postmaster.pid" ] && kill -s KILL "$pid"
fi
[ -n "$remove" ] || exit 0
if [ -e "$data/postmaster.pid" ]; then
    for process in /proc/[0-9]*; do
        [ "$process/cwd" -ef "$data" ] && kill -s KILL "${process#/proc/}"
    done
    memory=$(sed -n '7s/.* //p' "$data/postmaster.pid")
    [ -n "$memory" ] && ipcrm -m "$memory"
fi
tries=0
until rm -rf "$remove" || [ $tries -eq 50 ]; do
    sleep 0.1 || sleep 1
    tries=$((tries + 1))
done
"#;

impl Guard {
    /// Starts the guard of the server of `data`. The guard removes `remove` in the end, and keeps `lock` open and so
    /// locked.
    pub(crate) fn start(
        data: &Path,
        ending: Ending,
        remove: Option<&Path>,
        lock: Option<File>,
    ) -> Result<Guard, Error> {
        let cannot = |e| Error::new("cannot start the shell that guards the server").with_source(e);
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "patchgen-sandbox-guard"])
            .arg(ending.signal().as_raw().to_string())
            .arg(data)
            .arg(remove.unwrap_or(Path::new("")))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(lock.map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::null())
            // An interrupt from the terminal must reach the owner only.
            .process_group(0)
            .spawn()
            .map_err(cannot)?;
        let pipe = shell.stdin.take();
        Ok(Guard {
            ending,
            shell,
            pipe,
        })
    }

    /// Returns the kind of shutdown.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// Sends the guard the process id of the server, or `None` if no server runs.
    pub(crate) fn watch(&mut self, pid: Option<u32>) {
        let line = pid.map_or_else(|| "\n".to_owned(), |pid| format!("{pid}\n"));
        if let Some(pipe) = &mut self.pipe {
            // A write fails if the guard was killed. The owner cleans up all the same.
            let _ = pipe.write_all(line.as_bytes());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}
