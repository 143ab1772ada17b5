//! Makes what is missing: the state database and its role, and the databases that patches begin with a bootstrap.
//!
//! A database made here carries a connection limit that nobody sets by hand until its bootstrap is complete. The limit
//! is part of CREATE DATABASE, so there is no moment at which an unfinished database looks like a finished one.

use crate::baseline;
use crate::context::Domain;
use crate::ledger::{DURABLE, Entry, Ledger, Opened};
use crate::lock::{self, Lock, Outcome, Watch};
use crate::message::{Parts, patch_error};
use crate::observer::{Event, emit};
use crate::plan::Presence;
use crate::quote::{identifier, literal};
use crate::script::Variables;
use crate::session::{Connector, Session};
use crate::transaction::busy_guard;
use crate::{Config, Error, ErrorKind, failpoint};
use patchgen_model::{Patch, PatchSet};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// The connection limit of an unfinished database.
const UNFINISHED: u32 = 1_000_003;

/// A session from which databases can be made.
pub(crate) async fn maintenance(connector: &Connector<'_>, user: &str) -> Result<Session, Error> {
    let mut first = None;
    for database in connector
        .own_database()
        .into_iter()
        .chain(["postgres", "template1"])
    {
        match connector.open(database, user).await {
            Err(error) if error.kind() == ErrorKind::MissingDatabase => first.get_or_insert(error),
            outcome => return outcome,
        };
    }
    Err(first
        .unwrap_or_else(|| Error::new(ErrorKind::MissingDatabase, "no database to connect to")))
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
        "SELECT datname, datconnlimit = {UNFINISHED} FROM pg_catalog.pg_database WHERE datname IN ({})",
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

/// Makes a database and marks it as unfinished.
pub(crate) async fn create_database(
    config: &Config,
    session: &Session,
    name: &str,
) -> Result<(), Error> {
    let sql = format!(
        "CREATE DATABASE {} CONNECTION LIMIT {UNFINISHED}",
        identifier(name)
    );
    create(session, &sql).await?;
    emit(
        config,
        &Event::Created {
            what: &format!("database `{name}`"),
        },
    );
    failpoint!("database");
    Ok(())
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
    let sql = format!("DROP DATABASE {} WITH (FORCE)", identifier(name));
    session
        .run(&sql)
        .await
        .map(drop)
        .map_err(|refusal| session.explain(refusal))
}

/// Marks a database that a script has just made.
pub(crate) async fn mark_unfinished(session: &Session, name: &str) -> Result<(), Error> {
    set_limit(session, name, i64::from(UNFINISHED)).await
}

/// Takes the mark off.
pub(crate) async fn mark_finished(session: &Session, name: &str) -> Result<(), Error> {
    set_limit(session, name, -1).await
}

async fn set_limit(session: &Session, name: &str, limit: i64) -> Result<(), Error> {
    session
        .run(&format!("{DURABLE}{}", finish_sql(name, limit)))
        .await
        .map(drop)
        .map_err(|refusal| session.explain(refusal))
}

fn finish_sql(name: &str, limit: i64) -> String {
    format!(
        "ALTER DATABASE {} CONNECTION LIMIT {limit}",
        identifier(name)
    )
}

/// Runs a statement that makes something, unless another program was quicker; waits while the template is in use.
async fn create(session: &Session, sql: &str) -> Result<(), Error> {
    loop {
        let Err(refusal) = session.run(sql).await else {
            return Ok(());
        };
        match refusal.code() {
            Some(
                &SqlState::DUPLICATE_OBJECT
                | &SqlState::DUPLICATE_DATABASE
                | &SqlState::UNIQUE_VIOLATION,
            ) => return Ok(()),
            Some(&SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(50..250))).await;
            }
            _ => {
                let error = session.explain(refusal);
                return Err(if error.kind() == ErrorKind::Privilege {
                    error.with_help(format!(
                        "let an administrator run: {};",
                        without_secret(sql)
                    ))
                } else {
                    error
                });
            }
        }
    }
}

fn without_secret(sql: &str) -> &str {
    sql.split(" PASSWORD ").next().unwrap_or(sql)
}

