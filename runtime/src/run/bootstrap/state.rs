//! The state database: its role, its tables, and the bootstrap patches of that very database.

use super::closed::close_new;
use super::created_by;
use crate::event::Event;
use crate::ledger::entry::{Begun, Planned};
use crate::ledger::{FinalState, Ledger, Opened};
use crate::message::Parts;
use crate::message::envelope::Envelope;
use crate::message::error::patch_error;
use crate::report::AppliedPatch;
use crate::run::deployment::Deployment;
use crate::run::scope::{LedgerScope, Protocol};
use crate::run::script;
use crate::server::connector::Connector;
use crate::server::database::{self, IS_MARKED, Presence};
use crate::server::quote::{identifier, literal, sql};
use crate::server::run_lock::{Attempt, LockWait, RunLock};
use crate::server::session::Session;
use crate::{Config, Error, ErrorKind, failpoint};
use patchgen_model::{Class, Item, Kind, Patch, PatchSet};
use std::time::Instant;

/// Returns the ledger of a scope; creates its database and role if they are missing.
///
/// The bootstrap patches of that very database run then, and are recorded; they are returned too.
pub(crate) async fn establish(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    opened: Opened,
) -> Result<(Ledger, Vec<AppliedPatch>), Error> {
    let refused = match opened {
        Opened::Session(ledger) => return Ok((ledger, Vec::new())),
        Opened::Absent(refused) => deployment.check_role(scope, refused).await?,
    };
    let applied = create(deployment, scope, refused).await?;
    match deployment.open(scope).await? {
        Opened::Session(ledger) => Ok((ledger, applied)),
        Opened::Absent(refused) => Err(refused),
    }
}

/// Treats an unfinished ledger database as absent, so that [`establish`] waits for its creator or creates it again.
pub(crate) async fn reopen(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    ledger: Ledger,
) -> Result<Opened, Error> {
    let name = &scope.database;
    // A ledger is created at the end of its database's bootstrap: this one has no tables yet.
    if bootstrap_patches(&deployment.set, deployment.config, name).is_empty()
        || database::presence_of(&ledger.session, name).await? != Presence::Unfinished
    {
        return Ok(Opened::Session(ledger));
    }
    let message = format!("the bootstrap of database `{name}` is not complete");
    Ok(Opened::Absent(Error::new(
        ErrorKind::MissingDatabase,
        message,
    )))
}

/// The bootstrap patches that create a database.
pub(super) fn bootstrap_patches<'a>(
    set: &PatchSet<'a>,
    config: &Config,
    name: &str,
) -> Vec<Patch<'a>> {
    let creates = |patch: &Patch<'_>| {
        let place = config.place(patch.database());
        patch.is_bootstrap() && place.database == name && place.schema.is_none()
    };
    set.iter().filter(creates).collect()
}

/// Creates the database that holds a scope's ledger, with everything that the first record needs.
///
/// Bootstrap patches of that very database run here, and are recorded in the transaction that runs them.
async fn create(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    refused: Error,
) -> Result<Vec<AppliedPatch>, Error> {
    let (connector, name) = (&deployment.state, &scope.database);
    let all = bootstrap_patches(&deployment.set, deployment.config, name);
    // A concurrent patch cannot be part of the transaction that records the others: it follows when there is a ledger.
    let is_concurrent = |patch: &Patch<'_>| patch.kind() == Kind::Concurrent;
    let first_concurrent = all.iter().position(is_concurrent);
    let patches = &all[..first_concurrent.filter(|at| *at > 0).unwrap_or(all.len())];
    let first = patches.first();
    let user = first.map_or(connector.admin(), |patch| patch.user());
    let Some(lock) = exclusive(connector, scope, user).await? else {
        connector.note_created(name);
        return Ok(Vec::new());
    };
    let session = database::maintenance(connector, user).await?;
    let presence = database::presence_of(&session, name).await?;
    check_role(deployment, scope, &session).await?;
    let creation = Creation {
        deployment,
        scope,
        patches,
        is_complete: patches.len() == all.len(),
    };
    let outcome = match presence {
        Presence::Invalid => Err(database::invalid(name)),
        Presence::Present => creation.complete(&session).await.map(|()| Vec::new()),
        _ if patches.is_empty() && scope.protocol == Protocol::SameTransaction => Err(refused),
        _ if patches.is_empty() => creation.create_empty(&session).await.map(|()| Vec::new()),
        presence => creation.run(&session, presence).await,
    };
    connector.note_created(name);
    lock.release().await;
    outcome
}

