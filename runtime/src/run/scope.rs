//! Scopes: the series that one ledger records, and the location of that ledger.

use crate::config::StateLocation;
use crate::ledger::row::Series;
use crate::server::connector::Connector;
use crate::{Config, Identity};
use patchgen_model::PatchSet;

/// The order in which a patch and its record are committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    /// The transaction id is recorded before the commit: the ledger is in a database of its own.
    RecordedFirst,
    /// Patch and record are one transaction: the ledger is in the target database.
    SameTransaction,
}

/// The series that one ledger records, and the location of that ledger.
#[derive(Clone, Debug)]
pub(crate) struct LedgerScope {
    pub(crate) protocol: Protocol,
    /// The database that holds the ledger.
    pub(crate) database: String,
    /// The role that uses it.
    pub(crate) user: String,
    pub(crate) series: Vec<Series>,
}

impl LedgerScope {
    /// The series that an identity names: by its logical database, or by the place that it goes to.
    pub(crate) fn find(&self, identity: &Identity) -> Option<&Series> {
        let name = &identity.database;
        let by_name = |series: &&Series| series.name == *name;
        let by_place = |series: &&Series| series.place.to_string() == *name;
        let mut series = self.series.iter();
        series
            .find(by_name)
            .or_else(|| self.series.iter().find(by_place))
    }
}

/// One scope with the state apart, one for each database with the state in the target.
pub(super) fn scopes(
    set: &PatchSet<'_>,
    config: &Config,
    connector: &Connector<'_>,
) -> Vec<LedgerScope> {
    let mut scopes: Vec<LedgerScope> = Vec::new();
    for patches in set.databases() {
        let place = config.place(patches.database);
        let (protocol, database, owner) = match &config.state {
            StateLocation::Apart { database, role } => {
                (Protocol::RecordedFirst, database.clone(), role.as_str())
            }
            StateLocation::InTarget => {
                let first = set.get(patches.first);
                let owner = first.map_or("postgres", |patch| patch.user());
                (Protocol::SameTransaction, place.database.clone(), owner)
            }
        };
        let series = Series {
            name: patches.database.to_owned(),
            place,
        };
        match scopes.iter_mut().find(|scope| scope.database == database) {
            Some(scope) => scope.series.push(series),
            None => scopes.push(LedgerScope {
                protocol,
                database,
                user: connector.login(owner).to_owned(),
                series: vec![series],
            }),
        }
    }
    scopes
}
