//! The faults of small crates.

/// Circles of files.
mod circles;
/// Lists, and what they allow.
mod list;
/// The ways to use a room.
mod paths;

use crate::faults::faults;

/// Faults of a crate `house` with these files and this list.
fn faults_of(files: &[(&str, &str)], list: &str) -> Vec<String> {
    let tree = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    let text = format!("# Rooms\n\n```arrows house\n{list}\n```\n");
    faults("house", &tree, &text)
}

const NONE: [&str; 0] = [];
