use crate::wire::{self, DecodeError};
use crate::{Checksum, Patch};
use std::fmt;

/// Where the source of a program stood when its patches were embedded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revision<'a> {
    /// The branch; empty when none was checked out.
    pub branch: &'a str,
    /// How many commits lead to the revision, itself included.
    pub number: u32,
    /// The commit; followed by `+` when patch files differed from it.
    pub id: &'a str,
}

/// The patches of one logical database within a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatabasePatches<'a> {
    /// The logical database.
    pub database: &'a str,
    /// Position of its first patch in the set.
    pub first: usize,
    /// How many patches it has.
    pub count: usize,
    /// A digest over version and checksum of its patches, in order.
    ///
    /// It is the SHA-256 of the lines `major minor point checksum`, joined by LF, numbers without padding. A server can
    /// compute the same over a ledger, so that one row tells whether all patches are applied.
    pub digest: Checksum,
}

/// An ordered, validated set of patches, sorted by database and version.
///
/// It borrows two buffers (in a program they are static) and copies nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PatchSet<'a> {
    text: &'a str,
    index: &'a [u8],
}

impl<'a> PatchSet<'a> {
    /// A set without patches.
    pub const EMPTY: PatchSet<'static> = PatchSet {
        text: "",
        index: &wire::EMPTY,
    };

    /// For generated code only: fails to compile when the set was made by another version of the format.
    #[doc(hidden)]
    #[must_use]
    pub const fn __embedded(text: &'a str, index: &'a [u8]) -> Self {
        assert!(
            wire::is_current(index),
            "patchgen and patchgen-runtime are of different versions: use the same version of both"
        );
        Self { text, index }
    }

    /// Reads a set that [`encode`](crate::encode) made.
    ///
    /// # Errors
    /// When the buffers are not those of one encoded set.
    pub fn decode(text: &'a str, index: &'a [u8]) -> Result<Self, DecodeError> {
        wire::validate(text, index)?;
        Ok(Self { text, index })
    }

    /// Checks a set that is part of a program, which is not checked when it is compiled; [`decode`](Self::decode) does the same.
    ///
    /// Reading a set that does not pass may panic.
    ///
    /// # Errors
    /// When the buffers are not those of one encoded set.
    pub fn validate(&self) -> Result<(), DecodeError> {
        wire::validate(self.text, self.index)
    }

    /// How many patches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        wire::patch_count(self.index)
    }

    /// Whether there is no patch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The patch at a position, in order.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Patch<'a>> {
        (position < self.len()).then(|| wire::patch(self.text, self.index, position))
    }

    /// The patches, sorted by database and version.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Patch<'a>> + ExactSizeIterator + use<'a> {
        let set = *self;
        (0..self.len()).map(move |position| wire::patch(set.text, set.index, position))
    }

    /// The databases of the set, sorted.
    pub fn databases(&self) -> impl ExactSizeIterator<Item = DatabasePatches<'a>> + use<'a> {
        let set = *self;
        (0..wire::database_count(self.index))
            .map(move |position| wire::database(set.text, set.index, position))
    }

    /// Where the source stood, if it was in a repository.
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
