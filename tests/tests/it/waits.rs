//! Number of times that a program waits for the server, each of which costs the network's latency; and its reports while
//! it waits for others.

use crate::subject;
use patchgen_sandbox::{Options, Server};
use patchgen_tests::{Outcome, Proxy, app_patches, connect, effect, server, write_patch};
use std::fs;
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

#[test]
fn a_start_with_nothing_to_do_waits_once_and_a_patch_four_times_or_once() {
    for (options, per_patch) in [(&[][..], 4), (&["--state-in-target"][..], 1)] {
        let server = server();
        let folder = app_patches(&[]);
        let proxy = Proxy::start(server.port());
        let subject = subject(&server, &folder).options(options);
        let subject = subject.conninfo(proxy.conninfo("postgres", "postgres"));
        subject.apply();

        proxy.reset();
        subject.apply();
        assert_eq!(
            proxy.waits(),
            1,
            "{options:?}: nothing to do: {:?}",
            proxy.connections()
        );
        assert_eq!(
            proxy.connections().iter().filter(|c| c.sent > 0).count(),
            1,
            "{options:?}: {:?}",
            proxy.connections()
        );

        let mut waits = Vec::new();
        for (first, last) in [(1, 1), (2, 11)] {
            for number in first..=last {
                let name = format!("app.20240101.{number:04}.postgres.p.sql");
                write_patch(&folder, &name, &effect(&number.to_string()));
            }
            proxy.reset();
            subject.apply();
            waits.push(proxy.waits());
        }
        assert_eq!(waits[1] - waits[0], 9 * per_patch, "{options:?}: {waits:?}");
    }
}

#[test]
fn a_start_waits_once_after_a_failed_patch_was_deleted() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let folder = app_patches(&[("broken", "SELECT 1 / 0;\n")]);
        let proxy = Proxy::start(server.port());
        let subject = subject(&server, &folder).options(options);
        let subject = subject.conninfo(proxy.conninfo("postgres", "postgres"));
        subject.run(&["apply"]).assert_code(1);
        fs::remove_file(folder.path().join("app.20240101.0001.postgres.broken.sql")).unwrap();
        proxy.reset();
        assert!(subject.apply().starts_with("nothing to do for 1 patch,"));
        let connections = proxy.connections();
        assert_eq!(proxy.waits(), 1, "{options:?}: {connections:?}");
    }
}

const LONG: Duration = Duration::from_millis(1500);

/// Starts `apply`, waits for its report of a wait, goes on a little later, and returns the outcome.
fn apply_meanwhile(server: &Server, folder: &TempDir, go_on: impl FnOnce()) -> Outcome {
    let subject = subject(server, folder).option("--format=json");
    let running = subject.start(&["apply"]);
    running.wait_until_stderr_contains("Waiting");
    sleep(LONG);
    go_on();
    running.wait()
}

#[track_caller]
fn assert_reported_once(outcome: &Outcome, holder: &str) {
    outcome.assert_code(0);
    assert_eq!(
        outcome.stderr.matches("Waiting {").count(),
        1,
        "{outcome:#?}"
    );
    outcome.assert_stderr_contains(&format!("Waiting {{ holder: \"{holder}"));
    let (_, waited) = outcome
        .stdout
        .split_once("\"waited_milliseconds\": ")
        .unwrap();
    let digits: String = waited.chars().take_while(char::is_ascii_digit).collect();
    assert!(
        digits.parse::<u128>().unwrap() >= LONG.as_millis(),
        "{outcome:#?}"
    );
}

#[test]
fn a_wait_for_a_busy_target_is_reported_once_and_counted() {
    let server = server();
    let folder = app_patches(&[("first", &effect("first"))]);
    subject(&server, &folder)
        .run(&["apply", "--one"])
        .assert_code(0);
    let mut other = connect(&server, "app");
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('patchgen target app', 0))";
    other.batch_execute(lock).unwrap();
    let outcome = apply_meanwhile(&server, &folder, || other.batch_execute("COMMIT").unwrap());
    assert_reported_once(&outcome, "process ");
}

#[test]
fn a_wait_for_a_template_in_use_is_reported_once_and_counted() {
    let server = server();
    let folder = app_patches(&[]);
    let user = connect(&server, "template1");
    let outcome = apply_meanwhile(&server, &folder, || drop(user));
    assert_reported_once(&outcome, "the end of other sessions: ");
}

#[test]
fn a_wait_for_a_connection_is_reported_once_and_counted() {
    let server = Options::new()
        .setting("max_connections", "4")
        .setting("superuser_reserved_connections", "0")
        .throwaway()
        .unwrap();
    let folder = app_patches(&[]);
    let users: Vec<_> = (0..4).map(|_| connect(&server, "postgres")).collect();
    let outcome = apply_meanwhile(&server, &folder, || drop(users));
    assert_reported_once(&outcome, "a connection to the server at `");
}

#[test]
fn a_wait_for_an_earlier_session_of_a_concurrent_patch_is_counted() {
    let server = server();
    let folder = app_patches(&[("c", "-- patch: kind=concurrent\nANALYZE effect;\n")]);
    subject(&server, &folder)
        .run(&["apply", "--one"])
        .assert_code(0);
    let mut other = connect(&server, "app");
    let name = "SET application_name = 'patchgen app.20240101.0001 #1 x'";
    other.batch_execute(name).unwrap();
    let outcome = apply_meanwhile(&server, &folder, || drop(other));
    assert_reported_once(&outcome, "process ");
}
