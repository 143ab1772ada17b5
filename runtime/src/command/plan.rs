//! `plan`: the steps that `apply` would take.

use super::overview::Overview;
use crate::plan::Plan;
use crate::run::deployment::Deployment;
use crate::{Config, Error};
use patchgen_model::PatchSet;

pub(crate) async fn plan<'a>(set: &PatchSet<'a>, config: &Config) -> Result<Plan<'a>, Error> {
    let deployment = Deployment::new(set, config)?;
    let mut whole = Plan::default();
    for scope in deployment.scopes() {
        let overview = Overview::read(&deployment, &scope).await?;
        let plan = overview.plan(&deployment)?;
        whole.steps.extend(plan.steps);
        whole.left_out += plan.left_out;
        whole.warnings.extend(plan.warnings);
    }
    Ok(whole)
}
