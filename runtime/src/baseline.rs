//! Runs a baseline as psql would, when it cannot run in a transaction: statement by statement, each on its own.
//!
//! Databases that the script makes carry the mark of an unfinished bootstrap from their first moment; what limits on
//! connections the script itself sets is kept within the mark.

mod statement;

use crate::bootstrap::{drop_unfinished, marked, presence};
use crate::message::{Part, PartFailure, STOPPED, patch_error};
use crate::observer::{Event, emit};
use crate::plan::Presence;
use crate::position::locate;
use crate::script::{Request, Variables};
use crate::session::{Connector, Session};
use crate::{Config, Error, ErrorKind, failpoint, psql};
use patchgen_model::{Class, Item, Patch, ScriptMode, Span, Statement};
use statement::{Subject, is_bare_role, limit, subject};
use std::time::{Duration, Instant};
use tokio_postgres::error::{DbError, SqlState};

/// Whether a patch can run inside one transaction on one session.
pub(crate) fn is_transactional(patch: &Patch<'_>) -> bool {
    patch.script() == ScriptMode::Native
        && patch.items().all(|item| match item {
            Item::Meta(span) => {
                let text = span.of(patch.text());
                !["\\c", "\\connect"].contains(&text.split_whitespace().next().unwrap_or_default())
            }
            Item::Statement(statement) => {
                statement.class.runs_in_transaction() && !is_bare_role(head(patch, statement.span))
            }
        })
}

/// Whether the script makes the database itself.
pub(crate) fn creates(patch: &Patch<'_>, database: &str) -> bool {
    patch.items().any(|item| match item {
        Item::Statement(statement) => {
            statement.class == Class::CreateDatabase
                && statement.object.is_none_or(|name| name == database)
        }
        Item::Meta(_) => false,
    })
}

