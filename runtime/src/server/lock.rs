//! Advisory locks: the key of a target's lock, and the session that holds a lock.

use super::quote::{literal, sql};
use super::session::CLOSED;
use crate::Place;
use std::time::Duration;
use tokio_postgres::SimpleQueryRow;

/// Key of the lock that every transaction of a patch holds in its target.
pub(crate) fn target_lock(place: &Place) -> String {
    format!(
        "pg_catalog.hashtextextended({}, 0)",
        literal(&format!("patchgen target {place}"))
    )
}

/// Rolls the transaction back and asks for the session that holds an advisory lock of the database.
pub(crate) fn holder_query(key: &str) -> String {
    sql!(
        "
        ROLLBACK; {CLOSED};
        SELECT l.pid, a.application_name, pg_catalog.to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ'), a.usename
        FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (
                SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND ((l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8) = {key}
        "
    )
}

/// A row of [`holder_query`], for people.
pub(crate) fn describe(row: &SimpleQueryRow) -> String {
    let column = |number| row.get(number).unwrap_or("?");
    format!(
        "process {} `{}` of role `{}` since {}",
        column(0),
        column(1),
        column(3),
        column(2)
    )
}

/// A duration for people, in seconds.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
