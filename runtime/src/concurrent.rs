//! Concurrent patches: statement by statement, each on its own.

use crate::apply::Work;
use crate::ledger::Entry;
use crate::{Error, ErrorKind};
use std::time::Duration;

pub(crate) async fn run(
    _work: &mut Work<'_, '_>,
    entry: &mut Entry<'_>,
) -> Result<Duration, Error> {
    Err(
        Error::new(ErrorKind::Patch, "concurrent patches are not supported yet")
            .with_patch(&entry.patch),
    )
}
