//! Passwords: where they come from, and where they must not appear.

use patchgen_sandbox::Server;
use patchgen_tests::{column, effect, program, scratch_patches, server};
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
            patchgen_tests::Running::start(&mut command).wait()
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
