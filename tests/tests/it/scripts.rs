//! Baselines that are scripts: they create their databases, are interrupted, or need psql.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{column, connect, effect, effects, execute, scratch_patches, server};
use tempfile::TempDir;

const FILE: &str = "own.00000000.0000.postgres.baseline.sql";

/// A script that creates two databases with connection limits, and a role.
const SCRIPT: &str = r#"\set limit 5
CREATE ROLE dog_owner LOGIN;
CREATE DATABASE own TEMPLATE template0 CONNECTION LIMIT :limit;
CREATE DATABASE "side; car" OWNER dog_owner;
\connect "side; car"
CREATE TABLE effect (patch text);
INSERT INTO effect VALUES ('side');
\connect own - 
ALTER DATABASE own CONNECTION LIMIT = 7;
ALTER DATABASE own IS_TEMPLATE true;
CREATE TABLE effect (patch text);
INSERT INTO effect VALUES ('own');
"#;

fn folder(script: &str) -> TempDir {
    scratch_patches(&[
        (FILE, script),
        ("own.00000000.0001.postgres.second.sql", &effect("second")),
        ("own.20240101.0001.postgres.first.sql", &effect("first")),
    ])
}

fn assert_complete(server: &Server, what: &str) {
    assert_eq!(effects(server, "own"), ["own", "second", "first"], "{what}");
    assert_eq!(effects(server, "side; car"), ["side"], "{what}");
    let limits = "SELECT datconnlimit || ' ' || datistemplate FROM pg_database WHERE datname IN ('own', 'side; car') ORDER BY datname";
    assert_eq!(
        column(server, "postgres", limits),
        ["7 true", "-1 false"],
        "{what}"
    );
}

#[test]
fn a_script_killed_after_any_statement_is_run_again() {
    let folder = folder(SCRIPT);
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let subject = subject(&server, &folder).options(options);
        let mut kills = 0;
        for point in ["scripted", "ran", "state", "intent", "finished"] {
            for number in 1.. {
                for database in ["own", "side; car", "patches"] {
                    let ordinary = format!(
                        "UPDATE pg_database SET datistemplate = false WHERE datname = '{database}'"
                    );
                    let drop = format!("DROP DATABASE IF EXISTS \"{database}\"");
                    execute(&server, "postgres", &[&ordinary, &drop]);
                }
                let what = format!("{options:?} {point} {number}");
                let outcome = subject
                    .start_armed(&["apply"], &format!("{point}:{number}:kill"))
                    .wait();
                if outcome.status.success() {
                    break;
                }
                assert_eq!(outcome.status.code(), None, "{what}: {}", outcome.stderr);
                kills += 1;
                let outcome = subject.run(&["apply"]);
                outcome.assert_code(0);
                assert_complete(&server, &what);
                assert!(subject.apply().starts_with("nothing to do"), "{what}");
            }
        }
        assert!(kills >= 9, "{kills}");
    }
}

#[test]
fn only_an_unfinished_database_is_dropped() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE \"side; car\""]);
    let folder = folder(SCRIPT);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(1);
    outcome
        .assert_stderr_contains("baseline.sql:4:1: database \"side; car\" already exists (42P04)");
    execute(&server, "postgres", &["DROP DATABASE \"side; car\""]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(0);
    for message in [
        "bootstrap of database `own` was interrupted: dropping",
        "`dog_owner` is there already",
    ] {
        outcome.assert_stderr_contains(message);
    }
    assert_complete(&server, "after a failure");
}

#[test]
fn a_run_waits_for_a_template_that_is_in_use() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE busy"]);
    let user = connect(&server, "busy");
    let script = "CREATE DATABASE own TEMPLATE busy;\n\\c own\nCREATE TABLE effect (patch text);\nINSERT INTO effect VALUES ('own');\n";
    let folder = folder(script);
    let running = subject(&server, &folder).start(&["apply"]);
    running.wait_until_stderr_contains("is being accessed by other users");
    drop(user);
    let outcome = running.wait();
    outcome.assert_code(0);
}

