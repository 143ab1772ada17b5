//! lazr.postgresql: `patch-major-minor-point-kind.sql`, the grammar that this tool shares.

use crate::command::adopt::foreign::Foreign;

/// 0-0-0 is the tool's own. Times are in no known zone, and say nothing but that there is an end: a patch that commits by
/// itself and then fails stays recorded for ever, without one.
pub(super) const LEDGER: Foreign = Foreign {
    name: "lazr.postgresql",
    table: "lazrdatabaserevision",
    keyed: true,
    query: "SELECT major || '-' || minor || '-' || patch, '', \
            CASE WHEN end_time IS NULL THEN 'it has no end time: it was begun, and may have failed half-way' END, 'patch' \
            FROM {table} WHERE (major, minor, patch) <> (0, 0, 0)",
};
