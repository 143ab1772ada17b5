//! refinery: a number and a name. It writes a row only for what was applied.

use crate::command::adopt::foreign::Foreign;

pub(super) const LEDGER: Foreign = Foreign {
    name: "refinery",
    table: "refinery_schema_history",
    keyed: false,
    query: "SELECT version, coalesce(name, ''), NULL, 'patch' FROM {table}",
};
