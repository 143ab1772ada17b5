//! Passwords: where they come from, and where they must not appear.

use crate::subject;
use patchgen_sandbox::{Auth, Options, Server};
use patchgen_tests::{BASELINE, Running, column, effect, program, scratch_patches, server};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// Returns a `PATH` that begins with the server's programs, so that psql is not a distribution's wrapper.
fn path(server: &Server) -> String {
    let folder = server.binaries().dir().display().to_string();
    format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
}

#[test]
fn an_error_of_psql_does_not_show_the_value_of_a_variable() {
    for settings in [
        "",
        "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT always\n\\set ECHO errors\n",
    ] {
        let server = server();
        let script = format!(
            "-- patch: script=psql\n{settings}\\getenv secret SECRET\n\
             DO $$ BEGIN RAISE NOTICE 'begun'; END $$;\nSELECT :'secret',\n  nothing, :'secret';\n"
        );
        let folder = scratch_patches(&[
            ("own.00000000.0000.postgres.baseline.sql", &script),
            ("own.20240101.0001.postgres.a.sql", &effect("a")),
        ]);
        let conninfo = server.conninfo("postgres", "postgres");
        let patchgen = |arguments: &[&str]| {
            let mut command = Command::new(program("patchgen"));
            command
                .current_dir(folder.path())
                .args(["-l", "trace", "--conninfo", &conninfo])
                .args(["--format", "json"])
                .args(arguments)
                .arg("*.sql")
                .env("PATH", path(&server))
                .env("SECRET", "Zq7Zq7");
            Running::start(&mut command).wait()
        };
        let outcome = patchgen(&["apply"]);
        outcome.assert_code(1);
        outcome.assert_stderr_contains("column \"nothing\" does not exist");
        let status = patchgen(&["status"]);
        status.assert_code(0);
        let recorded = column(
            &server,
            "patches",
            "SELECT coalesce(message, '') FROM patchgen.patch",
        );
        assert_eq!(recorded.len(), 1);
        assert!(recorded[0].contains("\"nothing\""), "{recorded:?}");
        for text in [
            &outcome.stdout,
            &outcome.stderr,
            &status.stdout,
            &status.stderr,
            &recorded[0],
        ] {
            assert!(!text.contains("Zq7"), "{text}");
        }
    }
}

#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    let server = server();
    let folder = scratch_patches(&[
        (
            "own.00000000.0000.postgres.baseline.sql",
            "\\getenv note NOTE\nCREATE TABLE effect (patch text);\n",
        ),
        ("own.20240101.0001.postgres.a.sql", &effect("a")),
    ]);
    let conninfo = server.conninfo("postgres", "postgres");
    for name in [
        "PGHOST",
        "PGPASSFILE",
        "DATABASE_URL",
        "POSTGRESQL_PATCHES_PASSWORD",
        "NOTE",
    ] {
        let mut command = Command::new(program("patchgen"));
        command.current_dir(folder.path()).args(["apply", "*.sql"]);
        // `DATABASE_URL` is read only where no connection is given.
        command.env("DATABASE_URL", &conninfo);
        if name != "DATABASE_URL" {
            command.args(["--conninfo", &conninfo]);
        }
        command.env(name, OsStr::from_bytes(b"\xff"));
        let outcome = Running::start(&mut command).wait();
        outcome.assert_code(1);
        outcome.assert_stderr_contains(&format!("the environment variable `{name}` is not UTF-8"));
    }
}

#[test]
fn a_role_has_its_name_as_password_only_where_no_other_machine_can_use_it() {
    const NAMES: &str = "SELECT datname::text FROM pg_database WHERE NOT datistemplate \
        UNION ALL SELECT rolname FROM pg_roles WHERE rolname = 'patches' ORDER BY 1";
    let state = "CREATE TABLE note (n int);\n";
    for (file, text) in [
        ("app.00000000.0000.postgres.baseline.sql", BASELINE),
        ("patches.00000000.0000.postgres.baseline.sql", state),
    ] {
        let server = Options::new()
            .file("postgresql.auto.conf", "listen_addresses = '*'\n")
            .throwaway()
            .unwrap();
        let folder = scratch_patches(&[(file, text)]);
        let subject = subject(&server, &folder);
        for action in ["apply", "export"] {
            let outcome = subject.run(&[action]);
            outcome.assert_code(1);
            outcome.assert_stderr_contains("which listens on `*`, and no password is given");
            outcome.assert_stderr_contains("set `POSTGRESQL_PATCHES_PASSWORD`");
            outcome.assert_stderr_contains("--password-is-user");
        }
        assert_eq!(column(&server, "postgres", NAMES), ["postgres"], "{file}");
        let permitted = subject.clone().option("--password-is-user");
        permitted.run(&["export"]).assert_code(0);
        let given = subject.variable("POSTGRESQL_PATCHES_PASSWORD", "correct horse");
        given.run(&["export"]).assert_code(0);
        if file.starts_with("app") {
            given.apply();
        } else {
            permitted.apply();
        }
        assert!(given.apply().starts_with("nothing to do"), "{file}");
    }
}

#[test]
fn a_password_file_that_others_may_read_is_a_warning_once_and_named_in_the_error() {
    let auth = Auth::Scram {
        password: "correct horse".to_owned(),
    };
    let server = Options::new().auth(auth).throwaway().unwrap();
    let folder = scratch_patches(&[
        ("app.00000000.0000.postgres.baseline.sql", BASELINE),
        ("app.20240101.0001.postgres.first.sql", &effect("first")),
    ]);
    let file = folder.path().join("passwords");
    fs::write(&file, "*:*:*:postgres:correct horse\n").unwrap();
    let path = file.to_str().unwrap();
    let mode = |mode| fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    let conninfo = format!(
        "host=127.0.0.1 port={} user=postgres passfile='{path}'",
        server.port()
    );
    let subject = subject(&server, &folder);
    let warning = format!("password file `{path}` is not used: others may read it (mode 0644)");

    mode(0o644);
    let outcome = subject.clone().conninfo(conninfo.as_str()).run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("refused the password of role");
    let (_, error) = outcome.stderr.split_once("error: ").unwrap();
    let (_, help) = error.split_once("help: ").unwrap();
    assert!(help.contains(&warning), "{outcome:#?}");

    // The program can do without the file, and says that it does.
    let subject = subject.conninfo(format!("{conninfo} password='correct horse'"));
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(0);
    assert_eq!(outcome.stdout.matches(&warning).count(), 1, "{outcome:#?}");
    let events = outcome.stderr.matches("Warning {").count();
    assert_eq!(events, 1, "{outcome:#?}");

    mode(0o600);
    assert!(!subject.apply().contains("warning: "));
}
