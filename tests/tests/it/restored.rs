//! Databases that were restored, created again or lost: the warnings, and the remedies that they name.

use crate::subject;
use patchgen_sandbox::{Cluster, Options, SUPERUSER};
use patchgen_tests::{
    BASELINE, Subject, app_patches, connect, effect, effects, execute, server, write_patch,
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
