//! Databases that were restored, made anew or lost: what is noticed, and that what is said to be done helps.

use crate::subject;
use patchgen_sandbox::{Cluster, Options, SUPERUSER};
use patchgen_tests::{
    BASELINE, Subject, app_patches, connect, effect, effects, execute, server, write_patch,
};
use tempfile::TempDir;

fn folder() -> TempDir {
    app_patches(&[("first", &effect("first"))])
}

fn verified(subject: &Subject) -> String {
    let outcome = subject.run(&["verify"]);
    outcome.assert_code(0);
    outcome.stdout
}

#[test]
fn a_database_made_anew_is_noticed_and_what_it_lacks_is_applied_again() {
    let server = server();
    let folder = folder();
    let subject = subject(&server, &folder);
    subject.apply();
    assert!(!verified(&subject).contains("warning"));
    let mut postgres = connect(&server, "postgres");
    postgres.batch_execute("DROP DATABASE app").unwrap();
    assert!(verified(&subject).contains("database `app` is not there any more"));
    // The backup has the baseline only.
    postgres.batch_execute("CREATE DATABASE app").unwrap();
    execute(&server, "app", &[BASELINE]);
    let said = verified(&subject);
    assert!(
        said.contains("database `app` was dropped and made anew since"),
        "{said}"
    );

    let (_, statement) = said.split_once("run in database `patches`: ").unwrap();
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
    assert!(!verified(&subject).contains("warning"));
}

#[test]
fn another_server_is_noticed_when_something_is_pending() {
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
    // From now on this is the server.
    assert!(!verified(&on(&new)).contains("warning"));
}
