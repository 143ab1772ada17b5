//! The fault suite, as long as one likes: `make faults`.

#![expect(clippy::print_stdout, reason = "its standard output is the report")]

use clap::Parser;
use patchgen_tests::faults::{Scenario, Suite, Tally, run};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

#[derive(Parser)]
struct Arguments {
    /// From which the faults are made; the same seed gives the same ones [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// How many faults are to strike
    #[arg(long, default_value_t = 500)]
    faults: usize,
    /// Only the case of this number
    #[arg(long)]
    only: Option<usize>,
    /// How many at a time, each on two servers of its own
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Print a line for each
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
    let total: Tally = run(&suite, |case, tally| {
        failed.fetch_add(usize::from(!tally.is_clean()), Ordering::SeqCst);
        if arguments.verbose || !tally.is_clean() {
            let struck = if tally.injected == 0 {
                " (did not strike)"
            } else {
                ""
            };
            let again = match tally.more_runs {
                0 => String::new(),
                more => format!(" ({more} more runs)"),
            };
            let outcome = if tally.is_clean() { "ok" } else { "FAILED" };
            println!("{outcome:<6} {case}{struck}{again}");
            for told in &tally.told {
                println!("       {}", told.replace('\n', "\n       "));
            }
        }
    });
    let failed = failed.into_inner();
    println!("\n{total}{:<24} {:>6} s", "time", began.elapsed().as_secs());
    println!("{} passed, {failed} failed", total.histories - failed);
    ExitCode::from(u8::from(failed > 0))
}
