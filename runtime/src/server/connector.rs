//! Connectors open sessions and explain why one could not be opened.

use super::quote;
use super::session::{Session, application_name, root_cause};
use super::version;
use super::wait::Wait;
use crate::conninfo::{Conninfo, ConninfoError};
use crate::{Config, Error, ErrorKind};
use futures_util::{StreamExt, stream};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio_postgres::AsyncMessage;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Opens sessions on the server (or servers) that one conninfo names.
pub(crate) struct Connector<'c> {
    pub(crate) config: &'c Config,
    pub(super) conninfo: Conninfo,
    /// Databases for which a pooler's refusal may be out of date.
    created: RefCell<Vec<String>>,
    /// Time of all waits of the run.
    waited: Rc<Cell<Duration>>,
    /// The warnings of the run's connectors.
    warnings: Rc<RefCell<Vec<String>>>,
}

/// Time that is given to a starting server and to used-up connection slots.
const PATIENCE: Duration = Duration::from_secs(60);

impl<'c> Connector<'c> {
    pub(crate) fn new(config: &'c Config, conninfo: Conninfo) -> Self {
        Self {
            config,
            conninfo,
            created: RefCell::default(),
            waited: Rc::default(),
            warnings: Rc::default(),
        }
    }

    /// Counts the waits and notes the warnings together with those of another connector of the run.
    pub(crate) fn counting_with(self, other: &Self) -> Self {
        Self {
            waited: Rc::clone(&other.waited),
            warnings: Rc::clone(&other.warnings),
            ..self
        }
    }

    /// Reports a warning, unless the run has reported it already.
    pub(super) fn warn_once(&self, warning: String) {
        if !self.warnings.borrow().contains(&warning) {
            self.config.warn(&warning);
            self.warnings.borrow_mut().push(warning);
        }
    }

    /// The warnings of the run's connectors.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }

    /// Begins a wait of the run.
    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait::new(self.config, &self.waited)
    }

    /// Time of all waits of the run.
    pub(crate) fn waited(&self) -> Duration {
        self.waited.get()
    }

    /// Notes that a database was created which a session may have been refused for before: a pooler repeats the server's
    /// refusal for a while.
    pub(crate) fn note_created(&self, database: &str) {
        self.created.borrow_mut().push(database.to_owned());
    }

    fn was_created(&self, database: &str) -> bool {
        let created = self.created.borrow();
        created.iter().any(|created| created == database)
    }

    /// The words that name the server and the way to it, without a role, a database or a secret.
    pub(crate) fn address(&self) -> impl Iterator<Item = (&'static str, &str)> {
        const WORDS: [&str; 8] = [
            "host",
            "hostaddr",
            "port",
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "target_session_attrs",
        ];
        WORDS
            .into_iter()
            .filter_map(|word| Some((word, self.conninfo.get(word)?)))
    }

    /// The database that administration starts from, if the connection names one.
    pub(crate) fn own_database(&self) -> Option<&str> {
        self.conninfo.dbname()
    }

    pub(crate) fn place(&self) -> String {
        self.conninfo.place()
    }

    /// Opens a session for a role: as that role, or as the one login that later takes the role by `SET ROLE`.
    pub(crate) async fn open(&self, database: &str, user: &str) -> Result<Session, Error> {
        self.open_as(
            database,
            user,
            &application_name(&self.config.program, None),
        )
        .await
    }

    /// Opens a session with an application name of its own.
    pub(crate) async fn open_as(
        &self,
        database: &str,
        user: &str,
        name: &str,
    ) -> Result<Session, Error> {
        let user = self.login(user);
        let mut wait = self.wait();
        loop {
            match self.try_open(database, user, name).await {
                Err(error)
                    if wait.elapsed() < PATIENCE
                        && (passing(&error).is_some()
                            || self.was_created(database) && error.is_poolers()) =>
                {
                    tracing::debug!(%error, "the server is not ready");
                    if let Some(reason) = passing(&error) {
                        let place = self.place();
                        wait.report(&format!(
                            "a connection to the server at `{place}`: {reason}"
                        ));
                    }
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(50..250))).await;
                }
                outcome => return outcome.map_err(|error| self.explain(database, user, error)),
            }
        }
    }

    /// The driver's settings for a login.
    pub(super) fn driver(
        &self,
        database: &str,
        user: &str,
        name: &str,
    ) -> Result<tokio_postgres::Config, ConninfoError> {
        let password = self.password(database, user)?;
        self.conninfo
            .driver_config(database, user, Some(&password), name)
    }

    async fn try_open(
        &self,
        database: &str,
        user: &str,
        name: &str,
    ) -> Result<Session, ConnectError> {
        let driver = self
            .driver(database, user, name)
            .map_err(ConnectError::Config)?;
        let (client, mut connection) = driver.connect(tokio_postgres::NoTls).await?;
        let version = connection.parameter("server_version").unwrap_or_default();
        if version::is_too_old(version) {
            return Err(ConnectError::TooOld(version.to_owned()));
        }
        let strings = connection.parameter("standard_conforming_strings");
        let escapes_strings = strings == Some("off");
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) if is_warning(&notice) => {
                        tracing::warn!("the server says: {}", notice.message());
                    }
                    Ok(AsyncMessage::Notice(notice)) => {
                        tracing::debug!(severity = notice.severity(), "{notice}");
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "connection closed");
                        break;
                    }
                }
            }
        });
        tracing::debug!(database, user, place = self.place(), "connected");
        Ok(Session::new(
            client,
            self.place(),
            database,
            user,
            escapes_strings,
        ))
    }

    fn refused_password_help(&self, database: &str, user: &str) -> String {
        let variable = self.config.password_variable(user);
        let help = format!(
            "set `{variable}` to the password of the role, or create the role if it does not exist"
        );
        match self.conninfo.in_passfile(database, user) {
            Err(fault) => format!("{help}\n{fault}"),
            Ok(_) => help,
        }
    }

    fn explain(&self, database: &str, user: &str, error: ConnectError) -> Error {
        let place = self.place();
        let error = match error {
            ConnectError::Config(error) => return error.into(),
            ConnectError::TooOld(version) => return version::too_old(&place, &version),
            ConnectError::Driver(error) => error,
        };
        let Some(server) = error.as_db_error() else {
            let cause = root_cause(&error);
            return Error::new(ErrorKind::Connection, format!("cannot reach the server at `{place}`: {cause}"))
                .with_help("check that it runs there, or name another with --conninfo, DATABASE_URL or PGHOST and PGPORT")
                .with_source(error);
        };
        let code = server.code().code().to_owned();
        if is_invalid(server) {
            return invalid(database).with_sql_state(code).with_source(error);
        }
        let (kind, message, help) = match refused(server) {
            SqlState::INVALID_PASSWORD => (
                ErrorKind::Authentication,
                format!("the server at `{place}` refused the password of role `{user}`"),
                self.refused_password_help(database, user),
            ),
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
                ErrorKind::Authentication,
                format!(
                    "the server at `{place}` refused role `{user}`: {}",
                    server.message()
                ),
                format!(
                    "if there is no such role, create it in a patch, or let an administrator run: \
                     CREATE ROLE {} LOGIN PASSWORD '...';\nif there is, see whether pg_hba.conf lets it into database `{database}`",
                    quote::identifier(user)
                ),
            ),
            SqlState::INVALID_CATALOG_NAME => (
                ErrorKind::MissingDatabase,
                format!("database `{database}` does not exist on the server at `{place}`"),
                format!(
                    "create it, or give it a baseline patch `{}.00000000.0000.postgres.baseline.sql`; if it has one, \
                     that is recorded as applied, and verify tells what to do",
                    self.config.logical(database)
                ),
            ),
            SqlState::INSUFFICIENT_PRIVILEGE => (
                ErrorKind::Privilege,
                format!(
                    "role `{user}` may not connect to database `{database}` on the server at `{place}`"
                ),
                format!(
                    "let an administrator run: GRANT CONNECT ON DATABASE {} TO {};",
                    quote::identifier(database),
                    quote::identifier(user)
                ),
            ),
            _ => (
                ErrorKind::Connection,
                format!(
                    "the server at `{place}` refused the connection: {}",
                    server.message()
                ),
                server
                    .hint()
                    .map_or_else(|| "see the server's log".to_owned(), hint_as_help),
            ),
        };
        Error::new(kind, message)
            .with_help(help)
            .with_sql_state(code)
            .with_source(error)
    }
}

