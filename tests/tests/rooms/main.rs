//! The arrows between the rooms of a crate are those that `ARCHITECTURE.md` lists.
//!
//! A room is a file or a folder directly below `src`, with everything in it. A room may use another only if the list
//! of its crate has an arrow from the one to the other, and the files of a crate import each other without a circle.
#![expect(clippy::unwrap_used, reason = "what cannot go on is a failed test")]

/// The faults of small crates.
mod cases;
/// Files that import each other.
mod circles;
/// Everything that is wrong in a crate.
mod faults;
/// The names that a `use` brings into a module.
mod imports;
/// The module that a path leads to.
mod modules;
/// The list in `ARCHITECTURE.md`.
mod rules;
/// The modules of a crate, and the paths that its files contain.
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Text of each source file, by its path below `src`.
type Tree = BTreeMap<String, String>;

#[test]
fn rooms_of_the_runtime() {
    check("runtime");
}

#[test]
fn rooms_of_the_build() {
    check("patchgen");
}

#[test]
fn rooms_of_the_sandbox() {
    check("sandbox");
}

fn check(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let mut tree = Tree::new();
    read(&root.join(name).join("src"), "", &mut tree);
    let faults = faults::faults(name, &tree, &list);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Adds the Rust files of a folder to `tree`, those of its subfolders too.
fn read(folder: &Path, prefix: &str, tree: &mut Tree) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, &format!("{prefix}{name}/"), tree);
        } else if name.ends_with(".rs") {
            tree.insert(
                format!("{prefix}{name}"),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
}
