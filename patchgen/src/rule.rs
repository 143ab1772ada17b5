//! Rules whose findings a build can deny, warn of or allow.
//!
//! This is the table of their names and explanations; the code of each is in the file of `patch/lint` that has its name.
//! Rules that are not ours are those of the crate `squawk-linter`.

mod own;
mod squawk_off;
mod squawk_on;

use crate::diagnostic::Diagnostic;
use crate::spelling::nearest;
use std::collections::BTreeMap;

/// Rule that a build can deny, warn of or allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lint {
    /// Name of the rule, as in `-- patch: allow=…`.
    pub name: &'static str,
    /// `true` if the rule warns by default. A rule that does not is either made needless by Patchgen or a matter of taste.
    pub is_on: bool,
    /// Harm that the rule prevents.
    pub why: &'static str,
    /// Remedy.
    pub instead: &'static str,
}

const GROUPS: [&[Lint]; 3] = [own::LINTS, squawk_on::LINTS, squawk_off::LINTS];
const COUNT: usize = GROUPS[0].len() + GROUPS[1].len() + GROUPS[2].len();

/// All rules: ours, then those of `squawk-linter` under its names.
pub const LINTS: &[Lint] = &joined();

const fn joined() -> [Lint; COUNT] {
    let mut all = [GROUPS[0][0]; COUNT];
    let (mut group, mut end) = (0, 0);
    while group < GROUPS.len() {
        let mut at = 0;
        while at < GROUPS[group].len() {
            all[end] = GROUPS[group][at];
            at += 1;
            end += 1;
        }
        group += 1;
    }
    all
}

const fn on(name: &'static str, why: &'static str, instead: &'static str) -> Lint {
    Lint {
        name,
        is_on: true,
        why,
        instead,
    }
}

const fn off(name: &'static str, why: &'static str, instead: &'static str) -> Lint {
    Lint {
        name,
        is_on: false,
        why,
        instead,
    }
}

/// Returns the rule with a name.
///
/// ```
/// let lint = patchgen::lint::explain("renaming-column").expect("a rule");
/// assert!(lint.is_on);
/// ```
#[must_use]
pub fn explain(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.name == name)
}

/// Returns the names of all rules.
pub fn names() -> impl Iterator<Item = &'static str> {
    LINTS.iter().map(|lint| lint.name)
}

/// Effect of a rule's findings on the build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// Findings are not reported.
    Allow,
    /// Findings are warnings.
    Warn,
    /// Findings are errors, which end the build.
    Deny,
}

/// Levels of the rules in a build, and the server that the build is for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Rules {
    /// Levels that the build sets, by the names of the rules.
    pub(crate) levels: BTreeMap<String, Level>,
    /// Major version of the oldest server that the patches must run on.
    pub(crate) postgres_version: Option<u32>,
}

impl Rules {
    /// Returns the level of a rule.
    pub(crate) fn level(&self, rule: &str) -> Level {
        let default = match explain(rule) {
            Some(lint) if !lint.is_on => Level::Allow,
            _ => Level::Warn,
        };
        self.levels.get(rule).copied().unwrap_or(default)
    }

    /// Returns an error for each name that is not that of a rule.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = Diagnostic> {
        self.levels
            .keys()
            .filter_map(|name| unknown(name))
            .map(|(message, help)| Diagnostic::error("unknown-rule", message).help(help))
    }
}

/// Returns the message and the remedy for a name that is not that of a rule.
pub(crate) fn unknown(name: &str) -> Option<(String, String)> {
    if explain(name).is_some() {
        return None;
    }
    let help = match nearest(name, names()) {
        Some(rule) => format!("write `{rule}`"),
        None => {
            "a warning has the name of its rule in brackets; errors cannot be allowed".to_owned()
        }
    };
    Some((format!("`{name}` is no rule"), help))
}
