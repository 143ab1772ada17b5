use crate::{json, patchgen, states};
use patchgen_sandbox::{Auth, Options, Server};
use patchgen_tests::{Outcome, count, scratch_patches, server};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

/// The patches of a database with a role of its own.
const KENNEL: [(&str, &str); 3] = [
    (
        "patches/kennel.00000000.0000.postgres.baseline.sql",
        "CREATE ROLE kennel LOGIN PASSWORD 'kennel';\nCREATE SCHEMA kennel AUTHORIZATION kennel;\n",
    ),
    (
        "patches/kennel.20240131.0001.kennel.dogs.sql",
        "CREATE TABLE kennel.dogs (name text);\n",
    ),
    (
        "patches/kennel.20240131.0002.kennel.names.sql",
        "COPY kennel.dogs FROM stdin;\nLudde\nSickan\n\\.\n",
    ),
];

const BROKEN: (&str, &str) = (
    "patches/kennel.20240131.0003.kennel.broken.sql",
    "INSERT INTO kennel.dogs VALUES ('Åsa');\nINSERT INTO\n  kennel.cats VALUES (1);\n",
);

struct Case {
    server: Server,
    folder: TempDir,
}

impl Case {
    fn new(more: &[(&str, &str)]) -> Self {
        Self {
            server: server(),
            folder: scratch_patches(&[&KENNEL, more].concat()),
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let conninfo = self.server.conninfo("postgres", "postgres");
        let place = ["--conninfo", &conninfo];
        patchgen(self.folder.path(), &[&place, arguments].concat())
    }

    fn dogs(&self) -> i64 {
        count(&self.server, "kennel", "SELECT count(*) FROM kennel.dogs")
    }

    fn states(&self) -> Vec<String> {
        states(&self.run(&["status", "--format", "json"]))
    }
}

#[test]
fn plan_changes_nothing_and_apply_runs_each_patch_once() {
    let case = Case::new(&[]);
    let databases = || {
        case.server
            .psql("postgres", "SELECT datname FROM pg_database ORDER BY 1")
            .unwrap()
    };
    let before = databases();
    let plan = case.run(&["plan", "--format", "json", "--exit-code"]);
    plan.assert_code(4);
    let files: Vec<_> = json(&plan)["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["file"].clone())
        .collect();
    assert_eq!(files, KENNEL.map(|(file, _)| file));
    assert_eq!(databases(), before);
    assert_eq!(case.states(), ["pending"; 3]);

    let report = json(&case.run(&["apply", "--format", "json"]));
    let applied: Vec<_> = report["applied"]
        .as_array()
        .unwrap()
        .iter()
        .map(|patch| patch["minor"].clone())
        .collect();
    assert_eq!(applied, [0, 1, 2]);
    assert!(report["milliseconds"].is_u64() && report["waited_milliseconds"].is_u64());

    let again = json(&case.run(&["apply", "--format", "json"]));
    assert_eq!(again["applied"].as_array().unwrap().len(), 0);
    assert_eq!(case.dogs(), 2);
    assert_eq!(case.states(), ["applied"; 3]);
    case.run(&["status", "--exit-code"]).assert_code(0);
    case.run(&["verify"]).assert_code(0);
}

#[test]
fn a_failed_patch_is_reported_with_its_position_and_leaves_nothing() {
    let case = Case::new(&[BROKEN]);
    let outcome = case.run(&["apply"]);
    outcome.assert_code(1);
    assert!(outcome.stdout.is_empty(), "{outcome:#?}");
    let (_, message) = outcome.stderr.split_once("error: ").unwrap();
    assert_eq!(
        message,
        "patches/kennel.20240131.0003.kennel.broken.sql:3:3: relation \"kennel.cats\" does not exist (42P01)\n   \
         3 |   kennel.cats VALUES (1);\n     |   ^\n\
         help: rolled back; nothing of this patch was kept\n"
    );
    assert_eq!(case.dogs(), 2);
    assert_eq!(case.states(), ["applied", "applied", "applied", "failed"]);

    fs::write(
        case.folder.path().join(BROKEN.0),
        "INSERT INTO kennel.dogs VALUES ('Åsa');\n",
    )
    .unwrap();
    case.run(&["apply"]).assert_code(0);
    assert_eq!(case.dogs(), 3);
}

#[test]
fn an_edited_patch_stops_everything() {
    let case = Case::new(&[]);
    case.run(&["apply"]).assert_code(0);
    fs::write(
        case.folder.path().join(KENNEL[1].0),
        "CREATE TABLE kennel.dogs (name text, age int);\n",
    )
    .unwrap();
    fs::write(
        case.folder
            .path()
            .join("patches/kennel.20240201.0001.kennel.x.sql"),
        "SELECT 1;\n",
    )
    .unwrap();
    let outcome = case.run(&["apply"]);
    outcome.assert_code(1);
    assert!(outcome.stderr.contains("was edited"), "{outcome:#?}");
    case.run(&["verify"]).assert_code(1);
    assert_eq!(case.states(), ["applied", "edited", "applied", "pending"]);
    fs::write(case.folder.path().join(KENNEL[1].0), KENNEL[1].1).unwrap();
    case.run(&["apply"]).assert_code(0);
}

#[test]
fn one_or_some_of_the_pending_patches() {
    let concurrent = (
        "patches/kennel.20240201.0001.kennel.index.sql",
        "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY dogs_name ON kennel.dogs (name);\n",
    );
    let last = (
        "patches/kennel.20240201.0002.kennel.last.sql",
        "INSERT INTO kennel.dogs VALUES ('Åsa');\n",
    );
    let case = Case::new(&[concurrent, last]);
    let applied = |arguments: &[&str]| {
        let outcome = case.run(&[&["apply", "--format", "json"], arguments].concat());
        outcome.assert_code(0);
        json(&outcome)["applied"].as_array().unwrap().len()
    };
    assert_eq!(applied(&["--kinds", "direct,concurrent"]), 0);
    assert_eq!(applied(&["--group"]), 3);
    for selection in [&["--one"][..], &["--group"], &[]] {
        let selection = [selection, &["--kinds", "std"]].concat();
        let outcome = case.run(&[&["apply"], &selection[..]].concat());
        outcome.assert_code(0);
        outcome.assert_stdout_contains("index.sql` is of kind concurrent, which is not selected");
        outcome.assert_stdout_contains("nothing applied, 2 patches still pending");
        for action in ["apply", "plan"] {
            let json = json(&case.run(&[&[action, "--format", "json"], &selection[..]].concat()));
            assert_eq!(json["left_out"], 2, "{selection:?}: {json}");
        }
        let plan = case.run(&[&["plan", "--exit-code"], &selection[..]].concat());
        plan.assert_code(4);
        plan.assert_stdout_contains("0 patches to apply, 2 patches left pending");
    }
    assert_eq!(applied(&["--one"]), 1);
    assert_eq!(applied(&["--all"]), 1);
    assert_eq!(case.dogs(), 3);
}

#[test]
fn a_dry_run_leaves_nothing() {
    let case = Case::new(&[]);
    case.run(&["apply"]).assert_code(0);
    let next = "patches/kennel.20240201.0001.kennel.next.sql";
    let path = case.folder.path().join(next);
    fs::write(&path, "INSERT INTO kennel.dogs VALUES ('Åsa');\n").unwrap();
    let outcome = case.run(&["apply", "--dry-run", "--format", "json"]);
    outcome.assert_code(0);
    assert_eq!(json(&outcome)["tried"][0]["file"], next);
    assert_eq!(
        (case.dogs(), case.states().pop().unwrap().as_str()),
        (2, "pending")
    );
    fs::write(&path, BROKEN.1).unwrap();
    let outcome = case.run(&["apply", "--dry-run"]);
    outcome.assert_code(1);
    assert!(
        outcome.stderr.contains(&format!("{next}:3:3: ")),
        "{outcome:#?}"
    );
}

#[test]
fn a_patch_in_doubt_stops_everything_until_it_is_resolved() {
    let case = Case::new(&[]);
    case.run(&["apply"]).assert_code(0);
    // Simulates a program that died before the last record, and a server that was replaced afterwards.
    let forget =
        "UPDATE patchgen.patch SET state = 'committing', finished_at = NULL WHERE minor = 2;
        UPDATE patchgen.run SET state = 'committing', system_identifier = '1' WHERE minor = 2;";
    case.server.psql("patches", forget).unwrap();
    let outcome = case.run(&["apply"]);
    outcome.assert_code(3);
    for part in [KENNEL[2].0, "resolve --applied", "resolve --retry"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
    }
    assert_eq!(case.states(), ["applied", "applied", "in-doubt"]);
    case.run(&["resolve"]).assert_code(2);
    case.run(&["resolve", "--applied", "kennel.20240131.0002"])
        .assert_code(0);
    case.run(&["apply"]).assert_code(0);
    assert_eq!(
        (case.dogs(), case.states()),
        (2, vec!["applied".to_owned(); 3])
    );
}

#[test]
fn the_log_goes_to_standard_error_and_json_to_standard_output() {
    let case = Case::new(&[]);
    let outcome = case.run(&[
        "-l",
        "debug",
        "apply",
        "./patches/*.sql",
        "--format",
        "json",
    ]);
    outcome.assert_code(0);
    assert_eq!(json(&outcome)["applied"].as_array().unwrap().len(), 3);
    assert!(outcome.stderr.contains("DEBUG"), "{outcome:#?}");
    assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
    let silent = case.run(&["apply", "--format", "json"]);
    assert_eq!(silent.stderr, "");
}

#[test]
fn a_mapped_database_with_the_state_in_it() {
    let case = Case::new(&[]);
    let options = ["--state-in-target", "--map", "kennel=kennel_test"];
    case.run(&[&["apply"], &options[..]].concat())
        .assert_code(0);
    let databases = case.server.psql(
        "postgres",
        "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1",
    );
    assert_eq!(databases.unwrap(), "kennel_test\npostgres");
    let outcome = case.run(&[&["status", "--format", "json"], &options[..]].concat());
    let states: Vec<_> = json(&outcome)
        .as_array()
        .unwrap()
        .iter()
        .map(|patch| patch["state"].clone())
        .collect();
    assert_eq!(states, ["applied"; 3]);
}

#[test]
fn no_message_has_a_password() {
    let auth = Auth::Scram {
        password: "correct horse".to_owned(),
    };
    let server = Options::new().auth(auth).throwaway().unwrap();
    let folder = scratch_patches(&KENNEL);
    let port = server.port().to_string();
    for conninfo in [
        format!("host=127.0.0.1 port={port} user=postgres password=Zq7Zq7"),
        format!("postgres://postgres:Zq7Zq7@127.0.0.1:{port}/postgres"),
        "postgres://postgres:Zq7@Zq7@127.0.0.1/postgres".to_owned(),
        "host=127.0.0.1 pasword=Zq7Zq7".to_owned(),
        "host=127.0.0.1 password=Zq7 Zq7".to_owned(),
    ] {
        let outcome = patchgen(
            folder.path(),
            &["-l", "trace", "apply", "--conninfo", &conninfo],
        );
        outcome.assert_code(1);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains("error: "), "{said}");
        assert!(!said.contains("Zq7"), "{said}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let folder = scratch_patches(&KENNEL);
    let place = folder.path().to_str().unwrap().to_owned();
    let outcome = patchgen(
        folder.path(),
        &["status", "--conninfo", &format!("host={place} port=5")],
    );
    outcome.assert_code(1);
    assert!(
        outcome.stderr.contains(&format!("`{place}:5`")),
        "{outcome:#?}"
    );
    assert!(outcome.stderr.contains("\nhelp: "), "{outcome:#?}");
}

#[test]
fn a_service_and_a_password_file_lead_to_the_server() {
    let auth = Auth::Scram {
        password: "correct horse".to_owned(),
    };
    let server = Options::new().auth(auth).throwaway().unwrap();
    let port = server.port();
    let sockets = server.socket_dir().to_str().unwrap().to_owned();
    let service = format!("[kennel]\nhost={sockets}\nport={port}\nuser=postgres\n");
    let passwords = format!(
        "{}:{port}:*:postgres:correct horse\n",
        sockets.replace(':', "\\:")
    );
    let folder = scratch_patches(
        &[
            &KENNEL[..],
            &[(".pg_service.conf", &service), (".pgpass", &passwords)],
        ]
        .concat(),
    );
    let password_file = folder.path().join(".pgpass");
    let run = |arguments: &[&str]| {
        patchgen(
            folder.path(),
            &[&["--conninfo", "service=kennel"], arguments].concat(),
        )
    };
    let mode =
        |mode| fs::set_permissions(&password_file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let refused = run(&["-l", "warn", "apply"]);
    refused.assert_code(1);
    assert!(refused.stderr.contains("chmod 600"), "{refused:#?}");
    mode(0o600);
    run(&["apply"]).assert_code(0);
    let names = server.psql(
        "kennel",
        "SELECT string_agg(name, ' ' ORDER BY name) FROM kennel.dogs",
    );
    assert_eq!(names.unwrap(), "Ludde Sickan");
}

#[test]
fn json_has_the_warnings_of_plan_and_verify() {
    let case = Case::new(&[]);
    case.run(&["apply"]).assert_code(0);
    let late = "patches/kennel.20230101.0001.kennel.late.sql";
    fs::write(case.folder.path().join(late), "SELECT 1;\n").unwrap();
    let plan = json(&case.run(&["plan", "--format", "json"]));
    assert_eq!(plan["steps"][0]["file"], late);
    let warning = plan["warnings"][0].as_str().unwrap();
    assert!(warning.contains("comes late"), "{plan}");

    for statement in ["DROP DATABASE kennel", "CREATE DATABASE kennel"] {
        case.server.psql("postgres", statement).unwrap();
    }
    let verification = json(&case.run(&["verify", "--format", "json"]));
    assert_eq!(verification["differences"], serde_json::json!([]));
    let warning = verification["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("was dropped and made anew"),
        "{verification}"
    );
}

#[test]
fn durations_have_the_units_of_postgresql() {
    let settings = (
        "patches/kennel.20240201.0001.kennel.settings.sql",
        "CREATE TABLE kennel.settings AS SELECT current_setting('lock_timeout') AS lock, \
         current_setting('statement_timeout') AS statement;\n",
    );
    let case = Case::new(&[settings]);
    let outcome = case.run(&[
        "apply",
        "--lock-timeout",
        "1.5min",
        "--statement-timeout",
        "1d",
        "--lock-wait",
        "1500us",
        "--retry-for",
        "0",
    ]);
    outcome.assert_code(0);
    let settings = "SELECT lock || ' ' || statement FROM kennel.settings";
    assert_eq!(case.server.psql("kennel", settings).unwrap(), "90s 1d");
    for option in [
        "--lock-timeout",
        "--statement-timeout",
        "--lock-wait",
        "--retry-for",
    ] {
        for (value, reason) in [
            ("-1s", "a duration is not negative"),
            ("5 parsecs", "write a number and one of `us`, `ms`, `s`"),
        ] {
            let outcome = case.run(&["status", &format!("{option}={value}")]);
            outcome.assert_code(2);
            outcome.assert_stderr_contains(&format!("invalid value '{value}'"));
            outcome.assert_stderr_contains(reason);
        }
    }
}
