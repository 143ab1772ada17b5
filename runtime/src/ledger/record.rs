//! Records: results that are not written yet. They are sent with the next message to the ledger, which saves a round trip.

use super::Ledger;
use super::entry::Begun;

/// The result of a patch that is still to be written.
#[derive(Clone, Default, Debug)]
pub(crate) enum Record<'a> {
    #[default]
    Nothing,
    /// The transaction of these patches was committed.
    Committed(Vec<Begun<'a>>),
    /// This patch is done; it runs outside of transactions, so that there is no transaction id.
    Done(Box<Begun<'a>>),
}

impl Record<'_> {
    /// The statements that write the record, as the beginning of a message; empty if there are none.
    pub(crate) fn sql(&self, ledger: &Ledger) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Committed(begun) => format!("{}; ", ledger.applied(begun)),
            Self::Done(begun) => format!("{}; ", ledger.done(begun)),
        }
    }
}
