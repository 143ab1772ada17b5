//! Findings of a suite.

use std::fmt;

/// Counts over histories. Only the first two, and the doubts that the protocol allows, may be above zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Histories, each with at most one fault.
    pub histories: usize,
    /// Injected faults. A program may end before its failpoint or the time of its fault.
    pub injected: usize,
    /// Effects that are missing although all patches were applied.
    pub lost: usize,
    /// Effects that happened more than once.
    pub duplicated: usize,
    /// Patches whose record is missing or wrong.
    pub unrecorded: usize,
    /// Exits with 3 where the protocol allows a doubt.
    pub doubts: usize,
    /// Other exits with 3.
    pub unexpected_doubts: usize,
    /// Runs after the fault, beyond the first.
    pub extra_runs: usize,
    /// Other violations: hangs, panics, invalid indexes, locks that remain.
    pub other_violations: usize,
    /// Descriptions of the violations.
    pub messages: Vec<String>,
}

impl Findings {
    /// Returns whether there are no violations.
    pub fn is_clean(&self) -> bool {
        self.violations() == 0
    }

    /// Returns the number of violations.
    pub fn violations(&self) -> usize {
        self.lost
            + self.duplicated
            + self.unrecorded
            + self.unexpected_doubts
            + self.other_violations
    }

    pub(super) fn add(&mut self, other: Findings) {
        self.histories += other.histories;
        self.injected += other.injected;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.unrecorded += other.unrecorded;
        self.doubts += other.doubts;
        self.unexpected_doubts += other.unexpected_doubts;
        self.extra_runs += other.extra_runs;
        self.other_violations += other.other_violations;
        self.messages.extend(other.messages);
    }

    pub(super) fn report(&mut self, message: impl Into<String>) {
        self.messages.push(message.into());
    }

    pub(super) fn report_other(&mut self, message: impl Into<String>) {
        self.other_violations += 1;
        self.report(message);
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, count) in [
            ("histories", self.histories),
            ("faults injected", self.injected),
            ("lost", self.lost),
            ("duplicated", self.duplicated),
            ("unrecorded", self.unrecorded),
            ("doubts, expected", self.doubts),
            ("doubts, unexpected", self.unexpected_doubts),
            ("other violations", self.other_violations),
            ("runs needed beyond one", self.extra_runs),
        ] {
            writeln!(f, "{label:<24} {count:>6}")?;
        }
        Ok(())
    }
}
