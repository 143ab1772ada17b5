use super::Lint;

/// All rules: ours, then those of `squawk-linter` under its names.
pub const LINTS: &[Lint] = &[
    // What a build finds besides.
    on(
        "empty-patch",
        "a patch without a statement is recorded like any other, and must not change afterwards",
        "write its statements before it is applied anywhere, or delete it",
    ),
    on(
        "transaction-pair",
        "a std patch runs in a transaction as a whole; `BEGIN` and `COMMIT` around it are not sent",
        "leave both out",
    ),
    // Ours.
    on(
        "copy-not-ended",
        "the data of `COPY … FROM stdin` goes on until a line `\\.`; without it, everything to the end of the file is data, \
         statements included",
        "end the data with a line `\\.`",
    ),
    on(
        "mixed-change",
        "a change of many rows takes long, and the lock of an `ALTER TABLE` before it in the same transaction keeps everybody \
         else out of the table for as long",
        "move the change of rows to a patch of its own",
    ),
    on(
        "needs-transaction",
        "each statement of a concurrent patch runs on its own: what lasts until the end of the transaction is over at once",
        "use a std patch; to set a parameter, write `SET` without `LOCAL`",
    ),
    on(
        "new-enum-value",
        "a value added to an enum cannot be used before the transaction that adds it has ended (SQLSTATE 55P04)",
        "use it in a later patch",
    ),
    on(
        "password-literal",
        "a password in a patch is in the repository, in the program and in the server's log",
        "set it outside of patches; in a baseline, take it from the environment: `\\getenv secret NAME`, `PASSWORD :'secret'`",
    ),
    on(
        "session-setting",
        "a `SET` outlasts its transaction; behind a pooler it meets other programs, and the patches that share a session with \
         this one on one day may not on another",
        "write `SET LOCAL`, and schema names in place of a `search_path`",
    ),
    on(
        "unrepeatable",
        "after an interruption nobody can know whether such a statement has come to its end: the patch stays in doubt until \
         somebody looks",
        "use a std patch if nothing in it has to commit; else give the statement a patch of its own",
    ),
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
    // What programs of the release before, which are still running, do not expect.
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
    // Needless here: the tool sees to it.
    off(
        "require-lock-timeout",
        "waiting for a lock without end makes everybody else wait. Off because every patch has a `lock_timeout` and is tried again",
        "declare `-- patch: lock_timeout=5s` where 2 seconds are not right",
    ),
    off(
        "require-statement-timeout",
        "a statement may take longer than the lock it holds allows. Off because a timeout belongs to the patch, not into its SQL",
        "declare `-- patch: statement_timeout=10min`",
    ),
    off(
        "transaction-nesting",
        "a patch is in a transaction already. Off because `BEGIN` and `COMMIT` are errors in a patch anyway",
        "leave them out",
    ),
    off(
        "ban-uncommitted-transaction",
        "a transaction that is not committed is lost. Off because `BEGIN` is an error in a patch anyway",
        "leave it out",
    ),
    off(
        "ban-concurrent-index-creation-in-transaction",
        "`CONCURRENTLY` is refused in a transaction. Off because that is an error in a patch anyway",
        "declare `-- patch: kind=concurrent`",
    ),
    off(
        "prefer-robust-stmts",
        "without `IF [NOT] EXISTS` a statement cannot run again. Off because a patch runs once: the condition would hide that a \
         database is not what it should be",
        "leave the condition out where the state of the database is known",
    ),
    // Matters of taste.
    off(
        "prefer-bigint-over-int",
        "`int` ends at 2,147,483,647. Off because most columns never get there",
        "use `bigint` for what is numbered",
    ),
    off(
        "prefer-bigint-over-smallint",
        "`smallint` ends at 32,767. Off because most columns never get there",
        "use `int` or `bigint`",
    ),
    off(
        "prefer-identity",
        "a `serial` column has a sequence with privileges of its own. Off because it does no harm",
        "use `GENERATED ALWAYS AS IDENTITY`",
    ),
    off(
        "prefer-text-field",
        "a shorter `varchar(n)` rewrites the table. Off because a longer one does not",
        "use `text` with a `CHECK`",
    ),
    off(
        "require-table-schema",
        "which table a name means depends on the `search_path`. Off because that of a role is mostly known",
        "write the schema before the name",
    ),
    off(
        "require-enum-value-ordering",
        "a value without `BEFORE` or `AFTER` comes last. Off because that is mostly meant",
        "write `BEFORE` or `AFTER`",
    ),
    off(
        "ban-create-domain-with-constraint",
        "the constraint of a domain is hard to change while the domain is used. Off because a domain without one is of little use",
        "use a `CHECK` of the table",
    ),
    // What may surprise other programs, in places that are strict about it.
    off(
        "ban-add-column",
        "a program that inserts without naming columns, or counts them, sees one more. Off because few do",
        "name the columns in programs",
    ),
    off(
        "ban-add-composite-attribute",
        "programs receive values of another shape. Off because few use them",
        "make a new type",
    ),
    off(
        "ban-add-enum-value",
        "programs of the release before may not know the value. Off because that is what enums are extended for",
        "release a program that knows it first",
    ),
    off(
        "ban-new-write-restriction",
        "a new constraint refuses rows that programs of the release before may write. Off because that is mostly meant",
        "release a program that keeps to it first",
    ),
    off(
        "ban-set-default",
        "programs of the release before write other values than they did. Off because that is mostly meant",
        "fill the column in the program",
    ),
    off(
        "ban-alter-generated-expression",
        "programs read other values than they did, or cannot write the column. Off because that is mostly meant",
        "add another column",
    ),
    off(
        "ban-alter-sequence-values",
        "programs get other numbers than they did. Off because that is mostly meant",
        "make another sequence",
    ),
    off(
        "ban-detach-inheritance",
        "programs no longer find the partition's rows in its parent. Off because that is mostly meant",
        "detach what no program uses",
    ),
    off(
        "ban-drop-index",
        "queries get slower, or what was unique is no longer. Off because it can be made anew",
        "look at `pg_stat_user_indexes` before",
    ),
    off(
        "ban-drop-trigger",
        "what the trigger did is no longer done. Off because that is mostly meant",
        "drop it in the release after the one that does without",
    ),
    off(
        "ban-disable-trigger",
        "what the trigger did is no longer done. Off because that is mostly meant",
        "enable it again in the same patch",
    ),
    off(
        "ban-drop-policy",
        "other rows can be seen than before. Off because that is mostly meant",
        "make its successor in the same patch",
    ),
    off(
        "ban-create-policy",
        "other rows can be seen than before. Off because that is mostly meant",
        "try it as the role in question",
    ),
    off(
        "ban-alter-policy-condition",
        "other rows can be seen than before. Off because that is mostly meant",
        "try it as the role in question",
    ),
    off(
        "ban-alter-policy-roles",
        "other rows can be seen than before. Off because that is mostly meant",
        "try it as the role in question",
    ),
    off(
        "ban-alter-row-level-security",
        "other rows can be seen than before. Off because that is mostly meant",
        "make the policies in the same patch",
    ),
    off(
        "ban-revoke",
        "programs may need the privilege, or the owner's rights. Off because that is mostly meant",
        "revoke it in the release after the one that does without",
    ),
    off(
        "ban-replace-view-function",
        "programs get other results than they did. Off because that is how views and functions are changed",
        "make another one beside it",
    ),
    off(
        "ban-replica-identity",
        "subscribers may get other changes, or none. Off because that is mostly meant",
        "look at the subscribers before",
    ),
    off(
        "ban-alter-function-options",
        "the function may run with other rights or settings. Off because that is mostly meant",
        "make another one beside it",
    ),
    off(
        "ban-alter-view-options",
        "the view may be read with other rights. Off because that is mostly meant",
        "make another one beside it",
    ),
    off(
        "ban-alter-role-options",
        "the role may have other rights and settings. Off because that is mostly meant",
        "make another role",
    ),
    off(
        "ban-alter-database-options",
        "every new session gets other settings. Off because that is mostly meant",
        "give the settings to a role",
    ),
    off(
        "ban-alter-system-options",
        "every database of the server gets other settings. Off because that is mostly meant",
        "give the settings to a role or a database",
    ),
    off(
        "ban-alter-extension",
        "functions and types of the extension may change or go. Off because that is mostly meant",
        "read its release notes before",
    ),
];

const fn on(name: &'static str, why: &'static str, instead: &'static str) -> Lint {
    Lint {
        name,
        is_on: true,
        why,
        instead,
    }
}

const fn off(name: &'static str, why: &'static str, instead: &'static str) -> Lint {
    Lint {
        name,
        is_on: false,
        why,
        instead,
    }
}
