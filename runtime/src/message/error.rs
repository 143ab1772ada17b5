//! Errors of patches whose statements the server refused.

use super::blame::Blame;
use super::position::locate;
use crate::server::session::Refusal;
use crate::{Error, ErrorKind};
use patchgen_model::Patch;

/// Help for a script outside of transactions, which cannot be rolled back.
pub(crate) const STOPPED: &str = "the script stopped here; what it did before is kept until the next run, which drops \
                                  the unfinished database and begins again";

/// A part of a patch that failed.
pub(crate) struct PartFailure {
    pub(crate) refusal: Refusal,
    /// The place in the patch; `None` if the server names none.
    pub(crate) blame: Option<Blame>,
    /// `true` if the statement was the runtime's own.
    pub(crate) own: bool,
}

impl From<Refusal> for PartFailure {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            blame: None,
            own: false,
        }
    }
}

/// The error of a patch whose statement the server refused.
pub(crate) fn patch_error(
    patch: &Patch<'_>,
    refusal: Refusal,
    offset: Option<usize>,
    help: &str,
) -> Error {
    let server = match refusal.error.as_db_error() {
        Some(server) if !refusal.is_lost() => server,
        // Not the patch's fault, and its progress is unknown.
        server => {
            let why = server.map_or_else(String::new, |server| format!(": {}", server.message()));
            return Error::new(
                ErrorKind::Connection,
                format!("{}: the connection was lost{why}", patch.file()),
            )
            .with_help("run again: what was interrupted is settled first")
            .with_patch(patch)
            .with_source(refusal.error);
        }
    };
    let mut message = server.message().to_owned();
    if offset.is_none() {
        message = format!("{}: {message}", patch.file());
    }
    let mut lines = vec![help.to_owned()];
    lines.extend(server.detail().map(|detail| format!("detail: {detail}")));
    lines.extend(server.hint().map(|hint| format!("hint: {hint}")));
    lines.extend(server.where_().map(|context| format!("where: {context}")));
    let mut error = Error::new(ErrorKind::Patch, message)
        .with_help(lines.join("\n"))
        .with_patch(patch)
        .with_sql_state(server.code().code());
    if let Some(offset) = offset {
        let (location, excerpt) = locate(patch, offset);
        error = error.with_location(location, Some(excerpt));
    }
    error.with_source(refusal.error)
}
