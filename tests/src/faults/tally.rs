//! What a suite found.

use std::fmt;

/// Counts over histories; only the first two and the doubts where the protocol has them may be above zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Histories, each with a fault at the most.
    pub histories: usize,
    /// Faults that struck; a program may be through before its failpoint comes or its time is over.
    pub injected: usize,
    /// Effects that are not there though all was applied.
    pub lost: usize,
    /// Effects that are there more than once.
    pub doubled: usize,
    /// Patches whose record is not there or not true.
    pub unrecorded: usize,
    /// Exits with 3 where the protocol says that nobody can know.
    pub doubts: usize,
    /// Other exits with 3.
    pub unexpected_doubts: usize,
    /// Runs that were needed afterwards, beyond the one.
    pub more_runs: usize,
    /// Whatever else must not be: hangs, panics, invalid indexes, locks that are left.
    pub others: usize,
    /// The violations, told.
    pub told: Vec<String>,
}

impl Tally {
    /// Whether nothing happened that must not.
    pub fn is_clean(&self) -> bool {
        self.violations() == 0
    }

    /// How many things happened that must not.
    pub fn violations(&self) -> usize {
        self.lost + self.doubled + self.unrecorded + self.unexpected_doubts + self.others
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.histories += other.histories;
        self.injected += other.injected;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.unrecorded += other.unrecorded;
        self.doubts += other.doubts;
        self.unexpected_doubts += other.unexpected_doubts;
        self.more_runs += other.more_runs;
        self.others += other.others;
        self.told.extend(other.told);
    }

    pub(super) fn tell(&mut self, what: impl Into<String>) {
        self.told.push(what.into());
    }

    pub(super) fn other(&mut self, what: impl Into<String>) {
        self.others += 1;
        self.tell(what);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in [
            ("histories", self.histories),
            ("faults injected", self.injected),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("unrecorded", self.unrecorded),
            ("doubts, expected", self.doubts),
            ("doubts, unexpected", self.unexpected_doubts),
            ("other violations", self.others),
            ("runs needed beyond one", self.more_runs),
        ] {
            writeln!(f, "{what:<24} {count:>6}")?;
        }
        Ok(())
    }
}