/// Fails, before anything is created, if the role of the ledger is to be created and may not have its name as password.
pub(crate) async fn check_role(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    session: &Session,
) -> Result<(), Error> {
    let (name, role) = (&scope.database, &scope.user);
    let is_role = |item: Item<'_>| match item {
        Item::Statement(statement) => {
            matches!(statement.class, Class::CreateRole | Class::CreateBareRole)
                && statement.object == Some(role)
        }
        Item::Meta(_) => false,
    };
    let patches = bootstrap_patches(&deployment.set, deployment.config, name);
    // A role that a patch creates has the password that the patch gives it.
    if scope.protocol == Protocol::SameTransaction
        || patches.iter().any(|patch| patch.items().any(is_role))
        || database::role_exists(session, role).await?
    {
        return Ok(());
    }
    database::check_new_role(&deployment.state, session, name, role).await
}

/// Acquires the lock that one program at a time holds to create databases on a server; `None` if the database of the scope
/// can be used already, so that of many programs that wait none has to wait for the others.
async fn exclusive(
    connector: &Connector<'_>,
    scope: &LedgerScope,
    user: &str,
) -> Result<Option<RunLock>, Error> {
    let key = "pg_catalog.hashtextextended('patchgen make', 0)";
    let (name, role) = (literal(&scope.database), literal(&scope.user));
    let usable = match scope.protocol {
        Protocol::SameTransaction => "true".to_owned(),
        Protocol::RecordedFirst => sql!(
            "
            (SELECT pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
                FROM pg_catalog.pg_roles r WHERE r.rolname = {role})
            "
        ),
    };
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = {name} AND NOT ({IS_MARKED}) \
         AND datconnlimit <> -2 AND {usable}"
    );
    let mut session = database::maintenance(connector, user).await?;
    let mut wait = LockWait::new(connector, key);
    loop {
        session = match wait.acquire(session).await? {
            Attempt::Acquired(lock) => return Ok(Some(lock)),
            Attempt::Released(session) => session,
        };
        if session.row(&query).await?.is_some() {
            return Ok(None);
        }
    }
}

/// The creation of a database that holds a ledger.
struct Creation<'d, 'a> {
    deployment: &'d Deployment<'d, 'a>,
    scope: &'d LedgerScope,
    /// The patches that create it together; empty if no patch does.
    patches: &'d [Patch<'a>],
    /// `true` if the bootstrap is complete with them.
    is_complete: bool,
}

