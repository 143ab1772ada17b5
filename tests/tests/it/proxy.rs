use std::time::Duration;

use patchgen_sandbox::Server;
use patchgen_tests::{Fault, Proxy, execute, server};
use postgres::{Client, NoTls};

fn client(proxy: &Proxy) -> Client {
    Client::connect(&proxy.conninfo("postgres", "postgres"), NoTls).unwrap()
}

fn count(server: &Server) -> i64 {
    patchgen_tests::count(server, "postgres", "SELECT count(*) FROM seen")
}

/// Starts a server with an empty table `seen`, and a proxy in front of it.
fn server_with_table() -> (Server, Proxy) {
    let server = server();
    let table = "CREATE TABLE seen (n int)";
    execute(&server, "postgres", &[table]);
    let proxy = Proxy::start(server.port());
    (server, proxy)
}

#[test]
fn each_request_after_an_answer_is_a_wait() {
    let server = server();
    let proxy = Proxy::start(server.port());
    let mut client = client(&proxy);
    assert_eq!(proxy.waits(), 0, "connecting is not counted");

    client.batch_execute("SELECT 1; SELECT 2").unwrap();
    assert_eq!(proxy.waits(), 1, "a simple query, however many statements");

    // The answer comes in many packets.
    client
        .simple_query("SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
        .unwrap();
    assert_eq!(proxy.waits(), 2, "a long answer");

    let statement = client.prepare("SELECT $1::int").unwrap();
    assert_eq!(proxy.waits(), 3, "prepare");
    client.query(&statement, &[&1]).unwrap();
    assert_eq!(proxy.waits(), 4, "execute");
    client.close().unwrap();
    assert_eq!(proxy.waits(), 4, "termination");
}

#[test]
fn authentication_is_not_counted() {
    let auth = patchgen_sandbox::Auth::Scram {
        password: "secret".into(),
    };
    let server = patchgen_sandbox::Options::new()
        .auth(auth)
        .throwaway()
        .unwrap();
    let proxy = Proxy::start(server.port());
    let conninfo = proxy.conninfo("postgres", "postgres") + " password=secret";
    let mut client = Client::connect(&conninfo, NoTls).unwrap();
    client.batch_execute("SELECT 1").unwrap();
    assert_eq!(proxy.waits(), 1);
}

#[test]
fn sessions_are_known_by_database_and_user() {
    let server = server();
    let proxy = Proxy::start(server.port());
    let mut one = client(&proxy);
    let conninfo = proxy.conninfo("template1", "postgres") + " application_name=two";
    let mut two = Client::connect(&conninfo, NoTls).unwrap();
    one.batch_execute("SELECT 1").unwrap();
    two.batch_execute("SELECT 1").unwrap();
    two.batch_execute("SELECT 1").unwrap();
    let connections = proxy.connections();
    let known: Vec<_> = connections
        .iter()
        .map(|c| {
            (
                &c.database[..],
                &c.user[..],
                &c.application_name[..],
                c.waits,
            )
        })
        .collect();
    assert_eq!(
        known,
        [
            ("postgres", "postgres", "", 1),
            ("template1", "postgres", "two", 2)
        ]
    );
    assert!(
        connections
            .iter()
            .all(|c| c.open && c.sent > 0 && c.received > 0)
    );

    proxy.reset();
    one.batch_execute("SELECT 1").unwrap();
    assert_eq!(proxy.waits(), 1);
    assert_eq!(proxy.connections()[0].waits, 1);
}

#[test]
fn a_lost_request_never_happened_and_a_lost_answer_did() {
    for (fault, rows) in [(Fault::LoseRequest, 0), (Fault::LoseAnswer, 1)] {
        let (server, proxy) = server_with_table();
        let mut client = client(&proxy);
        proxy.fail_at(2, fault);
        client.batch_execute("SELECT 1").unwrap();
        let error = client
            .batch_execute("INSERT INTO seen VALUES (1)")
            .unwrap_err();
        assert!(
            error.code().is_none(),
            "{fault:?}: the connection broke, the statement did not fail: {error}"
        );
        assert_eq!(count(&server), rows, "{fault:?}");
    }
}

#[test]
fn held_requests_and_answers_arrive_after_the_thaw() {
    for (fault, rows) in [(Fault::HoldRequest, 0), (Fault::HoldAnswer, 1)] {
        let (server, proxy) = server_with_table();
        let mut client = client(&proxy);
        proxy.fail_at(1, fault);
        std::thread::scope(|scope| {
            let insert = scope.spawn(|| client.batch_execute("INSERT INTO seen VALUES (1)"));
            proxy.wait_until_frozen();
            assert_eq!(count(&server), rows, "{fault:?}");
            assert!(!insert.is_finished());
            proxy.thaw();
            insert.join().unwrap().unwrap();
        });
        assert_eq!(count(&server), 1);
    }
}

#[test]
fn a_cut_ends_sessions_and_new_ones_begin() {
    let (server, proxy) = server_with_table();
    let mut broken = client(&proxy);
    proxy.freeze();
    std::thread::scope(|scope| {
        let insert = scope.spawn(|| broken.batch_execute("INSERT INTO seen VALUES (1)"));
        // The statement gets no answer while the proxy is frozen.
        std::thread::sleep(Duration::from_millis(20));
        assert!(!insert.is_finished());
        proxy.cut();
        assert!(insert.join().unwrap().is_err());
    });
    assert_eq!(count(&server), 0);
    client(&proxy)
        .batch_execute("INSERT INTO seen VALUES (2)")
        .unwrap();
    assert_eq!(count(&server), 1);
}

#[test]
fn a_server_that_is_down_appears_as_a_broken_connection() {
    let (server, proxy) = server_with_table();
    let mut before = client(&proxy);
    server.crash();
    assert!(before.batch_execute("SELECT 1").is_err());
    assert!(Client::connect(&proxy.conninfo("postgres", "postgres"), NoTls).is_err());
    server.start().unwrap();
    client(&proxy).batch_execute("SELECT 1").unwrap();
}
