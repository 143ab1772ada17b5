//! Blockers: the sessions that a patch waits for.

use crate::ledger::entry::Begun;
use crate::server::connector::Connector;
use crate::server::quote::{literals, sql};
use crate::server::session::Session;
use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

/// Time before the first query: most patches end sooner.
const GRACE: Duration = Duration::from_millis(400);
const INTERVAL: Duration = Duration::from_millis(250);

/// Watches for the sessions that block a transaction.
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
        begun: &[Begun<'_>],
    ) -> Self {
        let name = |begun: &Begun<'_>| begun.session_name(&connector.config.program);
        let names: Vec<String> = begun.iter().map(name).collect();
        let names = literals(names.iter().map(String::as_str));
        // A pooler hides the backend that serves the patch, but not the name that its transaction has.
        let query = sql!(
            "
            SELECT pg_catalog.string_agg(pg_catalog.format(
                'process %s `%s` of role `%s`, %s since %s, running: %s',
                b.pid, b.application_name, b.usename, b.state,
                pg_catalog.to_char(b.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ'), pg_catalog.left(b.query, 200)), '; ')
            FROM pg_catalog.pg_stat_activity a, pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS p(pid)
                JOIN pg_catalog.pg_stat_activity b ON b.pid = p.pid
            WHERE a.datname = pg_catalog.current_database() AND a.application_name IN ({names})
            "
        );
        Self {
            connector,
            database: session.database.clone(),
            user: session.user.clone(),
            query,
            seen: RefCell::default(),
        }
    }

    /// Queries again and again, as long as it is polled.
    pub(crate) async fn watch(&self) -> Infallible {
        tokio::time::sleep(GRACE).await;
        if let Ok(session) = self.connector.open(&self.database, &self.user).await {
            while let Ok(row) = session.try_row(&self.query).await {
                if let Some(blockers) = row.as_ref().and_then(|row| row.get(0)) {
                    self.seen.replace(Some(format!("blocked by {blockers}")));
                }
                tokio::time::sleep(INTERVAL).await;
            }
        }
        std::future::pending().await
    }

    /// The sessions that were seen last.
    pub(crate) fn last_seen(&self) -> Option<String> {
        self.seen.take()
    }
}
