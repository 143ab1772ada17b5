//! The servers of a suite's histories, and what disturbs them.

use super::fault::{Ending, Sessions, Which};
use super::scenario::{Ledger, Scenario};
use crate::connect;
use patchgen_sandbox::{Cluster, Options, SUPERUSER, Server};
use postgres::{Client, NoTls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// The sessions of the programs under test.
pub(super) const OURS: &str = "application_name LIKE 'patchgen%' AND pid <> pg_backend_pid()";

/// A server to patch, and another for ledgers.
pub(super) struct World {
    pub(super) target: Arc<Server>,
    other: Server,
    pub(super) version: i32,
}

impl World {
    pub(super) fn new() -> World {
        // Copies of a cached cluster share their identity, by which servers are told apart.
        let fresh = || {
            let options = Options::new().cluster(Cluster::Fresh);
            let options = options.setting("max_connections", "200");
            options.throwaway().expect("a server can be made")
        };
        let target = Arc::new(fresh());
        let query = "SELECT current_setting('server_version_num')::int";
        let version = connect(&target, "postgres").query_one(query, &[]);
        World {
            target,
            other: fresh(),
            version: version.expect("a server has a version").get(0),
        }
    }

    /// The server that holds the ledger.
    pub(super) fn home(&self, ledger: Ledger) -> &Server {
        match ledger {
            Ledger::OtherServer => &self.other,
            Ledger::Apart | Ledger::InTarget => &self.target,
        }
    }

    pub(super) fn server(&self, which: Which, ledger: Ledger) -> &Server {
        match which {
            Which::Target => &self.target,
            Which::Ledger => self.home(ledger),
        }
    }

    /// The database that holds the ledger.
    pub(super) fn home_database(ledger: Ledger) -> &'static str {
        match ledger {
            Ledger::InTarget => "app",
            Ledger::Apart | Ledger::OtherServer => "patches",
        }
    }

    /// Both servers run, with no databases of a program.
    pub(super) fn reset(&self) {
        self.repair();
        for server in [&self.target, &self.other] {
            let mut client = connect(server, "postgres");
            for statement in [
                "DROP DATABASE IF EXISTS app WITH (FORCE)",
                "DROP DATABASE IF EXISTS patches WITH (FORCE)",
                "DROP ROLE IF EXISTS patches",
            ] {
                client.batch_execute(statement).expect("it can be dropped");
            }
        }
    }

    /// Starts what does not run.
    pub(super) fn repair(&self) {
        for server in [&self.target, &self.other] {
            server.start().expect("the server starts again");
        }
    }

    /// Ends sessions of the program; gives whether there were any.
    pub(super) fn terminate(&self, scenario: Scenario, which: Sessions, filter: &str) -> bool {
        let mut ended = 0;
        let servers = [&*self.target, self.home(scenario.ledger)];
        let servers = &servers[..if scenario.ledger == Ledger::OtherServer {
            2
        } else {
            1
        }];
        let of = |server: &Server, which: String| {
            let query = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity \
                 WHERE {OURS} AND {filter} ORDER BY backend_start, pid {which}) AS session"
            );
            let row = connect(server, "postgres").query_one(&query, &[]);
            row.map_or(0, |row| row.get::<_, i64>(0))
        };
        match which {
            Sessions::All => servers
                .iter()
                .for_each(|server| ended += of(server, String::new())),
            Sessions::One(number) => {
                let number = usize::from(number);
                // There are seldom more than four on a server.
                let server = servers[number % servers.len()];
                for offset in (0..=number / 2 % 4).rev() {
                    if ended == 0 {
                        ended += of(server, format!("OFFSET {offset} LIMIT 1"));
                    }
                }
            }
        }
        ended > 0
    }

    /// From now on the server has no room for what the program writes; gives whether that could be done.
    pub(super) fn fill(&self, scenario: Scenario, which: Which) -> bool {
        let function = |returns: &str| {
            format!(
                "SET lock_timeout = '1s'; CREATE FUNCTION public.no_room() RETURNS {returns} LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; "
            )
        };
        let (server, database, sql) = match which {
            Which::Target => (
                &*self.target,
                "app",
                function("event_trigger")
                    + "CREATE EVENT TRIGGER no_room ON ddl_command_start EXECUTE FUNCTION public.no_room()",
            ),
            Which::Ledger => (
                self.home(scenario.ledger),
                World::home_database(scenario.ledger),
                function("trigger")
                    + "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON patchgen.patch EXECUTE FUNCTION public.no_room(); \
                       CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON patchgen.run EXECUTE FUNCTION public.no_room()",
            ),
        };
        let client = Client::connect(&server.conninfo(database, SUPERUSER), NoTls);
        client.is_ok_and(|mut client| client.batch_execute(&sql).is_ok())
    }

    /// There is room again.
    pub(super) fn empty(&self, scenario: Scenario, which: Which) {
        let (server, database) = match which {
            Which::Target => (&*self.target, "app"),
            Which::Ledger => (
                self.home(scenario.ledger),
                World::home_database(scenario.ledger),
            ),
        };
        connect(server, database)
            .batch_execute(
                "DROP EVENT TRIGGER IF EXISTS no_room; DROP FUNCTION IF EXISTS public.no_room() CASCADE",
            )
            .expect("the room can be given back");
    }
}

pub(super) fn end(server: &Server, ending: Ending) {
    match ending {
        Ending::Quit => server.crash(),
        Ending::Kill => server.kill(),
        Ending::Stop => server.stop(),
    }
}

/// Sessions that write to `big`, whatever happens to the server, and one that keeps its transaction open.
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    holder: Option<Client>,
}

impl Writers {
    pub(super) fn start(server: &Arc<Server>) -> Writers {
        let mut holder = connect(server, "app");
        holder
            .batch_execute("BEGIN; UPDATE big SET b = b WHERE a = 1")
            .expect("the table is there");
        let stop = Arc::new(AtomicBool::new(false));
        let write = |from: i32| {
            let (server, stop) = (Arc::clone(server), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let conninfo = server.conninfo("app", SUPERUSER);
                    if let Ok(mut client) = Client::connect(&conninfo, NoTls) {
                        let write = format!("UPDATE big SET b = b WHERE a = {from}");
                        while !stop.load(Ordering::SeqCst) && client.batch_execute(&write).is_ok() {
                            sleep(Duration::from_millis(1));
                        }
                    }
                    sleep(Duration::from_millis(10));
                }
            })
        };
        let threads = vec![write(2), write(3)];
        Writers {
            stop,
            threads,
            holder: Some(holder),
        }
    }

    /// Lets index builds go on.
    pub(super) fn release(&mut self) {
        self.holder = None;
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
