//! Envelopes: the statements around a patch that give its transaction a role, timeouts, a search path and a name, and
//! that leave the session as it was.
//!
//! `apply`, bootstraps, rehearsals and exported scripts build the transactions of patches here.

use super::Parts;
use super::variables::Variables;
use crate::server::guard::Guard;
use crate::server::lock::target_lock;
use crate::server::quote::{identifier, literal};
use crate::server::session::CLOSED;
use crate::{Config, Error, Place};
use patchgen_model::Patch;
use std::time::Duration;

/// The start of every transaction of a patch.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Statements that leave the session as it was before the patch, inside the patch's own transaction: a pooler may give the
/// session to another client right after the commit. (`DISCARD ALL` is not allowed in a transaction.)
const CLEAN_UP: [&str; 9] = [
    "RESET ALL",
    "RESET SESSION AUTHORIZATION",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    "DEALLOCATE ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
    // For the statements of the runtime that follow.
    CLOSED,
];

/// Statements that undo a patch that failed: some of its effects do not end with the transaction.
pub(crate) const UNDO: &str =
    "ROLLBACK; DEALLOCATE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all()";

/// The server must not end the session while the transaction waits for the ledger.
pub(crate) const STAY: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

/// The statements around patches of one place in a session of one login.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'e> {
    pub(crate) config: &'e Config,
    pub(crate) place: &'e Place,
    /// The role that the session logged in as.
    pub(crate) login: &'e str,
}

impl Envelope<'_> {
    /// Begins the transaction, unless another session works on the target.
    pub(crate) fn begin(&self) -> [String; 4] {
        [
            BEGIN.to_owned(),
            CLOSED.to_owned(),
            STAY.to_owned(),
            format!("SELECT {}", busy_guard(self.place)),
        ]
    }

    /// Creates the schema of the place, owned by the user of its first patch.
    pub(crate) fn create_schema(&self, owner: &str) -> Option<String> {
        let schema = identifier(self.place.schema.as_deref()?);
        Some(format!(
            "CREATE SCHEMA {schema} AUTHORIZATION {}",
            identifier(owner)
        ))
    }

    /// Sets literals, timeouts, search path and role for a patch, until the end of the transaction.
    pub(crate) fn before(&self, patch: &Patch<'_>) -> Vec<String> {
        let timeout = |own: Option<Duration>, general: Duration| own.unwrap_or(general).as_millis();
        let lock = timeout(patch.lock_timeout(), self.config.lock_timeout);
        let statement = timeout(patch.statement_timeout(), self.config.statement_timeout);
        let mut settings = vec![
            // For statements that follow the data of a COPY; see `Session::read_strings_as_built`.
            "SET LOCAL standard_conforming_strings = on".to_owned(),
            format!("SET LOCAL lock_timeout = {lock}"),
            format!("SET LOCAL statement_timeout = {statement}"),
        ];
        let path = self.search_path().unwrap_or_else(|| "DEFAULT".to_owned());
        settings.push(format!("SET LOCAL search_path = {path}"));
        settings.extend(
            self.role(patch)
                .map(|role| format!("SET LOCAL ROLE {role}")),
        );
        settings
    }

    /// Resets everything that a patch may have set.
    pub(crate) const fn after(&self) -> &'static [&'static str] {
        &CLEAN_UP
    }

    /// As [`before`](Self::before), for a session of its own: for patches that run outside of transactions.
    ///
    /// Without one of its own there is no `lock_timeout`: it would cancel an index build that waits for old snapshots.
    pub(crate) fn session(&self, patch: &Patch<'_>) -> Vec<String> {
        let mut settings = vec!["SET standard_conforming_strings = on".to_owned()];
        settings.extend(self.role(patch).map(|role| format!("SET ROLE {role}")));
        settings.extend(
            self.search_path()
                .map(|path| format!("SET search_path = {path}")),
        );
        for (name, timeout) in [
            ("lock_timeout", patch.lock_timeout()),
            ("statement_timeout", patch.statement_timeout()),
        ] {
            settings.extend(timeout.map(|timeout| format!("SET {name} = {}", timeout.as_millis())));
        }
        settings
    }

    /// Adds a patch with everything around it to the parts of a transaction; `name` is the session's while the patch runs.
    pub(crate) fn enclose<'a>(
        &self,
        parts: &mut Parts<'a>,
        number: usize,
        patch: &Patch<'a>,
        name: &str,
    ) -> Result<(), Error> {
        parts.own_all(self.before(patch));
        parts.own(&format!("SET LOCAL application_name = {}", literal(name)));
        parts.patch(number, patch, &mut self.variables(patch))?;
        parts.own_all(self.after());
        Ok(())
    }

    /// The psql variables that a patch begins with.
    pub(crate) fn variables(&self, patch: &Patch<'_>) -> Variables<'_> {
        Variables::new(self.config, &self.place.database, patch.user())
    }

    /// The role that the session has to take, in quotes; `None` if it logged in as the patch's user.
    fn role(&self, patch: &Patch<'_>) -> Option<String> {
        (self.login != patch.user()).then(|| identifier(patch.user()))
    }

    fn search_path(&self) -> Option<String> {
        let schema = self.place.schema.as_deref()?;
        Some(format!("{}, public", identifier(schema)))
    }
}

/// An expression that takes the target's lock for the transaction, and fails while another session holds it.
pub(crate) fn busy_guard(place: &Place) -> String {
    let lock = target_lock(place);
    Guard::Busy.expression(&format!("pg_catalog.pg_try_advisory_xact_lock({lock})"))
}
