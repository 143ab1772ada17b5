//! Flyway: a version of numbers and dots, and one row for each event of a version.

use crate::command::adopt::foreign::Foreign;

/// The last row of a version decides: the version may have been undone or deleted, and applied again. A baseline stands
/// for all earlier migrations; repeatable migrations have no version. The roles are those of [`Foreign::query`].
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
