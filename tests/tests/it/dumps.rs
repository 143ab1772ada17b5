//! Dumps as baselines. The program and psql restore them on two servers, which must be equal afterwards.

use crate::subject;
use patchgen_sandbox::{SUPERUSER, Server};
use patchgen_tests::{count, execute, scratch_patches, server};
use std::ffi::OsStr;
use std::process::Command;

const ROLES: &str = include_str!("dumps/roles.sql");
const RICH: &str = include_str!("dumps/rich.sql");

const ROWS: usize = 200_000;

/// Starts a server with a database `rich` that has objects of nearly every kind.
fn rich_server() -> Server {
    let server = server();
    server.psql("postgres", ROLES).unwrap();
    server.psql("postgres", "CREATE DATABASE rich").unwrap();
    server.psql("rich", RICH).unwrap();
    let sql = format!(
        "INSERT INTO public.\"row\" SELECT n, E'tab\\t ' || n, CASE WHEN n % 3 = 0 THEN 'äöü € ' || n END FROM generate_series(1, {ROWS}) n"
    );
    execute(&server, "rich", &[&sql]);
    server
}

/// Runs one of PostgreSQL's programs as the superuser and returns its standard output.
fn run<S: AsRef<OsStr>>(server: &Server, name: &str, arguments: &[S]) -> Vec<u8> {
    let mut command = Command::new(server.binaries().dir().join(name));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    let output = command
        .args(["--username", SUPERUSER, "--host", "127.0.0.1"])
        .args(["--port", &server.port().to_string()])
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    output.stdout
}

