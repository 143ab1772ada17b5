//! The overview of a scope, for commands that only read.

use crate::Error;
use crate::Place;
use crate::ledger::Ledger;
use crate::ledger::interrupted::Interrupted;
use crate::ledger::row::State;
use crate::plan::Plan;
use crate::plan::comparison::Comparison;
use crate::run::deployment::Deployment;
use crate::run::recovery::{self, Outcome};
use crate::run::scope::LedgerScope;
use crate::server::database::Presence;
use crate::server::identity::CLUSTER;
use std::collections::BTreeMap;

/// The patches of a scope, compared with its ledger.
pub(super) struct Overview<'a> {
    pub(super) comparisons: Vec<Comparison<'a>>,
    pub(super) presence: BTreeMap<Place, Presence>,
    /// System identifier of the ledger's server; `None` if nothing was ever applied.
    pub(super) cluster: Option<String>,
}

impl<'a> Overview<'a> {
    /// Reads the ledger; interrupted patches are shown as the server knows them.
    pub(super) async fn read(
        deployment: &Deployment<'_, 'a>,
        scope: &LedgerScope,
    ) -> Result<Self, Error> {
        let ledger = deployment.open_to_read(scope).await?;
        let (mut rows, cluster) = match &ledger {
            Some(ledger) => (ledger.rows(&scope.series).await?, cluster(ledger).await?),
            None => (Vec::new(), None),
        };
        for row in rows.iter_mut().filter(|row| row.state == State::Committing) {
            let ledger_cluster = cluster
                .as_deref()
                .and_then(|cluster| deployment.ledger_cluster(cluster));
            let interrupted = Interrupted::of_row(row);
            match recovery::outcome(&interrupted, &deployment.targets, ledger_cluster).await? {
                Outcome::Committed => row.state = State::Applied,
                Outcome::Aborted => row.state = State::Intent,
                Outcome::Running | Outcome::Unknown(_) => {}
            }
        }
        let comparisons = deployment.compare(scope, rows);
        let presence = deployment.presence(&comparisons, ledger.as_ref()).await?;
        Ok(Self {
            comparisons,
            presence,
            cluster,
        })
    }

    pub(super) fn plan(&self, deployment: &Deployment<'_, 'a>) -> Result<Plan<'a>, Error> {
        Plan::new(&self.comparisons, &self.presence, deployment.config)
    }
}

async fn cluster(ledger: &Ledger) -> Result<Option<String>, Error> {
    let row = ledger.session.row(&format!("SELECT {CLUSTER}")).await?;
    Ok(row.and_then(|row| row.get(0).map(str::to_owned)))
}
