//! Makes what is missing: the state database and its role, and the databases that patches begin with a bootstrap.

mod unfinished;

use crate::baseline;
use crate::context::{Context, Domain};
use crate::ledger::{Entry, Ledger, Opened, Settled};
use crate::lock::{Lock, Tried, Wait};
use crate::message::{Parts, patch_error};
use crate::observer::{Event, emit};
use crate::plan::Presence;
use crate::quote::{identifier, literal};
use crate::script::Variables;
use crate::session::{Connector, Session};
use crate::transaction::busy_guard;
use crate::{Config, Error, ErrorKind, failpoint};
use patchgen_model::{Kind, Patch, PatchSet};
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;
use unfinished::{IS_MARKED, finish_sql};

pub(crate) use unfinished::{
    create_database_sql, drop_database_sql, drop_unfinished, finished_sql, mark_finished, marked,
    presence, unfinished_sql,
};

/// A session from which databases can be made.
///
/// It is in the same database for all programs, since those that make databases keep each other out there; and not in
/// the one that the connection names if that can be helped, since it may have to be made anew.
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

/// Makes a database and marks it as unfinished.
pub(crate) async fn create_database(
    config: &Config,
    session: &Session,
    name: &str,
) -> Result<(), Error> {
    let sql = create_database_sql(config, name, None);
    let administrator = format!(
        "let an administrator run: {};\nthe limit says that its first patches are still to come; it is taken off afterwards",
        create_database_sql(config, name, Some(&session.user)),
    );
    create(config, session, &sql, &administrator).await?;
    emit(
        config,
        &Event::Created {
            what: &format!("database `{name}`"),
        },
    );
    failpoint!("database");
    Ok(())
}

/// Runs a statement that makes something, unless another program was quicker; waits while the template is in use.
async fn create(
    config: &Config,
    session: &Session,
    sql: &str,
    administrator: &str,
) -> Result<(), Error> {
    let began = Instant::now();
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
            Some(&SqlState::OBJECT_IN_USE) if began.elapsed() < config.retry_for => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(50..250))).await;
            }
            _ => {
                let error = session.explain(refusal);
                return Err(if error.kind() == ErrorKind::Privilege {
                    error.with_help(administrator)
                } else {
                    error
                });
            }
        }
    }
}

/// How somebody else makes the state database; the password is theirs to fill in.
fn state_by_administrator(domain: &Domain) -> String {
    let (database, role) = (identifier(&domain.database), identifier(&domain.user));
    format!(
        "let an administrator run: CREATE ROLE {role} LOGIN PASSWORD '...'; CREATE DATABASE {database} OWNER {role};\n\
         or keep the record in the patched databases themselves: --state-in-target"
    )
}

/// The patches that make the database of a domain's ledger.
fn makers<'a>(set: &PatchSet<'a>, config: &Config, name: &str) -> Vec<Patch<'a>> {
    let of_home = |patch: &Patch<'_>| {
        let target = config.target(patch.database());
        patch.is_bootstrap() && target.database == name && target.schema.is_none()
    };
    set.iter().filter(of_home).collect()
}

/// Takes a database for a ledger as absent that is there but unfinished: [`home`] waits for its maker, or makes it anew.
pub(crate) async fn reopen(
    domain: &Domain,
    context: &Context<'_, '_>,
    ledger: Ledger,
) -> Result<Opened, Error> {
    let name = &domain.database;
    // A ledger is made with the last of the bootstrap: this one has no tables yet.
    if makers(&context.set, context.config, name).is_empty() {
        return Ok(Opened::Session(ledger));
    }
    let found = presence(&ledger.session, std::slice::from_ref(name)).await?;
    if found.get(name) != Some(&Presence::Unfinished) {
        return Ok(Opened::Session(ledger));
    }
    let message = format!("the bootstrap of database `{name}` is not complete");
    Ok(Opened::Absent(Error::new(
        ErrorKind::MissingDatabase,
        message,
    )))
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
    let all = makers(set, config, name);
    // What cannot be part of the transaction that makes the database follows when there is a ledger.
    let first_concurrent = all
        .iter()
        .position(|patch| patch.kind() == Kind::Concurrent);
    let patches = &all[..first_concurrent.filter(|at| *at > 0).unwrap_or(all.len())];
    let makes_all = patches.len() == all.len();
    let maker = patches
        .first()
        .map_or(connector.admin(), |patch| patch.user())
        .to_owned();
    let Some(lock) = exclusive(connector, domain, &maker).await? else {
        connector.made(name);
        return Ok(Vec::new());
    };
    let session = maintenance(connector, &maker).await?;
    let there = presence(&session, std::slice::from_ref(name))
        .await?
        .remove(name)
        .unwrap_or(Presence::Absent);
    let outcome = match there {
        Presence::Present => complete(connector, domain, &session)
            .await
            .map(|()| Vec::new()),
        _ if patches.is_empty() && domain.in_target => Err(refused),
        there => {
            let making = Making {
                set,
                patches,
                makes_all,
            };
            make(connector, domain, &making, &session, there).await
        }
    };
    connector.made(name);
    lock.release().await;
    outcome
}

