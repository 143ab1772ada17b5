use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use patchgen_sandbox::Server;

use crate::support::{Owner, program, psql_program};

#[test]
fn the_server_never_runs_as_root() {
    let server = Server::throwaway().unwrap();
    let uid = fs::metadata(server.data_dir()).unwrap().uid();
    assert_ne!(uid, 0);
    let me = rustix::process::geteuid();
    assert!(me.is_root() || me.as_raw() == uid);
    assert_ne!(server.system_user(), "root");
}

/// Needs root. If the tests run as an ordinary user, all other tests show the same.
#[test]
fn an_ordinary_user_has_servers_too() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let nobody = 65_534;
    // The user cannot enter root's folders, so the program is copied to one that he can enter.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("sandbox");
    fs::copy(program(), &copy).unwrap();
    let owner = Owner::start(
        Command::new(&copy)
            .uid(nobody)
            .gid(nobody)
            .env_remove("TMPDIR")
            .current_dir("/"),
    );
    assert_eq!(fs::metadata(&owner.data).unwrap().uid(), nobody);
    let psql = psql_program(&Server::throwaway().unwrap());
    let answer = Command::new(psql)
        .args(["-XAtc", "SELECT 1", &owner.url])
        .output()
        .unwrap();
    assert_eq!(answer.stdout, b"1\n");
}
