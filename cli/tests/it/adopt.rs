//! Adoption of databases from other tools.

use crate::{json, patchgen, states};
use patchgen_sandbox::Server;
use patchgen_tests::{Outcome, scratch_patches, server};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The patches that other tools have run, and one more.
const DOTTED: [(&str, &str); 4] = [
    (
        "patches/kennel.20240101.0001.postgres.dogs.sql",
        "CREATE TABLE dogs (name text PRIMARY KEY);\n",
    ),
    (
        "patches/kennel.20240201.0001.postgres.breed.sql",
        "ALTER TABLE dogs ADD COLUMN breed text;\n",
    ),
    (
        "patches/kennel.20240301.0001.postgres.first_dogs.sql",
        "INSERT INTO dogs VALUES ('Ludde', 'hamiltonstövare');\n",
    ),
    (
        "patches/kennel.20240401.0001.postgres.born.sql",
        "ALTER TABLE dogs ADD COLUMN born date;\n",
    ),
];

const LAUNCHPAD: [(&str, &str); 4] = [
    ("patches/patch-2211-1-0-std.sql", DOTTED[0].1),
    ("patches/patch-2211-2-0-std.sql", DOTTED[1].1),
    ("patches/patch-2211-3-0-direct.sql", DOTTED[2].1),
    ("patches/patch-2211-4-0-std.sql", DOTTED[3].1),
];

struct Case {
    server: Server,
    folder: TempDir,
}

impl Case {
    /// Restores the database `kennel` as another tool left it.
    fn new(tool: &str, files: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/fixtures/peers/{tool}.sql"));
        let server = server();
        server.psql("postgres", "CREATE DATABASE kennel").unwrap();
        server
            .psql("kennel", &fs::read_to_string(path).unwrap())
            .unwrap();
        Self {
            server,
            folder: scratch_patches(files),
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let conninfo = self.server.conninfo("postgres", "postgres");
        let target = ["--conninfo", &conninfo, "--database", "kennel"];
        patchgen(self.folder.path(), &[&target, arguments].concat())
    }

    fn states(&self) -> Vec<String> {
        states(&self.run(&["status", "--format", "json"]))
    }

    fn applied(&self) -> Vec<String> {
        let outcome = self.run(&["apply", "--format", "json"]);
        outcome.assert_code(0);
        let file = |patch: &serde_json::Value| patch["file"].as_str().unwrap().to_owned();
        let report = json(&outcome);
        report["applied"]
            .as_array()
            .unwrap()
            .iter()
            .map(file)
            .collect()
    }

    fn kennel(&self, query: &str) -> String {
        self.server.psql("kennel", query).unwrap()
    }

    /// Asserts that a command fails with these messages and creates no ledger.
    fn assert_refused(&self, arguments: &[&str], parts: &[&str]) {
        let outcome = self.run(arguments);
        outcome.assert_code(1);
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
        }
        let ledgers = self.server.psql(
            "postgres",
            "SELECT count(*) FROM pg_database WHERE datname = 'patches'",
        );
        assert_eq!(ledgers.unwrap(), "0");
    }
}

#[test]
fn migrations_that_sqlx_refinery_and_diesel_ran_are_not_run_again() {
    for (tool, table) in [
        ("sqlx", "_sqlx_migrations"),
        ("refinery", "refinery_schema_history"),
        ("diesel", "__diesel_schema_migrations"),
    ] {
        let case = Case::new(tool, &DOTTED);
        let foreign = || case.kennel(&format!("SELECT * FROM {table} ORDER BY 1"));
        let before = foreign();

        let shown = case.run(&["adopt", "--from", tool]);
        shown.assert_code(0);
        assert!(
            shown
                .stdout
                .contains("nothing is recorded yet; --yes records it"),
            "{shown:#?}"
        );
        assert_eq!(case.states(), ["pending"; 4], "{tool}");

        let adopted = case.run(&["adopt", "--from", tool, "--yes", "--format", "json"]);
        adopted.assert_code(0);
        let adopted = json(&adopted);
        assert_eq!(adopted["recorded"], true);
        let files: Vec<_> = adopted["adopted"]
            .as_array()
            .unwrap()
            .iter()
            .map(|patch| &patch["file"])
            .collect();
        assert_eq!(files, [DOTTED[0].0, DOTTED[1].0, DOTTED[2].0]);

        assert_eq!(case.states(), ["adopted", "adopted", "adopted", "pending"]);
        assert_eq!(case.applied(), [DOTTED[3].0]);
        assert_eq!(case.kennel("SELECT * FROM dogs"), "Ludde|hamiltonstövare|");
        assert_eq!(foreign(), before);
        let status = json(&case.run(&["status", "--format", "json"]));
        let algorithms: Vec<_> = status
            .as_array()
            .unwrap()
            .iter()
            .map(|patch| patch["algorithm"].as_str().unwrap())
            .collect();
        let imported = "sha256 (imported)";
        assert_eq!(algorithms, [imported, imported, imported, "sha256"]);
        let again = case.run(&["adopt", "--from", tool, "--yes"]);
        assert!(again.stdout.contains("nothing to adopt"), "{again:#?}");
    }
}

