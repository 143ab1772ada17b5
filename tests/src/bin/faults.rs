//! Runs the fault suite with any number of faults: `make faults`.

#![expect(clippy::print_stdout, reason = "its standard output is the report")]

use clap::Parser;
use patchgen_tests::faults::{Findings, Scenario, Suite, run};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

#[derive(Parser)]
struct Arguments {
    /// Seed of the faults; the same seed yields the same faults [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Number of faults to inject
    #[arg(long, default_value_t = 500)]
    faults: usize,
    /// Run only the case of this number
    #[arg(long)]
    only: Option<usize>,
    /// Number of concurrent jobs, each on two servers of its own
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Print a line for each case
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = arguments
        .seed
        .unwrap_or_else(|| seconds.map_or(0, |time| time.as_secs()));
    println!("seed {seed}");
    let own = std::env::current_exe().expect("a program knows its file");
    let suite = Suite {
        program: own.with_file_name("subject"),
        seed,
        faults: arguments.faults,
        only: arguments.only,
        scenarios: Scenario::all(),
        jobs: arguments.jobs,
    };
    let began = Instant::now();
    let failed = AtomicUsize::new(0);
    let total: Findings = run(&suite, |case, findings| {
        failed.fetch_add(usize::from(!findings.is_clean()), Ordering::SeqCst);
        if arguments.verbose || !findings.is_clean() {
            let injected = if findings.injected == 0 {
                " (not injected)"
            } else {
                ""
            };
            let again = match findings.extra_runs {
                0 => String::new(),
                more => format!(" ({more} extra runs)"),
            };
            let outcome = if findings.is_clean() { "ok" } else { "FAILED" };
            println!("{outcome:<6} {case}{injected}{again}");
            for message in &findings.messages {
                println!("       {}", message.replace('\n', "\n       "));
            }
        }
    });
    let failed = failed.into_inner();
    println!("\n{total}{:<24} {:>6} s", "time", began.elapsed().as_secs());
    println!("{} passed, {failed} failed", total.histories - failed);
    ExitCode::from(u8::from(failed > 0))
}
