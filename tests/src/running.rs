use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Time limit of every wait, longer than any test.
const LIMIT: Duration = Duration::from_secs(120);

/// Returns the path of a program that the workspace builds, such as `patchgen`.
///
/// For a program of the tests' own package use `env!("CARGO_BIN_EXE_…")`, which also builds it.
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

/// Calls a function until it returns a value. Panics at the time limit.
#[track_caller]
pub fn wait_for<T>(what: &str, function: impl FnMut() -> Option<T>) -> T {
    match poll(function) {
        Some(value) => value,
        None => panic!("waited in vain for {what}"),
    }
}

/// Calls a function until it returns a value. Returns `None` at the time limit.
fn poll<T>(mut function: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    loop {
        let value = function();
        if value.is_some() || begin.elapsed() > LIMIT {
            return value;
        }
        sleep(Duration::from_millis(2));
    }
}

/// A program that was started. It is killed when the value is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    // Files, because a full pipe would stop the program.
    output: TempDir,
}

/// Exit status and output of a program.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code, or the signal that killed the program.
    pub status: ExitStatus,
    /// Complete standard output.
    pub stdout: String,
    /// Complete standard error.
    pub stderr: String,
}

impl Outcome {
    /// Panics with all output unless the program ended with this exit code.
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
    /// Starts a program with an empty standard input.
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

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the standard output until now.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// Returns the standard error until now.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    /// Waits until the standard error contains this text.
    pub fn wait_until_stderr_contains(&self, text: &str) {
        self.poll("does not print the text", || {
            self.stderr().contains(text).then_some(())
        });
    }

    /// Stops the program (SIGSTOP).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues the program after [`pause`](Running::pause).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until the program has stopped itself (SIGSTOP).
    pub fn wait_until_stopped(&self) {
        assert!(
            self.wait_until_stopped_or_ended(),
            "the program ended; it printed:\n{}",
            self.stderr()
        );
    }

    /// Waits until the program has stopped itself (SIGSTOP) or ended. Returns whether it has stopped.
    pub fn wait_until_stopped_or_ended(&self) -> bool {
        let path = format!("/proc/{}/stat", self.pid());
        self.poll("does not stop", || {
            // The state follows the program's name in parentheses. It can be read until somebody waits for the process.
            let stat = fs::read_to_string(&path).expect("the program was not waited for");
            let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim());
            match state.as_bytes().first() {
                Some(b'T') => Some(true),
                Some(b'Z') => Some(false),
                _ => None,
            }
        })
    }

    /// Calls a function until it returns a value. Panics with the standard error at the time limit.
    fn poll<T>(&self, failure: &str, function: impl FnMut() -> Option<T>) -> T {
        match poll(function) {
            Some(value) => value,
            None => panic!("the program {failure}; it printed:\n{}", self.stderr()),
        }
    }

    /// Sends SIGKILL and does not wait.
    pub fn send_kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Kills the program (SIGKILL) and returns its output.
    pub fn kill(mut self) -> Outcome {
        let _ = self.child.kill();
        self.outcome()
    }

    /// Waits until the program ends.
    pub fn wait(mut self) -> Outcome {
        self.outcome()
    }

    /// Waits until the program ends. Returns `None` if it still runs at the limit.
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
                "the program does not end; it printed:\n{}{}",
                self.stdout(),
                self.stderr()
            ),
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the program was not waited for");
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
