use patchgen_sandbox::Server;

use crate::support::{Owner, is_alive, psql_program, wait_until};

#[test]
fn two_servers_at_a_time_are_independent() {
    let one = Server::throwaway().unwrap();
    let two = Server::throwaway().unwrap();
    one.psql("postgres", "CREATE TABLE here ()").unwrap();
    assert_eq!(
        one.psql("postgres", "SELECT to_regclass('here')").unwrap(),
        "here"
    );
    assert_eq!(
        two.psql("postgres", "SELECT to_regclass('here')").unwrap(),
        ""
    );
    assert_ne!(one.port(), two.port());
}

#[test]
fn many_start_at_once() {
    let threads: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| Server::throwaway().unwrap()))
        .collect();
    let servers: Vec<Server> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    for server in &servers {
        let port = server.psql("postgres", "SHOW port").unwrap();
        assert_eq!(port, server.port().to_string());
    }
}

#[test]
fn a_dropped_server_is_removed() {
    let server = Server::throwaway().unwrap();
    let (pid, data) = (server.pid().unwrap(), server.data_dir().to_owned());
    assert!(is_alive(pid) && data.exists());
    drop(server);
    assert!(!is_alive(pid));
    assert!(!data.parent().unwrap().exists());
}

#[test]
fn a_server_dropped_after_a_kill_is_removed_with_its_busy_sessions() {
    let server = Server::throwaway().unwrap();
    let data = server.data_dir().to_owned();
    // The statement never waits, so the session does not notice that its postmaster is dead.
    let busy = "DO $$ BEGIN LOOP END LOOP; END $$";
    let conninfo = server.socket_conninfo("postgres", "postgres");
    let mut client = std::process::Command::new(psql_program(&server))
        .args([&conninfo, "-c", busy])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let active = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO%'";
    wait_until("the session is busy", || {
        !server.psql("postgres", active).unwrap().is_empty()
    });
    let backend = server.psql("postgres", active).unwrap().parse().unwrap();

    server.kill();
    assert_eq!(server.pid(), None);
    assert!(is_alive(backend));
    drop(server);
    assert!(!data.exists());
    wait_until("the session is gone", || !is_alive(backend));
    client.wait().unwrap();
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let mut owner = Owner::new();
    assert!(is_alive(owner.server) && owner.data.exists());
    owner.process.kill().unwrap();
    owner.process.wait().unwrap();
    wait_until("the server has ended", || !is_alive(owner.server));
    wait_until("the folder is gone", || {
        !owner.data.parent().unwrap().exists()
    });
}

#[test]
fn what_was_committed_survives_crash_kill_and_restart() {
    let server = Server::throwaway().unwrap();
    let port = server.port();
    server
        .psql("postgres", "CREATE TABLE seen (what text)")
        .unwrap();
    for (what, end) in [
        ("crash", Server::crash as fn(&Server)),
        ("kill", Server::kill),
        ("stop", Server::stop),
    ] {
        server
            .psql("postgres", &format!("INSERT INTO seen VALUES ('{what}')"))
            .unwrap();
        end(&server);
        assert_eq!(server.pid(), None, "{what}");
        assert!(server.psql("postgres", "SELECT 1").is_err(), "{what}");
        server.start().unwrap();
    }
    server.restart().unwrap();
    assert_eq!(
        server.psql("postgres", "SELECT what FROM seen").unwrap(),
        "crash\nkill\nstop"
    );
    assert_eq!(server.port(), port);
    assert!(
        server
            .log()
            .contains("was not properly shut down; automatic recovery in progress")
    );
}
