//! Concurrent patches: statements outside a transaction block, interrupted and continued.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{
    BASELINE, Subject, column, connect, count, effects, end_sessions, execute, scratch_patches,
    server, wait_for, write_patch,
};
use tempfile::TempDir;

const BASE: &str = "CREATE TABLE effect (patch text);\nCREATE TABLE big (a int, b int);\n\
                    INSERT INTO big SELECT g, g FROM generate_series(1, 1000) g;\n";

/// The file of the concurrent patch in [`folder`].
const FILE: &str = "app.20240101.0001.postgres.concurrent.sql";

/// The directive of a concurrent patch.
const CONCURRENT: &str = "-- patch: kind=concurrent\n";

/// Creates a folder with a baseline, a concurrent patch and one after it.
fn folder(patch: &str) -> TempDir {
    scratch_patches(&[
        ("app.00000000.0000.postgres.baseline.sql", BASE),
        (FILE, &format!("{CONCURRENT}{patch}")),
        (
            "app.20240101.0002.postgres.after.sql",
            "INSERT INTO effect VALUES ('after');\n",
        ),
    ])
}

/// Returns the indexes of `big`, each with true if it is valid.
fn indexes(server: &Server) -> Vec<(String, bool)> {
    let query = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'big'::regclass ORDER BY 1";
    connect(server, "app")
        .query(query, &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

/// Counts the index builds in the database. (The ledger's own tables have indexes too.)
const BUILDS: &str =
    "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";

const MIXED: &str = "CREATE INDEX CONCURRENTLY one ON big (a);\n\
                     INSERT INTO effect VALUES ('between');\n\
                     CREATE INDEX CONCURRENTLY IF NOT EXISTS two ON big (b);\n\
                     SET work_mem = '5MB';\n\
                     INSERT INTO effect SELECT current_setting('work_mem');\n\
                     DROP INDEX CONCURRENTLY one;\n\
                     VACUUM big;\n";

#[test]
fn killed_between_any_two_steps_every_statement_takes_effect_once() {
    for point in [
        "intent",
        "begun",
        "ran",
        "committing",
        "committed",
        "statement",
    ] {
        for number in 1..=7 {
            let server = server();
            let folder = folder(MIXED);
            let subject = subject(&server, &folder);
            let what = format!("{point} {number}");
            let outcome = subject
                .start_armed(&["apply"], &format!("{point}:{number}:kill"))
                .wait();
            let killed = !outcome.status.success();
            subject.apply();
            assert_eq!(
                effects(&server, "app"),
                ["between", "5MB", "after"],
                "{what}"
            );
            assert_eq!(indexes(&server), [("two".to_owned(), true)], "{what}");
            assert!(subject.apply().starts_with("nothing to do"), "{what}");
            if !killed {
                break;
            }
        }
    }
}

#[test]
fn a_failed_build_leaves_no_index_and_the_statements_before_it_stay() {
    let server = server();
    let folder = folder(
        "INSERT INTO big VALUES (1, 1);\nCREATE UNIQUE INDEX CONCURRENTLY u\n  ON big (a);\n",
    );
    let subject = subject(&server, &folder);
    for expected in [
        "could not create unique index",
        "could not create unique index",
    ] {
        let outcome = subject.run(&["apply"]);
        outcome.assert_code(1);
        outcome.assert_stderr_contains(expected);
        outcome.assert_stderr_contains("concurrent.sql:3:1:");
        assert!(indexes(&server).is_empty());
    }
    execute(
        &server,
        "app",
        &["DELETE FROM big WHERE ctid = (SELECT max(ctid) FROM big)"],
    );
    subject.apply();
    assert_eq!(indexes(&server), [("u".to_owned(), true)]);
}

/// Starts the patch, blocks its index build by an open transaction, and kills the program during the build. Returns
/// the session with the transaction.
fn kill_in_build(server: &Server, subject: &Subject) -> postgres::Client {
    subject.run(&["apply", "--one"]);
    kill_when(server, subject, BUILDS)
}

/// Starts the patch, blocks it by a transaction that has written to `big`, and kills the program when a query counts
/// something. Returns the session with the transaction.
fn kill_when(server: &Server, subject: &Subject, query: &str) -> postgres::Client {
    let mut writer = connect(server, "app");
    writer
        .batch_execute("BEGIN; UPDATE big SET b = b WHERE a = 1")
        .unwrap();
    let running = subject.start(&["apply"]);
    wait_for(query, || (count(server, "app", query) > 0).then_some(()));
    running.kill();
    writer
}

#[test]
fn a_builder_that_outlives_its_program_is_waited_for() {
    let server = server();
    let folder = folder("CREATE INDEX CONCURRENTLY i ON big (a);\n");
    let subject = subject(&server, &folder);
    let mut writer = kill_in_build(&server, &subject);
    let second = subject.start(&["apply"]);
    second.wait_until_stderr_contains("whose program is gone");
    assert!(second.stderr().contains("Waiting { holder: \"process "));
    writer.batch_execute("COMMIT").unwrap();
    let outcome = second.wait();
    outcome.assert_code(0);
    assert!(!outcome.stderr.contains("dropping"), "{}", outcome.stderr);
    assert_eq!(indexes(&server), [("i".to_owned(), true)]);
}

#[test]
fn an_invalid_leftover_is_dropped_and_built_again_also_under_if_not_exists() {
    for patch in [
        "CREATE INDEX CONCURRENTLY i ON big (a);\n",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON big (a);\n",
    ] {
        let server = server();
        let folder = folder(patch);
        let subject = subject(&server, &folder);
        let mut writer = kill_in_build(&server, &subject);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index";
        connect(&server, "app").query(end, &[]).unwrap();
        writer.batch_execute("COMMIT").unwrap();
        let outcome = subject.run(&["apply"]);
        outcome.assert_code(0);
        assert!(
            outcome.stderr.contains("dropping index `i`"),
            "{patch}: {}",
            outcome.stderr
        );
        assert_eq!(indexes(&server), [("i".to_owned(), true)], "{patch}");
    }
}

#[test]
fn an_index_that_was_invalid_before_is_left_and_reported() {
    let server = server();
    let folder = scratch_patches(&[("app.00000000.0000.postgres.baseline.sql", BASE)]);
    subject(&server, &folder).apply();
    let mut client = connect(&server, "app");
    client
        .batch_execute("INSERT INTO big VALUES (1, 1)")
        .unwrap();
    client
        .batch_execute("CREATE UNIQUE INDEX CONCURRENTLY older ON big (a)")
        .unwrap_err();
    let folder = scratch_patches(&[
        ("app.00000000.0000.postgres.baseline.sql", BASE),
        (
            "app.20240101.0001.postgres.c.sql",
            "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY i ON big (b);\n",
        ),
    ]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(0);
    outcome.assert_stderr_contains("index `public.older` of `public.big` is invalid");
    assert_eq!(
        indexes(&server),
        [("i".to_owned(), true), ("older".to_owned(), false)]
    );
}

#[test]
fn an_interrupted_procedure_is_in_doubt_until_it_is_resolved() {
    for (resolution, expected) in [("--applied", 1), ("--retry", 2)] {
        let server = server();
        let folder = folder("DO $$ BEGIN INSERT INTO effect VALUES ('done'); COMMIT; END $$;\n");
        let subject = subject(&server, &folder);
        subject.start_armed(&["apply"], "ran:2:kill").wait();
        for _ in 0..2 {
            let outcome = subject.run(&["apply"]);
            outcome.assert_code(3);
            outcome.assert_stderr_contains("patchgen resolve --applied app.20240101.0001");
        }
        let outcome = subject.run(&["status", "--format", "json"]);
        outcome.assert_stdout_contains("\"in-doubt\"");
        let outcome = subject.run(&["resolve", resolution, "app.20240101.0001"]);
        outcome.assert_code(0);
        let state = if resolution == "--applied" {
            "applied"
        } else {
            "pending"
        };
        let status = subject.run(&["status"]).stdout;
        let line = status.lines().find(|line| line.contains("20240101.0001"));
        assert!(line.is_some_and(|line| line.contains(state)), "{status}");
        subject.apply();
        let done = effects(&server, "app")
            .iter()
            .filter(|patch| *patch == "done")
            .count();
        assert_eq!(done, expected, "{resolution}");
        let outcome = subject.run(&["resolve", resolution, "app.20240101.0001"]);
        outcome.assert_code(1);
        outcome.assert_stderr_contains("is not in doubt: it is applied");
    }
}

#[test]
fn a_procedure_that_fails_is_in_doubt_unless_it_cannot_have_committed() {
    const MAKE: &str = "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO effect VALUES ('part'); \
        COMMIT; PERFORM 1 / (SELECT count(*) FROM effect WHERE patch = 'ready'); END $$;\n\
        CREATE PROCEDURE check_it() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO effect VALUES ('part'); \
        PERFORM 1 / (SELECT count(*) FROM effect WHERE patch = 'ready'); END $$;\n";
    for (call, code, parts, sql_state) in [
        ("CALL fill();", 3, 1, "22012"),
        ("DO $$ BEGIN CALL fill(); END $$;", 3, 1, "22012"),
        ("CALL check_it();", 3, 0, "22012"),
        ("CALL missing();", 1, 0, "42883"),
        ("DO $$ BEGIN PERFORM 1 / 0; END $$;", 1, 0, "22012"),
    ] {
        let server = server();
        let folder = folder(&format!("{MAKE}{call}\n"));
        let subject = subject(&server, &folder);
        for _ in 0..2 {
            let outcome = subject.run(&["apply"]);
            assert_eq!(
                outcome.status.code(),
                Some(code),
                "{call}: {}",
                outcome.stderr
            );
            let parts_now = effects(&server, "app")
                .iter()
                .filter(|patch| *patch == "part")
                .count();
            assert_eq!(parts_now, parts, "{call}");
        }
        let is_in_doubt = subject.run(&["status", "--exit-code"]).status.code() == Some(3);
        assert_eq!(is_in_doubt, code == 3, "{call}");
        let status = subject.run(&["status", "--format", "json"]).stdout;
        assert!(
            status.contains(&format!("\"sqlstate\": \"{sql_state}\"")),
            "{call}: {status}"
        );
        assert_eq!(
            status.contains("\"in-doubt\""),
            code == 3,
            "{call}: {status}"
        );
    }
}

#[test]
fn a_begun_patch_stays_concurrent_and_an_outcome_that_the_server_knows_cannot_be_resolved() {
    let server = server();
    let folder = folder("INSERT INTO effect VALUES ('first');\nINSERT INTO nowhere VALUES (1);\n");
    let subject = subject(&server, &folder);
    // Prevents the record of the first statement's commit.
    let running = subject.start_armed(&["apply"], "committing:2:stop");
    running.wait_until_stopped();
    end_sessions(&server, "datname = 'patches'");
    running.resume();
    running.wait().assert_code(1);
    for resolution in ["--applied", "--retry"] {
        let outcome = subject.run(&["resolve", resolution, "app.20240101.0001"]);
        outcome.assert_code(1);
        let message = "is not in doubt: the server says that it was committed";
        outcome.assert_stderr_contains(message);
    }
    let second = "INSERT INTO effect VALUES ('first');\nINSERT INTO effect VALUES ('second');\n";
    write_patch(&folder, FILE, second);
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(1);
    let message = "was begun as a concurrent patch";
    outcome.assert_stderr_contains(message);
    write_patch(&folder, FILE, &format!("{CONCURRENT}{second}"));
    subject.apply();
    assert_eq!(effects(&server, "app"), ["first", "second", "after"]);
}

#[test]
fn a_begun_patch_whose_file_is_missing_is_reported() {
    let server = server();
    let folder = folder("INSERT INTO effect VALUES ('first');\nINSERT INTO nowhere VALUES (1);\n");
    let subject = subject(&server, &folder);
    subject.run(&["apply"]).assert_code(1);
    std::fs::remove_file(folder.path().join(FILE)).unwrap();
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(0);
    let message =
        "was begun, never finished, and is missing from this program; 1 of its statements are done";
    outcome.assert_stderr_contains(message);
}

#[test]
fn statements_that_are_done_may_not_be_edited_and_the_rest_may() {
    let server = server();
    let broken = "INSERT INTO effect VALUES ('first');\nINSERT INTO nowhere VALUES (1);\n";
    let folder = folder(broken);
    let subject = subject(&server, &folder);
    subject.run(&["apply"]).assert_code(1);
    let write = |sql: &str| write_patch(&folder, FILE, &format!("{CONCURRENT}{sql}"));
    write("INSERT INTO effect VALUES ('edited');\nSELECT 1;\n");
    let outcome = subject.run(&["apply"]);
    outcome.assert_stderr_contains("was edited in statements that are already done");
    write("INSERT INTO effect VALUES ('first');\nINSERT INTO effect VALUES ('second');\n");
    subject.apply();
    assert_eq!(effects(&server, "app"), ["first", "second", "after"]);
    assert!(BASE.starts_with(BASELINE.trim_end()));
}

#[test]
fn leftovers_of_a_rebuild_are_dropped_also_those_of_toast_tables() {
    const LEFT: &str = "SELECT c.relnamespace::regnamespace::text || ' ' || i.indisvalid \
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname ~ '_cc(new|old)' ORDER BY 1";
    for rebuilt in [
        "TABLE CONCURRENTLY big",
        "SCHEMA CONCURRENTLY s",
        "DATABASE CONCURRENTLY app",
    ] {
        let server = server();
        let folder = folder(&format!("REINDEX {rebuilt};\n"));
        let subject = subject(&server, &folder);
        subject.run(&["apply", "--one"]).assert_code(0);
        let prepare = [
            "ALTER TABLE big ADD note text",
            "CREATE INDEX i ON big (a)",
            "CREATE SCHEMA s",
            "ALTER TABLE big SET SCHEMA s",
            "ALTER DATABASE app SET search_path = public, s",
        ];
        execute(&server, "app", &prepare);
        let waits = format!("SELECT count(*) / 2 FROM ({LEFT}) l");
        let mut writer = kill_when(&server, &subject, &waits);
        end_sessions(&server, "query LIKE 'REINDEX%'");
        writer.batch_execute("COMMIT").unwrap();
        let left = column(&server, "app", LEFT);
        assert_eq!(left, ["pg_toast false", "s false"], "{rebuilt}");
        subject.apply();
        let left = column(&server, "app", LEFT);
        assert!(left.is_empty(), "{rebuilt}: {left:?}");
        assert_eq!(indexes(&server), [("i".to_owned(), true)], "{rebuilt}");
    }
}

#[test]
fn a_builder_that_outlives_its_program_does_not_hold_up_another_patch() {
    const FIRST: &str = "patch-2211-5-0-concurrent.sql";
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE app"]);
    execute(&server, "app", &[BASE]);
    let folder = scratch_patches(&[(FIRST, "CREATE INDEX CONCURRENTLY i ON big (a);\n")]);
    let options = ["--database=app", "--user=postgres", "--lock-wait=5s"];
    let subject = subject(&server, &folder).options(&options);
    let mut writer = kill_when(&server, &subject, BUILDS);
    std::fs::remove_file(folder.path().join(FIRST)).unwrap();
    let second = "INSERT INTO effect VALUES ('second');\n";
    write_patch(&folder, "patch-2211-5-1-concurrent.sql", second);
    subject.apply();
    assert_eq!(effects(&server, "app"), ["second"]);
    assert_eq!(count(&server, "app", BUILDS), 1);
    writer.batch_execute("COMMIT").unwrap();
}

#[test]
fn a_patch_in_doubt_is_resolved_by_the_name_of_its_database_and_of_its_place() {
    for name in ["app", "app_test"] {
        let server = server();
        let folder = folder("DO $$ BEGIN INSERT INTO effect VALUES ('done'); COMMIT; END $$;\n");
        let subject = subject(&server, &folder).option("--map=app=app_test");
        subject.start_armed(&["apply"], "ran:2:kill").wait();
        subject.run(&["apply"]).assert_code(3);
        let identity = format!("{name}.20240101.0001");
        let outcome = subject.run(&["resolve", "--applied", &identity]);
        outcome.assert_code(0);
        subject.apply();
        assert_eq!(effects(&server, "app_test"), ["done", "after"], "{name}");
    }
}

#[test]
fn an_interrupted_do_is_in_doubt_only_if_it_may_have_committed() {
    for (body, code, expected) in [
        (
            "INSERT INTO effect VALUES ('done');",
            0,
            &["done", "after"][..],
        ),
        (
            "EXECUTE 'INSERT INTO effect VALUES (''done'')';",
            3,
            &["done"],
        ),
    ] {
        let server = server();
        let folder = folder(&format!("DO $$ BEGIN {body} END $$;\n"));
        let subject = subject(&server, &folder);
        subject.start_armed(&["apply"], "ran:2:kill").wait();
        let outcome = subject.run(&["apply"]);
        outcome.assert_code(code);
        assert_eq!(effects(&server, "app"), expected, "{body}");
    }
}
