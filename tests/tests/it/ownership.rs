//! Roles that own a database or only a schema, and their requests to an administrator.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{
    BASELINE, Outcome, Subject, column, effect, execute, scratch_patches, server, write_patch,
};
use tempfile::TempDir;

/// Creates a folder with a baseline of two files and a patch, which run as `app`.
fn folder() -> TempDir {
    scratch_patches(&[
        ("app.00000000.0000.app.baseline.sql", BASELINE),
        ("app.00000000.0001.app.second.sql", &effect("second")),
        ("app.20240101.0001.app.first.sql", &effect("first")),
    ])
}

/// Returns the program with the login `app` and options.
fn app_subject(server: &Server, folder: &TempDir, options: &[&str]) -> Subject {
    let subject = subject(server, folder).conninfo(server.conninfo("postgres", "app"));
    subject.options(options)
}

/// Returns the statements that an administrator is asked to run.
fn requested_statements(outcome: &Outcome) -> Vec<String> {
    outcome.assert_code(1);
    let request = outcome.stderr.split_once("let an administrator run: ");
    let (_, request) = request.unwrap_or_else(|| panic!("{}", outcome.stderr));
    let line = request.lines().next().unwrap();
    line.split_inclusive(';')
        .map(|statement| statement.replace("'...'", "'app'"))
        .collect()
}

#[test]
fn a_role_with_createdb_owns_its_database_and_needs_the_right_only_once() {
    for options in [&["--state-in-target"][..], &["--state-role=app"]] {
        let server = server();
        execute(&server, "postgres", &["CREATE ROLE app LOGIN CREATEDB"]);
        let folder = folder();
        let subject = app_subject(&server, &folder, options);
        subject.apply();
        execute(&server, "postgres", &["ALTER ROLE app NOCREATEDB"]);
        assert!(subject.apply().starts_with("nothing to do"), "{options:?}");
        write_patch(&folder, "app.20240101.0002.app.later.sql", &effect("later"));
        for action in ["plan", "status", "verify", "apply", "verify"] {
            let outcome = subject.run(&[action]);
            assert!(
                outcome.status.success(),
                "{options:?} {action}: {}",
                outcome.stderr
            );
        }
        assert_eq!(
            column(&server, "app", "SELECT patch FROM effect"),
            ["second", "first", "later"]
        );
        let owners =
            "SELECT DISTINCT pg_get_userbyid(datdba)::text FROM pg_database WHERE oid >= 16384";
        assert_eq!(column(&server, "app", owners), ["app"]);
    }
}

