//! Databases and roles of a server: their presence, their creation, and the mark of an unfinished database.
//!
//! The mark is a connection limit that nobody sets by hand. The limit is part of `CREATE DATABASE`, so that an unfinished
//! database never looks like a finished one. The limit that the database is to have in the end is added to the mark.

use super::connector::Connector;
pub(crate) use super::connector::invalid;
use super::quote::{identifier, literal, literals};
use super::session::{DURABLE, Session};
use crate::event::Event;
use crate::{Config, Error, ErrorKind, failpoint};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::{DbError, SqlState};

/// The connection limit of an unfinished database that is to have none.
const UNFINISHED: i32 = 1_470_000_003;

/// One more than the largest mark; no server can use a limit of this size.
const END: i32 = UNFINISHED + 1_000_000;

/// Condition on a row of `pg_database`: the database is unfinished.
pub(crate) const IS_MARKED: &str = "datconnlimit >= 1470000003 AND datconnlimit < 1471000003";

/// The mark of a database that is to have a connection limit in the end; -1 means none.
pub(crate) const fn mark(limit: i32) -> i32 {
    let limit = if limit < -1 { -1 } else { limit };
    let mark = UNFINISHED.saturating_add(limit).saturating_add(1);
    if mark < END { mark } else { END - 1 }
}

/// Presence of a database, or of a schema that patches own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Presence {
    Absent,
    /// Created by this tool; its bootstrap is not complete.
    Unfinished,
    Present,
    /// Left by an interrupted `DROP DATABASE`: nobody can connect to it.
    Invalid,
}

/// Returns the presence of each of some databases.
pub(crate) async fn presence(
    session: &Session,
    names: &[String],
) -> Result<BTreeMap<String, Presence>, Error> {
    let mut found: BTreeMap<String, Presence> = names
        .iter()
        .map(|name| (name.clone(), Presence::Absent))
        .collect();
    // PostgreSQL sets the limit to -2 when it begins to drop a database.
    let query = format!(
        "SELECT datname, CASE WHEN datconnlimit = -2 THEN 'invalid' WHEN {IS_MARKED} THEN 'unfinished' END \
         FROM pg_catalog.pg_database WHERE datname IN ({})",
        literals(names.iter().map(String::as_str))
    );
    for row in session.rows(&query).await? {
        let presence = match row.get(1) {
            Some("invalid") => Presence::Invalid,
            Some(_) => Presence::Unfinished,
            None => Presence::Present,
        };
        found.insert(row.get(0).unwrap_or_default().to_owned(), presence);
    }
    Ok(found)
}

/// Returns the presence of one database.
pub(crate) async fn presence_of(session: &Session, name: &str) -> Result<Presence, Error> {
    let name = name.to_owned();
    let mut found = presence(session, std::slice::from_ref(&name)).await?;
    Ok(found.remove(&name).unwrap_or(Presence::Absent))
}

/// Opens a session from which databases can be created.
///
/// It is in the same database for all programs, since programs that create databases exclude each other there; and not in
/// the database that the connection names if another one can be had, since that one may have to be created anew.
pub(crate) async fn maintenance(connector: &Connector<'_>, user: &str) -> Result<Session, Error> {
    let mut first = None;
    let candidates = [
        Some("postgres"),
        connector.own_database(),
        Some("template1"),
    ];
    for database in candidates.into_iter().flatten() {
        match connector.open(database, user).await {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::MissingDatabase | ErrorKind::Privilege | ErrorKind::Authentication
                ) =>
            {
                first.get_or_insert(error)
            }
            outcome => return outcome,
        };
    }
    Err(first
        .unwrap_or_else(|| Error::new(ErrorKind::MissingDatabase, "no database to connect to")))
}

/// Creates a database and marks it as unfinished.
pub(crate) async fn create_database(
    connector: &Connector<'_>,
    session: &Session,
    name: &str,
) -> Result<(), Error> {
    let config = connector.config;
    let sql = create_database_sql(config, name, None);
    let help = format!(
        "let an administrator run: {};\nthe limit says that its first patches are still to come; it is taken off afterwards",
        create_database_sql(config, name, Some(&session.user)),
    );
    create(connector, session, &sql, &help).await?;
    config.emit(&Event::Created {
        what: &format!("database `{name}`"),
    });
    failpoint!("database");
    Ok(())
}

/// Runs a statement that creates an object, unless another program was quicker; waits while the template is in use.
///
/// `help` is that of the error for a missing privilege.
pub(crate) async fn create(
    connector: &Connector<'_>,
    session: &Session,
    sql: &str,
    help: &str,
) -> Result<(), Error> {
    let mut wait = connector.wait();
    loop {
        let Err(refusal) = session.try_open(sql).await else {
            return Ok(());
        };
        match refusal.code() {
            Some(
                &SqlState::DUPLICATE_OBJECT
                | &SqlState::DUPLICATE_DATABASE
                | &SqlState::UNIQUE_VIOLATION,
            ) => return Ok(()),
            Some(&SqlState::OBJECT_IN_USE) if wait.elapsed() < connector.config.retry_for => {
                let server = refusal.error.as_db_error();
                let message = server.map_or("", DbError::message);
                wait.report(&format!("the end of other sessions: {message}"));
                tokio::time::sleep(Duration::from_millis(fastrand::u64(50..250))).await;
            }
            _ => {
                let error = session.explain(refusal);
                return Err(if error.kind() == ErrorKind::Privilege {
                    error.with_help(help)
                } else {
                    error
                });
            }
        }
    }
}

