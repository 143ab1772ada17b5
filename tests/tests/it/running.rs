use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use patchgen_tests::{Running, scratch_patches};

fn shell(script: &str) -> Running {
    Running::start(Command::new("/bin/sh").args(["-c", script]))
}

#[test]
fn long_output_is_kept() {
    let outcome =
        shell("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; echo no >&2; exit 3")
            .wait();
    outcome.assert_code(3);
    assert_eq!(outcome.stdout.lines().last(), Some("19999"));
    assert_eq!(outcome.stderr, "no\n");
}

#[test]
fn a_killed_program_runs_no_cleanup() {
    let running = shell("trap 'echo cleaned up' EXIT TERM INT; echo ready; while :; do :; done");
    while running.stdout() != "ready\n" {
        sleep(Duration::from_millis(2));
    }
    let outcome = running.kill();
    assert_eq!(outcome.status.signal(), Some(9));
    assert_eq!(outcome.stdout, "ready\n");
}

#[test]
fn a_folder_of_patches_has_the_given_files() {
    let folder = scratch_patches(&[("a.sql", "SELECT 1;"), ("deep/er/b.sql", "SELECT 2;")]);
    let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.sql"), "SELECT 1;");
    assert_eq!(read("deep/er/b.sql"), "SELECT 2;");
}
