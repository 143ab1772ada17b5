//! Rules of `squawk-linter` that are off by default.

use super::{Lint, off};

pub(super) const LINTS: &[Lint] = &[
    // Rules that Patchgen makes needless.
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
    // Changes that other programs may not expect, for projects that are strict about it.
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
