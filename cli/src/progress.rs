//! The progress on standard error while patches are applied.

use indicatif::{ProgressBar, ProgressStyle};
use patchgen_runtime::{Event, Observer};
use std::io::{IsTerminal as _, Write as _};

/// A progress bar on a terminal, or a line for each event elsewhere.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {elapsed}  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar }
    }

    fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    }
}

impl Observer for Progress {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Planned { patches } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(u64::try_from(*patches).unwrap_or(u64::MAX));
                }
            }
            Event::Started { file, .. } => match &self.bar {
                Some(bar) => bar.set_message((*file).to_owned()),
                None => self.print(&format!("running {file}")),
            },
            Event::Applied { .. } => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Event::Waiting { holder, .. } => self.print(&format!("waiting for {holder}")),
            Event::Retrying {
                patch,
                reason,
                pause,
            } => {
                self.print(&format!("{patch} is tried again in {pause:.1?}: {reason}"));
            }
            Event::Recovered {
                patch,
                applied: true,
            } => {
                self.print(&format!("{patch} was interrupted, but had taken effect"));
            }
            Event::Recovered {
                patch,
                applied: false,
            } => {
                self.print(&format!("{patch} was interrupted without effect"));
            }
            // The report contains these.
            Event::Adopted { .. } | Event::Warning { .. } => {}
            Event::Created { what } => self.print(&format!("made {what}")),
            _ => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
