//! A deployment: a set of patches and a configuration, with the connections to the ledger's server and the targets'.

use super::scope::{LedgerScope, scopes};
use crate::config::StateLocation;
use crate::ledger::row::{Row, Series, State};
use crate::ledger::{Ledger, Opened};
use crate::plan::comparison::{Comparison, compare};
use crate::server::connector::Connector;
use crate::server::database::{self, Presence};
use crate::server::quote::identifier;
use crate::server::run_lock::{self, RunLock};
use crate::{Config, Error, ErrorKind, Place};
use patchgen_model::{Checksum, PatchSet};
use std::collections::BTreeMap;

/// A set of patches, and the servers that they go to.
pub(crate) struct Deployment<'c, 'a> {
    pub(crate) set: PatchSet<'a>,
    pub(crate) config: &'c Config,
    pub(crate) targets: Connector<'c>,
    pub(crate) state: Connector<'c>,
}

impl<'c, 'a> Deployment<'c, 'a> {
    pub(crate) fn new(set: &PatchSet<'a>, config: &'c Config) -> Result<Self, Error> {
        let mut places = BTreeMap::new();
        for database in set.databases() {
            let place = config.place(database.database);
            if let Some(other) = places.insert(place.clone(), database.database) {
                let message = format!(
                    "the patches of `{other}` and of `{}` both go to `{place}`",
                    database.database
                );
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("give each a database, or a schema, of its own"));
            }
        }
        let targets = Connector::new(config, config.base()?);
        // With the state in the target there is only one server.
        let state = match config.state {
            StateLocation::Apart { .. } => config.state_base()?,
            StateLocation::InTarget => config.base()?,
        };
        Ok(Self {
            set: *set,
            config,
            state: Connector::new(config, state).counting_with(&targets),
            targets,
        })
    }

    pub(crate) fn scopes(&self) -> Vec<LedgerScope> {
        scopes(&self.set, self.config, &self.targets)
    }

    pub(crate) async fn open(&self, scope: &LedgerScope) -> Result<Opened, Error> {
        Ledger::open(
            &self.state,
            &scope.database,
            &scope.user,
            self.set.revision(),
        )
        .await
    }

    /// Opens the ledger for a command that only reads; `None` if nothing was ever applied.
    pub(crate) async fn open_to_read(&self, scope: &LedgerScope) -> Result<Option<Ledger>, Error> {
        match self.open(scope).await? {
            Opened::Session(ledger) => Ok(Some(ledger)),
            Opened::Absent(refused) => match self.unreadable(scope, refused).await {
                Some(error) => Err(error),
                None => Ok(None),
            },
        }
    }

    /// The error for a ledger that may exist although its role was refused: the role has another password, or the database
    /// is invalid.
    async fn unreadable(&self, scope: &LedgerScope, refused: Error) -> Option<Error> {
        if refused.kind() != ErrorKind::Authentication {
            return None;
        }
        let name = &scope.database;
        let Ok(session) = database::maintenance(&self.state, self.state.admin()).await else {
            return Some(refused);
        };
        let presence = database::presence_of(&session, name).await;
        if matches!(presence, Ok(Presence::Invalid)) {
            return Some(database::invalid(name));
        }
        if database::role_exists(&session, &scope.user)
            .await
            .unwrap_or(true)
        {
            return Some(refused);
        }
        let has_ledger = presence.is_ok_and(|presence| presence == Presence::Present)
            && self.has_ledger(scope).await.unwrap_or(false);
        has_ledger.then(|| missing_role(scope))
    }

    /// Finds out as the administrator if a database holds a ledger.
    async fn has_ledger(&self, scope: &LedgerScope) -> Result<bool, Error> {
        let admin = self.state.admin();
        let session = self.state.open(&scope.database, admin).await?;
        database::schema_exists(&session, &self.config.state_schema).await
    }

    /// Fails if the ledger exists and the role that uses it does not.
    pub(crate) async fn check_role(
        &self,
        scope: &LedgerScope,
        refused: Error,
    ) -> Result<Error, Error> {
        if refused.kind() != ErrorKind::Authentication {
            return Ok(refused);
        }
        let admin = database::maintenance(&self.state, self.state.admin()).await;
        let Ok(session) = admin else {
            return Ok(refused);
        };
        let exists = database::role_exists(&session, &scope.user).await?;
        if !exists && self.has_ledger(scope).await.unwrap_or(false) {
            return Err(missing_role(scope));
        }
        Ok(refused)
    }

    /// Waits for the run lock of a scope.
    pub(crate) async fn lock(
        &self,
        scope: &LedgerScope,
        ledger: &Ledger,
    ) -> Result<RunLock, Error> {
        run_lock::acquire(
            &self.state,
            &scope.database,
            &scope.user,
            &ledger.lock_key(),
        )
        .await
    }

    /// The system identifier of the ledger's server, for comparison with the targets'; `None` if the servers are named
    /// apart, since copies of a server share the identifier.
    pub(crate) fn ledger_cluster<'s>(&self, cluster: &'s str) -> Option<&'s str> {
        self.config.state_conninfo.is_none().then_some(cluster)
    }

    /// `true` if the ledger's digests say that exactly the patches of the set are applied.
    pub(crate) fn is_up_to_date(
        &self,
        scope: &LedgerScope,
        digests: &[(String, Checksum)],
    ) -> bool {
        let expected = |series: &Series| {
            let mut databases = self.set.databases();
            let patches = databases.find(|patches| patches.database == series.name);
            patches.map(|patches| patches.digest)
        };
        let recorded = |series: &Series| {
            let place = series.place.to_string();
            let found = digests.iter().find(|(found, _)| *found == place);
            found.map(|(_, digest)| *digest)
        };
        digests.len() == scope.series.len()
            && scope
                .series
                .iter()
                .all(|series| recorded(series) == expected(series))
    }

    /// Compares the patches of a scope with its ledger's rows.
    pub(crate) fn compare(&self, scope: &LedgerScope, rows: Vec<Row>) -> Vec<Comparison<'a>> {
        compare(&self.set, rows, &scope.series)
    }

    /// Finds out which databases and schemas exist, as far as patches that only run on new ones depend on it.
    pub(crate) async fn presence(
        &self,
        comparisons: &[Comparison<'_>],
        ledger: Option<&Ledger>,
    ) -> Result<BTreeMap<Place, Presence>, Error> {
        let pending: Vec<&Comparison<'_>> = comparisons
            .iter()
            .filter(|comparison| comparison.patch.is_some() && !comparison.is_final())
            .collect();
        let mut found = BTreeMap::new();
        for comparison in &pending {
            let place = comparison.place();
            if place.schema.is_some() && !found.contains_key(place) {
                let presence = self
                    .schema_presence(comparison, comparisons, ledger)
                    .await?;
                found.insert(place.clone(), presence);
            }
        }
        let bootstraps: Vec<&Comparison<'_>> = pending
            .into_iter()
            .filter(|comparison| comparison.place().schema.is_none() && comparison.is_bootstrap())
            .collect();
        let first = bootstraps.first().and_then(|first| first.patch);
        let Some(user) = first.map(|patch| patch.user()) else {
            return Ok(found);
        };
        let mut names: Vec<String> = bootstraps
            .iter()
            .map(|comparison| comparison.place().database.clone())
            .collect();
        names.dedup();
        // All databases of a server show the same catalog of databases.
        let databases = match ledger.filter(|_| self.config.state_conninfo.is_none()) {
            Some(ledger) => database::presence(&ledger.session, &names).await?,
            None => {
                let session = database::maintenance(&self.targets, user).await?;
                database::presence(&session, &names).await?
            }
        };
        let places = databases.into_iter();
        found.extend(places.map(|(name, presence)| (Place::database(name), presence)));
        Ok(found)
    }

    /// Finds out if the schema that a pending patch goes to exists.
    async fn schema_presence(
        &self,
        comparison: &Comparison<'_>,
        all: &[Comparison<'_>],
        ledger: Option<&Ledger>,
    ) -> Result<Presence, Error> {
        let place = comparison.place();
        let schema = place.schema.as_deref().unwrap_or_default();
        let user = comparison.patch.map_or("postgres", |patch| patch.user());
        let is_in_place = |ledger: &&Ledger| {
            self.config.state == StateLocation::InTarget
                && ledger.session.database == place.database
        };
        let exists = match ledger.filter(is_in_place) {
            Some(ledger) => database::schema_exists(&ledger.session, schema).await?,
            None => match self.targets.open(&place.database, user).await {
                Ok(session) => database::schema_exists(&session, schema).await?,
                Err(error) if error.kind() == ErrorKind::MissingDatabase => false,
                Err(error) => return Err(error),
            },
        };
        // It is created with the first of its patches, so that one of them may be applied and others not.
        let is_begun = |other: &Comparison<'_>| {
            other.place() == place
                && other.is_bootstrap()
                && other
                    .row
                    .as_ref()
                    .is_some_and(|row| row.state == State::Applied)
        };
        Ok(match exists {
            false => Presence::Absent,
            true if all.iter().any(is_begun) => Presence::Unfinished,
            true => Presence::Present,
        })
    }
}

/// The error for a ledger whose role was dropped.
fn missing_role(scope: &LedgerScope) -> Error {
    let (database, role) = (&scope.database, identifier(&scope.user));
    Error::new(
        ErrorKind::Ledger,
        format!("database `{database}` holds a ledger, and its role {role} does not exist"),
    )
    .with_help(format!(
        "let an administrator run: CREATE ROLE {role} LOGIN PASSWORD '...'; and give it the schema with its tables: ALTER \
         SCHEMA ... OWNER TO {role}; ALTER TABLE ... OWNER TO {role};"
    ))
}
