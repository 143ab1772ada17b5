//! Errors that the macro shows.

use std::fs;
use std::path::Path;

#[test]
fn ui() {
    // Globs begin at the folder of the package that `trybuild` makes.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let package = target.join("tests/trybuild/patchgen-macros");
    for folder in ["patches/broken", "patches/fine"] {
        let (from, to) = (Path::new("tests").join(folder), package.join(folder));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
