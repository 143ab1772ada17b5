//! sqlx: a number, normally a time, and a description.

use crate::command::adopt::foreign::Foreign;

pub(super) const LEDGER: Foreign = Foreign {
    name: "sqlx",
    table: "_sqlx_migrations",
    keyed: false,
    query: "SELECT version, description, \
            CASE WHEN NOT success THEN 'sqlx did not see it succeed' END, 'patch' FROM {table}",
};
