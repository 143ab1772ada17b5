//! What a set and a configuration mean together: which ledgers there are, and for which databases each answers.

use crate::config::{StateLocation, Target};
use crate::ledger::{Ledger, Opened, Row, State};
use crate::lock::{self, Lock};
use crate::plan::{Presence, Standing, standings};
use crate::session::Connector;
use crate::{Config, Error, ErrorKind, bootstrap};
use patchgen_model::{Checksum, Patch, PatchSet};
use std::collections::BTreeMap;
use std::time::Duration;

/// The databases that one ledger answers for, and where that ledger is.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    pub(crate) in_target: bool,
    /// The database that holds the ledger.
    pub(crate) database: String,
    /// The role that uses it.
    pub(crate) user: String,
    /// The logical databases.
    pub(crate) names: Vec<String>,
    /// Their keys in the ledger.
    pub(crate) keys: Vec<String>,
}

/// One domain with the state apart, one for each database with the state in the target.
fn domains(set: &PatchSet<'_>, config: &Config, connector: &Connector<'_>) -> Vec<Domain> {
    let mut domains: Vec<Domain> = Vec::new();
    for database in set.databases() {
        let target = config.target(database.database);
        let (home, owner) = match &config.state {
            StateLocation::Apart { database, role } => (database.clone(), role.clone()),
            StateLocation::InTarget => {
                let first = set
                    .get(database.first)
                    .map_or("postgres", |patch| patch.user());
                (target.database.clone(), first.to_owned())
            }
        };
        let position = domains
            .iter()
            .position(|domain| domain.database == home)
            .unwrap_or_else(|| {
                domains.push(Domain {
                    in_target: config.state == StateLocation::InTarget,
                    database: home,
                    user: connector.login(&owner).to_owned(),
                    names: Vec::new(),
                    keys: Vec::new(),
                });
                domains.len() - 1
            });
        domains[position].names.push(database.database.to_owned());
        domains[position].keys.push(target.to_string());
    }
    domains
}

/// What `apply`, `plan`, `status` and `verify` all need.
pub(crate) struct Context<'c, 'a> {
    pub(crate) set: PatchSet<'a>,
    pub(crate) config: &'c Config,
    pub(crate) targets: Connector<'c>,
    pub(crate) state: Connector<'c>,
}

