//! Scripts: baselines that cannot run in a transaction, run as psql would, each statement on its own.
//!
//! Databases that the script creates carry the mark of an unfinished database from their first moment; connection limits
//! that the script itself sets are kept within the mark.

use super::psql;
use crate::event::Event;
use crate::message::Part;
use crate::message::error::{PartFailure, STOPPED, patch_error};
use crate::message::position::locate;
use crate::message::variables::{Effect, Variables};
use crate::server::connector::Connector;
use crate::server::database::{self, Presence};
use crate::server::session::Session;
use crate::{Config, Error, ErrorKind, failpoint};
use patchgen_model::{Class, Item, Patch, ScriptMode, Span, Statement};
use std::time::{Duration, Instant};
use tokio_postgres::error::{DbError, SqlState};

/// `true` if a patch can run inside one transaction on one session.
pub(crate) fn is_transactional(patch: &Patch<'_>) -> bool {
    patch.script() == ScriptMode::Native
        && patch.items().all(|item| match item {
            Item::Meta(span) => {
                let command = span.of(patch.text()).split_whitespace().next();
                !matches!(command, Some("\\c" | "\\connect"))
            }
            // A role that exists already must not end the script: pg_dumpall writes roles that always exist.
            Item::Statement(statement) => {
                statement.class.runs_in_transaction() && statement.class != Class::CreateBareRole
            }
        })
}

/// `true` if the script creates the database itself.
pub(crate) fn creates(patch: &Patch<'_>, database: &str) -> bool {
    patch.items().any(|item| match item {
        Item::Statement(statement) => {
            statement.class == Class::CreateDatabase
                && statement.object.is_none_or(|name| name == database)
        }
        Item::Meta(_) => false,
    })
}

/// The error for a script that is mapped to a schema: it cannot be kept within one.
pub(crate) fn no_schema(patch: &Patch<'_>) -> Error {
    let message = format!(
        "`{}` is mapped to a schema, and has what cannot run within one transaction in one database",
        patch.file()
    );
    Error::new(ErrorKind::Config, message)
        .with_help("leave out `\\connect`, `CREATE DATABASE`, bare `CREATE ROLE` and `script=psql`")
        .with_patch(patch)
}

/// Fails if the script creates the database under another name than the one that it is mapped to.
pub(crate) fn check_name(patch: &Patch<'_>, database: &str) -> Result<(), Error> {
    let own = patch.database();
    if own == database || creates(patch, database) || !creates(patch, own) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "`{}` creates database `{own}`, which is mapped to `{database}`",
            patch.file()
        ),
    )
    .with_help("make the dump without `--create`, or leave the mapping out")
    .with_patch(patch))
}

/// The databases that a baseline creates.
pub(crate) fn databases(config: &Config, patch: &Patch<'_>) -> Vec<String> {
    let mut variables = Variables::new(config, patch.database(), patch.user());
    let mut created = Vec::new();
    for item in patch.items().filter(|_| patch.is_baseline()) {
        match item {
            // A fault in it is reported when the script runs.
            Item::Meta(span) => drop(variables.run(patch, span)),
            Item::Statement(statement) if statement.class == Class::CreateDatabase => {
                created.extend(variables.object(&statement, patch.text()));
            }
            Item::Statement(_) => {}
        }
    }
    created
}

/// Runs the script, beginning in a session.
pub(crate) async fn run(
    connector: &Connector<'_>,
    session: Session,
    patch: &Patch<'_>,
) -> Result<(), Error> {
    if patch.script() == ScriptMode::Psql {
        drop_leftovers(connector.config, &session, patch).await?;
        let start = session.database.clone();
        // psql has a session of its own, and the script may drop the database of this one.
        drop(session);
        return psql::run(connector, &start, patch).await;
    }
    let mut script = Script {
        connector,
        patch,
        variables: Variables::new(connector.config, &session.database, patch.user()),
        session,
        created: Vec::new(),
        in_transaction: false,
    };
    for item in patch.items() {
        match item {
            Item::Statement(statement) => script.statement(&statement).await?,
            Item::Meta(span) => script.meta(span).await?,
        }
    }
    Ok(())
}

/// Drops the databases that an interrupted run of the script has left: psql would stop at the statements that create them.
async fn drop_leftovers(
    config: &Config,
    session: &Session,
    patch: &Patch<'_>,
) -> Result<(), Error> {
    for name in databases(config, patch) {
        if database::presence_of(session, &name).await? == Presence::Unfinished {
            database::drop_unfinished(config, session, &name).await?;
        }
    }
    Ok(())
}

/// A script that is being run.
struct Script<'s, 'c, 'a> {
    connector: &'s Connector<'c>,
    patch: &'s Patch<'a>,
    variables: Variables<'c>,
    session: Session,
    /// The databases that it has created.
    created: Vec<String>,
    in_transaction: bool,
}

