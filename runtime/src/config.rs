//! The configuration of a run. Every setting has a default.

mod choice;

use crate::conninfo::{Conninfo, ConninfoError};
use crate::event::{Event, Observer};
use crate::{Error, ErrorKind, Place};
use patchgen_model::Kind;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::env::VarError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use choice::{Grouping, Policy, RoleMode, Selection, StateLocation};

/// The connection to the databases, and the rules by which patches are applied.
///
/// ```
/// use patchgen_runtime::{Config, Policy};
/// use std::time::Duration;
///
/// let config = Config::new()
///     .conninfo("host=/run/postgresql")
///     .prefix("HUNDBIDRAG")
///     .newer(Policy::Error)
///     .lock_timeout(Duration::from_secs(1));
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) conninfo: Option<String>,
    pub(crate) state_conninfo: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) prefix: String,
    pub(crate) state: StateLocation,
    pub(crate) state_schema: String,
    pub(crate) role_mode: RoleMode,
    pub(crate) map: BTreeMap<String, Place>,
    pub(crate) template: Option<String>,
    pub(crate) edited: Policy,
    pub(crate) missing: Policy,
    pub(crate) newer: Policy,
    pub(crate) late: Policy,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) selection: Selection,
    pub(crate) grouping: Grouping,
    pub(crate) lock_timeout: Duration,
    pub(crate) retry_for: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_wait: Duration,
    pub(crate) password_is_user: bool,
    pub(crate) program: String,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The defaults: connection from `DATABASE_URL` or the libpq environment, state in database `patches`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            conninfo: None,
            state_conninfo: None,
            variables: BTreeMap::new(),
            prefix: "POSTGRESQL".to_owned(),
            state: StateLocation::Apart {
                database: "patches".to_owned(),
                role: "patches".to_owned(),
            },
            state_schema: "patchgen".to_owned(),
            role_mode: RoleMode::Login,
            map: BTreeMap::new(),
            template: None,
            edited: Policy::Error,
            missing: Policy::Warn,
            newer: Policy::Warn,
            late: Policy::Warn,
            kinds: Kind::ALL.to_vec(),
            selection: Selection::All,
            grouping: Grouping::Each,
            lock_timeout: Duration::from_secs(2),
            retry_for: Duration::from_secs(600),
            statement_timeout: Duration::ZERO,
            lock_wait: Duration::from_secs(600),
            password_is_user: false,
            program: program_name(),
            observer: None,
        }
    }

    /// The defaults, after a check that the connection of the environment can be read.
    ///
    /// # Errors
    /// If `DATABASE_URL` or the libpq environment is malformed, or names a service that does not exist.
    pub fn from_env() -> Result<Self, Error> {
        let config = Self::new();
        config.base()?;
        Ok(config)
    }

    /// The connection: libpq's words or a URL. Its user creates the databases and roles that are missing.
    #[must_use]
    pub fn conninfo(mut self, conninfo: impl Into<String>) -> Self {
        self.conninfo = Some(conninfo.into());
        self
    }

    /// The connection to the server of the state database \[the one of [`conninfo`](Self::conninfo)\].
    #[must_use]
    pub fn state_conninfo(mut self, conninfo: impl Into<String>) -> Self {
        self.state_conninfo = Some(conninfo.into());
        self
    }

    /// A variable, used in place of the environment's variable of that name.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The prefix of the variables `{PREFIX}_{USER}_PASSWORD` \[`POSTGRESQL`\].
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The location of the ledger \[database `patches`, role `patches`\].
    #[must_use]
    pub fn state(mut self, location: StateLocation) -> Self {
        self.state = location;
        self
    }

    /// Keeps the ledger in a database of its own of this name.
    #[must_use]
    pub fn state_database(mut self, name: impl Into<String>) -> Self {
        let role = match self.state {
            StateLocation::Apart { role, .. } => role,
            StateLocation::InTarget => "patches".to_owned(),
        };
        self.state = StateLocation::Apart {
            database: name.into(),
            role,
        };
        self
    }

    /// The role that owns and uses the state database.
    #[must_use]
    pub fn state_role(mut self, name: impl Into<String>) -> Self {
        let database = match self.state {
            StateLocation::Apart { database, .. } => database,
            StateLocation::InTarget => "patches".to_owned(),
        };
        self.state = StateLocation::Apart {
            database,
            role: name.into(),
        };
        self
    }

    /// The schema of the ledger \[`patchgen`\].
    #[must_use]
    pub fn state_schema(mut self, name: impl Into<String>) -> Self {
        self.state_schema = name.into();
        self
    }

    /// Keeps the ledger in each target database.
    #[must_use]
    pub fn state_in_target(mut self) -> Self {
        self.state = StateLocation::InTarget;
        self
    }

    /// The way in which a session takes the role of a patch's user \[log in as the patch's user\].
    #[must_use]
    pub fn role_mode(mut self, mode: RoleMode) -> Self {
        self.role_mode = mode;
        self
    }

    /// The place of a logical database \[the database of that name\].
    #[must_use]
    pub fn map(mut self, logical: impl Into<String>, place: Place) -> Self {
        self.map.insert(logical.into(), place);
        self
    }

    /// The template of the databases that a bootstrap creates \[the server's, `template1`\].
    #[must_use]
    pub fn template(mut self, name: impl Into<String>) -> Self {
        self.template = Some(name.into());
        self
    }

    /// Policy for an applied patch that was edited afterwards \[error\].
    #[must_use]
    pub fn edited(mut self, policy: Policy) -> Self {
        self.edited = policy;
        self
    }

    /// Policy for an applied patch that the program does not contain, if it is older than the program's last \[warn\].
    #[must_use]
    pub fn missing(mut self, policy: Policy) -> Self {
        self.missing = policy;
        self
    }

    /// Policy for an applied patch that is newer than the program's last: an old program on a newer database \[warn\].
    #[must_use]
    pub fn newer(mut self, policy: Policy) -> Self {
        self.newer = policy;
        self
    }

    /// Policy for a pending patch that sorts before one that is applied \[warn, and apply it\].
    #[must_use]
    pub fn late(mut self, policy: Policy) -> Self {
        self.late = policy;
        self
    }

    /// The kinds to apply \[all\]; the first pending patch of another kind ends the run.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// The part of the pending patches to apply \[all\].
    #[must_use]
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// The patches that share a transaction \[none, except in the bootstrap of a new database\].
    #[must_use]
    pub fn grouping(mut self, grouping: Grouping) -> Self {
        self.grouping = grouping;
        self
    }

    /// Time that a statement may wait for a lock before the patch is rolled back and tried again \[2 s\].
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Time during which a patch that could not get a lock is tried again \[10 min\].
    #[must_use]
    pub fn retry_for(mut self, duration: Duration) -> Self {
        self.retry_for = duration;
        self
    }

    /// Time that a statement may run; zero means without limit \[zero\].
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Time to wait for another run to end \[10 min\].
    #[must_use]
    pub fn lock_wait(mut self, duration: Duration) -> Self {
        self.lock_wait = duration;
        self
    }

    /// Permits the creation of a role with its own name as its password on a server that other machines can reach
    /// \[only on a server that listens on loopback addresses, or on none\].
    #[must_use]
    pub fn password_is_user(mut self, permitted: bool) -> Self {
        self.password_is_user = permitted;
        self
    }

    /// The name of the program in `application_name` \[the name of the executable\].
    #[must_use]
    pub fn program(mut self, name: impl Into<String>) -> Self {
        self.program = name.into();
        self
    }

    /// The receiver of events, besides `tracing`.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Reports an event: to the program's log, and to the observer if there is one.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        event.trace();
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    /// Reports a warning.
    pub(crate) fn warn(&self, message: &str) {
        self.emit(&Event::Warning { message });
    }

    /// The value of a variable: that of [`variable`](Self::variable), else the environment's.
    ///
    /// # Errors
    /// If the value is not UTF-8.
    pub(crate) fn environment(&self, name: &str) -> Result<Option<String>, ConninfoError> {
        if let Some(value) = self.variables.get(name) {
            return Ok(Some(value.clone()));
        }
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ConninfoError::new(format!(
                "the environment variable `{name}` is not UTF-8"
            ))
            .with_help("set it in UTF-8, or unset it")),
        }
    }

    /// The words of the connection to the target databases.
    pub(crate) fn base(&self) -> Result<Conninfo, Error> {
        self.resolve(self.conninfo.as_deref())
    }

    /// The words of the connection to the state database.
    pub(crate) fn state_base(&self) -> Result<Conninfo, Error> {
        self.resolve(self.state_conninfo.as_deref().or(self.conninfo.as_deref()))
    }

    fn resolve(&self, conninfo: Option<&str>) -> Result<Conninfo, Error> {
        let fault = Cell::new(None);
        let variable = |name: &str| {
            let value = self.environment(name);
            value.unwrap_or_else(|error| {
                fault.set(Some(error));
                None
            })
        };
        let resolved = Conninfo::resolve(conninfo, &variable);
        // An ignored variable may be the one that names the server.
        match fault.take() {
            Some(error) => Err(error.into()),
            None => Ok(resolved?),
        }
    }

    /// The place of a logical database.
    pub(crate) fn place(&self, logical: &str) -> Place {
        let identity = || Place::database(logical);
        self.map.get(logical).cloned().unwrap_or_else(identity)
    }

    /// The logical name of a physical database.
    pub(crate) fn logical<'n>(&'n self, database: &'n str) -> &'n str {
        let mapped = self.map.iter().find(|(_, to)| to.database == database);
        mapped.map_or(database, |(logical, _)| logical)
    }

    /// The variable that holds the password of a role.
    pub(crate) fn password_variable(&self, user: &str) -> String {
        let upper = user.to_uppercase();
        let word: String = upper
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect();
        format!("{}_{word}_PASSWORD", self.prefix)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("prefix", &self.prefix)
            .field("state", &self.state)
            .field("state_schema", &self.state_schema)
            .field("role_mode", &self.role_mode)
            .field("map", &self.map)
            .field("kinds", &self.kinds)
            .field("selection", &self.selection)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl From<ConninfoError> for Error {
    fn from(error: ConninfoError) -> Self {
        let message = error.to_string();
        match error.help() {
            Some(help) => Self::new(ErrorKind::Config, message).with_help(help),
            None => Self::new(ErrorKind::Config, message),
        }
    }
}

fn program_name() -> String {
    let path = std::env::current_exe().ok();
    let name = path
        .as_deref()
        .and_then(std::path::Path::file_stem)
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "patchgen".to_owned())
}
