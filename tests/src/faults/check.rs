//! Checks of databases and ledger at the end of a history.

use super::findings::Findings;
use super::scenario::{Ledger, Scenario};
use super::servers::{PROGRAM_SESSIONS, Servers};
use crate::connect;
use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time within which the sessions of killed programs must have ended.
const SESSION_END_LIMIT: Duration = Duration::from_secs(5);

/// Adds everything that is wrong after a history to the findings.
pub(super) fn check(servers: &Servers, scenario: Scenario, findings: &mut Findings) {
    effects(servers, scenario, findings);
    catalogue(servers, scenario, findings);
    ledger(servers, scenario, findings);
    leftovers(servers, findings);
}

fn effects(servers: &Servers, scenario: Scenario, findings: &mut Findings) {
    let rows = connect(&servers.target, "app").query("SELECT what, runs FROM counter", &[]);
    let rows = rows.expect("the baseline made the table");
    let found: BTreeMap<String, i32> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for what in scenario.expected().counted {
        match found.get(&what) {
            None => {
                findings.lost += 1;
                findings.report(format!("`{what}` was lost"));
            }
            Some(1) => {}
            Some(runs) => {
                findings.duplicated += 1;
                findings.report(format!("`{what}` took effect {runs} times"));
            }
        }
    }
}

fn catalogue(servers: &Servers, scenario: Scenario, findings: &mut Findings) {
    let mut client = connect(&servers.target, "app");
    let query = "SELECT c.relname::text, i.indisvalid AND i.indisready AND i.indislive, i.indrelid = 'big'::regclass \
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid ORDER BY c.relname";
    let rows = client.query(query, &[]).expect("the catalogue is there");
    let mut names: Vec<String> = Vec::new();
    for row in &rows {
        let name: String = row.get(0);
        if !row.get::<_, bool>(1) {
            findings.report_other(format!("index `{name}` is invalid"));
        }
        if row.get(2) {
            names.push(name);
        }
    }
    let expected = scenario.expected();
    if names != expected.indexes {
        findings.report_other(format!(
            "the indexes are {names:?}, not {:?}",
            expected.indexes
        ));
    }
    let query = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'parted'::regclass";
    let row = client.query_one(query, &[]).expect("the table is there");
    if row.get::<_, i64>(0) != expected.partitions {
        findings.report_other("the partition is not as it was to be");
    }
}

fn ledger(servers: &Servers, scenario: Scenario, findings: &mut Findings) {
    let server = servers.ledger_server(scenario.ledger);
    let mut client = connect(server, Servers::ledger_database(scenario.ledger));
    let query = "SELECT p.major, p.minor, p.state, p.sqlstate, p.finished_at IS NOT NULL, p.kind, r.state, r.xid::text \
                 FROM patchgen.patch p LEFT JOIN patchgen.run r USING (database, major, minor, point) ORDER BY 1, 2";
    let rows = client.query(query, &[]).expect("the ledger is there");
    if rows.len() != scenario.expected().rows {
        findings.unrecorded += scenario.expected().rows.abs_diff(rows.len());
        findings.report(format!("{} patches are recorded", rows.len()));
    }
    let mut target = connect(&servers.target, "app");
    for row in &rows {
        let mut fault = |what: String| {
            findings.unrecorded += 1;
            let (major, minor): (i64, i64) = (row.get(0), row.get(1));
            findings.report(format!("the record of {major}.{minor} is not true: {what}"));
        };
        let (state, failure): (String, Option<String>) = (row.get(2), row.get(3));
        if state != "applied" || !row.get::<_, bool>(4) || failure.is_some() {
            fault(format!("it is {state}, failure {failure:?}"));
        }
        let (kind, run, xid): (String, Option<String>, Option<String>) =
            (row.get(5), row.get(6), row.get(7));
        let transaction = scenario.ledger != Ledger::InTarget && kind != "concurrent";
        match (run.as_deref(), xid) {
            (Some("applied"), Some(xid)) if transaction => {
                let query = format!("SELECT pg_xact_status('{xid}'::xid8)");
                let status = target.query_one(&query, &[]);
                let status = status.ok().and_then(|row| row.get::<_, Option<String>>(0));
                if status.as_deref() != Some("committed") {
                    fault(format!("its transaction {xid} is {status:?}"));
                }
            }
            (run, xid) if transaction => fault(format!("its run is {run:?}, {xid:?}")),
            _ => {}
        }
    }
}

fn leftovers(servers: &Servers, findings: &mut Findings) {
    let query = format!(
        "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), \
         (SELECT count(*) FROM pg_stat_activity WHERE {PROGRAM_SESSIONS}), \
         (SELECT count(*) FROM pg_database WHERE datconnlimit > 0)"
    );
    for server in [&*servers.target, servers.ledger_server(Ledger::OtherServer)] {
        let mut client = connect(server, "postgres");
        let began = Instant::now();
        loop {
            let row = client.query_one(&query, &[]).expect("the server runs");
            let left: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
            if left == [0; 3] {
                break;
            }
            if began.elapsed() > SESSION_END_LIMIT {
                let [locks, sessions, marks] = left;
                findings.report_other(format!(
                    "{locks} locks, {sessions} sessions and {marks} unfinished databases are left"
                ));
                break;
            }
            sleep(Duration::from_millis(10));
        }
    }
}