impl<'a> Script<'_, '_, 'a> {
    fn config(&self) -> &Config {
        self.connector.config
    }

    async fn meta(&mut self, span: Span) -> Result<(), Error> {
        let Effect::Connect { database, user } = self.variables.run(self.patch, span)? else {
            return Ok(());
        };
        let database = database.unwrap_or_else(|| self.session.database.clone());
        let user = user.unwrap_or_else(|| self.session.user.clone());
        let opened = self.connector.open(&database, &user).await;
        self.session = opened.map_err(|error| {
            let (location, excerpt) = locate(self.patch, span.start as usize);
            error
                .with_patch(self.patch)
                .with_location(location, Some(excerpt))
        })?;
        self.variables.connected(&database, &user);
        self.in_transaction = false;
        Ok(())
    }

    async fn statement(&mut self, statement: &Statement<'a>) -> Result<(), Error> {
        let name = self.variables.object(statement, self.patch.text());
        let part = self.part(statement, name.as_deref());
        let began = Instant::now();
        while let Err(failure) = part.send(&self.session).await {
            let is_tolerated = self
                .is_tolerated(statement, name.as_deref(), &failure, began)
                .await?;
            if !is_tolerated {
                let offset = failure.blame.map(|blame| blame.offset);
                return Err(patch_error(self.patch, failure.refusal, offset, STOPPED));
            }
            if !is_sent_again(statement) {
                break;
            }
        }
        match (statement.class, name) {
            (Class::Begin, _) => self.in_transaction = true,
            (class, _) if class.is_transaction_control() => self.in_transaction = false,
            (Class::CreateDatabase, Some(name)) if !self.created.contains(&name) => {
                self.created.push(name);
            }
            (Class::DropDatabase, Some(name)) => self.created.retain(|created| *created != name),
            _ => {}
        }
        failpoint!("scripted");
        Ok(())
    }

    /// The statement as it is sent: a limit for a database of the script becomes a mark.
    fn part(&self, statement: &Statement<'a>, name: Option<&str>) -> Part<'a> {
        let is_created = || {
            self.created
                .iter()
                .any(|created| Some(created.as_str()) == name)
        };
        let is_marked = match statement.class {
            Class::CreateDatabase => true,
            Class::AlterDatabase => is_created(),
            _ => false,
        };
        if is_marked {
            Part::marked(self.patch, statement, &self.variables)
        } else {
            Part::new(0, self.patch, statement, &self.variables)
        }
    }

    /// `true` if the script goes on after a refusal.
    async fn is_tolerated(
        &self,
        statement: &Statement<'_>,
        name: Option<&str>,
        failure: &PartFailure,
        began: Instant,
    ) -> Result<bool, Error> {
        let Some(code) = failure.refusal.code().filter(|_| !self.in_transaction) else {
            return Ok(false);
        };
        let server = failure.refusal.error.as_db_error();
        let message = server.map_or("", DbError::message);
        let (class, name) = (statement.class, name.unwrap_or_default());
        match (class, code) {
            // Roles and tablespaces belong to the server: other databases use them, and so did an interrupted run.
            (
                Class::CreateRole | Class::CreateBareRole | Class::CreateTablespace,
                &SqlState::DUPLICATE_OBJECT,
            ) => {
                self.config().warn(&format!(
                    "`{name}` is there already, and the script goes on: {message}"
                ));
                Ok(true)
            }
            (
                Class::DropRole,
                &SqlState::OBJECT_IN_USE | &SqlState::DEPENDENT_OBJECTS_STILL_EXIST,
            ) => {
                self.config()
                    .warn(&format!("a role stays, and the script goes on: {message}"));
                Ok(true)
            }
            (Class::CreateDatabase, &SqlState::DUPLICATE_DATABASE) => {
                let presence = database::presence_of(&self.session, name).await?;
                if presence == Presence::Unfinished {
                    database::drop_unfinished(self.config(), &self.session, name).await?;
                }
                Ok(presence == Presence::Unfinished)
            }
            (Class::CreateDatabase | Class::DropDatabase, &SqlState::OBJECT_IN_USE)
                if name != self.session.database && began.elapsed() < self.config().retry_for =>
            {
                let pause = Duration::from_millis(fastrand::u64(200..1000));
                self.config().emit(&Event::Retrying {
                    patch: self.patch.id(),
                    reason: message,
                    pause,
                });
                tokio::time::sleep(pause).await;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// `true` if a statement that was refused, and whose refusal is tolerated, is sent again.
fn is_sent_again(statement: &Statement<'_>) -> bool {
    matches!(statement.class, Class::CreateDatabase | Class::DropDatabase)
}
