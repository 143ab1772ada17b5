//! The state database is closed to other roles: whoever can connect to it can hold the run lock.

use crate::run::deployment::Deployment;
use crate::run::scope::{LedgerScope, Protocol};
use crate::server::database;
use crate::server::quote::{identifier, literal, sql};
use crate::server::session::Session;
use crate::{Error, Place};

/// The statements that close the state database to all roles but its own; `None` if it is not the ledger's alone.
pub(crate) fn close_sql(deployment: &Deployment<'_, '_>, scope: &LedgerScope) -> Option<String> {
    let is_place = |place: &Place| place.database == scope.database;
    let mut series = deployment.set.databases();
    let is_shared = scope.protocol == Protocol::SameTransaction
        || ["postgres", "template1"].contains(&scope.database.as_str())
        || series.any(|series| is_place(&deployment.config.place(series.database)));
    let (database, role) = (identifier(&scope.database), identifier(&scope.user));
    (!is_shared).then(|| {
        format!(
            "GRANT CONNECT ON DATABASE {database} TO {role}; \
             REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC"
        )
    })
}

/// Closes a state database that this run has created.
pub(super) async fn close_new(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    session: &Session,
) -> Result<(), Error> {
    let Some(close) = close_sql(deployment, scope) else {
        return Ok(());
    };
    match database_state(session, scope, "").await? {
        State::Closable => session.execute(&close).await,
        // The role of the ledger owns it, and closes it when it writes.
        State::Closed | State::Open => Ok(()),
    }
}

/// Closes the state database if others can connect to it; returns a warning if this run may not.
///
/// `session` is one of the ledger. A database that holds tables of others too is left as it is.
pub(crate) async fn close(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    session: &Session,
) -> Result<Option<String>, Error> {
    let Some(close) = close_sql(deployment, scope) else {
        return Ok(None);
    };
    let own = &deployment.config.state_schema;
    match database_state(session, scope, &is_ledgers_alone(own)).await? {
        State::Closed => return Ok(None),
        State::Closable if session.execute(&close).await.is_ok() => return Ok(None),
        State::Closable | State::Open => {}
    }
    // An administrator may own it.
    let (state, admin) = (&deployment.state, deployment.state.admin());
    if admin != session.user
        && let Ok(session) = database::maintenance(state, admin).await
        && database_state(&session, scope, "").await? == State::Closable
        && session.execute(&close).await.is_ok()
    {
        return Ok(None);
    }
    let name = &scope.database;
    Ok(Some(format!(
        "every role can connect to the state database `{name}` and keep patches from being applied; \
         let an administrator run: {close};"
    )))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Open to all roles; the session's role may close it.
    Closable,
    /// Open to all roles.
    Open,
}

async fn database_state(
    session: &Session,
    scope: &LedgerScope,
    condition: &str,
) -> Result<State, Error> {
    let name = literal(&scope.database);
    let query = sql!(
        "
        SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d
        WHERE d.datname = {name} AND NOT d.datistemplate {condition} AND EXISTS (
            SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
            WHERE a.grantee = 0 AND a.privilege_type IN ('CONNECT', 'TEMPORARY'))
        "
    );
    let row = session.row(&query).await?;
    Ok(match row.as_ref().and_then(|row| row.get(0)) {
        None => State::Closed,
        Some("t") => State::Closable,
        Some(_) => State::Open,
    })
}

/// Condition that the session's database has no tables but those of the ledger and of extensions.
fn is_ledgers_alone(schema: &str) -> String {
    let schema = literal(schema);
    sql!(
        "
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f')
                AND n.nspname NOT IN ('information_schema', {schema})
                AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_depend x
                    WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                        AND x.objid = c.oid AND x.deptype = 'e'))
        "
    )
}
