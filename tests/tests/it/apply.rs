//! Effects of a run on databases and ledger, and its refusals.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{
    BASELINE, Subject, app_patches, column, connect, effect, effects, execute, scratch_patches,
    server, write_patch,
};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Returns the database, version and state of each patch in the ledger.
fn states(server: &Server) -> Vec<String> {
    let query = "SELECT database || ' ' || major || ' ' || state FROM patchgen.patch ORDER BY database, major, minor";
    column(server, "patches", query)
}

/// Returns the JSON output of `status`.
fn status(subject: &Subject) -> serde_json::Value {
    let outcome = subject.run(&["status", "--format", "json"]);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn patches_run_in_order_of_database_and_version_whatever_their_folder() {
    let server = server();
    let folder = scratch_patches(&[
        ("z/alpha.00000000.0000.postgres.baseline.sql", BASELINE),
        ("a/beta.00000000.0000.postgres.baseline.sql", BASELINE),
        ("b/alpha.20240102.0000.postgres.third.sql", &effect("third")),
        (
            "c/alpha.20240101.0002.postgres.second.sql",
            &effect("second"),
        ),
        ("d/alpha.20240101.0001.postgres.first.sql", &effect("first")),
        ("e/beta.20240101.0001.postgres.other.sql", &effect("other")),
    ]);
    let subject = subject(&server, &folder);
    let printed = subject.apply();
    assert!(printed.starts_with("applied 6 patches in "), "{printed}");
    assert_eq!(effects(&server, "alpha"), ["first", "second", "third"]);
    assert_eq!(effects(&server, "beta"), ["other"]);
    assert!(subject.apply().starts_with("nothing to do for 6 patches"));

    // Folder, user and description are not the patch's identity.
    execute(&server, "alpha", &["CREATE ROLE other LOGIN"]);
    fs::rename(
        folder
            .path()
            .join("d/alpha.20240101.0001.postgres.first.sql"),
        folder
            .path()
            .join("a/alpha.20240101.0001.other.renamed.sql"),
    )
    .unwrap();
    assert!(subject.apply().starts_with("nothing to do for 6 patches"));
    assert_eq!(effects(&server, "alpha"), ["first", "second", "third"]);
}

#[test]
fn an_edited_patch_is_refused_before_anything_runs() {
    let server = server();
    let folder = app_patches(&[("first", &effect("first"))]);
    let subject = subject(&server, &folder);
    subject.apply();
    write_patch(
        &folder,
        "app.20240101.0001.postgres.first.sql",
        &effect("edited"),
    );
    write_patch(
        &folder,
        "app.20240101.0002.postgres.new.sql",
        &effect("new"),
    );
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains(
        "app.20240101.0001.postgres.first.sql` was edited after it was applied: applied ",
    );
    outcome.assert_stderr_contains("help: restore the file as it was applied");
    assert_eq!(effects(&server, "app"), ["first"]);
    let outcome = subject.run(&["verify"]);
    outcome.assert_code(1);
    outcome.assert_stdout_contains("2 applied patches compared, 1 differ; 1 not applied");
}

#[test]
fn missing_newer_and_late_patches_are_warnings_and_do_not_stop_the_run() {
    let server = server();
    let folder = scratch_patches(&[
        ("app.00000000.0000.postgres.baseline.sql", BASELINE),
        ("app.20240101.0001.postgres.first.sql", &effect("first")),
        ("app.20240101.0003.postgres.third.sql", &effect("third")),
        ("app.20240101.0009.postgres.ninth.sql", &effect("ninth")),
    ]);
    let subject = subject(&server, &folder);
    subject.apply();
    fs::remove_file(folder.path().join("app.20240101.0001.postgres.first.sql")).unwrap();
    fs::remove_file(folder.path().join("app.20240101.0009.postgres.ninth.sql")).unwrap();
    write_patch(
        &folder,
        "app.20240101.0002.postgres.second.sql",
        &effect("second"),
    );
    let printed = subject.apply();
    for warning in [
        "first.sql` of `app` is applied and missing",
        "newer than this program",
        "comes late",
    ] {
        assert!(printed.contains(warning), "{warning}: {printed}");
    }
    assert_eq!(
        effects(&server, "app"),
        ["first", "third", "ninth", "second"]
    );
}

#[test]
fn a_failing_patch_is_rolled_back_and_the_position_of_its_error_is_shown() {
    let server = server();
    let sql = "-- Äpfel\nINSERT INTO effect VALUES ('gone');\nINSERT INTO effect\n  VALUES ('ö', nothing);\n";
    let folder = app_patches(&[("broken", sql), ("after", &effect("after"))]);
    let subject = subject(&server, &folder);
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(1);
    let expected = "app.20240101.0001.postgres.broken.sql:4:16: column \"nothing\" does not exist (42703)\n   \
                    4 |   VALUES ('ö', nothing);\n     |                ^\nhelp: rolled back";
    outcome.assert_stderr_contains(expected);
    assert!(effects(&server, "app").is_empty());
    assert_eq!(states(&server), ["app 0 applied", "app 20240101 intent"]);
    let status = status(&subject);
    let words: Vec<&str> = status
        .as_array()
        .unwrap()
        .iter()
        .map(|patch| patch["state"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["applied", "failed", "pending"]);
    assert_eq!(status[1]["sqlstate"], "42703");

    write_patch(
        &folder,
        "app.20240101.0001.postgres.broken.sql",
        &effect("mended"),
    );
    subject.apply();
    assert_eq!(effects(&server, "app"), ["mended", "after"]);
}

#[test]
fn a_utility_statement_that_fails_is_found_without_a_position() {
    let server = server();
    let folder = app_patches(&[(
        "broken",
        "SELECT 1;\n\n  ALTER TABLE nowhere ADD COLUMN a int;\n",
    )]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_stderr_contains("broken.sql:3:3: relation \"nowhere\" does not exist");
}

#[test]
fn a_deferred_constraint_fails_at_commit_and_nothing_stays() {
    let server = server();
    let deferred = "CREATE TABLE child (a int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);\n\
                    INSERT INTO child VALUES (1);\n";
    let folder = scratch_patches(&[
        (
            "app.00000000.0000.postgres.baseline.sql",
            "CREATE TABLE parent (a int PRIMARY KEY);",
        ),
        ("app.20240101.0001.postgres.child.sql", deferred),
    ]);
    for location in ["apart", "target"] {
        let mut subject = subject(&server, &folder);
        if location == "target" {
            subject = subject.option("--state-in-target").option("--map=app=app2");
        }
        let outcome = subject.run(&["apply"]);
        outcome.assert_code(1);
        assert!(
            outcome.stderr.contains("violates foreign key constraint"),
            "{location}: {}",
            outcome.stderr
        );
        let status = status(&subject);
        assert_eq!(status[1]["state"], "failed", "{location}: {status}");
        assert_eq!(status[1]["sqlstate"], "23503");
    }
}

#[test]
fn settings_of_a_patch_end_with_it() {
    let server = server();
    let leaky = "SET search_path = pg_catalog; SET ROLE other; CREATE TEMP TABLE t (); LISTEN x;\n";
    let checks = "DO $$ BEGIN\n\
        IF current_setting('search_path') <> '\"$user\", public' OR current_user <> 'postgres' THEN\n\
        RAISE EXCEPTION 'leaked % %', current_setting('search_path'), current_user; END IF; END $$;\n\
        CREATE TEMP TABLE t ();\n";
    let folder = scratch_patches(&[
        (
            "app.00000000.0000.postgres.baseline.sql",
            "CREATE ROLE other; CREATE TABLE effect (patch text);",
        ),
        ("app.20240101.0001.postgres.leaky.sql", leaky),
        ("app.20240101.0002.postgres.checks.sql", checks),
        ("app.20240101.0003.postgres.effect.sql", &effect("there")),
    ]);
    for options in [
        &["--grouped"][..],
        &["--state-in-target", "--map=app=second"],
    ] {
        connect(&server, "postgres")
            .batch_execute("DROP DATABASE IF EXISTS app; DROP ROLE IF EXISTS other")
            .ok();
        let subject = subject(&server, &folder).options(options);
        connect(&server, "postgres")
            .batch_execute("DROP ROLE IF EXISTS other")
            .ok();
        subject.apply();
    }
}

#[test]
fn a_server_that_is_down_and_a_wrong_password_are_reported_in_one_line() {
    let folder = app_patches(&[]);
    let server = patchgen_sandbox::Options::new()
        .auth(patchgen_sandbox::Auth::Scram {
            password: "right".to_owned(),
        })
        .throwaway()
        .unwrap();
    let conninfo = |port: u16, password: &str| {
        format!("host=127.0.0.1 port={port} user=postgres password={password}")
    };
    let subject = |conninfo: String| subject(&server, &folder).conninfo(conninfo);

    let outcome = subject(conninfo(1, "right")).run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains(
        "error: cannot reach the server at `127.0.0.1:1`: connection refused",
    );

    let outcome = subject(conninfo(server.port(), "wrong")).run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("refused the password of role `postgres`");
    outcome.assert_stderr_contains("set `POSTGRESQL_POSTGRES_PASSWORD`");
    assert!(!outcome.stderr.contains("wrong"), "{}", outcome.stderr);

    let right =
        subject(conninfo(server.port(), "wrong")).variable("POSTGRESQL_POSTGRES_PASSWORD", "right");
    right.apply();
    // The state role's password was its name. The statement changes it.
    let mut client =
        postgres::Client::connect(&conninfo(server.port(), "right"), postgres::NoTls).unwrap();
    client
        .batch_execute("ALTER ROLE patches PASSWORD 'changed'")
        .unwrap();
    let outcome = right.run(&["apply"]);
    outcome.assert_stderr_contains("refused the password of role `patches`");
    right
        .variable("POSTGRESQL_PATCHES_PASSWORD", "changed")
        .apply();
}

#[test]
fn a_dry_run_changes_nothing() {
    let server = server();
    let folder = app_patches(&[]);
    let subject = subject(&server, &folder);
    subject.apply();
    write_patch(
        &folder,
        "app.20240101.0001.postgres.a.sql",
        "CREATE TABLE a (b int);",
    );
    write_patch(
        &folder,
        "app.20240101.0002.postgres.b.sql",
        "INSERT INTO a VALUES (1);",
    );
    let outcome = subject.run(&["apply", "--dry-run"]);
    assert!(
        outcome
            .stdout
            .starts_with("tried 2 patches and rolled them back"),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    let outcome = subject.run(&["plan", "--exit-code"]);
    outcome.assert_code(4);
    assert_eq!(states(&server), ["app 0 applied"]);
}

#[test]
fn an_edited_patch_and_one_in_doubt_are_reported_together() {
    let server = server();
    let commits = "-- patch: kind=concurrent\nDO $$ BEGIN COMMIT; END $$;\n";
    let folder = app_patches(&[("first", &effect("first")), ("commits", commits)]);
    let subject = subject(&server, &folder);
    subject.run(&["apply", "--group"]).assert_code(0);
    subject.start_armed(&["apply"], "ran:1:kill").wait();
    write_patch(
        &folder,
        "app.20240101.0001.postgres.first.sql",
        &effect("edited"),
    );
    for action in ["plan", "apply"] {
        let outcome = subject.run(&[action]);
        outcome.assert_code(3);
        for message in [
            "first.sql` was edited after it was applied",
            "commits.sql:2:1",
            "patchgen resolve --applied app.20240101.0002",
        ] {
            outcome.assert_stderr_contains(message);
        }
    }
}

#[test]
fn attempts_are_counted_over_all_runs() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let folder = app_patches(&[("broken", "SELECT 1 / 0;\n")]);
        let subject = subject(&server, &folder).options(options);
        for attempt in 1..=3 {
            let outcome = subject.run(&["apply"]);
            outcome.assert_code(1);
            outcome.assert_stderr_contains(&format!("broken.sql\", attempt: {attempt} }}"));
        }
    }
}

#[test]
fn a_server_that_is_too_old_is_refused_at_the_first_contact() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // A server that lets everybody in and says its version.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
            stream.read_exact(&mut startup).unwrap();
            let mut answer = b"R\0\0\0\x08\0\0\0\0".to_vec();
            answer.extend(b"S\x00\x00\x00\x19server_version\x0012.22\x00");
            answer.extend(b"Z\0\0\0\x05I");
            stream.write_all(&answer).unwrap();
            // Until the program has gone.
            let _ = stream.read_to_end(&mut startup);
        }
    });
    let server = server();
    let folder = app_patches(&[]);
    let subject = subject(&server, &folder);
    let subject = subject.conninfo(format!("host=127.0.0.1 port={port} user=postgres"));
    for action in ["apply", "plan", "status", "verify", "export"] {
        let outcome = subject.run(&[action]);
        outcome.assert_code(1);
        outcome.assert_stderr_contains(&format!(
            "error: the server at `127.0.0.1:{port}` is PostgreSQL 12.22, and 13 or later is needed\nhelp: "
        ));
    }
}
