//! Rules of `squawk-linter` that warn by default.

use super::{Lint, on};

pub(super) const LINTS: &[Lint] = &[
    // Locks that keep programs waiting while rows are read or rewritten.
    on(
        "require-concurrent-index-creation",
        "`CREATE INDEX` keeps writers out of the table until the index is built",
        "declare `-- patch: kind=concurrent` and write `CREATE INDEX CONCURRENTLY`",
    ),
    on(
        "require-concurrent-index-deletion",
        "`DROP INDEX` waits for everybody who uses the table, and everybody after it waits for it",
        "declare `-- patch: kind=concurrent` and write `DROP INDEX CONCURRENTLY`",
    ),
    on(
        "require-concurrent-reindex",
        "`REINDEX` keeps writers out of the table, and readers off the index, until it is done",
        "declare `-- patch: kind=concurrent` and write `REINDEX … CONCURRENTLY`",
    ),
    on(
        "require-concurrent-partition-detach",
        "`DETACH PARTITION` keeps everybody out of the parent table",
        "declare `-- patch: kind=concurrent` and write `DETACH PARTITION … CONCURRENTLY`",
    ),
    on(
        "constraint-missing-not-valid",
        "a new constraint is checked against every row while the table is locked",
        "add it `NOT VALID`, and `VALIDATE CONSTRAINT` in a later patch",
    ),
    on(
        "adding-foreign-key-constraint",
        "a new foreign key is checked against every row while writers are kept out of both tables",
        "add it `NOT VALID`, and `VALIDATE CONSTRAINT` in a later patch",
    ),
    on(
        "disallowed-unique-constraint",
        "a new unique constraint builds its index while the table is locked",
        "build a unique index in a concurrent patch, then `ADD CONSTRAINT … UNIQUE USING INDEX`",
    ),
    on(
        "adding-serial-primary-key-field",
        "a new primary key builds its index while the table is locked, and a `serial` column rewrites the table",
        "build a unique index in a concurrent patch, then `ADD CONSTRAINT … PRIMARY KEY USING INDEX`",
    ),
    on(
        "adding-field-with-default",
        "a default that differs from row to row rewrites the table while it is locked",
        "add the column without a default, set the default, and fill the old rows in a later patch",
    ),
    on(
        "adding-not-nullable-field",
        "`SET NOT NULL` reads every row while the table is locked",
        "add a `CHECK (… IS NOT NULL) NOT VALID`, validate it in a later patch, then `SET NOT NULL` and drop the check",
    ),
    on(
        "changing-column-type",
        "another type rewrites the table while it is locked, and programs may not expect it",
        "add a column of the new type, copy in later patches, and drop the old column in the end",
    ),
    on(
        "prefer-repack",
        "`CLUSTER` and `VACUUM FULL` keep everybody out of the table while they rewrite it",
        "use pg_repack, or do it in a maintenance window",
    ),
    on(
        "ban-alter-domain-with-add-constraint",
        "a new constraint of a domain is checked against every table that uses it, while they are locked",
        "add it `NOT VALID` and validate it in a later patch, or use a `CHECK` of the table",
    ),
    // Changes that programs of the release before, which are still running, do not expect.
    on(
        "adding-required-field",
        "programs of the release before do not fill the column: their inserts fail",
        "give the column a default, or let it be null",
    ),
    on(
        "ban-drop-column",
        "programs of the release before still name the column, and its data is gone",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-table",
        "programs of the release before still use the table, and its data is gone",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-schema",
        "programs of the release before still use what is in the schema",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-database",
        "the database is gone with all its data, and no transaction brings it back",
        "drop it by hand, after a backup",
    ),
    on(
        "ban-drop-view",
        "programs of the release before still use the view",
        "drop it in the release after the one that stops using it; one that is made anew in the same patch is no matter",
    ),
    on(
        "ban-drop-function",
        "programs of the release before still call the function",
        "drop it in the release after the one that stops using it; one that is made anew in the same patch is no matter",
    ),
    on(
        "ban-drop-type",
        "programs of the release before still use the type",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-domain",
        "programs of the release before still use the domain",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-sequence",
        "programs of the release before still take numbers from the sequence",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-extension",
        "the functions, types and columns of the extension go with it",
        "drop it in the release after the one that stops using it",
    ),
    on(
        "ban-drop-not-null",
        "programs of the release before do not expect nulls in the column",
        "release a program that expects them first",
    ),
    on(
        "ban-drop-default",
        "programs of the release before rely on the default: their inserts fail, or leave nulls",
        "drop it in the release after the one that fills the column itself",
    ),
    on(
        "ban-drop-constraint",
        "programs may rely on what the constraint guarantees",
        "drop it in the release after the one that does not rely on it",
    ),
    on(
        "ban-drop-generated-expression",
        "programs of the release before leave the column to the server, which no longer fills it",
        "release a program that fills the column first",
    ),
    on(
        "ban-alter-identity",
        "programs of the release before leave the numbers to the server, or give their own: their inserts may fail",
        "release a program that can do with both first",
    ),
    on(
        "ban-set-schema",
        "programs of the release before look for it in the old schema",
        "leave a view of the old name behind, or stop the programs meanwhile",
    ),
    on(
        "renaming-column",
        "programs of the release before use the old name",
        "add a column of the new name, fill both, and drop the old one in a later release",
    ),
    on(
        "renaming-table",
        "programs of the release before use the old name",
        "leave a view of the old name behind until they are gone",
    ),
    on(
        "renaming-object",
        "programs of the release before use the old name",
        "make a new one, and drop the old one in a later release",
    ),
    // Mistakes.
    on(
        "ban-truncate-cascade",
        "`CASCADE` empties every table that refers to this one, and every one that refers to those",
        "name the tables",
    ),
    on(
        "ban-duplicate-column-assignments",
        "a column is named twice, which the server refuses",
        "name it once",
    ),
    on(
        "identifier-too-long",
        "the server cuts names to 63 bytes, so that two of them may become one",
        "choose a shorter name",
    ),
    on(
        "ban-char-field",
        "`char(n)` is filled up with spaces, and comparisons are surprising",
        "use `text`",
    ),
    on(
        "prefer-timestamp-tz",
        "`timestamp` forgets which time zone it was in: it names no point in time",
        "use `timestamptz`",
    ),
    on(
        "unused-ignore",
        "a `squawk-ignore` comment names no rule",
        "correct the name, or declare `-- patch: allow=RULE`",
    ),
];
