//! The mark of a database whose bootstrap is not complete.
//!
//! It is a connection limit that nobody sets by hand. The limit is part of CREATE DATABASE, so there is no moment at which
//! an unfinished database looks like a finished one. The limit that the database is to have in the end is counted from
//! there.

use crate::ledger::DURABLE;
use crate::observer::{Event, emit};
use crate::plan::Presence;
use crate::quote::{identifier, literal};
use crate::session::Session;
use crate::{Config, Error};
use std::collections::BTreeMap;
use tokio_postgres::SimpleQueryRow;

/// The connection limit of an unfinished database that is to have none.
pub(super) const UNFINISHED: i32 = 1_470_000_003;

/// Behind the largest limit that a server can have use for.
const END: i32 = UNFINISHED + 1_000_000;

/// Whether a row of `pg_database` is of an unfinished database.
pub(super) const IS_MARKED: &str = "datconnlimit >= 1470000003 AND datconnlimit < 1471000003";

/// The limit of an unfinished database that is to have a limit in the end; -1 is none.
pub(crate) const fn marked(limit: i32) -> i32 {
    let limit = if limit < -1 { -1 } else { limit };
    let mark = UNFINISHED.saturating_add(limit).saturating_add(1);
    if mark < END { mark } else { END - 1 }
}

/// Which of some databases are there.
pub(crate) async fn presence(
    session: &Session,
    names: &[String],
) -> Result<BTreeMap<String, Presence>, Error> {
    let mut found: BTreeMap<String, Presence> = names
        .iter()
        .map(|name| (name.clone(), Presence::Absent))
        .collect();
    let list: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let query = format!(
        "SELECT datname, {IS_MARKED} FROM pg_catalog.pg_database \
         WHERE datname IN ({})",
        list.join(", ")
    );
    for row in session
        .query(&query)
        .await
        .map_err(|refusal| session.explain(refusal))?
    {
        let presence = if row.get(1) == Some("t") {
            Presence::Unfinished
        } else {
            Presence::Present
        };
        found.insert(row.get(0).unwrap_or_default().to_owned(), presence);
    }
    Ok(found)
}

/// What makes a database and marks it as unfinished; its owner is who runs it, unless one is named.
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

/// What drops a database, whoever is connected to it.
pub(crate) fn drop_database_sql(name: &str) -> String {
    format!("DROP DATABASE {} WITH (FORCE)", identifier(name))
}

/// What marks a database as unfinished.
pub(crate) fn unfinished_sql(name: &str) -> String {
    limit_sql(name, UNFINISHED)
}

/// What takes the mark off a database that is to have no limit.
pub(crate) fn finished_sql(name: &str) -> String {
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
    let message = format!(
        "the bootstrap of database `{name}` was interrupted: dropping what was made and beginning again"
    );
    emit(config, &Event::Warning { message: &message });
    // A script may have made a template of it, which cannot be dropped.
    for sql in [
        format!("ALTER DATABASE {} IS_TEMPLATE false", identifier(name)),
        drop_database_sql(name),
    ] {
        session
            .run(&sql)
            .await
            .map_err(|refusal| session.explain(refusal))?;
    }
    Ok(())
}

/// Takes the mark off databases, off all at once.
pub(crate) async fn mark_finished(session: &Session, names: &[String]) -> Result<(), Error> {
    let sql = finish_sql(session, names).await?;
    session
        .run(&format!("{DURABLE}{sql}"))
        .await
        .map(drop)
        .map_err(|refusal| session.explain(refusal))
}

/// The statements that take the mark off and give databases the limits that they are to have.
pub(super) async fn finish_sql(session: &Session, names: &[String]) -> Result<String, Error> {
    let list: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let query = format!(
        "SELECT datname, datconnlimit - {UNFINISHED} - 1 FROM pg_catalog.pg_database WHERE datname IN ({}) \
         AND {IS_MARKED}",
        list.join(", ")
    );
    let rows = session
        .query(&query)
        .await
        .map_err(|refusal| session.explain(refusal))?;
    let statement = |row: &SimpleQueryRow| {
        let (name, limit) = (row.get(0)?, row.get(1)?);
        Some(format!(
            "ALTER DATABASE {} CONNECTION LIMIT {limit}; ",
            identifier(name)
        ))
    };
    Ok(rows.iter().filter_map(statement).collect())
}
