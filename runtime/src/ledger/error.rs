//! Errors of the ledger.

use crate::{Error, ErrorKind};
use patchgen_model::Patch;

/// The error for a transaction that the server lost in a crash before anything was recorded.
pub(crate) fn transaction_gone(patch: &Patch<'_>) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!(
            "{}: the server ended the patch's session; nothing of it was kept",
            patch.file()
        ),
    )
    .with_help("run again")
    .with_patch(patch)
}

/// The error for an attempt that another run has taken over.
pub(crate) fn taken_over(patch: &Patch<'_>) -> Error {
    Error::new(
        ErrorKind::Fenced,
        format!("another run has taken over `{}`", patch.file()),
    )
    .with_help("nothing of this run was kept; look at the other run's outcome with status")
    .with_patch(patch)
}