/// Returns a `PATH` that begins with the server's programs, so that psql is not a distribution's wrapper.
fn path(server: &Server) -> String {
    let folder = server.binaries().dir().display().to_string();
    format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
}

#[test]
fn psql_runs_what_only_psql_understands() {
    let server = server();
    let script = "-- patch: script=psql\n\\set number `expr 20 + 22`\n\\if :{?number}\nCREATE DATABASE own CONNECTION LIMIT 7 IS_TEMPLATE true;\n\
        CREATE DATABASE \"side; car\";\n\\else\n\\quit\n\\endif\n\\c \"side; car\"\n\
        CREATE TABLE effect (patch text);\nINSERT INTO effect VALUES ('side');\n\\c own\n\
        SELECT format('CREATE TABLE effect (patch text)') \\gexec\nCOPY effect FROM stdin;\nown\n\\.\n\
        \\getenv secret SECRET\nCREATE TABLE answer AS SELECT :number AS number, :'secret' AS secret;\n";
    let folder = folder(script);
    let subject = subject(&server, &folder)
        .variable("PATH", &path(&server))
        .variable("SECRET", "it's");
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(0);
    assert_complete(&server, "psql");
    assert_eq!(
        column(&server, "own", "SELECT number || secret FROM answer"),
        ["42it's"]
    );
}

#[test]
fn an_error_of_psql_has_its_position() {
    let server = server();
    let script = "-- patch: script=psql\nSELECT 1;\n\n  SELECT nothing;\n";
    let folder = folder(script);
    let stderr_with = |path: &str| {
        subject(&server, &folder)
            .variable("PATH", path)
            .run(&["apply"])
            .stderr
    };
    let stderr = stderr_with(&path(&server));
    for expected in [
        "baseline.sql:4:3: column \"nothing\" does not exist\n   4 |   SELECT nothing;",
        "psql said: psql:<stdin>:4: ERROR",
    ] {
        assert!(stderr.contains(expected), "{stderr}");
    }
    let stderr = stderr_with("/nowhere");
    assert!(
        stderr.contains("asks for psql, which is not installed"),
        "{stderr}"
    );
    assert!(
        stderr.contains("apt-get install postgresql-client"),
        "{stderr}"
    );
}

#[test]
fn every_database_of_a_script_is_finished_whatever_its_name() {
    const LIMITS: &str = "SELECT datname || ' ' || datconnlimit FROM pg_database \
        WHERE datname IN ('own', 'odd\"Name', 'Åland') ORDER BY datname COLLATE \"C\"";
    let script = "CREATE DATABASE own;\nCREATE DATABASE \"odd\"\"Name\";\nCREATE DATABASE ÅLAND;\n\
        \\connect own\nCREATE TABLE effect (patch text);\nINSERT INTO effect VALUES ('own');\n";
    for directive in ["", "-- patch: script=psql\n"] {
        let server = server();
        let folder = folder(&format!("{directive}{script}"));
        let subject = subject(&server, &folder).variable("PATH", &path(&server));
        let point = if directive.is_empty() {
            "scripted"
        } else {
            "ran"
        };
        for number in 1.. {
            let drop = ["own", "odd\"\"Name", "Åland", "patches"]
                .map(|name| format!("DROP DATABASE IF EXISTS \"{name}\""));
            execute(&server, "postgres", &drop.each_ref().map(|drop| &drop[..]));
            let at = format!("{point}:{number}:kill");
            let outcome = subject.start_armed(&["apply"], &at).wait();
            subject.apply();
            let limits = column(&server, "postgres", LIMITS);
            assert_eq!(limits, ["odd\"Name -1", "own -1", "Åland -1"], "{at}");
            assert_eq!(effects(&server, "own"), ["own", "second", "first"], "{at}");
            assert!(subject.apply().starts_with("nothing to do"), "{at}");
            if outcome.status.success() {
                assert!(number > 1, "{at}");
                break;
            }
        }
    }
}
