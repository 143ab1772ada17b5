//! Sessions: one connection to one database as one role.
//!
//! All messages use the simple query protocol, which poolers pass on unchanged and which carries several statements in
//! one message.

use crate::{Error, ErrorKind};
use futures_util::{StreamExt, stream};
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

/// The server's refusal of a message: the error, and the number of statements that were completed before it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: tokio_postgres::Error,
    pub(crate) completed: usize,
}

impl Refusal {
    pub(crate) fn code(&self) -> Option<&SqlState> {
        self.error.code()
    }

    /// `true` if the connection is gone, so that the outcome of the message is unknown.
    pub(crate) fn is_lost(&self) -> bool {
        self.error.as_db_error().is_none_or(|error| {
            // The server sends these and then closes the connection.
            matches!(
                *error.code(),
                SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN
            ) || matches!(
                error.parsed_severity(),
                Some(Severity::Fatal | Severity::Panic)
            )
        })
    }
}

/// Beginning of a message whose effect must survive a crash, whatever the server's settings.
pub(crate) const DURABLE: &str = "SET LOCAL synchronous_commit = on; ";

/// Writes to the server's WAL, so that a durable commit has something to flush; all WAL before it is flushed too.
pub(crate) const FLUSH: &str =
    "SELECT pg_catalog.pg_logical_emit_message(true, 'patchgen', 'fence')";

/// Closes a message of the runtime's own against objects of other roles: unqualified operators, functions and types of its
/// statements are those of PostgreSQL alone. It lasts until the end of the transaction.
///
/// Operators are code: any role that may create one in a schema of the search path, or in its own temporary schema, would
/// otherwise have it run with the rights of the session.
pub(crate) const CLOSED: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

fn closed(message: &str) -> String {
    format!("{CLOSED}; {message}")
}

/// One connection to one database as one role.
pub(crate) struct Session {
    client: Client,
    pub(crate) place: String,
    pub(crate) database: String,
    pub(crate) user: String,
    /// `true` if the database's own `standard_conforming_strings` is off.
    escapes_strings: bool,
}

pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().to_lowercase()
}