/// A statement's first bytes, as many as a name and the words before it may have.
fn head<'a>(patch: &Patch<'a>, span: Span) -> &'a str {
    let text = &patch.text()[span.start as usize..span.end as usize];
    let mut end = text.len().min(1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A script for a whole server cannot be kept within a schema.
pub(crate) fn no_schema(patch: &Patch<'_>) -> Error {
    let message = format!(
        "`{}` is mapped to a schema, and has what cannot run within one transaction in one database",
        patch.file()
    );
    Error::new(ErrorKind::Config, message)
        .with_help("leave out `\\connect`, `CREATE DATABASE`, bare `CREATE ROLE` and `script=psql`")
        .with_patch(patch)
}

/// A script that makes the database under its own name cannot make it under another.
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

/// The databases that a script makes.
pub(crate) fn databases(config: &Config, patch: &Patch<'_>) -> Vec<String> {
    let mut variables = Variables::new(config, patch.database(), patch.user());
    let mut made = Vec::new();
    for item in patch.items().filter(|_| patch.is_baseline()) {
        match item {
            // What is wrong with it is said when the script runs.
            Item::Meta(span) => drop(variables.obey(patch, span)),
            Item::Statement(statement) if statement.class == Class::CreateDatabase => {
                let part = Part::new(0, patch, &statement, &variables);
                if let Some(Subject::CreateDatabase(name)) = part.text().map(subject) {
                    made.push(name);
                }
            }
            Item::Statement(_) => {}
        }
    }
    made
}

/// The text of a script for psql: the databases that it makes get the mark of an unfinished bootstrap.
///
/// Nothing else is changed, and no line.
pub(crate) fn marked_text(patch: &Patch<'_>) -> String {
    let mut text = String::with_capacity(patch.text().len());
    let mut from = 0;
    for item in patch.items() {
        let Item::Statement(statement) = item else {
            continue;
        };
        let (start, end) = (statement.span.start as usize, statement.span.end as usize);
        let sql = &patch.text()[start..end];
        if statement.class != Class::CreateDatabase {
            continue;
        }
        let (at, mark) = match limit(sql) {
            Some(limit) => (
                start + limit.range.start..start + limit.range.end,
                marked(limit.value).to_string(),
            ),
            None => (end..end, format!(" CONNECTION LIMIT {}", marked(-1))),
        };
        text.push_str(&patch.text()[from..at.start]);
        text.push_str(&mark);
        from = at.end;
    }
    text.push_str(&patch.text()[from..]);
    text
}

/// Runs the script; `session` is where it begins.
pub(crate) async fn run(
    connector: &Connector<'_>,
    session: Session,
    patch: &Patch<'_>,
) -> Result<(), Error> {
    if patch.script() == ScriptMode::Psql {
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
        made: Vec::new(),
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

/// A script under way.
struct Script<'s, 'c, 'a> {
    connector: &'s Connector<'c>,
    patch: &'s Patch<'a>,
    variables: Variables<'c>,
    session: Session,
    /// The databases that it has made.
    made: Vec<String>,
    in_transaction: bool,
}

impl Script<'_, '_, '_> {
    fn config(&self) -> &Config {
        self.connector.config
    }

    async fn meta(&mut self, span: Span) -> Result<(), Error> {
        let Request::Connect { database, user } = self.variables.obey(self.patch, span)? else {
            return Ok(());
        };
        let database = database.unwrap_or_else(|| self.session.database.clone());
        let user = user.unwrap_or_else(|| self.session.user.clone());
        self.session = self
            .connector
            .open(&database, &user)
            .await
            .map_err(|error| {
                let (location, excerpt) =
                    locate(self.patch.file(), self.patch.text(), span.start as usize);
                error
                    .with_patch(self.patch)
                    .with_location(location, Some(excerpt))
            })?;
        self.variables.connected(&database, &user);
        self.in_transaction = false;
        Ok(())
    }

    async fn statement(&mut self, statement: &Statement<'_>) -> Result<(), Error> {
        let mut part = Part::new(0, self.patch, statement, &self.variables);
        let subject = part.text().map_or(Subject::Other, subject);
        self.mark(&mut part, &subject);
        let began = Instant::now();
        while let Err(failure) = part.send(&self.session).await {
            if !self.goes_on(&subject, &failure, began).await? {
                let offset = failure.blame.map(|(_, offset)| offset);
                return Err(patch_error(self.patch, failure.refusal, offset, STOPPED));
            }
            if !retries(&subject) {
                break;
            }
        }
        match (statement.class, subject) {
            (Class::Begin, _) => self.in_transaction = true,
            (class, _) if class.is_transaction_control() => self.in_transaction = false,
            (_, Subject::CreateDatabase(name)) if !self.made.contains(&name) => {
                self.made.push(name)
            }
            (_, Subject::DropDatabase(name)) => self.made.retain(|made| *made != name),
            _ => {}
        }
        failpoint!("scripted");
        Ok(())
    }

    /// Puts the mark into the limit that a statement sets for a database of the script, or adds it to the statement.
    fn mark(&self, part: &mut Part<'_>, subject: &Subject) {
        let Some(sql) = part.text() else { return };
        match (subject, limit(sql)) {
            (Subject::CreateDatabase(_), None) => {
                let end = sql
                    .trim_end_matches(|c: char| c.is_whitespace() || c == ';')
                    .len();
                part.replace(end..end, &format!(" CONNECTION LIMIT {}", marked(-1)));
            }
            (Subject::CreateDatabase(_), Some(limit)) => {
                part.replace(limit.range, &marked(limit.value).to_string());
            }
            (Subject::AlterDatabase(name), Some(limit)) if self.made.contains(name) => {
                part.replace(limit.range, &marked(limit.value).to_string());
            }
            _ => {}
        }
    }

    /// Whether a refusal is no reason to stop.
    async fn goes_on(
        &self,
        subject: &Subject,
        failure: &PartFailure,
        began: Instant,
    ) -> Result<bool, Error> {
        let Some(code) = failure.refusal.code().filter(|_| !self.in_transaction) else {
            return Ok(false);
        };
        let said = failure
            .refusal
            .error
            .as_db_error()
            .map_or("", DbError::message);
        let warn = |message: &str| emit(self.config(), &Event::Warning { message });
        match (subject, code) {
            // Roles and tablespaces belong to the server: other databases use them, and so did an interrupted run.
            (
                Subject::CreateRole(name) | Subject::CreateTablespace(name),
                &SqlState::DUPLICATE_OBJECT,
            ) => {
                warn(&format!(
                    "`{name}` is there already, and the script goes on: {said}"
                ));
                Ok(true)
            }
            (
                Subject::DropRole,
                &SqlState::OBJECT_IN_USE | &SqlState::DEPENDENT_OBJECTS_STILL_EXIST,
            ) => {
                warn(&format!("a role stays, and the script goes on: {said}"));
                Ok(true)
            }
            (Subject::CreateDatabase(name), &SqlState::DUPLICATE_DATABASE) => {
                let found = presence(&self.session, std::slice::from_ref(name)).await?;
                let unfinished = found.get(name) == Some(&Presence::Unfinished);
                if unfinished {
                    drop_unfinished(self.config(), &self.session, name).await?;
                }
                Ok(unfinished)
            }
            (
                Subject::CreateDatabase(name) | Subject::DropDatabase(name),
                &SqlState::OBJECT_IN_USE,
            ) if *name != self.session.database && began.elapsed() < self.config().retry_for => {
                let pause = Duration::from_millis(fastrand::u64(200..1000));
                let event = Event::Retrying {
                    patch: self.patch.id(),
                    reason: said,
                    pause,
                };
                emit(self.config(), &event);
                tokio::time::sleep(pause).await;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Whether a statement that was refused, and is no reason to stop, is to be sent again.
fn retries(subject: &Subject) -> bool {
    matches!(
        subject,
        Subject::CreateDatabase(_) | Subject::DropDatabase(_)
    )
}