impl Creation<'_, '_> {
    fn connector(&self) -> &Connector<'_> {
        &self.deployment.state
    }

    /// The database exists: only the role that uses it may be missing.
    async fn complete(&self, session: &Session) -> Result<(), Error> {
        let scope = self.scope;
        // Another program may have created either in the meantime; if the refusal had another reason, it will come again.
        if scope.protocol == Protocol::SameTransaction
            || database::role_exists(session, &scope.user).await?
        {
            return Ok(());
        }
        self.create_role(session).await?;
        let connector = self.connector();
        connector.note_created(&scope.database);
        session.execute(&allow_sql(scope)).await
    }

    /// Creates the database where no patch does.
    async fn create_empty(&self, session: &Session) -> Result<(), Error> {
        let (config, scope) = (self.deployment.config, self.scope);
        self.create_role(session).await?;
        // The creator must be a member of the owner to give it a database, unless it is a superuser.
        let help = by_administrator(scope);
        database::create(self.connector(), session, &create_state_sql(scope), &help).await?;
        close_new(self.deployment, scope, session).await?;
        config.emit(&Event::Created {
            what: &format!("database `{}`", scope.database),
        });
        Ok(())
    }

    /// Creates the database by its bootstrap patches, and the ledger in it.
    async fn run(&self, session: &Session, presence: Presence) -> Result<Vec<AppliedPatch>, Error> {
        let began = Instant::now();
        let (connector, name, patches) = (self.connector(), &self.scope.database, self.patches);
        let config = self.deployment.config;
        // Patches that ran in a transaction have left nothing behind.
        let is_unfinished = presence == Presence::Unfinished;
        let is_reused = is_unfinished && patches.iter().all(script::is_transactional);
        if is_unfinished && !is_reused {
            database::drop_unfinished(config, session, name).await?;
        }
        connector.note_created(name);
        if !is_reused && !patches.iter().any(|patch| script::creates(patch, name)) {
            database::create_database(connector, session, name).await?;
        }
        for patch in patches {
            config.emit(&Event::Started {
                patch: patch.id(),
                file: patch.file(),
                attempt: 1,
            });
        }
        let is_script = |patch: &&Patch<'_>| !script::is_transactional(patch);
        let scripts = patches.iter().take_while(is_script).count();
        for patch in &patches[..scripts] {
            self.run_script(patch).await?;
        }
        let state = connector.open(name, patches[0].user()).await?;
        self.run_transaction(&state, &patches[scripts..]).await?;
        if self.scope.protocol == Protocol::RecordedFirst {
            self.create_role(&state).await?;
        }
        self.record(state).await?;
        let elapsed = began.elapsed();
        for patch in patches {
            config.emit(&Event::Applied {
                patch: patch.id(),
                file: patch.file(),
                elapsed,
            });
        }
        let applied = patches.iter();
        Ok(applied
            .map(|patch| AppliedPatch::new(patch, elapsed))
            .collect())
    }

    async fn run_script(&self, patch: &Patch<'_>) -> Result<(), Error> {
        let (connector, name) = (self.connector(), &self.scope.database);
        script::check_name(patch, name)?;
        let user = self.patches[0].user();
        let start = if script::creates(patch, name) {
            database::maintenance(connector, user).await?
        } else {
            connector.open(name, user).await?
        };
        script::run(connector, start, patch).await
    }

    /// Runs patches in a transaction and leaves it open.
    async fn run_transaction(&self, state: &Session, patches: &[Patch<'_>]) -> Result<(), Error> {
        let config = self.deployment.config;
        let place = config.place(self.patches[0].database());
        let envelope = Envelope {
            config,
            place: &place,
            login: &state.user,
        };
        let mut parts = Parts::default();
        parts.own_all(envelope.begin());
        for (number, patch) in patches.iter().enumerate() {
            let begun = Begun {
                planned: Planned {
                    patch: *patch,
                    place: place.clone(),
                },
                attempt: 1,
            };
            let name = begun.session_name(&config.program);
            envelope.enclose(&mut parts, number, patch, &name)?;
        }
        state.read_strings_as_built().await?;
        for part in parts.finish() {
            part.send(state).await.map_err(|failure| {
                let number = failure.blame.map_or(0, |blame| blame.patch);
                let patch = patches.get(number).unwrap_or(&self.patches[0]);
                let offset = failure.blame.map(|blame| blame.offset);
                let help = "rolled back; the unfinished database is made anew by the next run";
                patch_error(patch, failure.refusal, offset, help)
            })?;
        }
        Ok(())
    }

    /// Creates the ledger and records the bootstrap, in the transaction that is open in a session.
    async fn record(&self, state: Session) -> Result<(), Error> {
        let (deployment, scope) = (self.deployment, self.scope);
        let ledger = Ledger::new(state, deployment.config, deployment.set.revision());
        let planned = self.patches.iter().map(|patch| Planned {
            patch: *patch,
            place: deployment.config.place(patch.database()),
        });
        let planned: Vec<Planned<'_>> = planned.collect();
        let become_owner = match scope.protocol {
            Protocol::SameTransaction => String::new(),
            Protocol::RecordedFirst => format!(
                "{}; SET LOCAL ROLE {}; ",
                allow_sql(scope),
                identifier(&scope.user)
            ),
        };
        let unmark = if self.is_complete {
            let created = created_by(deployment, &scope.database, self.patches);
            database::unmark_all_sql(&ledger.session, &created).await?
        } else {
            String::new()
        };
        let message = format!(
            "{become_owner}{}{}; {}; RESET ROLE; {unmark} COMMIT",
            ledger.steps(0),
            ledger.record_final(&planned, FinalState::Applied),
            ledger.finished(&planned),
        );
        failpoint!("state");
        ledger.session.execute(&message).await
    }

    /// Creates the role that uses the state database, unless it exists.
    async fn create_role(&self, session: &Session) -> Result<(), Error> {
        let (connector, scope) = (self.connector(), self.scope);
        let role = &scope.user;
        if database::role_exists(session, role).await? {
            return Ok(());
        }
        let sql = database::create_role_sql(connector, &scope.database, role)?;
        database::create(connector, session, &sql, &by_administrator(scope)).await?;
        connector.config.emit(&Event::Created {
            what: &format!("role `{role}`"),
        });
        Ok(())
    }
}

/// Help that lets somebody else create the state database; the password is theirs to fill in.
fn by_administrator(scope: &LedgerScope) -> String {
    let (database, role) = (identifier(&scope.database), identifier(&scope.user));
    format!(
        "let an administrator run: CREATE ROLE {role} LOGIN PASSWORD '...'; CREATE DATABASE {database} OWNER {role};\n\
         or keep the record in the patched databases themselves: --state-in-target"
    )
}

/// The statement that creates the state database where no patch does.
pub(crate) fn create_state_sql(scope: &LedgerScope) -> String {
    format!(
        "CREATE DATABASE {} OWNER {}",
        identifier(&scope.database),
        identifier(&scope.user)
    )
}

/// The statement that lets the state role create its schema in a database that it does not own.
pub(crate) fn allow_sql(scope: &LedgerScope) -> String {
    let (database, role) = (identifier(&scope.database), identifier(&scope.user));
    format!("GRANT CREATE, CONNECT ON DATABASE {database} TO {role}")
}