/// The name that a session has in `pg_stat_activity`: the work, then the program. PostgreSQL keeps 63 bytes.
pub(crate) fn application_name(program: &str, work: Option<&str>) -> String {
    let mut name = match work {
        Some(work) => format!("patchgen {work} {program}"),
        None => format!("patchgen {program}"),
    };
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

impl Session {
    pub(super) fn new(
        client: Client,
        place: String,
        database: &str,
        user: &str,
        escapes_strings: bool,
    ) -> Self {
        Self {
            client,
            place,
            database: database.to_owned(),
            user: user.to_owned(),
            escapes_strings,
        }
    }

    /// Sends one message of the runtime's own and returns the rows of all its statements.
    pub(crate) async fn try_rows(&self, message: &str) -> Result<Vec<SimpleQueryRow>, Refusal> {
        let mut rows = Vec::new();
        self.send(&closed(message), |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// Sends one message of the runtime's own and returns the last row of all; the others are dropped as they come.
    pub(crate) async fn try_row(&self, message: &str) -> Result<Option<SimpleQueryRow>, Refusal> {
        self.try_open(&closed(message)).await
    }

    /// Sends one message as it is, under the search path that the session has; returns the last row of all.
    ///
    /// For the statements of patches, and for statements that cannot share a message: these must have no operators.
    pub(crate) async fn try_open(&self, message: &str) -> Result<Option<SimpleQueryRow>, Refusal> {
        let mut last = None;
        self.send(message, |row| last = Some(row)).await?;
        Ok(last)
    }

    /// As [`try_rows`](Self::try_rows), for messages to the ledger or the catalog: a refusal is an error.
    pub(crate) async fn rows(&self, message: &str) -> Result<Vec<SimpleQueryRow>, Error> {
        self.try_rows(message)
            .await
            .map_err(|refusal| self.explain(refusal))
    }

    /// As [`try_row`](Self::try_row), for messages to the ledger or the catalog: a refusal is an error.
    pub(crate) async fn row(&self, message: &str) -> Result<Option<SimpleQueryRow>, Error> {
        self.try_row(message)
            .await
            .map_err(|refusal| self.explain(refusal))
    }

    /// As [`try_open`](Self::try_open); a refusal is an error.
    pub(crate) async fn open(&self, message: &str) -> Result<Option<SimpleQueryRow>, Error> {
        self.try_open(message)
            .await
            .map_err(|refusal| self.explain(refusal))
    }

    /// Sends one message of the ledger or about the catalog whose rows are of no interest.
    pub(crate) async fn execute(&self, message: &str) -> Result<(), Error> {
        self.row(message).await.map(drop)
    }

    /// Begins a transaction that reads string literals as the build did, if the database's own setting is another.
    ///
    /// The server parses a message as a whole before it runs any of it, so the setting needs a message of its own; a `BEGIN`
    /// in the next one does no harm.
    pub(crate) async fn read_strings_as_built(&self) -> Result<(), Error> {
        if !self.escapes_strings {
            return Ok(());
        }
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL standard_conforming_strings = on";
        self.open(begin).await.map(drop)
    }

    async fn send(
        &self,
        message: &str,
        mut each: impl FnMut(SimpleQueryRow),
    ) -> Result<(), Refusal> {
        // Not the message itself: a variable of a baseline may have put a password into it.
        tracing::trace!(database = self.database, bytes = message.len(), "send");
        let mut completed = 0;
        let refuse = |completed| move |error| Refusal { error, completed };
        let answer = self
            .client
            .simple_query_raw(message)
            .await
            .map_err(refuse(completed))?;
        let mut answer = std::pin::pin!(answer);
        while let Some(part) = answer.next().await {
            match part.map_err(refuse(completed))? {
                SimpleQueryMessage::Row(row) => each(row),
                SimpleQueryMessage::CommandComplete(_) => completed += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs a `COPY … FROM stdin` and sends the data in pieces, which bounds the memory.
    pub(crate) async fn copy(&self, statement: &str, data: &str) -> Result<(), Refusal> {
        const PIECE: usize = 1 << 16;
        let refuse = |error| Refusal {
            error,
            completed: 0,
        };
        let sink = self
            .client
            .copy_in::<_, bytes::Bytes>(statement)
            .await
            .map_err(refuse)?;
        let pieces = data
            .as_bytes()
            .chunks(PIECE)
            .map(|piece| Ok(bytes::Bytes::copy_from_slice(piece)));
        let mut sink = std::pin::pin!(sink);
        let sent = stream::iter(pieces).forward(&mut sink).await;
        sent.map_err(refuse)?;
        Ok(())
    }

    /// `true` if the connection is known to be closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The error for a message to the ledger or the catalog, for which no patch is to blame.
    pub(crate) fn explain(&self, refusal: Refusal) -> Error {
        let Session {
            place,
            database,
            user,
            ..
        } = self;
        let Refusal { error, .. } = refusal;
        let Some(server) = error.as_db_error() else {
            return Error::new(
                ErrorKind::Connection,
                format!(
                    "the connection to database `{database}` at `{place}` was lost: {}",
                    root_cause(&error)
                ),
            )
            .with_help("run again: what was interrupted is settled first")
            .with_source(error);
        };
        let code = server.code().code().to_owned();
        let (kind, message, help) = match *server.code() {
            SqlState::INSUFFICIENT_PRIVILEGE => (
                ErrorKind::Privilege,
                format!(
                    "role `{user}` in database `{database}` at `{place}`: {}",
                    server.message()
                ),
                "let an administrator grant the privilege, or connect as another role".to_owned(),
            ),
            SqlState::READ_ONLY_SQL_TRANSACTION => (
                ErrorKind::Standby,
                format!("the server at `{place}` is read-only: {}", server.message()),
                "name the primary, or several hosts with target_session_attrs=read-write; if it is the primary, the database \
                 or the role has default_transaction_read_only=on"
                    .to_owned(),
            ),
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => (
                ErrorKind::Connection,
                format!(
                    "the server at `{place}` ended the session: {}",
                    server.message()
                ),
                "run again: what was interrupted is settled first".to_owned(),
            ),
            _ => (
                ErrorKind::Ledger,
                format!("database `{database}` at `{place}`: {}", server.message()),
                "see the server's log".to_owned(),
            ),
        };
        Error::new(kind, message)
            .with_help(help)
            .with_sql_state(code)
            .with_source(error)
    }
}
