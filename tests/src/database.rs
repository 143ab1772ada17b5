use patchgen_sandbox::{SUPERUSER, Server};
use postgres::{Client, NoTls};

/// A PostgreSQL of the test's own. For other options than the usual use [`patchgen_sandbox::Options`].
pub fn server() -> Server {
    match Server::throwaway() {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.help().unwrap_or_default()),
    }
}

/// A session of the superuser, past any proxy.
pub fn connect(server: &Server, database: &str) -> Client {
    Client::connect(&server.conninfo(database, SUPERUSER), NoTls)
        .expect("the sandbox takes connections")
}
