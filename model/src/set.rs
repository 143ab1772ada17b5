use crate::wire::{self, DecodeError};
use crate::{Checksum, Patch};
use std::fmt;

/// Revision of a program's source when its patches were embedded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revision<'a> {
    /// The branch; empty if none was checked out.
    pub branch: &'a str,
    /// Number of commits that lead to the revision, itself included.
    pub number: u32,
    /// The commit, followed by `+` if patch files differed from it.
    pub id: &'a str,
}

/// Patches of one logical database within a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatabasePatches<'a> {
    /// The logical database.
    pub database: &'a str,
    /// Position of its first patch in the set.
    pub first: usize,
    /// Number of its patches.
    pub count: usize,
    /// Digest over version and checksum of its patches, in order.
    ///
    /// It is the SHA-256 of the lines `major minor point checksum`, joined by LF, numbers without padding. A server can
    /// compute the same over a ledger, so that one row shows that all patches are applied.
    pub digest: Checksum,
}

/// Set of patches, sorted by database and version.
///
/// It borrows two buffers (in a program they are static) and copies nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PatchSet<'a> {
    text: &'a str,
    index: &'a [u8],
}

impl<'a> PatchSet<'a> {
    /// The set without patches.
    pub const EMPTY: PatchSet<'static> = PatchSet {
        text: "",
        index: &wire::EMPTY,
    };

    /// For generated code only: fails to compile if the set was made by another version of the format.
    #[doc(hidden)]
    #[must_use]
    pub const fn __embedded(text: &'a str, index: &'a [u8]) -> Self {
        assert!(
            wire::is_current(index),
            "patchgen and patchgen-runtime are of different versions: use the same version of both"
        );
        Self { text, index }
    }

    /// Reads a set that [`encode`](crate::encode()) made.
    ///
    /// # Errors
    /// If the buffers are not those of one encoded set.
    pub fn decode(text: &'a str, index: &'a [u8]) -> Result<Self, DecodeError> {
        wire::validate(text, index)?;
        Ok(Self { text, index })
    }

    /// Checks a set that is part of a program, which is not checked when it is compiled; [`decode`](Self::decode) does the same.
    ///
    /// Reading a set that does not pass may panic.
    ///
    /// # Errors
    /// If the buffers are not those of one encoded set.
    pub fn validate(&self) -> Result<(), DecodeError> {
        wire::validate(self.text, self.index)
    }

    /// Returns the number of patches.
    #[must_use]
    pub fn len(&self) -> usize {
        wire::patch_count(self.index)
    }

    /// `true` if there is no patch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the patch at a position, counted from 0, or `None` behind the last.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Patch<'a>> {
        (position < self.len()).then(|| wire::patch(self.text, self.index, position))
    }

    /// Returns the patches, sorted by database and version.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Patch<'a>> + ExactSizeIterator + use<'a> {
        let set = *self;
        (0..self.len()).map(move |position| wire::patch(set.text, set.index, position))
    }

    /// Returns the databases of the set, sorted.
    pub fn databases(&self) -> impl ExactSizeIterator<Item = DatabasePatches<'a>> + use<'a> {
        let set = *self;
        (0..wire::database_count(self.index))
            .map(move |position| wire::database(set.text, set.index, position))
    }

    /// Returns the revision of the source, if it was in a repository.
    #[must_use]
    pub fn revision(&self) -> Option<Revision<'a>> {
        wire::revision(self.text, self.index)
    }
}

impl fmt::Debug for PatchSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|patch| patch.file()))
            .finish()
    }
}