#[test]
fn a_patch_that_lazr_did_not_finish_stays_pending() {
    let case = Case::new("lazr", &LAUNCHPAD);
    let outcome = case.run(&["adopt", "--from", "lazr", "--yes"]);
    outcome.assert_code(0);
    assert_eq!(
        outcome.stdout.lines().collect::<Vec<_>>(),
        [
            "warning: `2211-3-0` is not believed: it has no end time: it was begun, and may have failed half-way; \
             `patches/patch-2211-3-0-direct.sql` stays pending: look what is there, then adopt it by itself or let it run",
            "adopted 2 patches without running them, by the table `public.lazrdatabaserevision` of lazr.postgresql",
            "  2211-1-0  patches/patch-2211-1-0-std.sql",
            "  2211-2-0  patches/patch-2211-2-0-std.sql",
        ]
    );
    assert_eq!(case.states(), ["adopted", "adopted", "pending", "pending"]);
    // Resolves the doubt: the row exists.
    let through = ["adopt", "--through", "kennel.2211.3.0", "--yes"];
    case.run(&through).assert_code(0);
    assert_eq!(case.applied(), [LAUNCHPAD[3].0]);
    assert_eq!(case.kennel("SELECT * FROM dogs"), "Ludde|hamiltonstövare|");

    let case = Case::new("lazr", &LAUNCHPAD[1..]);
    case.assert_refused(
        &["adopt", "--from", "lazr", "--yes"],
        &[
            "`2211-1-0` has no patch of that version",
            "help: add the files that are missing",
        ],
    );
}

