use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longer than any test; a program that runs on is a failure, not a reason to wait for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// The path of a program that the workspace builds, such as `patchgen`.
///
/// A program of the tests' own package is better found by `env!("CARGO_BIN_EXE_…")`, which also builds it.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    // target/debug/deps/it-0123 → target/debug/name
    let folder = test
        .ancestors()
        .nth(2)
        .expect("the test is below the target folder");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "`{}` is not built; run `cargo build --workspace --bins` first",
        path.display()
    );
    path
}

/// A program that was started; killed when the value is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    // Files and not pipes, so that a program that says much does not stop at a full pipe.
    output: TempDir,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code, or the signal that killed it.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Panics with all that was said unless the program ended with this exit code.
    #[track_caller]
    pub fn assert_code(&self, code: i32) {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
    }

    /// Panics with all output unless the standard output contains this text.
    #[track_caller]
    pub fn assert_stdout_contains(&self, text: &str) {
        assert!(self.stdout.contains(text), "no `{text}` in {self:#?}");
    }

    /// Panics with all output unless the standard error contains this text.
    #[track_caller]
    pub fn assert_stderr_contains(&self, text: &str) {
        assert!(self.stderr.contains(text), "no `{text}` in {self:#?}");
    }
}

impl Running {
    /// Starts it, with nothing on its standard input.
    pub fn start(command: &mut Command) -> Running {
        let output = tempfile::tempdir().expect("a temporary folder can be made");
        let file = |name| File::create(output.path().join(name)).expect("a file can be made");
        let child = command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .expect("the program can be run");
        Running { child, output }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its standard output until now.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// What it has written to its standard error until now.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    /// Waits until it has written this text to its standard error.
    pub fn wait_until_stderr_contains(&self, text: &str) {
        let begin = Instant::now();
        while !self.stderr().contains(text) {
            assert!(
                begin.elapsed() < LIMIT,
                "the program does not say `{text}`; it said:\n{}",
                self.stderr()
            );
            sleep(Duration::from_millis(2));
        }
    }

    /// Stops it where it stands (SIGSTOP).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`pause`](Running::pause).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until it has stopped itself (SIGSTOP).
    pub fn wait_until_stopped(&self) {
        assert!(
            self.stopped_or_ended(),
            "the program ended; it said:\n{}",
            self.stderr()
        );
    }

    /// Waits until it has stopped itself (SIGSTOP) or ended; gives whether it has stopped.
    pub fn stopped_or_ended(&self) -> bool {
        let begin = Instant::now();
        let stat = format!("/proc/{}/stat", self.pid());
        loop {
            // The state follows the program's name, which is in parentheses. It stays to be read until somebody waits.
            let stat = fs::read_to_string(&stat).expect("the program was not waited for");
            let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim());
            match state.as_bytes().first() {
                Some(b'T') => return true,
                Some(b'Z') => return false,
                _ => {}
            }
            assert!(
                begin.elapsed() < LIMIT,
                "the program does not stop; it said:\n{}",
                self.stderr()
            );
            sleep(Duration::from_millis(2));
        }
    }

    /// Kills it (SIGKILL); it is still to be waited for.
    pub fn end(&self) {
        self.signal(Signal::KILL);
    }

    /// Kills it (SIGKILL) and gives what it had said.
    pub fn kill(mut self) -> Outcome {
        let _ = self.child.kill();
        self.outcome()
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> Outcome {
        self.outcome()
    }

    /// Waits until it ends by itself, but no longer than this; a program that runs on may still be killed.
    pub fn wait_within(&mut self, limit: Duration) -> Option<Outcome> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return Some(Outcome {
                    status,
                    stdout: self.stdout(),
                    stderr: self.stderr(),
                });
            }
            if begin.elapsed() > limit {
                return None;
            }
            sleep(Duration::from_millis(2));
        }
    }

    fn outcome(&mut self) -> Outcome {
        match self.wait_within(LIMIT) {
            Some(outcome) => outcome,
            None => panic!(
                "the program does not end; it said:\n{}{}",
                self.stdout(),
                self.stderr()
            ),
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the program is there");
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.output.path().join(name)).expect("the output is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
