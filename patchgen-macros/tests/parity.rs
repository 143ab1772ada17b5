//! The build script, the macro and a program that calls `run` produce the same set.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../patchgen/tests/scratch/mod.rs"]
mod scratch;

use scratch::Package;
use std::path::{Path, PathBuf};

const BUILD: &str = r#"
fn main() {
    let build = patchgen::Build::new().patches("patches/**/*.sql");
    build.database("library").user("librarian").emit();
}
"#;

const MAIN: &str = r#"
use patchgen_macros::embed_patches;
use patchgen_runtime::PatchSet;

static SCRIPT: PatchSet = embed_patches!();
static MACRO: PatchSet =
    embed_patches!("patches/**/*.sql", database = "library", user = "librarian");

fn main() {
    assert!(SCRIPT == MACRO);
    for patch in SCRIPT.iter() {
        println!("{patch:?}");
    }
}
"#;

#[test]
fn all_fronts_make_the_same_set() {
    let package = Package::new("scratch-parity");
    package.write("build.rs", BUILD);
    package.write("src/main.rs", MAIN);
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../patchgen/tests/cases");
    for folder in [
        "ordered/patches",
        "ordered/patches/a",
        "ordered/patches/b",
        "dump/patches",
    ] {
        for entry in std::fs::read_dir(cases.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_string_lossy();
                let text = std::fs::read_to_string(&path).unwrap();
                package.write(&format!("patches/{folder}/{name}"), &text);
            }
        }
    }
    let output = package.cargo("run");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");

    let build = patchgen::Build::new()
        .base(package.path(""))
        .patches("patches/**/*.sql");
    let run = build.database("library").user("librarian").run().unwrap();
    let patches: String = run
        .patch_set()
        .iter()
        .map(|patch| format!("{patch:?}\n"))
        .collect();
    assert!(run.patch_set().len() > 8);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), patches);
}

#[test]
fn a_damaged_set_is_a_compile_error() {
    let package = Package::new("scratch-damaged");
    package.write("build.rs", BUILD);
    package.write(
        "src/main.rs",
        &MAIN.replace("SCRIPT == MACRO", "SCRIPT.len() == 1"),
    );
    package.write(
        "patches/patch-1-1-0-concurrent.sql",
        "reindex table concurrently dog;",
    );
    assert!(package.cargo("build").status.success());
    let index = index_of("scratch-damaged");
    let mut bytes = std::fs::read(&index).unwrap();
    // The second byte of the record of a statement is its class.
    let at = bytes.len() - 23;
    bytes[at] = 0xff;
    std::fs::write(&index, bytes).unwrap();
    let output = package.cargo("build");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        errors.contains("not as the build script has written them"),
        "{errors}"
    );
    assert!(!errors.contains("panicked"), "{errors}");
}

/// Returns the index that the build script of a package has written last.
fn index_of(package: &str) -> PathBuf {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch/debug/build");
    let folders = std::fs::read_dir(build).unwrap();
    let indexes = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(package))
        .map(|entry| entry.path().join("out/patches.idx"))
        .filter(|path| path.exists());
    indexes
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .unwrap()
}
