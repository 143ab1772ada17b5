//! Databases, roles and the state database that a first run creates.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{
    BASELINE, app_patches, column, connect, count, effect, effects, execute, scratch_patches,
    server, write_patch,
};

#[test]
fn a_baseline_is_a_psql_script_with_variables_and_data() {
    let server = server();
    let baseline = r"\set owner dog_owner
\getenv secret DOG_SECRET
\set unused 'a b'
\unset unused
CREATE ROLE :owner LOGIN PASSWORD :'secret';
SET search_path = '';
CREATE TABLE public.dog (id int, name text);
ALTER TABLE public.dog OWNER TO :owner;
COPY public.dog (id, name) FROM stdin;
1	Ajax
2	Bella\tthe second
\.
INSERT INTO public.dog VALUES (3, :'owner'), (4, ':owner'), (5, :'unused');
";
    let folder = scratch_patches(&[
        (
            "kennel.00000000.0000.postgres.baseline.sql",
            &baseline.replace(", (5, :'unused')", ""),
        ),
        (
            "kennel.00000000.0001.dog_owner.more.sql",
            "INSERT INTO dog VALUES (5, current_user);",
        ),
        (
            "kennel.20240101.0001.dog_owner.later.sql",
            "INSERT INTO dog VALUES (6, 'later');",
        ),
    ]);
    subject(&server, &folder)
        .variable("DOG_SECRET", "it's")
        .apply();
    assert_eq!(
        column(&server, "kennel", "SELECT name FROM dog ORDER BY id"),
        [
            "Ajax",
            "Bella\tthe second",
            "dog_owner",
            ":owner",
            "dog_owner",
            "later"
        ]
    );
}

#[test]
fn a_script_may_create_its_database_itself() {
    let server = server();
    let script = "CREATE DATABASE own TEMPLATE template0;\n\\connect own\nCREATE TABLE effect (patch text);\n";
    let folder = scratch_patches(&[
        ("own.00000000.0000.postgres.baseline.sql", script),
        ("own.20240101.0001.postgres.first.sql", &effect("first")),
    ]);
    let subject = subject(&server, &folder);
    subject.apply();
    assert_eq!(count(&server, "own", "SELECT count(*) FROM effect"), 1);
    assert!(subject.apply().starts_with("nothing to do"));
}

#[test]
fn the_bootstrap_of_a_database_that_exists_is_recorded_and_not_run() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE old"]);
    execute(&server, "old", &[BASELINE]);
    let folder = scratch_patches(&[
        ("old.00000000.0000.postgres.baseline.sql", BASELINE),
        ("old.20240101.0001.postgres.first.sql", &effect("first")),
    ]);
    for (options, ledger) in [(&[][..], "patches"), (&["--state-in-target"][..], "old")] {
        execute(&server, "old", &["TRUNCATE effect"]);
        let subject = subject(&server, &folder).options(options);
        assert!(subject.apply().contains("recorded"));
        let states = "SELECT state FROM patchgen.patch ORDER BY major";
        assert_eq!(column(&server, ledger, states), ["adopted", "applied"]);
    }
}

#[test]
fn the_state_database_may_have_a_bootstrap_of_its_own() {
    let server = server();
    let state = "CREATE ROLE keeper LOGIN;\nGRANT CONNECT, CREATE ON DATABASE ledger TO keeper;\nCREATE TABLE note (n int);\n";
    let folder = scratch_patches(&[
        ("ledger.00000000.0000.postgres.baseline.sql", state),
        ("app.00000000.0000.postgres.baseline.sql", BASELINE),
    ]);
    let subject = subject(&server, &folder)
        .option("--state-database=ledger")
        .option("--state-role=keeper");
    subject.apply();
    assert!(subject.apply().starts_with("nothing to do for 2 patches"));
    let query = "SELECT p.state, pg_get_userbyid(nspowner) FROM patchgen.patch p, pg_namespace \
                 WHERE nspname = 'patchgen' AND p.database = 'ledger'";
    let row = connect(&server, "ledger").query_one(query, &[]).unwrap();
    assert_eq!(
        (row.get::<_, String>(0), row.get::<_, String>(1)),
        ("applied".to_owned(), "keeper".to_owned())
    );
    let unfinished = "SELECT count(*) FROM pg_database WHERE datconnlimit > 0";
    assert_eq!(count(&server, "ledger", unfinished), 0);
}

