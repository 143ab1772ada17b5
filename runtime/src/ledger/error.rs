//! Errors of the ledger.

use super::Ledger;
use crate::server::quote::identifier;
use crate::server::session::Refusal;
use crate::{Error, ErrorKind};
use patchgen_model::Patch;

impl Ledger {
    /// The error for a role that may not read the ledger's tables.
    pub(super) fn unreadable(&self, refusal: Refusal) -> Error {
        let error = self.session.explain(refusal);
        if error.kind() != ErrorKind::Privilege {
            return error;
        }
        let (schema, user) = (&self.schema, identifier(&self.session.user));
        error.with_help(format!(
            "another role keeps its record in schema {schema}: name another schema with --state-schema, or let its owner \
             run: GRANT USAGE ON SCHEMA {schema} TO {user}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \
             {schema} TO {user};"
        ))
    }

    /// Help for a role that may not create the ledger's schema.
    pub(super) fn by_administrator(&self) -> String {
        let (database, user) = (
            identifier(&self.session.database),
            identifier(&self.session.user),
        );
        format!(
            "let an administrator run: GRANT CREATE ON DATABASE {database} TO {user};\nif another role keeps its record \
             in schema {} here, name another schema with --state-schema",
            self.schema
        )
    }

    /// The error for a row that this program cannot read.
    pub(super) fn garbled(&self) -> Error {
        self.error("holds a row of an unknown form").with_help(
            "it was written by a newer version, or by hand; use the newest version of the program",
        )
    }

    pub(super) fn lacks_table(&self, table: &str) -> Error {
        self.error(&format!(
            "is damaged: it has no table {}.{table}",
            self.schema
        ))
        .with_help("restore it from a backup; nothing was changed")
    }

    pub(super) fn lacks_steps(&self) -> Error {
        self.error(&format!("is damaged: {}.step has no rows", self.schema))
            .with_help("restore it from a backup; nothing was changed")
    }

    pub(super) fn is_newer(&self, done: usize, known: usize) -> Error {
        self.error(&format!(
            "is newer than this program: it is at step {done}, and the program knows {known}"
        ))
        .with_help("use the newest version of the program; nothing was changed")
    }

    fn error(&self, message: &str) -> Error {
        let database = &self.session.database;
        Error::new(
            ErrorKind::Ledger,
            format!("the ledger in database `{database}` {message}"),
        )
    }
}

/// The error for a transaction that the server lost in a crash before anything was recorded.
pub(crate) fn transaction_gone(patch: &Patch<'_>) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!(
            "{}: the server ended the patch's session; nothing of it was kept",
            patch.file()
        ),
    )
    .with_help("run again")
    .with_patch(patch)
}

/// The error for an attempt that another run has taken over.
pub(crate) fn taken_over(patch: &Patch<'_>) -> Error {
    Error::new(
        ErrorKind::Fenced,
        format!("another run has taken over `{}`", patch.file()),
    )
    .with_help("nothing of this run was kept; look at the other run's outcome with status")
    .with_patch(patch)
}