/// Returns a dump of a whole server, without the lines that differ in every dump.
fn image(server: &Server) -> String {
    let dump = run(
        server,
        "pg_dumpall",
        &["--quote-all-identifiers", "--encoding=UTF8"],
    );
    let dump = String::from_utf8(dump).unwrap();
    let lines = dump
        .lines()
        .filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The roles of a server before a dump is restored.
enum Before {
    Nothing,
    Roles,
    /// The roles, with owners that are superusers.
    Superusers,
}

/// Applies a dump as the baseline of `rich` on one server, restores it with psql on another, and compares the servers.
/// `creates` is true for a dump that creates its database.
fn compare(dump: &[u8], before: &Before, creates: bool, what: &str) {
    let (ours, theirs, state) = (server(), server(), server());
    for server in [&ours, &theirs] {
        if !matches!(before, Before::Nothing) {
            server.psql("postgres", ROLES).unwrap();
        }
        if let Before::Superusers = before {
            let sql = "ALTER ROLE owner SUPERUSER; ALTER ROLE \"Röle \"\"odd\"\" name\" SUPERUSER";
            server.psql("postgres", sql).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rich.00000000.0000.postgres.dump.sql");
    std::fs::write(&file, dump).unwrap();
    let subject = subject(&ours, &folder)
        .option("--state-conninfo")
        .option(&state.conninfo("postgres", SUPERUSER));
    let outcome = subject.run(&["apply"]);
    outcome.assert_code(0);
    assert!(subject.apply().starts_with("nothing to do"), "{what}");

    let database = if creates { "postgres" } else { "rich" };
    if !creates {
        theirs.psql("postgres", "CREATE DATABASE rich").unwrap();
    }
    // A dump of a server creates roles that exist on every server, so psql must continue after errors.
    let stop = match before {
        Before::Nothing => "ON_ERROR_STOP=0",
        Before::Roles | Before::Superusers => "ON_ERROR_STOP=1",
    };
    let mut arguments = vec!["-X", "-q", "-o", "/dev/null", "-v", stop, "-d", database];
    arguments.extend(["-f", file.to_str().unwrap()]);
    run(&theirs, "psql", &arguments);

    let (ours, theirs) = (image(&ours), image(&theirs));
    let differing = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b);
    assert!(ours == theirs, "{what}: {differing:?}");
    assert!(ours.contains("a large object''s \\ comment"), "{what}");
}

/// Compares dumps of `rich` with several sets of options.
fn compare_dumps(creates: bool, variants: &[&[&str]]) {
    let source = rich_server();
    for options in variants {
        let dump = run(&source, "pg_dump", &[options, &["rich"][..]].concat());
        compare(&dump, &Before::Roles, creates, &options.join(" "));
    }
}

#[test]
fn dumps_of_a_database() {
    compare_dumps(false, &[&[], &["--inserts"], &["--encoding=LATIN9"]]);
}

#[test]
fn dumps_in_other_spellings() {
    compare_dumps(
        false,
        &[
            &[
                "--quote-all-identifiers",
                "--disable-dollar-quoting",
                "--disable-triggers",
            ],
            &["--encoding=SQL_ASCII"],
            &["--clean", "--if-exists"],
        ],
    );
}

#[test]
fn dumps_that_create_their_database() {
    compare_dumps(
        true,
        &[
            &["--create"],
            &["--create", "--encoding=LATIN9", "--inserts"],
            &["--create", "--clean", "--if-exists"],
        ],
    );
}

#[test]
fn dumps_that_take_the_roles_of_owners() {
    let source = rich_server();
    let options = [
        "--use-set-session-authorization",
        "--column-inserts",
        "--rows-per-insert=50",
    ];
    for create in [&[][..], &["--create"]] {
        let dump = run(&source, "pg_dump", &[&options, create, &["rich"]].concat());
        let what = format!("{options:?} {create:?}");
        compare(&dump, &Before::Superusers, !create.is_empty(), &what);
    }
}

#[test]
fn dumps_of_a_server() {
    let source = rich_server();
    let odd = "CREATE DATABASE \"odd \"\"x\"\" 'name' \\ = x\" CONNECTION LIMIT 5; CREATE DATABASE latin ENCODING 'LATIN9' TEMPLATE template0";
    for statement in odd.split("; ") {
        source.psql("postgres", statement).unwrap();
    }
    source
        .psql(
            "latin",
            "CREATE TABLE t (a text); INSERT INTO t VALUES ('äöü€'); COMMENT ON TABLE t IS 'ž'",
        )
        .unwrap();
    execute(
        &source,
        "odd \"x\" 'name' \\ = x",
        &["CREATE TABLE t (a text); INSERT INTO t VALUES ('☃')"],
    );
    for options in [
        &[][..],
        &["--clean", "--if-exists"],
        &["--inserts", "--quote-all-identifiers"],
    ] {
        let dump = run(&source, "pg_dumpall", options);
        compare(&dump, &Before::Nothing, true, &options.join(" "));
    }
}

#[test]
fn long_data_in_patches_of_both_kinds_are_streamed_and_stop_at_an_error() {
    let server = server();
    let data = |fault: usize| {
        let line = |n| {
            if n == fault {
                format!("{n}\n")
            } else {
                format!("{n}\t{}\n", "x".repeat(90))
            }
        };
        let lines: String = (1..=60_000).map(line).collect();
        format!("COPY t FROM stdin;\n{lines}\\.\nINSERT INTO t VALUES (0, 'after');\n")
    };
    let direct = |sql: &str| format!("-- patch: kind=direct\n{sql}");
    let folder = scratch_patches(&[
        (
            "app.00000000.0000.postgres.baseline.sql",
            "CREATE TABLE t (n int, text text);",
        ),
        ("app.20240101.0001.postgres.std.sql", &data(0)),
        ("app.20240101.0002.postgres.direct.sql", &direct(&data(0))),
        ("app.20240101.0003.postgres.faulty.sql", &data(7)),
    ]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(1);
    let expected = "faulty.sql:8:1: missing data for column \"text\" (22P04)";
    outcome.assert_stderr_contains(expected);
    assert_eq!(count(&server, "app", "SELECT count(*) FROM t"), 2 * 60_001);
}
