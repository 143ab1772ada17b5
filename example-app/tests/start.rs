//! Tests of the program on a throwaway PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

use patchgen_sandbox::Server;
use std::process::{Command, Output};

fn start(server: &Server) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-app"));
    command
        .env_clear()
        .env("DATABASE_URL", server.url("postgres", "postgres"));
    command.output().unwrap()
}

#[test]
fn the_first_start_creates_the_databases_and_the_second_uses_them() {
    let server = Server::throwaway().unwrap();
    for (patched, grants) in [
        ("applied 11 patches in ", "1"),
        ("nothing to do for 11 patches, ", "2"),
    ] {
        let output = start(&server);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains(patched), "{said}");
        let count = "SELECT count(*) FROM bidrag.grants";
        assert_eq!(server.psql("hundbidrag", count).unwrap(), grants);
    }
    let breeds = "SELECT name FROM register.breeds WHERE kilograms > 20 ORDER BY kilograms";
    assert_eq!(
        server.psql("hundregister", breeds).unwrap(),
        "dalmatiner\njämthund"
    );
    let index =
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'bidrag.grants_chip_purpose'::regclass";
    assert_eq!(server.psql("hundbidrag", index).unwrap(), "t");
    let ledger = "SELECT count(*) FROM patchgen.patch WHERE state = 'applied'";
    assert_eq!(server.psql("patches", ledger).unwrap(), "11");
}

#[test]
fn roles_that_exist_are_left_as_they_are() {
    let server = Server::throwaway().unwrap();
    let role = "CREATE ROLE hundbidrag LOGIN PASSWORD 'hundbidrag' CONNECTION LIMIT 7";
    server.psql("postgres", role).unwrap();
    let output = start(&server);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'hundbidrag'";
    assert_eq!(server.psql("postgres", limit).unwrap(), "7");
}
