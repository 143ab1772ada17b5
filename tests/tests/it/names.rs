//! Names of patches, places and sessions, as people see them.

use crate::subject;
use patchgen_runtime::{Config, Event};
use patchgen_sandbox::Server;
use patchgen_tests::{
    app_patches, column, connect, effect, effects, execute, scratch_patches, server, wait_for,
};
use postgres::Client;
use std::sync::{Arc, Mutex};

/// Option of a run whose patches may wait for locks as long as a test lasts.
const PATIENT: &str = "--lock-timeout=1h";

/// Returns the SQL of a patch that waits for an advisory lock.
fn wait_for_lock(key: u32) -> String {
    format!("SELECT pg_advisory_xact_lock({key});\n")
}

/// Takes advisory locks, so that patches wait for them.
fn take_locks(server: &Server, database: &str, keys: &[u32]) -> Client {
    let mut holder = connect(server, database);
    for key in keys {
        let take = format!("SELECT pg_advisory_lock({key})");
        holder.batch_execute(&take).unwrap();
    }
    holder
}

/// Waits until a session waits for an advisory lock, and returns the name of the session.
fn waiting_session(server: &Server, key: u32) -> String {
    let query = format!(
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) \
         WHERE locktype = 'advisory' AND objid = {key} AND NOT granted"
    );
    wait_for("a session that waits for an advisory lock", || {
        column(server, "postgres", &query).pop()
    })
}

/// Creates the files of two launchpad patches that differ only in the last number.
fn neighbours(first: &str, second: &str) -> tempfile::TempDir {
    scratch_patches(&[
        ("patch-2211-5-0-std.sql", first),
        ("patch-2211-5-1-direct.sql", second),
    ])
}

#[test]
fn sessions_and_states_tell_patches_apart_that_differ_in_the_last_number() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE app"]);
    let folder = neighbours(&wait_for_lock(50), &wait_for_lock(51));
    let options = ["--database=app", "--user=postgres", PATIENT];
    let subject = subject(&server, &folder).options(&options);
    let mut holder = take_locks(&server, "app", &[50, 51]);
    let running = subject.start(&["apply"]);
    for (key, id) in [(50, "app.2211.5.0"), (51, "app.2211.5.1")] {
        let expected = format!("patchgen {id} #1 subject");
        assert_eq!(waiting_session(&server, key), expected);
        let free = format!("SELECT pg_advisory_unlock({key})");
        holder.batch_execute(&free).unwrap();
    }
    running.wait().assert_code(0);

    let status = subject.run(&["status"]);
    status.assert_stdout_contains("app  2211.5.0  applied");
    status.assert_stdout_contains("app  2211.5.1  applied");
    let status = subject.run(&["status", "--format", "json"]);
    status.assert_stdout_contains("\"id\": \"app.2211.5.0\"");
    status.assert_stdout_contains("\"id\": \"app.2211.5.1\"");
}

#[test]
fn events_tell_patches_apart_that_differ_in_the_last_number() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE app"]);
    let folder = neighbours("SELECT 1;\n", "SELECT 1;\n");
    let build = patchgen::Build::new().without_lock_file();
    let build = build.patches(format!("{}/*.sql", folder.path().display()));
    let output = build.database("app").user("postgres").run().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let config = Config::new().conninfo(server.conninfo("postgres", "postgres"));
    let config = config.observer({
        let events = Arc::clone(&events);
        move |event: &Event<'_>| {
            let event = match event {
                Event::Started { patch, .. } => format!("{patch} started"),
                Event::Applied { patch, .. } => format!("{patch} applied"),
                _ => return,
            };
            events.lock().unwrap().push(event);
        }
    });
    patchgen_runtime::apply(&output.patch_set(), &config).unwrap();
    let expected = [
        "app.2211.5.0 started",
        "app.2211.5.0 applied",
        "app.2211.5.1 started",
        "app.2211.5.1 applied",
    ];
    assert_eq!(*events.lock().unwrap(), expected);
}

#[test]
fn the_name_of_a_session_has_the_place_and_the_attempt_of_its_patch() {
    let long = "a".repeat(60);
    for kind in ["std", "concurrent"] {
        for (place, expected) in [
            ("app_test", "patchgen app_test.20240101.0001 #1 "),
            (&long, "patchgen "),
        ] {
            let server = server();
            let patch = format!("-- patch: kind={kind}\n{}", wait_for_lock(7));
            let folder = app_patches(&[("wait", &patch)]);
            let subject = subject(&server, &folder)
                .option(PATIENT)
                .option(&format!("--map=app={place}"));
            subject.run(&["apply", "--one"]).assert_code(0);
            let holder = take_locks(&server, place, &[7]);
            let running = subject.start(&["apply"]);
            let name = waiting_session(&server, 7);
            assert!(name.starts_with(expected), "{kind}: {name}");
            assert!(name.contains(" #1 ") && name.len() <= 63, "{kind}: {name}");
            drop(holder);
            running.wait().assert_code(0);
        }
    }
}

#[test]
fn a_database_may_have_a_slash_in_its_name() {
    for (options, ledger) in [(&[][..], "patches"), (&["--state-in-target"][..], "a/b")] {
        let server = server();
        let folder = app_patches(&[("first", &effect("first"))]);
        let subject = subject(&server, &folder)
            .options(options)
            .option("--map=app=\"a/b\"");
        subject.apply();
        assert_eq!(effects(&server, "a/b"), ["first"]);
        let places = "SELECT DISTINCT database FROM patchgen.patch";
        assert_eq!(column(&server, ledger, places), ["\"a/b\""]);
        assert!(subject.apply().starts_with("nothing to do for 2 patches"));
        let status = subject.run(&["status", "--exit-code"]);
        status.assert_code(0);
        assert_eq!(status.stdout.matches("  applied ").count(), 2, "{status:?}");
    }
}
