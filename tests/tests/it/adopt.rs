//! Adoption and export by the program that carries the patches.

use crate::subject;
use patchgen_tests::{effect, effects, execute, scratch_patches, server};

#[test]
fn a_program_adopts_what_is_there_and_exports_the_rest() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE app"]);
    execute(&server, "app", &["CREATE TABLE effect (patch text)"]);
    let folder = scratch_patches(&[
        (
            "app.20240101.0001.postgres.table.sql",
            "CREATE TABLE effect (patch text);\n",
        ),
        ("app.20240101.0002.postgres.second.sql", &effect("second")),
    ]);
    let subject = subject(&server, &folder);
    let adopt = [
        "adopt",
        "--database",
        "app",
        "--through",
        "app.20240101.0001",
        "--yes",
    ];
    let outcome = subject.run(&adopt);
    assert!(
        outcome.stdout.starts_with("adopted 1 patch without"),
        "{outcome:#?}"
    );
    let script = subject.run(&["export"]).stdout;
    server.psql("app", &script).unwrap();
    assert!(subject.apply().starts_with("nothing to do for 2 patches"));
    assert_eq!(effects(&server, "app"), ["second"]);
}
