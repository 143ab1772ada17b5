use crate::diagnostic::Diagnostics;
use patchgen_model::{Encoded, PatchSet};

/// Result of a build: the set of patches, and warnings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    pub(crate) encoded: Encoded,
    pub(crate) warnings: Diagnostics,
}

impl Output {
    /// Returns the patches, validated and ordered.
    #[must_use]
    pub fn patch_set(&self) -> PatchSet<'_> {
        PatchSet::__embedded(&self.encoded.text, &self.encoded.index)
    }

    /// Returns the two buffers that the set consists of.
    #[must_use]
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// Returns the findings that did not end the build.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}
