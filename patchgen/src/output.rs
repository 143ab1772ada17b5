use crate::diagnostic::Diagnostics;
use patchgen_model::{Encoded, PatchSet};

/// What a build has made: the set of patches, and what it warns of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    pub(crate) encoded: Encoded,
    pub(crate) warnings: Diagnostics,
}

impl Output {
    /// The patches, validated and ordered.
    #[must_use]
    pub fn patch_set(&self) -> PatchSet<'_> {
        PatchSet::__embedded(&self.encoded.text, &self.encoded.index)
    }

    /// The two buffers that the set consists of.
    #[must_use]
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// What does not end the build, but should be looked at.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}