impl<'c, 'a> Context<'c, 'a> {
    pub(crate) fn new(set: &PatchSet<'a>, config: &'c Config) -> Result<Self, Error> {
        let mut places = BTreeMap::new();
        for database in set.databases() {
            let place = config.target(database.database).to_string();
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
        // With the state in the target there is but one server.
        let state = match config.state {
            StateLocation::Apart { .. } => config.state_base()?,
            StateLocation::InTarget => config.base()?,
        };
        Ok(Self {
            set: *set,
            config,
            targets,
            state: Connector::new(config, state),
        })
    }

    pub(crate) fn domains(&self) -> Vec<Domain> {
        domains(&self.set, self.config, &self.targets)
    }

    pub(crate) async fn open(&self, domain: &Domain) -> Result<Opened, Error> {
        Ledger::open(
            &self.state,
            &domain.database,
            &domain.user,
            self.set.revision(),
        )
        .await
    }

    /// The ledger of a domain; its database and role are made if they are missing.
    ///
    /// The bootstrap patches of that very database run then, and are recorded; they come along.
    pub(crate) async fn establish(
        &self,
        domain: &Domain,
        opened: Opened,
    ) -> Result<(Ledger, Vec<(Patch<'a>, Duration)>), Error> {
        let refused = match opened {
            Opened::Session(ledger) => return Ok((ledger, Vec::new())),
            Opened::Absent(refused) => refused,
        };
        let applied = bootstrap::home(&self.state, domain, &self.set, refused).await?;
        match self.open(domain).await? {
            Opened::Session(ledger) => Ok((ledger, applied)),
            Opened::Absent(refused) => Err(refused),
        }
    }

    /// The run lock of a domain.
    pub(crate) async fn lock(&self, domain: &Domain, ledger: &Ledger) -> Result<Lock, Error> {
        lock::acquire(
            &self.state,
            &domain.database,
            &domain.user,
            &ledger.lock_key(),
        )
        .await
    }

    /// Whether a role was refused though it exists: it has another password.
    pub(crate) async fn is_refused_role(&self, domain: &Domain, refused: &Error) -> bool {
        if refused.kind() != ErrorKind::Authentication {
            return false;
        }
        match bootstrap::maintenance(&self.state, self.state.admin()).await {
            Ok(session) => bootstrap::role_exists(&session, &domain.user)
                .await
                .unwrap_or(true),
            Err(_) => true,
        }
    }

    /// Whether the ledger's digests say that all patches of a domain are applied, and nothing else.
    pub(crate) fn is_settled(&self, domain: &Domain, digests: &[(String, Checksum)]) -> bool {
        let digest_of = |name: &str| {
            self.set
                .databases()
                .find(|d| d.database == name)
                .map(|d| d.digest)
        };
        digests.len() == domain.keys.len()
            && domain.names.iter().zip(&domain.keys).all(|(name, key)| {
                digests
                    .iter()
                    .find(|(found, _)| found == key)
                    .map(|(_, digest)| *digest)
                    == digest_of(name)
            })
    }

    /// Which databases are there, as far as patches that only run on new ones need to know.
    pub(crate) async fn presence(
        &self,
        standings: &[Standing<'_>],
        ledger: Option<&Ledger>,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let unsettled = |standing: &&Standing<'_>| {
            let settled = standing
                .row
                .as_ref()
                .is_some_and(|row| row.state.is_settled());
            !settled && standing.patch.is_some()
        };
        let mut found = self
            .schemas(standings.iter().filter(unsettled), standings, ledger)
            .await?;
        let bootstrap: Vec<&Standing<'_>> = standings
            .iter()
            .filter(unsettled)
            .filter(|standing| standing.target.schema.is_none())
            .filter(|standing| standing.patch.is_some_and(|patch| patch.is_bootstrap()))
            .collect();
        let Some(user) = bootstrap
            .first()
            .and_then(|standing| standing.patch)
            .map(|patch| patch.user())
        else {
            return Ok(found);
        };
        let mut names: Vec<String> = bootstrap
            .iter()
            .map(|standing| standing.target.database.clone())
            .collect();
        names.dedup();
        // The catalogue of databases is the same in all databases of a server.
        found.extend(
            match ledger.filter(|_| self.config.state_conninfo.is_none()) {
                Some(ledger) => bootstrap::presence(&ledger.session, &names).await?,
                None => {
                    let session = bootstrap::maintenance(&self.targets, user).await?;
                    bootstrap::presence(&session, &names).await?
                }
            },
        );
        Ok(found)
    }

    /// Which schemas are there of those that patches go to.
    async fn schemas<'s>(
        &self,
        unsettled: impl Iterator<Item = &'s Standing<'s>>,
        standings: &[Standing<'_>],
        ledger: Option<&Ledger>,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let mut found = BTreeMap::new();
        for standing in unsettled {
            let (target, key) = (&standing.target, standing.target.to_string());
            let (Some(schema), Some(patch)) = (&target.schema, standing.patch) else {
                continue;
            };
            if found.contains_key(&key) {
                continue;
            }
            let is_home = |ledger: &&Ledger| {
                self.config.state == StateLocation::InTarget
                    && ledger.session.database == target.database
            };
            let exists = match ledger.filter(is_home) {
                Some(ledger) => bootstrap::schema_exists(&ledger.session, schema).await?,
                None => match self.targets.open(&target.database, patch.user()).await {
                    Ok(session) => bootstrap::schema_exists(&session, schema).await?,
                    Err(error) if error.kind() == ErrorKind::MissingDatabase => false,
                    Err(error) => return Err(error),
                },
            };
            // It comes into being with the first of its patches.
            let is_ours = |other: &Standing<'_>| {
                let applied = |row: &Row| row.state == State::Applied;
                other.target == *target
                    && other.patch.is_some_and(|patch| patch.is_bootstrap())
                    && other.row.as_ref().is_some_and(applied)
            };
            let presence = match exists {
                false => Presence::Absent,
                true if standings.iter().any(is_ours) => Presence::Unfinished,
                true => Presence::Present,
            };
            found.insert(key, presence);
        }
        Ok(found)
    }

    pub(crate) fn standings(&self, domain: &Domain, rows: Vec<Row>) -> Vec<Standing<'a>> {
        standings(&self.set, rows, self.config, &domain.names)
    }
}

/// The target that a key of the ledger names.
pub(crate) fn target_of(key: &str) -> Target {
    match key.split_once('/') {
        Some((database, schema)) => Target {
            database: database.to_owned(),
            schema: Some(schema.to_owned()),
        },
        None => Target {
            database: key.to_owned(),
            schema: None,
        },
    }
}
