use patchgen_model::{Grammar, PatchId};

/// Returns an identity as it is written in names of a grammar.
pub(crate) fn written(grammar: Grammar, id: PatchId<'_>) -> String {
    id.spelled(grammar).to_string()
}
