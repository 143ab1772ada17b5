//! Patches that wait for locks of other sessions, and programs that wait for each other.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{app_patches, connect, effect, effects, end_sessions, execute, server};
use postgres::Client;
use std::thread::sleep;
use std::time::Duration;

/// Pause between two queries.
const PAUSE: Duration = Duration::from_millis(5);

/// Begins a transaction that has read `effect` and so blocks an `ALTER TABLE`.
fn lock_effect(server: &Server) -> Client {
    let mut holder = connect(server, "app");
    holder.batch_execute("BEGIN; SELECT * FROM effect").unwrap();
    holder
}

#[test]
fn a_lock_wait_times_out_and_is_retried_until_the_lock_is_free() {
    let server = server();
    let folder = app_patches(&[(
        "alter",
        &format!("{}ALTER TABLE effect ADD a int;\n", effect("once")),
    )]);
    let subject = subject(&server, &folder).option("--lock-timeout=100ms");
    subject.run(&["apply", "--one"]);
    let mut holder = lock_effect(&server);
    let running = subject.start(&["apply"]);
    running.wait_until_stderr_contains("Retrying");
    // A reader waits behind the patch no longer than the patch's lock timeout.
    execute(&server, "app", &["SELECT * FROM effect"]);
    holder.batch_execute("COMMIT").unwrap();
    let outcome = running.wait();
    outcome.assert_code(0);
    assert_eq!(effects(&server, "app").len(), 1);
}

#[test]
fn a_patch_that_is_retried_finds_nothing_of_its_first_attempt() {
    let server = server();
    let folder = app_patches(&[(
        "prepare",
        "PREPARE p AS SELECT 1;\nEXECUTE p;\nALTER TABLE effect ADD a int;\n",
    )]);
    let subject = subject(&server, &folder).option("--lock-timeout=100ms");
    subject.run(&["apply", "--one"]);
    let mut holder = lock_effect(&server);
    let running = subject.start(&["apply"]);
    running.wait_until_stderr_contains("Retrying");
    holder.batch_execute("COMMIT").unwrap();
    running.wait().assert_code(0);
}

#[test]
fn the_last_error_names_the_blocking_session() {
    let server = server();
    let folder = app_patches(&[(
        "alter",
        "-- patch: lock_timeout=1500ms\nALTER TABLE effect ADD a int;\n",
    )]);
    let subject = subject(&server, &folder).option("--retry-for=0s");
    subject.run(&["apply", "--one"]);
    let mut holder = connect(&server, "app");
    holder
        .batch_execute("SET application_name = 'the holder'; BEGIN; SELECT 'evidence' FROM effect")
        .unwrap();
    let pid: i32 = holder
        .query_one("SELECT pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(1);
    outcome
        .assert_stderr_contains("alter.sql:2:1: canceling statement due to lock timeout (55P03)");
    outcome.assert_stderr_contains(&format!(
        "blocked by process {pid} `the holder` of role `postgres`"
    ));
}

#[test]
fn a_run_waits_for_the_backend_of_a_killed_program_and_names_it() {
    let server = server();
    let folder = app_patches(&[("slow", &format!("{}SELECT pg_sleep(1);\n", effect("once")))]);
    let subject = subject(&server, &folder);
    subject.run(&["apply", "--one"]);
    let running = subject.start(&["apply"]);
    let query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'patchgen app.20240101.0001 #1%'";
    let mut client = connect(&server, "app");
    let pid: i32 = loop {
        if let Some(row) = client.query_opt(query, &[]).unwrap() {
            break row.get(0);
        }
        sleep(PAUSE);
    };
    running.kill();
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(0);
    outcome.assert_stderr_contains(&format!("Waiting {{ holder: \"process {pid} "));
    assert_eq!(effects(&server, "app").len(), 1);
}

#[test]
fn a_stopped_program_is_fenced_when_it_continues() {
    for point in ["intent", "ran", "secured", "committing", "committed"] {
        for options in [&[][..], &["--state-in-target"]] {
            let server = server();
            let folder = app_patches(&[("first", &effect("first")), ("second", &effect("second"))]);
            let subject = subject(&server, &folder).options(options);
            subject.run(&["apply", "--one"]);
            if !options.is_empty() && matches!(point, "intent" | "secured" | "committing") {
                continue; // A run with the state in the target does not reach this failpoint.
            }
            let stopped = subject.start_armed(&["apply"], &format!("{point}:1:stop"));
            stopped.wait_until_stopped();
            // The sessions of the stopped program stay open until an operator or a keepalive ends them.
            end_sessions(&server, "application_name LIKE 'patchgen%'");
            subject.apply();
            stopped.resume();
            let outcome = stopped.wait();
            let what = format!("{point} {options:?}: {}{}", outcome.stdout, outcome.stderr);
            // With the state in the target, everything was committed before the program stopped.
            let expected = if options.is_empty() { 1 } else { 0 };
            assert_eq!(outcome.status.code(), Some(expected), "{what}");
            assert_eq!(effects(&server, "app"), ["first", "second"], "{what}");
            assert!(subject.apply().starts_with("nothing to do"), "{what}");
        }
    }
}

#[test]
fn a_stopped_program_that_lost_only_its_lock_cannot_commit_after_another_run() {
    let server = server();
    let folder = app_patches(&[("first", &effect("first"))]);
    let subject = subject(&server, &folder);
    subject.run(&["apply", "--one"]);
    let stopped = subject.start_armed(&["apply"], "intent:1:stop");
    stopped.wait_until_stopped();
    end_sessions(&server, "application_name LIKE 'patchgen run lock%'");
    subject.apply();
    stopped.resume();
    let outcome = stopped.wait();
    outcome.assert_code(1);
    assert_eq!(effects(&server, "app").len(), 1);
}

#[test]
fn a_run_that_waits_for_the_lock_names_its_holder_and_times_out() {
    let server = server();
    let folder = app_patches(&[("slow", &effect("once"))]);
    let subject = subject(&server, &folder);
    subject.run(&["apply", "--one"]);
    let leader = subject.start_armed(&["apply"], "intent:1:stop");
    leader.wait_until_stopped();
    let outcome = subject.clone().option("--lock-wait=300ms").run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("another run has held the lock in database `patches`");
    outcome.assert_stderr_contains("`patchgen run lock subject` of role `patches`");
    // After the leader is killed, a follower takes the lock at its next attempt.
    let follower = subject.start(&["apply"]);
    follower.wait_until_stderr_contains("Waiting");
    leader.kill();
    assert!(follower.wait().status.success());
    assert_eq!(effects(&server, "app").len(), 1);
}
