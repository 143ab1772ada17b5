//! Programs killed at every step of the protocol and started again.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{Subject, connect, count, effects, execute, numbered_patches, server};

/// The failpoints of a run.
const POINTS: [&str; 9] = [
    "database",
    "state",
    "locked",
    "intent",
    "ran",
    "secured",
    "committing",
    "committed",
    "finished",
];

const PATCHES: usize = 4;

/// Asserts that every patch took effect once, that every record is complete, and that no locks or unfinished databases
/// remain.
fn assert_complete(server: &Server, ledger: &str, what: &str) {
    assert_eq!(effects(server, "app"), ["1", "2", "3", "4"], "{what}");
    let query = "SELECT count(*) FILTER (WHERE state = 'applied' AND sqlstate IS NULL), count(*) FROM patchgen.patch";
    let row = connect(server, ledger).query_one(query, &[]).unwrap();
    assert_eq!(
        (row.get::<_, i64>(0), row.get::<_, i64>(1)),
        (PATCHES as i64 + 1, PATCHES as i64 + 1),
        "{what}"
    );
    let left = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') \
                + (SELECT count(*) FROM pg_database WHERE datconnlimit > 0)";
    assert_eq!(count(server, "postgres", left), 0, "{what}");
}

/// Kills the program at the given occurrence of a failpoint in each run until a run succeeds or the limit of kills is
/// reached, and then applies the rest. Returns the number of kills before the success, or 1 at the limit.
fn kill_until_success(subject: &Subject, point: &str, number: usize, what: &str) -> usize {
    for kills in 0..12 {
        let outcome = subject
            .start_armed(&["apply"], &format!("{point}:{number}:kill"))
            .wait();
        if outcome.status.success() {
            return kills;
        }
        assert_eq!(
            outcome.status.code(),
            None,
            "{what}: {}{}",
            outcome.stdout,
            outcome.stderr
        );
        if number == 1 && kills >= 2 {
            break; // Every run reaches the first occurrence, so the kills would never end.
        }
    }
    subject.apply();
    1
}

fn crash_everywhere(options: &[&str], ledger: &str) {
    let folder = numbered_patches(PATCHES);
    let mut kills = 0;
    for point in POINTS {
        // Uses a server for each failpoint, so that leftovers of one crash cannot hide those of another.
        let server = server();
        let subject = subject(&server, &folder).options(options);
        for number in [1, 2] {
            let drop = [
                "DROP DATABASE IF EXISTS app",
                "DROP DATABASE IF EXISTS patches",
            ];
            execute(&server, "postgres", &drop);
            let what = format!("{point} {number} {options:?}");
            kills += kill_until_success(&subject, point, number, &what);
            assert_complete(&server, ledger, &what);
        }
    }
    assert!(kills >= 6, "{kills} kills");
}

#[test]
fn killed_at_every_step_with_the_state_apart() {
    crash_everywhere(&[], "patches");
}

#[test]
fn killed_at_every_step_with_the_state_in_the_target() {
    crash_everywhere(&["--state-in-target"], "app");
}

#[test]
fn killed_at_every_step_with_grouped_patches() {
    crash_everywhere(&["--grouped"], "patches");
}

#[test]
fn the_server_crashes_between_record_and_commit() {
    let server = server();
    let folder = numbered_patches(PATCHES);
    let subject = subject(&server, &folder);
    for point in ["committing:3", "ran:1"] {
        let running = subject.start_armed(&["apply"], &format!("{point}:stop"));
        running.wait_until_stopped();
        server.crash();
        server.start().unwrap();
        running.resume();
        let outcome = running.wait();
        outcome.assert_code(1);
    }
    subject.apply();
    assert_complete(&server, "patches", "server crash");
}
