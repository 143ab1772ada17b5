//! diesel: the digits of the folder's name, normally a time, and nothing else.

use crate::command::adopt::foreign::Foreign;

/// `diesel setup` makes a migration of its own, which most people do not take along.
pub(super) const LEDGER: Foreign = Foreign {
    name: "diesel",
    table: "__diesel_schema_migrations",
    keyed: false,
    query: "SELECT version, CASE version WHEN '00000000000000' THEN 'diesel initial setup' ELSE '' END, NULL, \
            CASE version WHEN '00000000000000' THEN 'before' ELSE 'patch' END FROM {table}",
};
