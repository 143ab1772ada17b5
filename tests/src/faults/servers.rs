//! The servers of a suite's histories.

use super::fault::{Ending, ServerRole, Sessions};
use super::scenario::{Ledger, Scenario};
use crate::connect;
use patchgen_sandbox::{Cluster, Options, SUPERUSER, Server};
use postgres::{Client, NoTls};
use std::sync::Arc;

/// Condition on `pg_stat_activity` for the sessions of the programs under test.
pub(super) const PROGRAM_SESSIONS: &str =
    "application_name LIKE 'patchgen%' AND pid <> pg_backend_pid()";

/// A server to patch, and a second one for ledgers.
pub(super) struct Servers {
    pub(super) target: Arc<Server>,
    second: Server,
    pub(super) version: i32,
}

impl Servers {
    pub(super) fn new() -> Servers {
        // The program tells servers apart by their system identifiers, which copies of a cached cluster share.
        let fresh = || {
            let options = Options::new().cluster(Cluster::Fresh);
            let options = options.setting("max_connections", "200");
            options.throwaway().expect("a server can be made")
        };
        let target = Arc::new(fresh());
        let query = "SELECT current_setting('server_version_num')::int";
        let version = connect(&target, "postgres").query_one(query, &[]);
        Servers {
            target,
            second: fresh(),
            version: version.expect("a server has a version").get(0),
        }
    }

    /// Returns the server that holds the ledger.
    pub(super) fn ledger_server(&self, ledger: Ledger) -> &Server {
        match ledger {
            Ledger::OtherServer => &self.second,
            Ledger::Apart | Ledger::InTarget => &self.target,
        }
    }

    pub(super) fn server(&self, role: ServerRole, ledger: Ledger) -> &Server {
        match role {
            ServerRole::Target => &self.target,
            ServerRole::Ledger => self.ledger_server(ledger),
        }
    }

    /// Returns the database that holds the ledger.
    pub(super) fn ledger_database(ledger: Ledger) -> &'static str {
        match ledger {
            Ledger::InTarget => "app",
            Ledger::Apart | Ledger::OtherServer => "patches",
        }
    }

    /// Starts both servers if necessary and drops the program's databases.
    pub(super) fn reset(&self) {
        self.repair();
        for server in [&self.target, &self.second] {
            let mut client = connect(server, "postgres");
            for statement in [
                "DROP DATABASE IF EXISTS app WITH (FORCE)",
                "DROP DATABASE IF EXISTS patches WITH (FORCE)",
                "DROP ROLE IF EXISTS patches",
            ] {
                client
                    .batch_execute(statement)
                    .expect("the statement succeeds");
            }
        }
    }

    /// Starts the servers that do not run.
    pub(super) fn repair(&self) {
        for server in [&self.target, &self.second] {
            server.start().expect("the server starts again");
        }
    }

    /// Terminates sessions of the program. Returns whether there were any.
    pub(super) fn terminate(&self, scenario: Scenario, sessions: Sessions, filter: &str) -> bool {
        let mut ended = 0;
        let servers = [&*self.target, self.ledger_server(scenario.ledger)];
        let servers = &servers[..if scenario.ledger == Ledger::OtherServer {
            2
        } else {
            1
        }];
        let terminate = |server: &Server, range: String| {
            let query = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity \
                 WHERE {PROGRAM_SESSIONS} AND {filter} ORDER BY backend_start, pid {range}) AS session"
            );
            let row = connect(server, "postgres").query_one(&query, &[]);
            row.map_or(0, |row| row.get::<_, i64>(0))
        };
        match sessions {
            Sessions::All => servers
                .iter()
                .for_each(|server| ended += terminate(server, String::new())),
            Sessions::One(number) => {
                let number = usize::from(number);
                // A server seldom has more than four sessions of the program.
                let server = servers[number % servers.len()];
                for offset in (0..=number / 2 % 4).rev() {
                    if ended == 0 {
                        ended += terminate(server, format!("OFFSET {offset} LIMIT 1"));
                    }
                }
            }
        }
        ended > 0
    }

    /// Makes the program's writes fail as on a full disk. Returns whether that succeeded.
    pub(super) fn fill_disk(&self, scenario: Scenario, role: ServerRole) -> bool {
        let function = |returns: &str| {
            format!(
                "SET lock_timeout = '1s'; CREATE FUNCTION public.no_room() RETURNS {returns} LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; "
            )
        };
        let (server, database, sql) = match role {
            ServerRole::Target => (
                &*self.target,
                "app",
                function("event_trigger")
                    + "CREATE EVENT TRIGGER no_room ON ddl_command_start EXECUTE FUNCTION public.no_room()",
            ),
            ServerRole::Ledger => (
                self.ledger_server(scenario.ledger),
                Servers::ledger_database(scenario.ledger),
                function("trigger")
                    + "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON patchgen.patch EXECUTE FUNCTION public.no_room(); \
                       CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON patchgen.run EXECUTE FUNCTION public.no_room()",
            ),
        };
        let client = Client::connect(&server.conninfo(database, SUPERUSER), NoTls);
        client.is_ok_and(|mut client| client.batch_execute(&sql).is_ok())
    }

    /// Lets the program's writes succeed again.
    pub(super) fn free_disk(&self, scenario: Scenario, role: ServerRole) {
        let (server, database) = match role {
            ServerRole::Target => (&*self.target, "app"),
            ServerRole::Ledger => (
                self.ledger_server(scenario.ledger),
                Servers::ledger_database(scenario.ledger),
            ),
        };
        connect(server, database)
            .batch_execute(
                "DROP EVENT TRIGGER IF EXISTS no_room; DROP FUNCTION IF EXISTS public.no_room() CASCADE",
            )
            .expect("the trigger can be dropped");
    }
}

/// Ends a server.
pub(super) fn end(server: &Server, ending: Ending) {
    match ending {
        Ending::Quit => server.crash(),
        Ending::Kill => server.kill(),
        Ending::Stop => server.stop(),
    }
}