/// One program at a time makes databases on a server; nothing when all is made already, so that of many who wait none
/// has to wait for the others.
async fn exclusive(
    connector: &Connector<'_>,
    domain: &Domain,
    maker: &str,
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
        "SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = {} AND NOT ({IS_MARKED}){usable}",
        literal(&domain.database)
    );
    let mut session = maintenance(connector, maker).await?;
    let mut wait = Wait::new(connector.config, key);
    loop {
        session = match wait.acquire(session).await? {
            Tried::Held(lock) => return Ok(Some(lock)),
            Tried::Freed(session) => session,
        };
        match session.run(&query).await {
            Ok(Some(_)) => return Ok(None),
            Ok(None) => {}
            Err(refusal) => return Err(session.explain(refusal)),
        }
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

/// The patches that make a database together.
struct Making<'m, 'a> {
    set: &'m PatchSet<'a>,
    patches: &'m [Patch<'a>],
    /// Whether the database is complete with them.
    makes_all: bool,
}

async fn make<'a>(
    connector: &Connector<'_>,
    domain: &Domain,
    making: &Making<'_, 'a>,
    session: &Session,
    there: Presence,
) -> Result<Vec<(Patch<'a>, Duration)>, Error> {
    let began = Instant::now();
    let patches = making.patches;
    let (config, name) = (connector.config, &domain.database);
    // What ran in a transaction has left nothing behind.
    let reuse = there == Presence::Unfinished && patches.iter().all(baseline::is_transactional);
    if there == Presence::Unfinished && !reuse {
        drop_unfinished(config, session, name).await?;
    }
    let Some(user) = patches.first().map(|patch| patch.user()) else {
        create_role(connector, domain, session).await?;
        // The maker must be a member of the owner to give it a database, unless it is a superuser.
        create(
            config,
            session,
            &create_home_sql(domain),
            &state_by_administrator(domain),
        )
        .await?;
        emit(
            config,
            &Event::Created {
                what: &format!("database `{name}`"),
            },
        );
        return Ok(Vec::new());
    };
    connector.made(name);
    if !reuse && !patches.iter().any(|patch| baseline::creates(patch, name)) {
        create_database(config, session, name).await?;
    }
    let mut rest = patches;
    while let Some((patch, others)) = rest
        .split_first()
        .filter(|(patch, _)| !baseline::is_transactional(patch))
    {
        baseline::check_name(patch, name)?;
        let start = if baseline::creates(patch, name) {
            maintenance(connector, user).await?
        } else {
            connector.open(name, user).await?
        };
        baseline::run(connector, start, patch).await?;
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
    let begun = home.read_strings_as_built().await;
    begun.map_err(|refusal| home.explain(refusal))?;
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
    record(connector, domain, making, home).await?;
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
    making: &Making<'_, 'a>,
    home: Session,
) -> Result<(), Error> {
    let (config, patches) = (connector.config, making.patches);
    let ledger = Ledger::new(home, config, making.set.revision());
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
    let mut made = vec![domain.database.clone()];
    made.extend(
        patches
            .iter()
            .flat_map(|patch| baseline::databases(config, patch)),
    );
    let finish = match making.makes_all {
        true => finish_sql(&ledger.session, &made).await?,
        false => String::new(),
    };
    message.push_str(&ledger.steps(0));
    message.push_str(&format!(
        "{}; {}; RESET ROLE; {finish} COMMIT",
        ledger.settle(&entries, Settled::Applied),
        ledger.finished(&entries),
    ));
    failpoint!("home");
    ledger
        .session
        .run(&message)
        .await
        .map(drop)
        .map_err(|refusal| ledger.session.explain(refusal))
}

pub(crate) async fn schema_exists(session: &Session, schema: &str) -> Result<bool, Error> {
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}",
        literal(schema)
    );
    Ok(session
        .run(&query)
        .await
        .map_err(|refusal| session.explain(refusal))?
        .is_some())
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

/// What makes the state database where no patch does.
pub(crate) fn create_home_sql(domain: &Domain) -> String {
    format!(
        "CREATE DATABASE {} OWNER {}",
        identifier(&domain.database),
        identifier(&domain.user)
    )
}

/// What makes the role of the state database, with a verifier of its password.
pub(crate) fn create_role_sql(connector: &Connector<'_>, domain: &Domain) -> String {
    let password = connector.password(&domain.database, &domain.user);
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    format!(
        "CREATE ROLE {} LOGIN PASSWORD {}",
        identifier(&domain.user),
        literal(&verifier)
    )
}

/// Makes the role of the state database; the server sees only the verifier.
async fn create_role(
    connector: &Connector<'_>,
    domain: &Domain,
    session: &Session,
) -> Result<(), Error> {
    let role = &domain.user;
    if role_exists(session, role).await? {
        return Ok(());
    }
    create(
        connector.config,
        session,
        &create_role_sql(connector, domain),
        &state_by_administrator(domain),
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

/// What lets the state role make its schema in a database that it does not own.
pub(crate) fn allow_sql(domain: &Domain) -> String {
    let (database, role) = (identifier(&domain.database), identifier(&domain.user));
    format!("GRANT CREATE, CONNECT ON DATABASE {database} TO {role}")
}

/// Lets the state role make its schema in a database that it does not own.
async fn allow(home: &Session, domain: &Domain) -> Result<(), Error> {
    home.run(&allow_sql(domain))
        .await
        .map(drop)
        .map_err(|refusal| home.explain(refusal))
}