#[test]
fn a_database_without_a_bootstrap_is_not_created() {
    let server = server();
    let folder = scratch_patches(&[("typo.20240101.0001.postgres.first.sql", "SELECT 1;")]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("database `typo` does not exist");
    outcome.assert_stderr_contains("typo.00000000.0000.postgres.baseline.sql");
}

#[test]
fn plan_and_status_create_nothing() {
    let server = server();
    let folder = app_patches(&[]);
    let subject = subject(&server, &folder);
    for action in ["plan", "status", "verify"] {
        assert!(subject.run(&[action]).status.success(), "{action}");
    }
    let query = "SELECT count(*) FROM pg_database WHERE datname IN ('app', 'patches')";
    assert_eq!(count(&server, "postgres", query), 0);
}

#[test]
fn a_connection_may_name_the_database_that_is_created() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let bad = "CREATE TABLE effect (patch text);\nVACUUM effect;\nSELECT 1 / 0;\n";
        let folder = scratch_patches(&[("app.00000000.0000.postgres.baseline.sql", bad)]);
        let subject = subject(&server, &folder)
            .options(options)
            .conninfo(server.conninfo("app", "postgres"));
        for _ in 0..2 {
            let outcome = subject.run(&["apply"]);
            outcome.assert_code(1);
            outcome.assert_stderr_contains("(22012)");
        }
        let good = bad.replace("1 / 0", "1");
        write_patch(&folder, "app.00000000.0000.postgres.baseline.sql", &good);
        subject.apply();
        assert!(subject.apply().starts_with("nothing to do"));
    }
}

#[test]
fn a_bootstrap_may_have_concurrent_patches() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let concurrent = format!(
            "-- patch: kind=concurrent\n{}CREATE INDEX CONCURRENTLY i ON effect (patch);\n",
            effect("first")
        );
        let folder = scratch_patches(&[
            ("app.00000000.0000.postgres.baseline.sql", BASELINE),
            ("app.00000000.0001.postgres.index.sql", &concurrent),
            ("app.00000000.0002.postgres.more.sql", &effect("second")),
        ]);
        let subject = subject(&server, &folder).options(options);
        // Kills the run after the first two patches. The next run completes the database.
        subject.start_armed(&["apply"], "begun:1:kill").wait();
        subject.apply();
        assert_eq!(effects(&server, "app"), ["first", "second"]);
        let limit = "SELECT datconnlimit FROM pg_database WHERE datname = 'app'";
        assert_eq!(server.psql("app", limit).unwrap(), "-1", "{options:?}");
        assert!(subject.apply().starts_with("nothing to do"));
    }
}

#[test]
fn programs_that_connect_to_different_databases_bootstrap_one_at_a_time() {
    let server = server();
    let slow = "CREATE TABLE effect (patch text);\nVACUUM effect;\nSELECT pg_sleep(1);\n";
    let folder = scratch_patches(&[("app.00000000.0000.postgres.baseline.sql", slow)]);
    let subject = subject(&server, &folder).option("--state-in-target");
    let running: Vec<_> = ["postgres", "template1", "app"]
        .iter()
        .map(|database| {
            let subject = subject
                .clone()
                .conninfo(server.conninfo(database, "postgres"));
            let running = subject.start(&["apply"]);
            std::thread::sleep(std::time::Duration::from_millis(200));
            running
        })
        .collect();
    for running in running {
        running.wait().assert_code(0);
    }
}

#[test]
fn a_database_whose_drop_was_interrupted_is_not_taken_for_one_that_exists() {
    let folder = app_patches(&[("first", &effect("first"))]);
    for (options, role, name) in [
        (&[][..], "other", "app"),
        (&[], "other", "patches"),
        (&[], "patches", "patches"),
        (&["--state-in-target"], "other", "app"),
    ] {
        let server = server();
        let prepare = [
            format!("CREATE ROLE {role} LOGIN"),
            format!("CREATE DATABASE {name}"),
            // PostgreSQL does so at the beginning of DROP DATABASE.
            format!("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'"),
        ];
        execute(&server, "postgres", &prepare.each_ref().map(|sql| &sql[..]));
        let subject = subject(&server, &folder).options(options);
        for action in ["plan", "apply", "plan"] {
            let outcome = subject.run(&[action]);
            outcome.assert_code(1);
            outcome.assert_stderr_contains(&format!("database `{name}` is invalid"));
            outcome.assert_stderr_contains(&format!("DROP DATABASE \"{name}\";"));
        }
        if options.is_empty() && name == "app" {
            let recorded = "SELECT count(*) FROM patchgen.patch";
            assert_eq!(count(&server, "patches", recorded), 0);
        }
        let drop = format!("DROP DATABASE {name}");
        execute(&server, "postgres", &[&drop]);
        subject.apply();
        assert_eq!(effects(&server, "app"), ["first"], "{options:?} {name}");
    }
}

