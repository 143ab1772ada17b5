//! Figures of Patchgen beside those of its peers, measured in one run on one machine: `make bench`, or
//! `cargo run --release -- build|size|clean` for some of them.
//!
//! A figure alone says little on another machine; the ratio to a peer in the same run does.

mod build;
mod project;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted =
        |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let known = ["build", "size", "clean"];
    if let Some(unknown) = arguments
        .iter()
        .find(|argument| !known.contains(&argument.as_str()))
    {
        bail!("`{unknown}` is no benchmark; there are {known:?}");
    }
    if wanted("build") {
        build::rebuilds()?;
    }
    if wanted("size") {
        build::size()?;
    }
    if wanted("clean") {
        build::clean()?;
    }
    Ok(())
}
