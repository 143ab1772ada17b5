use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::lint;
use crate::segment::{Fault, position};
use crate::spelling::nearest;
use std::collections::BTreeMap;

/// What a finding of a rule does to the build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    Allow,
    Warn,
    Deny,
}

/// How strict a build is, and what it builds for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Rules {
    pub(crate) levels: BTreeMap<String, Level>,
    /// Major version of the oldest server that the patches must run on.
    pub(crate) postgres_version: Option<u32>,
}

impl Rules {
    pub(crate) fn level(&self, rule: &str) -> Level {
        let usual = match lint::explain(rule) {
            Some(lint) if !lint.is_on => Level::Allow,
            _ => Level::Warn,
        };
        self.levels.get(rule).copied().unwrap_or(usual)
    }

    pub(crate) fn unknown(&self) -> impl Iterator<Item = Diagnostic> {
        self.levels
            .keys()
            .filter_map(|name| unknown(name))
            .map(|(message, help)| Diagnostic::error("unknown-rule", message).help(help))
    }
}

/// Why a name is not that of a rule, and what it may have been meant to be.
pub(crate) fn unknown(name: &str) -> Option<(String, String)> {
    if lint::explain(name).is_some() {
        return None;
    }
    let help = match nearest(name, lint::names()) {
        Some(rule) => format!("write `{rule}`"),
        None => {
            "a warning has the name of its rule in brackets; errors cannot be allowed".to_owned()
        }
    };
    Some((format!("`{name}` is no rule"), help))
}

/// Collects what is found in one file.
pub(crate) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    rules: &'a Rules,
    allowed: Vec<String>,
    list: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, rules: &'a Rules) -> Self {
        Self {
            file,
            text,
            rules,
            allowed: Vec::new(),
            list: Vec::new(),
        }
    }

    /// Leaves out what some rules find in this file.
    pub(crate) fn allow(&mut self, rules: Vec<String>) {
        self.allowed = rules;
    }

    #[cfg(feature = "lint")]
    pub(crate) fn postgres_version(&self) -> Option<u32> {
        self.rules.postgres_version
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, fault: Fault) {
        let position = locate(self.text, fault.offset);
        let mut finding = Diagnostic::error(fault.code, fault.message).at(self.file, position);
        finding.help = fault.help;
        self.list.push(finding);
    }

    /// Adds what a rule has found, as the build wants it.
    pub(crate) fn warn(&mut self, fault: Fault) {
        if let Some(severity) = self.severity(fault.code) {
            self.error(fault);
            if let Some(finding) = self.list.last_mut() {
                finding.severity = severity;
            }
        }
    }

    /// Adds what a rule says of the file as a whole.
    pub(crate) fn warn_of_file(&mut self, rule: &'static str, message: &str, help: &str) {
        if let Some(severity) = self.severity(rule) {
            let mut finding = Diagnostic::error(rule, message)
                .in_file(self.file)
                .help(help);
            finding.severity = severity;
            self.list.push(finding);
        }
    }

    /// Whether anybody wants to hear of a rule.
    #[cfg(feature = "lint")]
    pub(crate) fn is_on(&self, rule: &str) -> bool {
        self.severity(rule).is_some()
    }

    fn severity(&self, rule: &str) -> Option<Severity> {
        if self.allowed.iter().any(|allowed| allowed == rule) {
            return None;
        }
        match self.rules.level(rule) {
            Level::Allow => None,
            Level::Warn => Some(Severity::Warning),
            Level::Deny => Some(Severity::Error),
        }
    }

    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}

fn locate(text: &str, offset: usize) -> Position {
    let (line, column) = position(text, offset);
    let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let end = text[offset..]
        .find('\n')
        .map_or(text.len(), |end| offset + end);
    Position {
        line,
        column,
        excerpt: text[start..end].to_owned(),
    }
}