/// The statement that creates a database and marks it as unfinished; its owner is the session's role, unless one is named.
pub(crate) fn create_database_sql(config: &Config, name: &str, owner: Option<&str>) -> String {
    let owner = owner.map(|owner| format!(" OWNER {}", identifier(owner)));
    let template = config.template.as_ref();
    let template = template.map(|template| format!(" TEMPLATE {}", identifier(template)));
    format!(
        "CREATE DATABASE {}{}{} CONNECTION LIMIT {UNFINISHED}",
        identifier(name),
        owner.unwrap_or_default(),
        template.unwrap_or_default(),
    )
}

/// The statement that drops a database and ends its sessions.
pub(crate) fn drop_database_sql(name: &str) -> String {
    format!("DROP DATABASE {} WITH (FORCE)", identifier(name))
}

/// The statement that marks a database as unfinished.
pub(crate) fn mark_sql(name: &str) -> String {
    limit_sql(name, UNFINISHED)
}

/// The statement that takes the mark off a database that is to have no connection limit.
pub(crate) fn unmark_sql(name: &str) -> String {
    limit_sql(name, -1)
}

fn limit_sql(name: &str, limit: i32) -> String {
    format!(
        "ALTER DATABASE {} CONNECTION LIMIT {limit}",
        identifier(name)
    )
}

/// Drops a database whose bootstrap was interrupted.
pub(crate) async fn drop_unfinished(
    config: &Config,
    session: &Session,
    name: &str,
) -> Result<(), Error> {
    config.warn(&format!(
        "the bootstrap of database `{name}` was interrupted: dropping what was made and beginning again"
    ));
    // A script may have made a template of it, which cannot be dropped.
    let no_template = format!("ALTER DATABASE {} IS_TEMPLATE false", identifier(name));
    session.execute(&no_template).await?;
    session.open(&drop_database_sql(name)).await.map(drop)
}

/// Takes the mark off databases, all at once.
pub(crate) async fn unmark(session: &Session, names: &[String]) -> Result<(), Error> {
    let sql = unmark_all_sql(session, names).await?;
    session.execute(&format!("{DURABLE}{sql}")).await
}

/// The statements that take the mark off databases and give them the limits that they are to have.
pub(crate) async fn unmark_all_sql(session: &Session, names: &[String]) -> Result<String, Error> {
    let query = format!(
        "SELECT datname, datconnlimit - {UNFINISHED} - 1 FROM pg_catalog.pg_database WHERE datname IN ({}) \
         AND {IS_MARKED}",
        literals(names.iter().map(String::as_str))
    );
    let rows = session.rows(&query).await?;
    let statement = |row: &SimpleQueryRow| {
        let (name, limit) = (row.get(0)?, row.get(1)?);
        Some(format!(
            "ALTER DATABASE {} CONNECTION LIMIT {limit}; ",
            identifier(name)
        ))
    };
    Ok(rows.iter().filter_map(statement).collect())
}

/// Returns `true` if the session's database has a schema of this name.
pub(crate) async fn schema_exists(session: &Session, schema: &str) -> Result<bool, Error> {
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}",
        literal(schema)
    );
    Ok(session.row(&query).await?.is_some())
}

/// Returns `true` if the server has a role of this name.
pub(crate) async fn role_exists(session: &Session, role: &str) -> Result<bool, Error> {
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}",
        literal(role)
    );
    Ok(session.row(&query).await?.is_some())
}

/// The statement that creates a role with a verifier of its password, so that the server never sees the password.
pub(crate) fn create_role_sql(
    connector: &Connector<'_>,
    database: &str,
    role: &str,
) -> Result<String, Error> {
    let password = connector.password(database, role)?;
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    Ok(format!(
        "CREATE ROLE {} LOGIN PASSWORD {}",
        identifier(role),
        literal(&verifier)
    ))
}

/// Fails if a role that is to be created would have its own name as its password on a server that other machines can
/// reach.
pub(crate) async fn check_new_role(
    connector: &Connector<'_>,
    session: &Session,
    database: &str,
    role: &str,
) -> Result<(), Error> {
    let config = connector.config;
    if config.password_is_user || connector.given_password(database, role)?.is_some() {
        return Ok(());
    }
    let query = "SELECT pg_catalog.current_setting('listen_addresses')";
    let row = session.row(query).await?;
    let addresses = row.as_ref().and_then(|row| row.get(0)).unwrap_or_default();
    if is_loopback(addresses) {
        return Ok(());
    }
    let (place, variable) = (connector.place(), config.password_variable(role));
    let message = format!(
        "role `{role}` is to be created on the server at `{place}`, which listens on `{addresses}`, and no password is given"
    );
    Err(Error::new(ErrorKind::Config, message).with_help(format!(
        "set `{variable}` to the password that the role is to have; nothing was created\n\
         or let the role's name be its password: --password-is-user"
    )))
}

/// `true` if a server with these `listen_addresses` can be reached only from its own machine.
fn is_loopback(addresses: &str) -> bool {
    addresses.split(',').map(str::trim).all(|address| {
        address.is_empty()
            || address == "localhost"
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_recognised() {
        for (addresses, expected) in [
            ("", true),
            ("localhost", true),
            ("127.0.0.1, ::1", true),
            ("localhost,127.0.1.1", true),
            ("*", false),
            ("0.0.0.0", false),
            ("::", false),
            ("localhost,192.0.2.1", false),
            ("localhost.example.org", false),
        ] {
            assert_eq!(is_loopback(addresses), expected, "{addresses}");
        }
    }

    #[test]
    fn marks_hold_the_limit_that_is_to_be() {
        assert_eq!((mark(-1), mark(-7)), (UNFINISHED, UNFINISHED));
        assert_eq!(mark(5), UNFINISHED + 6);
        assert_eq!(mark(i32::MAX), END - 1);
    }
}