#[test]
fn flyways_undone_failed_and_repeatable_migrations_are_distinguished() {
    let index = (
        "patches/kennel.20240402.0001.postgres.index.sql",
        "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY dogs_breed ON dogs (breed);\n",
    );
    let files = [DOTTED[0], DOTTED[1], DOTTED[2], index];
    let case = Case::new("flyway", &files);
    let outcome = case.run(&["adopt", "--from", "flyway", "--yes", "--format", "json"]);
    outcome.assert_code(0);
    let adopted = json(&outcome);
    let from: Vec<_> = adopted["adopted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|patch| &patch["from"][0])
        .collect();
    assert_eq!(from, ["1", "1.9", "1.10"]);
    assert_eq!(adopted["doubtful"][0]["file"], index.0);
    assert!(
        adopted["notes"][0]
            .as_str()
            .unwrap()
            .contains("R__dog_names.sql")
    );
    assert_eq!(case.applied(), [index.0]);
}

#[test]
fn entries_without_a_match_are_refused_without_a_mapping() {
    let too_few = Case::new("refinery", &DOTTED[..2]);
    too_few.assert_refused(
        &["adopt", "--from", "refinery", "--yes"],
        &[
            "`10 first_dogs` has no patch: there are only 2",
            "--mapping",
        ],
    );

    // Without the first file, every entry is matched with the next patch.
    let shifted = Case::new("sqlx", &DOTTED[1..]);
    shifted.assert_refused(
        &["adopt", "--from", "sqlx", "--yes"],
        &["`20240201120000 breed` would be `patches/kennel.20240301.0001.postgres.first_dogs.sql` by its order and"],
    );
    let mapping = shifted.folder.path().join("mapping");
    let with_mapping = ["adopt", "--from", "sqlx", "--mapping", "mapping", "--yes"];
    let two = "20240201120000 = kennel.20240201.0001\n20240301120000 = kennel.20240301.0001\n";
    fs::write(&mapping, two).unwrap();
    shifted.assert_refused(
        &with_mapping,
        &["`20240101120000 dogs` is not in the mapping"],
    );
    fs::write(
        &mapping,
        format!("20240101120000 = -  # in the dump\n{two}"),
    )
    .unwrap();
    shifted.run(&with_mapping).assert_code(0);
    assert_eq!(shifted.states(), ["adopted", "adopted", "pending"]);

    let other_tool = Case::new("sqlx", &DOTTED);
    other_tool.assert_refused(
        &["adopt", "--from", "diesel", "--yes"],
        &["database `kennel` has no table `__diesel_schema_migrations` of diesel"],
    );

    let baseline = Case::new("flyway", &DOTTED);
    baseline.kennel("UPDATE flyway_schema_history SET type = 'BASELINE' WHERE version = '1'");
    baseline.assert_refused(
        &["adopt", "--from", "flyway", "--yes"],
        &["`1 dogs` stands for what was there before"],
    );
}

#[test]
fn a_table_in_another_schema_is_found_and_two_are_ambiguous() {
    let case = Case::new("sqlx", &DOTTED);
    case.kennel("CREATE SCHEMA app; ALTER TABLE _sqlx_migrations SET SCHEMA app");
    case.kennel("CREATE TABLE _sqlx_migrations AS TABLE app._sqlx_migrations LIMIT 1");
    case.assert_refused(
        &["adopt", "--from", "sqlx", "--yes"],
        &[
            "in the schemas `app`, `public`",
            "--table app._sqlx_migrations",
        ],
    );
    let named = [
        "adopt",
        "--from",
        "sqlx",
        "--table",
        "app._sqlx_migrations",
        "--yes",
    ];
    case.run(&named).assert_code(0);
    assert_eq!(case.states(), ["adopted", "adopted", "adopted", "pending"]);
}

#[test]
fn patches_up_to_a_named_one_are_adopted_with_the_state_in_the_database_too() {
    let case = Case::new("diesel", &DOTTED);
    case.assert_refused(
        &["adopt", "--through", "kennel.20240301.0002", "--yes"],
        &["none of the patches is `kennel.20240301.0002`"],
    );
    case.assert_refused(
        &["adopt", "--map", "kennel=cattery", "--yes"],
        &["database `cattery` does not exist"],
    );
    let through = [
        "adopt",
        "--state-in-target",
        "--through",
        DOTTED[2].0,
        "--yes",
    ];
    case.run(&through).assert_code(0);
    let status = case.run(&["status", "--state-in-target", "--format", "json"]);
    assert_eq!(
        states(&status),
        ["adopted", "adopted", "adopted", "pending"]
    );
    let ledger = case.kennel("SELECT DISTINCT algorithm FROM patchgen.patch");
    assert_eq!(ledger, "sha256");
}

#[test]
fn a_patch_that_failed_is_adopted_only_by_its_name() {
    let server = server();
    let folder = scratch_patches(&[
        (
            "patches/kennel.00000000.0000.postgres.baseline.sql",
            "CREATE TABLE t ();",
        ),
        (
            "patches/kennel.20240131.0001.postgres.fails.sql",
            "SELECT 1 / 0;",
        ),
        (
            "patches/kennel.20240131.0002.postgres.last.sql",
            "SELECT 1;",
        ),
    ]);
    let conninfo = server.conninfo("postgres", "postgres");
    let run = |arguments: &[&str]| {
        patchgen(
            folder.path(),
            &[&["--conninfo", &conninfo][..], arguments].concat(),
        )
    };
    run(&["apply"]).assert_code(1);
    let outcome = run(&["adopt", "--yes"]);
    outcome.assert_code(0);
    let note = "`patches/kennel.20240131.0001.postgres.fails.sql` failed in its last attempt";
    assert!(outcome.stdout.contains(note), "{outcome:#?}");
    let status = || states(&run(&["status", "--format", "json"]));
    assert_eq!(status(), ["applied", "failed", "adopted"]);
    run(&["adopt", "--through", "kennel.20240131.0001", "--yes"]).assert_code(0);
    assert_eq!(status(), ["applied", "adopted", "adopted"]);
}
