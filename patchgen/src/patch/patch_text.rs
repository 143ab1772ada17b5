use super::attributes::Attributes;
use patchgen_model::{Kind, ScriptMode};

/// Text of a patch, with what determines how it is checked.
pub(super) struct PatchText<'a> {
    pub(super) text: &'a str,
    pub(super) attributes: Attributes,
    pub(super) kind: Kind,
    pub(super) script: ScriptMode,
}

impl PatchText<'_> {
    /// Returns `true` if psql executes the patch.
    pub(super) fn is_for_psql(&self) -> bool {
        self.attributes.is_baseline && self.script == ScriptMode::Psql
    }

    /// Returns `true` if the parser and the lints check the patch.
    pub(super) fn is_parsed(&self) -> bool {
        !self.attributes.is_sealed && !self.is_for_psql()
    }
}
