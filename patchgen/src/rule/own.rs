//! Rules of Patchgen itself.

use super::{Lint, on};

pub(super) const LINTS: &[Lint] = &[
    // Found without the feature `lint`, too.
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
    // A file of `patch/lint` each.
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
];
