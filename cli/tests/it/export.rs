//! Scripts for administrators, run by psql.

use crate::{patchgen, states};
use patchgen_sandbox::Server;
use patchgen_tests::{Outcome, connect, count, scratch_patches, server, wait_for};
use std::fs;
use tempfile::TempDir;

/// Patches with most of the features that scripts support.
const KENNEL: [(&str, &str); 6] = [
    (
        "patches/kennel.00000000.0000.postgres.baseline.sql",
        "\\set owner kennel\n\\encoding UTF8\nCREATE ROLE :owner LOGIN;\nCREATE SCHEMA kennel AUTHORIZATION :\"owner\";\n\
         CREATE TABLE kennel.dogs (name text, note text);\nALTER TABLE kennel.dogs OWNER TO :owner;\n\
         COPY kennel.dogs FROM stdin;\nLudde\ta\\tb\\\\c\n\\.\n",
    ),
    (
        "patches/kennel.00000000.0001.kennel.more.sql",
        "INSERT INTO kennel.dogs VALUES ('Sickan', current_user)\n-- no semicolon; at all",
    ),
    (
        "patches/kennel.20240131.0001.kennel.names.sql",
        "BEGIN;\nCOPY kennel.dogs (name) FROM stdin;\nÅsa\n\\N\n\\.\nUPDATE kennel.dogs SET note = ':owner' WHERE name = 'Åsa';\nCOMMIT;\n",
    ),
    (
        "patches/kennel.20240131.0002.kennel.function.sql",
        "SET search_path = kennel;\nCREATE FUNCTION bark() RETURNS text LANGUAGE sql AS $$ SELECT 'it''s; \\a'; $$;\n",
    ),
    (
        "patches/kennel.20240131.0003.kennel.index.sql",
        "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY IF NOT EXISTS dogs_name ON kennel.dogs (name);\nANALYZE kennel.dogs;\n",
    ),
    (
        "patches/kennel.20240131.0004.postgres.last.sql",
        "INSERT INTO kennel.dogs VALUES (kennel.bark(), current_user);\n",
    ),
];

const ALL: &str =
    "SELECT string_agg(concat(name, '=', note), ' ' ORDER BY name COLLATE \"C\") FROM kennel.dogs";

struct Case {
    server: Server,
    folder: TempDir,
    options: Vec<&'static str>,
}