#[test]
fn schemas_of_several_roles_live_side_by_side() {
    let server = server();
    let roles = [
        "CREATE DATABASE shared",
        "CREATE ROLE app LOGIN",
        "CREATE ROLE other LOGIN",
    ];
    execute(&server, "postgres", &roles);
    execute(
        &server,
        "postgres",
        &["GRANT CREATE ON DATABASE shared TO app, other"],
    );
    execute(
        &server,
        "shared",
        &[
            "CREATE SCHEMA old AUTHORIZATION app",
            "CREATE TABLE old.effect (patch text)",
            "ALTER TABLE old.effect OWNER TO app",
        ],
    );
    let folder = folder();
    for schema in ["one", "two; -- odd", "old"] {
        let subject = app_subject(
            &server,
            &folder,
            &["--state-in-target", &format!("--map=app=shared/{schema}")],
        );
        assert!(subject.run(&["apply", "--dry-run"]).status.success());
        let printed = subject.apply();
        assert_eq!(printed.contains("recorded"), schema == "old", "{printed}");
        assert!(subject.apply().starts_with("nothing to do"), "{schema}");
    }
    let other = scratch_patches(&[
        ("app.00000000.0000.other.baseline.sql", BASELINE),
        ("app.20240101.0001.other.first.sql", &effect("other")),
    ]);
    let options = ["--state-in-target", "--map=app=shared/other"];
    let subject = |options| {
        app_subject(&server, &other, options).conninfo(server.conninfo("shared", "other"))
    };
    let outcome = subject(&options).run(&["apply"]);
    outcome.assert_stderr_contains("name another schema with --state-schema");
    subject(&[&options[..], &["--state-schema=other_patches"]].concat()).apply();

    for (schema, expected) in [
        ("one", &["second", "first"][..]),
        ("\"two; -- odd\"", &["second", "first"]),
        ("old", &["first"]),
        ("other", &["other"]),
    ] {
        let query = format!("SELECT patch FROM {schema}.effect");
        assert_eq!(column(&server, "shared", &query), expected, "{schema}");
    }
    let query = "SELECT nspname || ' ' || pg_get_userbyid(nspowner) FROM pg_namespace WHERE oid >= 16384 ORDER BY 1";
    let schemas = [
        "old app",
        "one app",
        "other other",
        "other_patches other",
        "patchgen app",
        "two; -- odd app",
    ];
    assert_eq!(column(&server, "shared", query), schemas);
    assert!(
        column(
            &server,
            "shared",
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        .is_empty()
    );
}

#[test]
fn a_schema_whose_bootstrap_was_killed_is_completed() {
    let folder = scratch_patches(&[
        (
            "app.00000000.0000.app.baseline.sql",
            &format!(
                "{BASELINE}GRANT USAGE ON SCHEMA mine TO helper; GRANT INSERT ON effect TO helper;"
            ),
        ),
        ("app.00000000.0001.helper.second.sql", &effect("second")),
        ("app.20240101.0001.app.first.sql", &effect("first")),
    ]);
    for point in ["ran", "committing", "committed", "finished", "intent"] {
        for number in 1..4 {
            let server = server();
            let prepare = [
                "CREATE DATABASE shared",
                "CREATE ROLE app LOGIN",
                "CREATE ROLE helper LOGIN",
                "GRANT CREATE ON DATABASE shared TO app",
            ];
            execute(&server, "postgres", &prepare);
            let subject = app_subject(&server, &folder, &["--map=app=shared/mine"])
                .conninfo(server.conninfo("postgres", "postgres"));
            subject
                .start_armed(&["apply"], &format!("{point}:{number}:kill"))
                .wait();
            subject.apply();
            assert_eq!(
                column(&server, "shared", "SELECT patch FROM mine.effect"),
                ["second", "first"],
                "{point} {number}"
            );
        }
    }
}

#[test]
fn missing_rights_are_requested_from_an_administrator_as_sql() {
    let folder = folder();
    for (options, requests) in [
        (&["--state-in-target"][..], 2),
        (&["--state-in-target", "--map=app=shared/app"], 3),
        (&["--map=app=shared/app"], 3),
        (&[], 3),
    ] {
        let server = server();
        execute(&server, "postgres", &["CREATE DATABASE shared"]);
        let subject = app_subject(&server, &folder, options);
        let mut asked = 0;
        loop {
            let outcome = subject.run(&["apply"]);
            if outcome.status.success() {
                break;
            }
            asked += 1;
            assert!(asked <= requests, "{options:?}: {}", outcome.stderr);
            for statement in requested_statements(&outcome) {
                execute(&server, "postgres", &[&statement]);
            }
        }
        let (database, schema) = if options.contains(&"--map=app=shared/app") {
            ("shared", "app")
        } else {
            ("app", "public")
        };
        let query = format!("SELECT patch FROM {schema}.effect");
        assert_eq!(
            column(&server, database, &query),
            ["second", "first"],
            "{options:?}"
        );
        let marked = "SELECT datname::text FROM pg_database WHERE datconnlimit > 0";
        assert!(
            column(&server, "postgres", marked).is_empty(),
            "{options:?}"
        );
    }
}

#[test]
fn a_schema_without_a_bootstrap_is_not_created() {
    let server = server();
    execute(
        &server,
        "postgres",
        &["CREATE ROLE app SUPERUSER LOGIN", "CREATE DATABASE shared"],
    );
    let folder = scratch_patches(&[("app.20240101.0001.app.first.sql", "CREATE TABLE stray ();")]);
    let outcome = app_subject(&server, &folder, &["--map=app=shared/typo"]).run(&["apply"]);
    outcome.assert_code(1);
    for message in [
        "schema `typo` does not exist in database `shared`",
        "CREATE SCHEMA \"typo\" AUTHORIZATION \"app\";",
    ] {
        outcome.assert_stderr_contains(message);
    }
}

#[test]
fn a_database_is_created_from_the_template_that_is_named() {
    let server = server();
    execute(
        &server,
        "postgres",
        &[
            "CREATE ROLE app LOGIN CREATEDB",
            "CREATE DATABASE mould IS_TEMPLATE true",
        ],
    );
    execute(&server, "mould", &["CREATE TABLE from_mould ()"]);
    let folder = folder();
    for options in [&["--state-in-target"][..], &["--state-role=app"]] {
        let subject = app_subject(&server, &folder, &[options, &["--template=mould"]].concat());
        execute(&server, "postgres", &["DROP DATABASE IF EXISTS app"]);
        subject.apply();
        assert_eq!(
            column(
                &server,
                "app",
                "SELECT relname::text FROM pg_class WHERE relname = 'from_mould'"
            )
            .len(),
            1
        );
    }
}
