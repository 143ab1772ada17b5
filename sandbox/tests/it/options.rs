use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use patchgen_sandbox::{Auth, Cluster, Durability, Options, Server};

use crate::support::{psql_program, wait_until};

const SYSTEM_IDENTIFIER: &str = "SELECT system_identifier FROM pg_control_system()";

#[test]
fn settings_reach_the_server() {
    let server = Options::new()
        .setting("application_name", r"it's \ odd")
        .setting("work_mem", "1MB")
        .setting("work_mem", "2MB")
        .durability(Durability::On)
        .throwaway()
        .unwrap();
    for (name, value) in [
        ("work_mem", "2MB"),
        ("fsync", "on"),
        ("wal_level", "logical"),
        ("max_prepared_transactions", "20"),
        ("listen_addresses", "127.0.0.1"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(
            server.psql("postgres", &format!("SHOW {name}")).unwrap(),
            value
        );
    }
    let file = "SELECT setting FROM pg_file_settings WHERE name = 'application_name'";
    assert_eq!(server.psql("postgres", file).unwrap(), r"it's \ odd");
}

#[test]
fn the_error_for_a_setting_that_the_server_rejects_has_its_message() {
    let error = Options::new()
        .setting("no_such_thing", "1")
        .throwaway()
        .unwrap_err();
    assert!(
        error.to_string().starts_with("postgresql did not start: "),
        "{error}"
    );
    assert!(error.help().unwrap().contains("no_such_thing"), "{error:?}");
}

#[test]
fn scram_asks_for_the_password() {
    let auth = Auth::Scram {
        password: "p'w d".into(),
    };
    let server = Options::new().auth(auth).throwaway().unwrap();
    let psql = |conninfo: &str| {
        Command::new(psql_program(&server))
            .args(["-XAtc", "SELECT 1", "--no-password", conninfo])
            .env_remove("PGPASSWORD")
            .output()
            .unwrap()
    };
    let right = server.conninfo("postgres", "postgres");
    assert_eq!(psql(&right).stdout, b"1\n");
    assert_eq!(psql(&server.url("postgres", "postgres")).stdout, b"1\n");
    assert_eq!(
        psql(&server.socket_conninfo("postgres", "postgres")).stdout,
        b"1\n"
    );
    let wrong = right.replace("w d", "x");
    assert!(
        String::from_utf8_lossy(&psql(&wrong).stderr).contains("password authentication failed")
    );
    assert_eq!(server.psql("postgres", "SELECT 1").unwrap(), "1");
}

#[test]
fn peer_authentication_accepts_the_servers_own_account() {
    let server = Options::new()
        .hba("local all all peer")
        .throwaway()
        .unwrap();
    let account = server.system_user();
    let owner = fs::metadata(server.data_dir()).unwrap();
    let psql = |conninfo: String, sql: &str| {
        let mut command = Command::new(psql_program(&server));
        command.args(["-XAtc", sql, &conninfo]).current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.output().unwrap()
    };
    // The account may be `postgres`, whose role exists, so each role needs a transaction of its own.
    for role in [account, "somebody"] {
        let create = format!("CREATE ROLE \"{role}\" LOGIN");
        psql(server.conninfo("postgres", "postgres"), &create);
    }
    let answer = |user: &str| psql(server.socket_conninfo("postgres", user), "SELECT 1").stdout;
    assert_eq!(answer(account), b"1\n");
    assert_eq!(answer("somebody"), b"");
}

#[test]
fn only_fresh_clusters_have_a_system_identifier_of_their_own() {
    let system_identifier = |cluster| {
        let server = Options::new().cluster(cluster).throwaway().unwrap();
        server.psql("postgres", SYSTEM_IDENTIFIER).unwrap()
    };
    assert_eq!(
        system_identifier(Cluster::Cached),
        system_identifier(Cluster::Cached)
    );
    assert_ne!(
        system_identifier(Cluster::Fresh),
        system_identifier(Cluster::Fresh)
    );
}

#[test]
fn a_standby_follows_and_refuses_writes() {
    let primary = Server::throwaway().unwrap();
    if !primary.binaries().dir().join("pg_basebackup").exists() {
        return; // Some installations lack this program.
    }
    let standby = primary.standby().unwrap();
    primary.psql("postgres", "CREATE TABLE here ()").unwrap();
    let position = primary
        .psql("postgres", "SELECT pg_current_wal_lsn()")
        .unwrap();
    wait_until("the standby has caught up", || {
        let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
        standby.psql("postgres", &caught_up).unwrap() == "t"
    });
    assert_eq!(
        standby
            .psql("postgres", "SELECT to_regclass('here')")
            .unwrap(),
        "here"
    );
    let error = standby
        .psql("postgres", "CREATE TABLE there ()")
        .unwrap_err();
    assert!(
        error.help().unwrap().contains("read-only transaction"),
        "{error:?}"
    );
}
