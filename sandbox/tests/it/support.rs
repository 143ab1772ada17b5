use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use patchgen_sandbox::Server;

/// A process that owns a throwaway server.
pub(crate) struct Owner {
    pub(crate) process: Child,
    pub(crate) url: String,
    pub(crate) server: u32,
    pub(crate) data: PathBuf,
}

impl Owner {
    pub(crate) fn start(command: &mut Command) -> Owner {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("the owner prints three lines").unwrap();
        Owner {
            url: line(),
            server: line().parse().unwrap(),
            data: line().into(),
            process,
        }
    }

    pub(crate) fn new() -> Owner {
        Owner::start(&mut Command::new(program()))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_patchgen-sandbox"))
}

/// Returns the psql of the server's version, or the one on `PATH` if that version has none.
pub(crate) fn psql_program(server: &Server) -> PathBuf {
    let versioned = server.binaries().dir().join("psql");
    if versioned.exists() {
        versioned
    } else {
        "psql".into()
    }
}

/// Waits until the condition holds, for a minute at most.
pub(crate) fn wait_until(condition: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{condition}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn is_alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    // A zombie counts as dead. In a container there may be no process that waits for it.
    status.is_ok_and(|text| !text.contains(") Z "))
}