/// The error for a database that an interrupted `DROP DATABASE` has left.
pub(crate) fn invalid(name: &str) -> Error {
    Error::new(
        ErrorKind::MissingDatabase,
        format!("database `{name}` is invalid: a DROP DATABASE was interrupted, and nobody can connect to it"),
    )
    .with_help(format!(
        "let an administrator run: DROP DATABASE {};",
        quote::identifier(name)
    ))
}

/// `true` if the server refuses a connection because an interrupted `DROP DATABASE` has left the database. It has a hint for
/// that; a database that accepts no connections has the same SQLSTATE and no hint.
fn is_invalid(error: &DbError) -> bool {
    *error.code() == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE && error.hint().is_some()
}

/// The server's hint in the form of a help: lower case, without a full stop.
fn hint_as_help(hint: &str) -> String {
    let hint = hint.trim_end_matches('.');
    let mut letters = hint.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

enum ConnectError {
    Config(ConninfoError),
    /// The server's version.
    TooOld(String),
    Driver(tokio_postgres::Error),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::TooOld(version) => write!(f, "PostgreSQL {version} is too old"),
            Self::Driver(error) => write!(f, "{error}"),
        }
    }
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

impl ConnectError {
    fn is_poolers(&self) -> bool {
        matches!(self, Self::Driver(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION))
    }
}

/// SQLSTATE of a refused connection; a pooler passes on the server's words, but not its code.
fn refused(error: &tokio_postgres::error::DbError) -> SqlState {
    let message = error.message();
    let says =
        |words: &str| *error.code() == SqlState::PROTOCOL_VIOLATION && message.contains(words);
    if says("database \"") && says("does not exist") {
        SqlState::INVALID_CATALOG_NAME
    } else if says("role \"") && says("does not exist") {
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    } else if says("password authentication failed") || says("no such user") {
        SqlState::INVALID_PASSWORD
    } else {
        error.code().clone()
    }
}

/// The server's message if it has no connection to give at the moment.
fn passing(error: &ConnectError) -> Option<&str> {
    let ConnectError::Driver(error) = error else {
        return None;
    };
    let server = error.as_db_error()?;
    let is_passing = matches!(
        *server.code(),
        SqlState::CANNOT_CONNECT_NOW | SqlState::TOO_MANY_CONNECTIONS
    );
    is_passing.then(|| server.message())
}

/// `true` if a person should see the notice.
fn is_warning(notice: &DbError) -> bool {
    // The runtime's own ROLLBACK outside of a transaction is no news.
    let is_own = matches!(
        *notice.code(),
        SqlState::NO_ACTIVE_SQL_TRANSACTION | SqlState::ACTIVE_SQL_TRANSACTION
    );
    notice.parsed_severity() == Some(Severity::Warning) && !is_own
}
