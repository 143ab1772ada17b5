use patchgen_sandbox::{SUPERUSER, Server};
use postgres::{Client, NoTls};

/// Starts a throwaway server with the default options. For others use [`patchgen_sandbox::Options`].
pub fn server() -> Server {
    match Server::throwaway() {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.help().unwrap_or_default()),
    }
}

/// Opens a session of the superuser, directly and not through a proxy.
pub fn connect(server: &Server, database: &str) -> Client {
    Client::connect(&server.conninfo(database, SUPERUSER), NoTls)
        .expect("the sandbox accepts connections")
}

/// Runs statements as the superuser, each in a transaction of its own.
pub fn execute(server: &Server, database: &str, statements: &[&str]) {
    let mut client = connect(server, database);
    for statement in statements {
        if let Err(error) = client.batch_execute(statement) {
            panic!("{statement}: {error:?}");
        }
    }
}

/// Returns the only column of a query's rows.
pub fn column(server: &Server, database: &str, query: &str) -> Vec<String> {
    match connect(server, database).query(query, &[]) {
        Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
        Err(error) => panic!("{query}: {error:?}"),
    }
}

/// Returns the only value of a query that counts.
pub fn count(server: &Server, database: &str, query: &str) -> i64 {
    match connect(server, database).query_one(query, &[]) {
        Ok(row) => row.get(0),
        Err(error) => panic!("{query}: {error:?}"),
    }
}

/// Ends the sessions of a server that fulfil a condition on `pg_stat_activity`.
pub fn end_sessions(server: &Server, condition: &str) {
    let statement = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {condition}"
    );
    execute(server, "postgres", &[&statement]);
}
