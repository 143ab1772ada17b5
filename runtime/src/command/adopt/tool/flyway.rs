//! Flyway: a version of numbers and dots, and a row for everything that ever happened to it.

use crate::command::adopt::foreign::Foreign;

/// The last row of a version tells: it may have been undone or taken out of the history, and perhaps applied again. A
/// baseline stands for whatever was there before; repeatable migrations have no version.
pub(super) const LEDGER: Foreign = Foreign {
    name: "Flyway",
    table: "flyway_schema_history",
    keyed: false,
    query: "SELECT version, description, \
            CASE WHEN NOT success THEN 'Flyway marked it as failed' END, \
            CASE WHEN type LIKE '%BASELINE' THEN 'before' ELSE 'patch' END \
            FROM (SELECT DISTINCT ON (version) * FROM {table} WHERE version IS NOT NULL AND type <> 'SCHEMA' \
            ORDER BY version, installed_rank DESC) AS last \
            WHERE NOT (success AND (type LIKE 'UNDO%' OR type = 'DELETE')) \
            UNION SELECT '', script, NULL, 'aside' FROM {table} WHERE version IS NULL AND type <> 'SCHEMA'",
};
