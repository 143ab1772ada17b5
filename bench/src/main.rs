//! Measurements of Patchgen and of similar tools in one run on one machine: `make bench`, or
//! `cargo run --release -- build size patchgen sqlx` for some measurements and some tools.
//!
//! Times depend on the machine. The ratio of two tools in the same run can be compared between machines.

mod baseline;
mod build;
mod embedded;
mod project;
mod starters;

use anyhow::{Result, bail};
use project::Tool;
use std::path::Path;
use std::time::Duration;

const FIGURES: [&str; 5] = ["build", "size", "clean", "baseline", "starters"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder, conninfo] = &arguments[..]
        && word == embedded::WORD
    {
        return embedded::apply(Path::new(folder), conninfo);
    }
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !FIGURES.into_iter().any(given);
    let wanted = |name: &str| all || given(name);
    let mut tools: Vec<Tool> = Tool::ALL
        .into_iter()
        .filter(|tool| given(tool.name()))
        .collect();
    let known = |argument: &&String| {
        FIGURES.contains(&argument.as_str()) || tools.iter().any(|tool| tool.name() == *argument)
    };
    if let Some(unknown) = arguments.iter().find(|argument| !known(argument)) {
        bail!(
            "`{unknown}` is no figure and no tool; there are {FIGURES:?} and {:?}",
            Tool::ALL.map(Tool::name)
        );
    }
    if tools.is_empty() {
        tools = Tool::ALL.to_vec();
    }
    if wanted("build") {
        build::rebuilds(&tools)?;
    }
    if wanted("size") {
        build::size()?;
    }
    if wanted("clean") {
        build::clean(&tools)?;
    }
    if wanted("baseline") {
        baseline::compare(200)?;
    }
    if wanted("starters") {
        starters::compare()?;
    }
    Ok(())
}

/// Returns the median in seconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