impl Case {
    fn new(options: &[&'static str]) -> Self {
        Self {
            server: server(),
            folder: scratch_patches(&KENNEL),
            options: options.to_vec(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let conninfo = self.server.conninfo("postgres", "postgres");
        let connection = ["--conninfo", &conninfo];
        patchgen(
            self.folder.path(),
            &[&connection, arguments, &self.options].concat(),
        )
    }

    fn export(&self) -> String {
        let outcome = self.run(&["export"]);
        outcome.assert_code(0);
        outcome.stdout
    }

    fn states(&self) -> Vec<String> {
        states(&self.run(&["status", "--format", "json"]))
    }
}

/// Options for the state apart, the state in the target, and one login for all roles.
const CONFIGURATIONS: [&[&str]; 3] = [&[], &["--state-in-target"], &["--role-mode", "set-role"]];

#[test]
fn psql_does_what_apply_would_do_and_leaves_nothing_to_do() {
    for options in CONFIGURATIONS {
        let applied = Case::new(options);
        applied.run(&["apply"]).assert_code(0);
        let exported = Case::new(options);
        let script = exported.export();
        assert_eq!(exported.states(), ["pending"; 6]);
        exported
            .server
            .psql("postgres", &script)
            .unwrap_or_else(|error| panic!("{options:?}: {error}: {:?}\n{script}", error.help()));
        assert_eq!(exported.states(), ["applied"; 6], "{options:?}");
        let dogs = |case: &Case| case.server.psql("kennel", ALL).unwrap();
        assert_eq!(dogs(&exported), dogs(&applied), "{options:?}");
        let again = exported.run(&["apply"]);
        assert!(
            again.stdout.starts_with("nothing to do for 6 patches"),
            "{again:#?}"
        );
        let limit = "SELECT datconnlimit FROM pg_database WHERE datname = 'kennel'";
        assert_eq!(exported.server.psql("postgres", limit).unwrap(), "-1");
        assert!(exported.export().starts_with("-- Nothing is pending."));
    }
}

#[test]
fn a_script_has_only_what_is_pending_and_does_not_run_twice() {
    for options in CONFIGURATIONS {
        let case = Case::new(options);
        let files = [KENNEL[0].0, KENNEL[1].0, KENNEL[2].0];
        case.run(&[&["apply"], &files[..]].concat()).assert_code(0);
        let path = case.folder.path().join("pending.sql");
        let written = case.run(&["export", "-o", "pending.sql"]);
        assert!(
            written.stdout.starts_with("pending.sql: 3 pending patches"),
            "{written:#?}"
        );
        let script = fs::read_to_string(&path).unwrap();
        case.server.psql("postgres", &script).unwrap();
        assert_eq!(case.states()[3..], ["applied"; 3], "{options:?}");
        let dogs = case.server.psql("kennel", ALL).unwrap();
        case.server.psql("postgres", &script).unwrap_err();
        assert_eq!(
            case.server.psql("kennel", ALL).unwrap(),
            dogs,
            "{options:?}"
        );
        assert_eq!(case.states()[3..], ["applied"; 3], "{options:?}");
    }
}

#[test]
fn a_script_stops_at_the_first_error_and_keeps_earlier_patches() {
    for options in CONFIGURATIONS {
        let case = Case::new(options);
        let path = case.folder.path().join(KENNEL[3].0);
        fs::write(
            &path,
            "INSERT INTO kennel.dogs VALUES ('half');\nSELECT 1 / 0;\n",
        )
        .unwrap();
        case.server.psql("postgres", &case.export()).unwrap_err();
        let states = case.states();
        assert_eq!(states[..3], ["applied"; 3], "{options:?}");
        // The record says that nothing was kept only if patch and record are one transaction.
        if options.contains(&"--state-in-target") {
            assert_eq!(states[3..], ["pending"; 3], "{options:?}");
        } else {
            assert_eq!(
                states[3..],
                ["in-doubt", "pending", "pending"],
                "{options:?}"
            );
            case.run(&["apply"]).assert_code(3);
            case.run(&["resolve", "--retry", KENNEL[3].0])
                .assert_code(0);
        }
        fs::write(&path, KENNEL[3].1).unwrap();
        case.run(&["apply"]).assert_code(0);
        let halves = "SELECT count(*) FROM kennel.dogs WHERE name = 'half'";
        assert_eq!(case.server.psql("kennel", halves).unwrap(), "0");
    }
}

#[test]
fn a_baseline_that_creates_its_database_and_one_of_an_existing_database() {
    let own = [
        (
            "patches/own.00000000.0000.postgres.baseline.sql",
            "CREATE DATABASE own TEMPLATE template0;\n\\connect own\nCREATE TABLE effect (patch text);\n",
        ),
        (
            "patches/own.20240101.0001.postgres.first.sql",
            "INSERT INTO effect VALUES ('first');\n",
        ),
        (
            "patches/there.00000000.0000.postgres.baseline.sql",
            "CREATE TABLE never ();\n",
        ),
        (
            "patches/there.20240101.0001.postgres.first.sql",
            "CREATE TABLE once ();\n",
        ),
    ];
    for options in CONFIGURATIONS {
        let mut case = Case::new(options);
        case.folder = scratch_patches(&own);
        case.server
            .psql("postgres", "CREATE DATABASE there")
            .unwrap();
        case.server
            .psql("postgres", &case.export())
            .unwrap_or_else(|error| {
                panic!(
                    "{options:?}: {error}: {:?}\n{}",
                    error.help(),
                    case.export()
                )
            });
        assert_eq!(case.states(), ["applied", "applied", "adopted", "applied"]);
        assert_eq!(
            case.server.psql("own", "SELECT patch FROM effect").unwrap(),
            "first"
        );
        assert_eq!(
            case.server
                .psql("there", "SELECT to_regclass('never')")
                .unwrap(),
            ""
        );
    }
}

#[test]
fn the_ledger_may_be_on_another_server() {
    let case = Case::new(&[]);
    let other = server();
    let conninfo = other.conninfo("postgres", "postgres");
    let connection = ["--state-conninfo", &conninfo];
    let export = case.run(&[&["export"], &connection[..]].concat());
    export.assert_code(0);
    // The script connects to its databases itself, so psql may start in any database.
    other.psql("postgres", &export.stdout).unwrap();
    let again = case.run(&[&["apply"], &connection[..]].concat());
    assert!(
        again.stdout.starts_with("nothing to do for 6 patches"),
        "{again:#?}"
    );
    assert_eq!(
        case.server
            .psql("kennel", "SELECT count(*) FROM kennel.dogs")
            .unwrap(),
        "5"
    );
}

#[test]
fn odd_names_and_schemas_are_kept() {
    let odd = "it's \"odd\" \\ %41";
    for (target, ledger) in [
        (odd.to_owned(), "Ledger of dogs"),
        ("shared/kennel of dogs".to_owned(), "patches"),
    ] {
        let mut case = Case::new(&[]);
        case.folder = scratch_patches(&[
            (
                "patches/kennel.20240101.0001.postgres.dogs.sql",
                "CREATE TABLE dogs (name text);\n",
            ),
            (
                "patches/kennel.20240101.0002.postgres.first.sql",
                "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY \"By name\" ON dogs (name);\n",
            ),
        ]);
        let (database, schema) = target.split_once('/').unwrap_or((&target, "public"));
        let quoted = format!("\"{}\"", database.replace('"', "\"\""));
        case.server
            .psql("postgres", &format!("CREATE DATABASE {quoted}"))
            .unwrap();
        if schema != "public" {
            case.server
                .psql(database, &format!("CREATE SCHEMA \"{schema}\""))
                .unwrap();
        }
        let map = format!("kennel={target}");
        let options = ["--map", &map, "--state-database", ledger];
        let export = case.run(&[&["export"], &options[..]].concat());
        export.assert_code(0);
        case.server
            .psql("postgres", &export.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?}\n{}", error.help(), export.stdout));
        let apply = case.run(&[&["apply"], &options[..]].concat());
        assert!(
            apply.stdout.starts_with("nothing to do for 2 patches"),
            "{apply:#?}"
        );
        let there = "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'dogs'";
        assert_eq!(case.server.psql(database, there).unwrap(), schema);
    }
}

#[test]
fn a_baseline_for_psql_is_exported_as_it_is() {
    let mut case = Case::new(&[]);
    case.folder = scratch_patches(&[(
        "patches/kennel.00000000.0000.postgres.dogs.sql",
        "-- patch: script=psql\n\\set name `echo Ludde`\n\\if :{?name}\nCREATE TABLE dogs AS SELECT :'name' AS name;\n\\endif\n",
    )]);
    case.server.psql("postgres", &case.export()).unwrap();
    assert_eq!(case.states(), ["applied"]);
    let dogs = case.server.psql("kennel", "SELECT name FROM dogs").unwrap();
    assert_eq!(dogs, "Ludde");
}

#[test]
fn a_schema_is_made_with_its_first_patch() {
    for options in CONFIGURATIONS {
        let mut case = Case::new(options);
        case.folder = scratch_patches(&[
            (
                "patches/kennel.00000000.0000.owner.dogs.sql",
                "CREATE TABLE dogs (name text);\n",
            ),
            (
                "patches/kennel.00000000.0001.owner.first.sql",
                "INSERT INTO dogs VALUES ('Ludde');\n",
            ),
        ]);
        case.server
            .psql("postgres", "CREATE ROLE owner LOGIN")
            .unwrap();
        case.server
            .psql("postgres", "CREATE DATABASE shared OWNER owner")
            .unwrap();
        case.options.extend(["--map", "kennel=shared/of dogs"]);
        let script = case.export();
        case.server
            .psql("postgres", &script)
            .unwrap_or_else(|error| panic!("{error}: {:?}\n{script}", error.help()));
        assert_eq!(case.states(), ["applied"; 2], "{options:?}");
        let dogs =
            "SELECT name || tableowner FROM \"of dogs\".dogs, pg_tables WHERE tablename = 'dogs'";
        assert_eq!(case.server.psql("shared", dogs).unwrap(), "Luddeowner");
    }
}

#[test]
fn a_database_whose_script_stopped_is_created_again() {
    for options in CONFIGURATIONS {
        let case = Case::new(options);
        let path = case.folder.path().join(KENNEL[1].0);
        fs::write(&path, "SELECT 1 / 0;\n").unwrap();
        case.server.psql("postgres", &case.export()).unwrap_err();
        assert_eq!(case.states(), ["pending"; 6], "{options:?}");
        fs::write(&path, KENNEL[1].1).unwrap();
        // A role does not belong to the database that is dropped.
        case.server.psql("kennel", "DROP OWNED BY kennel").unwrap();
        case.server.psql("postgres", "DROP ROLE kennel").unwrap();
        case.server
            .psql("postgres", &case.export())
            .unwrap_or_else(|error| panic!("{options:?}: {error}: {:?}", error.help()));
        assert_eq!(case.states(), ["applied"; 6], "{options:?}");
    }
}

#[test]
fn a_patch_is_not_resolved_while_its_script_runs() {
    for kind in ["std", "concurrent"] {
        let server = server();
        let sql = "CREATE TABLE t (a int);";
        let insert =
            format!("-- patch: kind={kind}\nDO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;");
        let insert = match kind {
            "std" => "INSERT INTO t VALUES (1);".to_owned(),
            _ => insert,
        };
        let case = Case {
            folder: scratch_patches(&[
                ("patches/kennel.00000000.0000.postgres.baseline.sql", sql),
                ("patches/kennel.20240131.0001.postgres.insert.sql", &insert),
            ]),
            server,
            options: Vec::new(),
        };
        fs::rename(
            case.folder
                .path()
                .join("patches/kennel.20240131.0001.postgres.insert.sql"),
            case.folder.path().join("later.sql"),
        )
        .unwrap();
        case.run(&["apply"]).assert_code(0);
        fs::rename(
            case.folder.path().join("later.sql"),
            case.folder
                .path()
                .join("patches/kennel.20240131.0001.postgres.insert.sql"),
        )
        .unwrap();
        let script = case.export();
        let mut blocker = connect(&case.server, "kennel");
        blocker.batch_execute("BEGIN; LOCK TABLE t").unwrap();
        let running = std::thread::scope(|scope| {
            let psql = scope.spawn(|| case.server.psql("postgres", &script));
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            wait_for("the script", || {
                (count(&case.server, "postgres", waits) > 0).then_some(())
            });
            let outcome = case.run(&["resolve", "--retry", "kennel.20240131.0001"]);
            blocker.batch_execute("COMMIT").unwrap();
            psql.join().unwrap().unwrap();
            outcome
        });
        running.assert_code(1);
        assert!(
            running.stderr.contains("still at work"),
            "{kind}: {running:#?}"
        );
        assert_eq!(case.states(), ["applied", "applied"], "{kind}");
        let rows = case
            .server
            .psql("kennel", "SELECT count(*) FROM t")
            .unwrap();
        assert_eq!(rows, "1", "{kind}");
    }
}
