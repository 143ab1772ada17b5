//! Analysis of one patch: its directives, statements and faults.

mod analysis;
mod attributes;
mod directive;
mod findings;
mod item;
#[cfg(feature = "lint")]
mod lint;
mod meta;
mod patch_text;
mod transaction;

pub(crate) use analysis::{Analysis, analyse};
pub(crate) use attributes::Attributes;
pub(crate) use item::OwnedItem;
