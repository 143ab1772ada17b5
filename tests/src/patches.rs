use std::fs;

use tempfile::TempDir;

/// A folder with these files, `(name, SQL)`; a name may have folders in it. It is removed with the value.
pub fn scratch_patches(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, sql) in files {
        let path = folder.path().join(name);
        let parent = path.parent().expect("the file is in a folder");
        fs::create_dir_all(parent).expect("a folder can be made");
        fs::write(&path, sql).expect("a file can be written");
    }
    folder
}
