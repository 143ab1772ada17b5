//! Figures of Patchgen beside those of its peers, measured in one run on one machine: `make bench`, or
//! `cargo run --release -- build size patchgen sqlx` for some figures and some tools.
//!
//! A figure alone says little on another machine; the ratio to a peer in the same run does.

mod build;
mod project;

use anyhow::{Result, bail};
use project::Tool;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let figures = ["build", "size", "clean"];
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !figures.into_iter().any(given);
    let wanted = |name: &str| all || given(name);
    let mut tools: Vec<Tool> = Tool::ALL
        .into_iter()
        .filter(|tool| given(tool.name()))
        .collect();
    let known = |argument: &&String| {
        figures.contains(&argument.as_str()) || tools.iter().any(|tool| tool.name() == *argument)
    };
    if let Some(unknown) = arguments.iter().find(|argument| !known(argument)) {
        bail!(
            "`{unknown}` is no figure and no tool; there are {figures:?} and {:?}",
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
    Ok(())
}
