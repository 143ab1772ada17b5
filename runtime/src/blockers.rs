//! Who is in the way of a patch that waits for a lock.

use crate::ledger::Entry;
use crate::quote::literal;
use crate::session::{Connector, Session};
use crate::transaction::session_name;
use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

/// Patches that are through sooner are not looked at.
const GRACE: Duration = Duration::from_millis(400);
const INTERVAL: Duration = Duration::from_millis(250);

pub(crate) struct Blockers<'b, 'c> {
    connector: &'b Connector<'c>,
    database: String,
    user: String,
    query: String,
    seen: RefCell<Option<String>>,
}

impl<'b, 'c> Blockers<'b, 'c> {
    pub(crate) fn new(
        connector: &'b Connector<'c>,
        session: &Session,
        entries: &[Entry<'_>],
    ) -> Self {
        let name = |entry| literal(&session_name(&connector.config.program, entry));
        let names: Vec<String> = entries.iter().map(name).collect();
        // A pooler hides which backend serves us, but not the name that the patch's transaction gave it.
        let query = format!(
            "SELECT pg_catalog.string_agg(pg_catalog.format('process %s `%s` of role `%s`, %s since %s, running: %s', \
             b.pid, b.application_name, b.usename, b.state, \
             pg_catalog.to_char(b.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ'), pg_catalog.left(b.query, 200)), '; ') \
             FROM pg_catalog.pg_stat_activity a, pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS p(pid) \
             JOIN pg_catalog.pg_stat_activity b ON b.pid = p.pid \
             WHERE a.datname = pg_catalog.current_database() AND a.application_name IN ({})",
            names.join(", ")
        );
        Self {
            connector,
            database: session.database.clone(),
            user: session.user.clone(),
            query,
            seen: RefCell::default(),
        }
    }

    /// Looks again and again, for as long as it is polled.
    pub(crate) async fn watch(&self) -> Infallible {
        tokio::time::sleep(GRACE).await;
        if let Ok(session) = self.connector.open(&self.database, &self.user).await {
            while let Ok(row) = session.run(&self.query).await {
                if let Some(blockers) = row.as_ref().and_then(|row| row.get(0)) {
                    self.seen.replace(Some(format!("blocked by {blockers}")));
                }
                tokio::time::sleep(INTERVAL).await;
            }
        }
        std::future::pending().await
    }

    /// Who was seen last.
    pub(crate) fn seen(&self) -> Option<String> {
        self.seen.take()
    }
}