#[test]
fn patches_are_not_tried_in_an_unfinished_database() {
    let folder = app_patches(&[("first", &effect("first"))]);
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let subject = subject(&server, &folder).options(options);
        subject.start_armed(&["apply"], "database:1:kill").wait();
        let outcome = subject.run(&["apply", "--dry-run"]);
        outcome.assert_code(0);
        outcome.assert_stdout_contains("warning: database `app` is unfinished");
        outcome.assert_stdout_contains("its 2 patches were not tried\nnothing to try");
        subject.apply();
        assert_eq!(effects(&server, "app"), ["first"], "{options:?}");
    }
}

/// Returns `true` if every role can connect to a database.
fn is_open(server: &Server, database: &str) -> bool {
    let query = "SELECT bool_or(has_database_privilege('public', oid, privilege))::text \
        FROM pg_database, unnest(ARRAY['CONNECT', 'TEMPORARY']) AS privilege WHERE datname = ";
    column(server, "postgres", &format!("{query}'{database}'")) == ["true"]
}

#[test]
fn the_state_database_is_closed_to_other_roles() {
    let owned = "CREATE ROLE patches LOGIN; COMMIT; CREATE DATABASE patches OWNER patches";
    let (role, database) = owned.split_once("; COMMIT; ").unwrap();
    let admins = [
        role,
        "CREATE DATABASE patches",
        "GRANT CREATE ON DATABASE patches TO patches",
    ];
    for before in [&[][..], &[role, database], &admins] {
        let server = server();
        execute(&server, "postgres", before);
        execute(&server, "postgres", &["CREATE ROLE guest LOGIN"]);
        let folder = app_patches(&[]);
        let subject = subject(&server, &folder);
        let script = subject.run(&["export"]);
        let revoke = "REVOKE CONNECT, TEMPORARY ON DATABASE \"patches\" FROM PUBLIC;";
        assert_eq!(
            script.stdout.contains(revoke),
            before.is_empty(),
            "{script:#?}"
        );
        assert!(!subject.apply().contains("warning: "));
        assert!(!is_open(&server, "patches"), "{before:?}");
        assert!(is_open(&server, "app"), "{before:?}");
        let guest = server.conninfo("patches", "guest");
        assert!(postgres::Client::connect(&guest, postgres::NoTls).is_err());
        write_patch(
            &folder,
            "app.20240201.0001.postgres.next.sql",
            &effect("next"),
        );
        assert!(!subject.apply().contains("warning: "));
        // Somebody opens it again.
        execute(
            &server,
            "postgres",
            &["GRANT CONNECT ON DATABASE patches TO PUBLIC"],
        );
        assert!(subject.apply().starts_with("nothing to do"));
        write_patch(
            &folder,
            "app.20240201.0002.postgres.last.sql",
            &effect("last"),
        );
        subject.apply();
        assert!(!is_open(&server, "patches"), "{before:?}");
    }
}

#[test]
fn a_state_database_that_the_run_may_not_close_is_a_warning() {
    let server = server();
    let statements = [
        "CREATE ROLE app LOGIN CREATEDB",
        "CREATE ROLE patches LOGIN",
        "CREATE DATABASE patches",
        "GRANT CREATE ON DATABASE patches TO patches",
    ];
    execute(&server, "postgres", &statements);
    let folder = scratch_patches(&[
        ("app.00000000.0000.app.baseline.sql", BASELINE),
        ("app.20240101.0001.app.first.sql", &effect("first")),
    ]);
    let subject = subject(&server, &folder).conninfo(server.conninfo("postgres", "app"));
    let report = subject.apply();
    let warning = "REVOKE CONNECT, TEMPORARY ON DATABASE \"patches\" FROM PUBLIC;";
    assert_eq!(report.matches(warning).count(), 1, "{report}");
    assert!(subject.apply().starts_with("nothing to do"));
    assert!(is_open(&server, "patches"));
}

#[test]
fn a_state_database_that_others_use_too_stays_open() {
    let server = server();
    execute(
        &server,
        "postgres",
        &[
            "CREATE ROLE patches LOGIN",
            "CREATE DATABASE shared OWNER patches",
        ],
    );
    execute(&server, "shared", &["CREATE TABLE public.theirs (n int)"]);
    let folder = app_patches(&[]);
    for state in ["shared", "app", "postgres"] {
        let subject = subject(&server, &folder).option(&format!("--state-database={state}"));
        if state != "shared" {
            let grant = format!("GRANT CREATE ON DATABASE {state} TO patches");
            execute(&server, "postgres", &[&grant]);
        }
        assert!(!subject.apply().contains("warning: "), "{state}");
        assert!(is_open(&server, state), "{state}");
    }
}
