//! Findings in one patch.

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::rule::{Level, Rules};
use crate::sql::Fault;

/// Collector of the findings in one file, which applies the levels of the rules.
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

    /// Allows the findings of some rules in this file.
    pub(crate) fn allow(&mut self, rules: Vec<String>) {
        self.allowed = rules;
    }

    #[cfg(feature = "lint")]
    pub(crate) fn postgres_version(&self) -> Option<u32> {
        self.rules.postgres_version
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, fault: Fault) {
        let position = Position::of(self.text, fault.offset);
        let mut finding = Diagnostic::error(fault.code, fault.message).at(self.file, position);
        finding.help = fault.help;
        self.list.push(finding);
    }

    /// Adds an error about the file as a whole.
    pub(crate) fn error_of_file(&mut self, code: &'static str, message: &str, help: &str) {
        let finding = Diagnostic::error(code, message).in_file(self.file);
        self.list.push(finding.help(help));
    }

    /// Adds the finding of a rule, with the severity that the level of the rule has.
    pub(crate) fn warn(&mut self, fault: Fault) {
        if let Some(severity) = self.severity(fault.code) {
            self.error(fault);
            if let Some(finding) = self.list.last_mut() {
                finding.severity = severity;
            }
        }
    }

    /// Adds the finding of a rule about the file as a whole.
    pub(crate) fn warn_of_file(&mut self, rule: &'static str, message: &str, help: &str) {
        if let Some(severity) = self.severity(rule) {
            self.error_of_file(rule, message, help);
            if let Some(finding) = self.list.last_mut() {
                finding.severity = severity;
            }
        }
    }

    /// Returns `true` if the findings of a rule are reported.
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
