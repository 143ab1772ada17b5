//! Warnings: what a patch may do, and had better not.
//!
//! Most rules are those of the crate `squawk-linter`; what it lacks is in files of its own here. Every rule has a line in
//! [`LINTS`]. A rule that is off by default there is one that the tool makes needless, or a matter of taste.

#[cfg(feature = "lint")]
mod rules;
mod table;

#[cfg(feature = "lint")]
pub(crate) use rules::{Input, Stage, check};
pub use table::LINTS;

/// A rule of which a build can be told to warn, to fail or to say nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lint {
    /// Its name, as in `-- patch: allow=…`.
    pub name: &'static str,
    /// Whether it warns unless it is told otherwise.
    pub is_on: bool,
    /// What can go wrong.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

/// The rule of a name.
///
/// ```
/// let lint = patchgen::lint::explain("renaming-column").expect("a rule");
/// assert!(lint.is_on);
/// ```
#[must_use]
pub fn explain(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.name == name)
}

/// The names of all rules.
pub fn names() -> impl Iterator<Item = &'static str> {
    LINTS.iter().map(|lint| lint.name)
}
