//! Waits: each is reported when it begins and then every ten seconds, and counts for the report of the run.

use crate::Config;
use crate::event::Event;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Time between two reports of one wait.
const AGAIN: Duration = Duration::from_secs(10);

/// One wait, from its creation until it is dropped.
pub(crate) struct Wait<'w> {
    config: &'w Config,
    /// Time of all waits of the run.
    total: &'w Cell<Duration>,
    began: Instant,
    reported: Option<Instant>,
}

impl<'w> Wait<'w> {
    pub(super) fn new(config: &'w Config, total: &'w Cell<Duration>) -> Self {
        Self {
            config,
            total,
            began: Instant::now(),
            reported: None,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn is_report_due(&self) -> bool {
        self.reported
            .is_none_or(|reported| reported.elapsed() > AGAIN)
    }

    /// Reports what is waited for, if a report is due.
    pub(crate) fn report(&mut self, holder: &str) {
        if self.is_report_due() {
            let waited = self.elapsed();
            self.config.emit(&Event::Waiting { holder, waited });
            self.reported = Some(Instant::now());
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // Without a report there was nothing to wait for.
        if self.reported.is_some() {
            self.total.set(self.total.get() + self.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_wait_is_reported_once_at_first_and_counted() {
        let reports = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&reports);
        let config = Config::new().observer(move |_: &Event<'_>| {
            seen.fetch_add(1, Ordering::SeqCst);
        });
        let total = Cell::new(Duration::ZERO);
        drop(Wait::new(&config, &total));
        assert_eq!(total.get(), Duration::ZERO);
        let mut wait = Wait::new(&config, &total);
        for _ in 0..3 {
            wait.report("a session");
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(wait);
        assert_eq!(reports.load(Ordering::SeqCst), 1);
        assert!(total.get() >= Duration::from_millis(3));
    }
}