/// Makes the database that holds a domain's ledger, with everything that must be there before the first record.
///
/// Bootstrap patches of that very database run here, and are recorded in the transaction that runs them; gives those.
pub(crate) async fn home<'a>(
    connector: &Connector<'_>,
    domain: &Domain,
    set: &PatchSet<'a>,
    refused: Error,
) -> Result<Vec<(Patch<'a>, Duration)>, Error> {
    let config = connector.config;
    let name = &domain.database;
    let of_home = |patch: &Patch<'_>| {
        patch.is_bootstrap() && config.target(patch.database()).database == *name
    };
    let patches: Vec<Patch<'a>> = set.iter().filter(of_home).collect();
    let maker = patches
        .first()
        .map_or(connector.admin(), |patch| patch.user())
        .to_owned();
    let session = maintenance(connector, &maker).await?;
    let Some(lock) = exclusive(connector, domain, &session).await? else {
        connector.made(name);
        return Ok(Vec::new());
    };
    let there = presence(&session, std::slice::from_ref(name))
        .await?
        .remove(name)
        .unwrap_or(Presence::Absent);
    let outcome = match there {
        Presence::Present => complete(connector, domain, &session)
            .await
            .map(|()| Vec::new()),
        _ if patches.is_empty() && domain.in_target => Err(refused),
        there => make(connector, domain, set, &patches, &session, there).await,
    };
    connector.made(name);
    lock.release().await;
    outcome
}

/// The ledger, unless its database is still being made: by a program that is at work, or by one that was interrupted.
pub(crate) async fn unless_unfinished(ledger: Ledger, domain: &Domain) -> Result<Opened, Error> {
    let name = &domain.database;
    let found = presence(&ledger.session, std::slice::from_ref(name)).await?;
    if found.get(name) != Some(&Presence::Unfinished) {
        return Ok(Opened::Session(ledger));
    }
    let message = format!("the bootstrap of database `{name}` is not complete");
    Ok(Opened::Absent(
        Error::new(ErrorKind::MissingDatabase, message)
            .with_help("run a program that has its baseline: it begins again"),
    ))
}

/// One program at a time makes databases on a server; nothing when all is made already, so that of many who wait none
/// has to wait for the others.
async fn exclusive(
    connector: &Connector<'_>,
    domain: &Domain,
    session: &Session,
) -> Result<Option<Lock>, Error> {
    let key = "pg_catalog.hashtextextended('patchgen make', 0)";
    let usable = if domain.in_target {
        String::new()
    } else {
        let role = literal(&domain.user);
        format!(
            " AND (SELECT pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE') FROM pg_catalog.pg_roles r \
             WHERE r.rolname = {role})"
        )
    };
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = {} AND d.datconnlimit <> {UNFINISHED}{usable}",
        literal(&domain.database)
    );
    let watch = Watch {
        query,
        is_done: &|rows| !rows.is_empty(),
    };
    let (database, user) = (&session.database, &session.user);
    match lock::acquire(connector, database, user, key, Some(watch)).await? {
        Outcome::Held(lock) => Ok(Some(lock)),
        Outcome::Done(_) => Ok(None),
    }
}

/// The database is there: what may be missing is the role to use it.
async fn complete(
    connector: &Connector<'_>,
    domain: &Domain,
    session: &Session,
) -> Result<(), Error> {
    // Another program may have made either in the meantime; if the refusal had another reason, it will come again.
    if domain.in_target || role_exists(session, &domain.user).await? {
        return Ok(());
    }
    create_role(connector, domain, session).await?;
    connector.made(&domain.database);
    let home = connector.open(&domain.database, &session.user).await?;
    allow(&home, domain).await
}

