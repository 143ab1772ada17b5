use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use patchgen_sandbox::{Afterwards, Durability, Options, Server};
use tempfile::TempDir;

use crate::support::is_alive;

/// Creates a folder that the server's account can enter.
fn folder() -> TempDir {
    folder_of_mode(0o755)
}

fn folder_of_mode(mode: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    folder
}

/// Opens a server that does not wait for the disk.
fn open(folder: &Path) -> Server {
    quick().persistent(folder).unwrap()
}

fn quick() -> Options {
    Options::new().durability(Durability::Off)
}

#[test]
fn a_persistent_server_keeps_data_and_port() {
    let folder = folder();
    let server = Server::persistent(folder.path()).unwrap();
    server
        .psql("postgres", "CREATE TABLE kept AS SELECT 42 AS n")
        .unwrap();
    let (pid, port) = (server.pid().unwrap(), server.port());
    drop(server);
    assert!(!is_alive(pid));

    let server = Server::persistent(folder.path()).unwrap();
    assert_eq!(server.psql("postgres", "SELECT n FROM kept").unwrap(), "42");
    assert_eq!(server.psql("postgres", "SHOW fsync").unwrap(), "on");
    assert_eq!(server.port(), port);
    assert!(!server.log().contains("was not properly shut down"));
}

#[test]
fn two_concurrent_calls_share_one_server() {
    let folder = folder();
    let open = || open(folder.path());
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(open);
        (open(), other.join().unwrap())
    });
    assert_eq!(one.pid(), two.pid());
    assert_eq!(one.port(), two.port());
    assert_eq!(one.socket_dir(), two.socket_dir());
    one.psql("postgres", "CREATE TABLE here ()").unwrap();
    assert_eq!(
        two.psql("postgres", "SELECT to_regclass('here')").unwrap(),
        "here"
    );
}

#[test]
fn a_server_can_outlive_its_owner() {
    let folder = folder();
    let options = quick().afterwards(Afterwards::KeepRunning);
    let pid = options
        .clone()
        .persistent(folder.path())
        .unwrap()
        .pid()
        .unwrap();
    assert!(is_alive(pid));
    let again = open(folder.path());
    assert_eq!(again.pid(), Some(pid));
    assert_eq!(again.psql("postgres", "SELECT 1").unwrap(), "1");
    again.stop();
    assert_eq!(again.pid(), None);
}

#[test]
fn a_deep_folder_has_its_socket_elsewhere() {
    let folder = folder();
    let deep = folder.path().join("d".repeat(120));
    let server = open(&deep);
    assert!(server.data_dir().starts_with(&deep));
    assert_eq!(server.psql("postgres", "SELECT 1").unwrap(), "1");
    let sockets = server.socket_dir().to_owned();
    assert!(!sockets.starts_with(&deep));
    drop(server);
    assert!(!sockets.exists());
}

#[test]
fn a_folder_closed_to_the_account_has_its_data_elsewhere() {
    if !rustix::process::geteuid().is_root() {
        return; // An ordinary user's servers run as that user, who can enter his own folders.
    }
    let closed = folder_of_mode(0o700);
    let dir = closed.path().join("demo");
    let server = open(&dir);
    server.psql("postgres", "CREATE TABLE kept ()").unwrap();
    let target = dir.join("cluster").canonicalize().unwrap();
    assert_eq!(server.data_dir(), target.join("data"));
    drop(server);
    let server = open(&dir);
    assert_eq!(
        server
            .psql("postgres", "SELECT to_regclass('kept')")
            .unwrap(),
        "kept"
    );
    drop(server);
    fs::remove_dir_all(target).unwrap();
}

#[test]
fn data_of_another_version_are_refused() {
    let folder = folder();
    drop(open(folder.path()));
    fs::write(folder.path().join("data/PG_VERSION"), "9\n").unwrap();
    let error = Server::persistent(folder.path()).unwrap_err();
    assert!(
        error.to_string().ends_with("was made by postgresql 9"),
        "{error}"
    );
    assert!(error.help().unwrap().contains("install that version"));
}
