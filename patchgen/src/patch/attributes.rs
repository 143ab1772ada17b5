use patchgen_model::{Grammar, Kind};

/// Attributes of a patch that its file name and the lock file determine. Together with the text and the rules, they determine
/// its analysis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Attributes {
    /// Grammar of the name.
    pub(crate) grammar: Grammar,
    /// Kind in the name.
    pub(crate) named_kind: Option<Kind>,
    pub(crate) is_baseline: bool,
    /// `true` if the patch runs while its database is being created.
    pub(crate) is_bootstrap: bool,
    /// `true` if the lock file has the patch with this text. The parser and the lints have accepted it before.
    pub(crate) is_sealed: bool,
}