async fn make<'a>(
    connector: &Connector<'_>,
    domain: &Domain,
    set: &PatchSet<'a>,
    patches: &[Patch<'a>],
    session: &Session,
    there: Presence,
) -> Result<Vec<(Patch<'a>, Duration)>, Error> {
    let began = Instant::now();
    let (config, name) = (connector.config, &domain.database);
    if there == Presence::Unfinished {
        drop_unfinished(config, session, name).await?;
    }
    let Some(user) = patches.first().map(|patch| patch.user()) else {
        create_role(connector, domain, session).await?;
        let sql = format!(
            "CREATE DATABASE {} OWNER {}",
            identifier(name),
            identifier(&domain.user)
        );
        // The maker must be a member of the owner to give it a database, unless it is a superuser.
        create(session, &sql).await?;
        emit(
            config,
            &Event::Created {
                what: &format!("database `{name}`"),
            },
        );
        return Ok(Vec::new());
    };
    connector.made(name);
    if !patches.iter().any(|patch| baseline::creates(patch, name)) {
        create_database(config, session, name).await?;
    }
    let mut rest = patches;
    while let Some((patch, others)) = rest
        .split_first()
        .filter(|(patch, _)| !baseline::is_transactional(patch))
    {
        let start = if baseline::creates(patch, name) {
            maintenance(connector, user).await?
        } else {
            connector.open(name, user).await?
        };
        baseline::run(connector, start, patch, name).await?;
        rest = others;
    }
    let home = connector.open(name, user).await?;
    let mut parts = Parts::default();
    parts.own("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    let target = config.target(patches[0].database()).to_string();
    parts.own(&format!("SELECT {}", busy_guard(&target)));
    for (number, patch) in rest.iter().enumerate() {
        if patch.user() != user {
            parts.own(&format!(
                "SET LOCAL SESSION AUTHORIZATION {}",
                identifier(patch.user())
            ));
        }
        parts.patch(
            number,
            patch,
            &mut Variables::new(config, name, patch.user()),
        )?;
        ["RESET ALL", "RESET SESSION AUTHORIZATION"]
            .iter()
            .for_each(|statement| parts.own(statement));
    }
    for part in parts.finish() {
        part.send(&home).await.map_err(|failure| {
            let (number, offset) = failure
                .blame
                .map_or((0, None), |(number, offset)| (number, Some(offset)));
            let patch = rest.get(number).unwrap_or(&patches[0]);
            patch_error(
                patch,
                failure.refusal,
                offset,
                "rolled back; the unfinished database is made anew by the next run",
            )
        })?;
    }
    if !domain.in_target && !role_exists(&home, &domain.user).await? {
        create_role(connector, domain, &home).await?;
    }
    record(connector, domain, set, patches, home).await?;
    let elapsed = began.elapsed();
    for patch in patches {
        emit(
            config,
            &Event::Applied {
                patch: patch.id(),
                file: patch.file(),
                elapsed,
            },
        );
    }
    Ok(patches.iter().map(|patch| (*patch, elapsed)).collect())
}

/// Makes the ledger and records the bootstrap in the transaction that is open in `home`.
async fn record<'a>(
    connector: &Connector<'_>,
    domain: &Domain,
    set: &PatchSet<'a>,
    patches: &[Patch<'a>],
    home: Session,
) -> Result<(), Error> {
    let config = connector.config;
    let ledger = Ledger::new(home, config, set.revision());
    let entry = |patch: &Patch<'a>| Entry {
        patch: *patch,
        target: config.target(patch.database()),
        attempt: 1,
    };
    let entries: Vec<Entry<'a>> = patches.iter().map(entry).collect();
    let mut message = String::new();
    if !domain.in_target {
        message.push_str(&format!(
            "GRANT CREATE, CONNECT ON DATABASE {} TO {role}; SET LOCAL ROLE {role}; ",
            identifier(&domain.database),
            role = identifier(&domain.user)
        ));
    }
    message.push_str(&ledger.steps(0));
    message.push_str(&format!(
        "{}; {}; RESET ROLE; {}; COMMIT",
        ledger.settle(&entries, "applied"),
        ledger.finished(&entries),
        finish_sql(&domain.database, -1)
    ));
    failpoint!("home");
    ledger
        .session
        .run(&message)
        .await
        .map(drop)
        .map_err(|refusal| ledger.session.explain(refusal))
}

pub(crate) async fn role_exists(session: &Session, role: &str) -> Result<bool, Error> {
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}",
        literal(role)
    );
    Ok(session
        .run(&query)
        .await
        .map_err(|refusal| session.explain(refusal))?
        .is_some())
}

/// Makes the role of the state database; the server sees only a verifier of its password.
async fn create_role(
    connector: &Connector<'_>,
    domain: &Domain,
    session: &Session,
) -> Result<(), Error> {
    let role = &domain.user;
    if role_exists(session, role).await? {
        return Ok(());
    }
    let password = connector.password(&domain.database, role);
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    create(
        session,
        &format!(
            "CREATE ROLE {} LOGIN PASSWORD {}",
            identifier(role),
            literal(&verifier)
        ),
    )
    .await?;
    emit(
        connector.config,
        &Event::Created {
            what: &format!("role `{role}`"),
        },
    );
    Ok(())
}

/// Lets the state role make its schema in a database that it does not own.
async fn allow(home: &Session, domain: &Domain) -> Result<(), Error> {
    let (database, role) = (identifier(&domain.database), identifier(&domain.user));
    let sql = format!("GRANT CREATE, CONNECT ON DATABASE {database} TO {role}");
    home.run(&sql)
        .await
        .map(drop)
        .map_err(|refusal| home.explain(refusal))
}
