//! Identities of servers, databases and transactions, by which a later run knows them again.

use super::guard::Guard;
use super::lock::target_lock;
use super::quote::literal;
use crate::Place;
use tokio_postgres::SimpleQueryRow;

/// `pg_control_system()`: the cluster. Copies of a cluster share it.
pub(crate) const CLUSTER: &str = "(SELECT system_identifier FROM pg_catalog.pg_control_system())";

/// The columns that [`DatabaseIdentity::read`] reads: cluster, history, database.
///
/// The history is the timeline, eight hexadecimal digits; null on a standby, which writes none.
const COLUMNS: &str = "\
    (SELECT system_identifier FROM pg_catalog.pg_control_system()),
    CASE WHEN NOT pg_catalog.pg_is_in_recovery()
        THEN pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END,
    (SELECT oid FROM pg_catalog.pg_database
        WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/// A database among all databases of all servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DatabaseIdentity {
    /// System identifier of the cluster.
    pub(crate) cluster: String,
    /// Timeline of the server; `None` if it was a standby or was not recorded.
    pub(crate) history: Option<String>,
    /// Oid of the database.
    pub(crate) database: String,
}

/// A transaction among all transactions of all servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TransactionId {
    pub(crate) database: DatabaseIdentity,
    pub(crate) xid: String,
}

/// The first respect in which a database is not the recorded one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Difference {
    Cluster,
    Database,
    History,
}

impl DatabaseIdentity {
    /// Reads the identity from a row in which [`COLUMNS`] begin at a column.
    fn read(row: &SimpleQueryRow, from: usize) -> Option<Self> {
        Some(Self {
            cluster: row.get(from)?.to_owned(),
            history: row.get(from + 1).map(str::to_owned),
            database: row.get(from + 2)?.to_owned(),
        })
    }

    /// Compares the recorded database with the one that is there now.
    ///
    /// `with_ledger`: the ledger is on the same server. Its rows and the database's then share one WAL, so that a surviving
    /// row implies a surviving transaction, whatever the timeline.
    pub(crate) fn difference(&self, now: &Self, with_ledger: bool) -> Option<Difference> {
        if self.cluster != now.cluster {
            return Some(Difference::Cluster);
        }
        if self.database != now.database {
            return Some(Difference::Database);
        }
        match (&self.history, &now.history) {
            (Some(then), Some(now)) if then != now && !with_ledger => Some(Difference::History),
            _ => None,
        }
    }
}

/// A transaction that is open in another session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OpenTransaction {
    pub(crate) id: TransactionId,
    /// Process id of the backend that runs it.
    pid: String,
}

impl OpenTransaction {
    /// The query whose row [`read`](Self::read) reads; it assigns a transaction id if there is none.
    pub(crate) fn query() -> String {
        format!("SELECT pg_catalog.pg_current_xact_id(), pg_catalog.pg_backend_pid(), {COLUMNS}")
    }

    pub(crate) fn read(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            id: TransactionId {
                xid: row.get(0)?.to_owned(),
                database: DatabaseIdentity::read(row, 2)?,
            },
            pid: row.get(1)?.to_owned(),
        })
    }

    /// A statement for the same server that ends its message unless the transaction still holds its target's lock.
    ///
    /// A transaction id that a crash has lost is assigned again, perhaps to the very session that is to record it.
    pub(crate) fn guard(&self, place: &Place) -> String {
        let held = format!(
            "EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted \
             AND objsubid = 1 AND pid = {} AND database = {} AND ((classid::pg_catalog.int8 << 32) | objid::pg_catalog.int8) = {})",
            self.pid,
            self.id.database.database,
            target_lock(place),
        );
        format!("SELECT {}; ", Guard::Gone.expression(&held))
    }
}

/// The present identity of a session's database, with facts about its transactions.
pub(crate) struct Now {
    pub(crate) database: DatabaseIdentity,
    /// The first transaction id that is not assigned yet.
    pub(crate) next_xid: Option<u64>,
}

impl Now {
    /// The query whose row [`read`](Self::read) reads.
    pub(crate) fn query() -> String {
        format!("SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()), {COLUMNS}")
    }

    pub(crate) fn read(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            next_xid: row.get(0).and_then(|next| next.parse().ok()),
            database: DatabaseIdentity::read(row, 1)?,
        })
    }
}

/// The state of a recorded transaction, as its server knows it now.
pub(crate) struct TransactionStatus {
    pub(crate) database: DatabaseIdentity,
    /// `true` if no session holds the target's lock.
    pub(crate) is_free: bool,
    /// The answer of `pg_xact_status`: `committed`, `aborted`, `in progress`; `None` if the server does not know.
    pub(crate) status: Option<String>,
}

impl TransactionStatus {
    /// The query whose row [`read`](Self::read) reads.
    ///
    /// Another cluster is not asked for the status: the id may lie in its future, which is an error.
    pub(crate) fn query(place: &Place, id: &TransactionId) -> String {
        format!(
            "SELECT pg_catalog.pg_try_advisory_xact_lock({}), \
             CASE WHEN {CLUSTER}::pg_catalog.text = {} THEN pg_catalog.pg_xact_status({}::pg_catalog.xid8) END, {COLUMNS}",
            target_lock(place),
            literal(&id.database.cluster),
            literal(&id.xid),
        )
    }

    pub(crate) fn read(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            is_free: row.get(0) == Some("t"),
            status: row.get(1).map(str::to_owned),
            database: DatabaseIdentity::read(row, 2)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_differ_by_cluster_oid_and_timeline() {
        let identity = |cluster: &str, history: Option<&str>, database: &str| DatabaseIdentity {
            cluster: cluster.to_owned(),
            history: history.map(str::to_owned),
            database: database.to_owned(),
        };
        let then = identity("7", Some("00000001"), "16384");
        for (now, with_ledger, expected) in [
            (identity("7", Some("00000001"), "16384"), false, None),
            (
                identity("8", Some("00000001"), "16384"),
                false,
                Some(Difference::Cluster),
            ),
            (
                identity("8", Some("00000002"), "9"),
                true,
                Some(Difference::Cluster),
            ),
            (
                identity("7", Some("00000001"), "16999"),
                true,
                Some(Difference::Database),
            ),
            (
                identity("7", Some("00000002"), "16384"),
                false,
                Some(Difference::History),
            ),
            (identity("7", Some("00000002"), "16384"), true, None),
            (identity("7", None, "16384"), false, None),
        ] {
            assert_eq!(then.difference(&now, with_ledger), expected, "{now:?}");
        }
    }
}
