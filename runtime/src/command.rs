//! Commands: what programs and operators ask for.

pub(crate) mod adopt;
pub(crate) mod apply;
pub(crate) mod export;
mod overview;
pub(crate) mod plan;
pub(crate) mod rehearse;
pub(crate) mod resolve;
pub(crate) mod status;
pub(crate) mod verify;
