//! Databases that were restored, created again or lost: the warnings, and the remedies that they name.

use crate::subject;
use patchgen_sandbox::{Cluster, Options, SUPERUSER};
use patchgen_tests::{
    BASELINE, Subject, app_patches, connect, effect, effects, execute, numbered_patches, server,
    write_patch,
};
use tempfile::TempDir;

fn folder() -> TempDir {
    app_patches(&[("first", &effect("first"))])
}

/// Runs `verify` and returns its output.
fn verify(subject: &Subject) -> String {
    let outcome = subject.run(&["verify"]);
    outcome.assert_code(0);
    outcome.stdout
}

#[test]
fn a_database_created_again_is_reported_and_its_missing_patches_are_applied_again() {
    let server = server();
    let folder = folder();
    let subject = subject(&server, &folder);
    subject.apply();
    assert!(!verify(&subject).contains("warning"));
    let mut postgres = connect(&server, "postgres");
    postgres.batch_execute("DROP DATABASE app").unwrap();
    assert!(verify(&subject).contains("database `app` is not there any more"));
    // The backup has the baseline only.
    postgres.batch_execute("CREATE DATABASE app").unwrap();
    execute(&server, "app", &[BASELINE]);
    let output = verify(&subject);
    assert!(
        output.contains("database `app` was dropped and made anew since"),
        "{output}"
    );

    let (_, statement) = output.split_once("run in database `patches`: ").unwrap();
    let moment = "SELECT max(finished_at)::text FROM patchgen.patch WHERE major = 0";
    let mut ledger = connect(&server, "patches");
    let moment: String = ledger.query_one(moment, &[]).unwrap().get(0);
    let statement = statement
        .lines()
        .next()
        .unwrap()
        .replace("(that moment)", &moment);
    ledger.batch_execute(&statement).unwrap();
    subject.apply();
    assert_eq!(effects(&server, "app"), ["first"]);
    assert!(!verify(&subject).contains("warning"));
}

#[test]
fn another_server_is_reported_when_patches_are_pending() {
    let state = server();
    let old = Options::new().cluster(Cluster::Fresh).throwaway().unwrap();
    let new = Options::new().cluster(Cluster::Fresh).throwaway().unwrap();
    let folder = folder();
    let on = |server| {
        subject(server, &folder)
            .option("--state-conninfo")
            .option(&state.conninfo("postgres", SUPERUSER))
    };
    on(&old).apply();
    execute(&new, "postgres", &["CREATE DATABASE app"]);
    execute(&new, "app", &[BASELINE]);
    assert!(on(&new).apply().starts_with("nothing to do"));
    write_patch(
        &folder,
        "app.20240101.0002.postgres.second.sql",
        &effect("second"),
    );
    assert!(
        on(&new)
            .apply()
            .contains("database `app` is on another server now")
    );
    // The ledger now records the new server.
    assert!(!verify(&on(&new)).contains("warning"));
}

#[test]
fn a_damaged_ledger_is_reported_and_never_taken_for_an_empty_one() {
    for (damage, repair, message) in [
        (
            "ALTER TABLE patchgen.run RENAME TO run_away",
            "ALTER TABLE patchgen.run_away RENAME TO run",
            "has no table \"patchgen\".run",
        ),
        (
            "ALTER TABLE patchgen.patch RENAME TO patch_away",
            "ALTER TABLE patchgen.patch_away RENAME TO patch",
            "has no table \"patchgen\".patch",
        ),
        (
            "ALTER TABLE patchgen.step RENAME TO step_away; ALTER TABLE patchgen.patch RENAME TO patch_away",
            "ALTER TABLE patchgen.step_away RENAME TO step; ALTER TABLE patchgen.patch_away RENAME TO patch",
            "has no table \"patchgen\".patch",
        ),
        (
            "ALTER ROLE patches RENAME TO patches_away",
            "ALTER ROLE patches_away RENAME TO patches; ALTER ROLE patches PASSWORD 'patches'",
            "its role \"patches\" does not exist",
        ),
    ] {
        let server = server();
        let folder = numbered_patches(2);
        let subject = subject(&server, &folder);
        subject.apply();
        write_patch(
            &folder,
            "app.20240101.0003.postgres.patch.sql",
            &effect("3"),
        );
        execute(&server, "patches", &[damage]);
        for action in [
            &["plan"][..],
            &["status"],
            &["verify"],
            &["apply"],
            &["export"],
        ] {
            let outcome = subject.run(action);
            outcome.assert_code(1);
            outcome.assert_stderr_contains(message);
        }
        assert_eq!(effects(&server, "app"), ["1", "2"], "{damage}");
        execute(&server, "patches", &[repair]);
        subject.apply();
        assert_eq!(effects(&server, "app"), ["1", "2", "3"], "{damage}");
    }
}

#[test]
fn a_ledger_of_a_newer_program_is_not_written() {
    let server = server();
    let folder = numbered_patches(1);
    let subject = subject(&server, &folder);
    subject.apply();
    execute(
        &server,
        "patches",
        &["INSERT INTO patchgen.step (number) VALUES (99)"],
    );
    assert!(subject.apply().contains("nothing to do"));
    write_patch(
        &folder,
        "app.20240101.0002.postgres.patch.sql",
        &effect("2"),
    );
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("is newer than this program: it is at step 99");
    assert_eq!(effects(&server, "app"), ["1"]);
}
