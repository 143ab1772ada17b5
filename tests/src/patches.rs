use crate::column;
use patchgen_sandbox::Server;
use std::fs;
use tempfile::TempDir;

/// SQL of a baseline that creates the table `effect`, in which each patch leaves one row.
pub const BASELINE: &str = "CREATE TABLE effect (patch text);\n";

/// Returns the SQL of a patch that leaves the row `patch`.
pub fn effect(patch: &str) -> String {
    format!("INSERT INTO effect VALUES ('{patch}');\n")
}

/// Returns the rows that patches left in a database, in the order in which they ran.
pub fn effects(server: &Server, database: &str) -> Vec<String> {
    column(server, database, "SELECT patch FROM effect")
}

/// Creates a folder with these files, `(name, SQL)`. A name may contain folders. The value removes the folder when it
/// is dropped.
pub fn scratch_patches(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, sql) in files {
        write_patch(&folder, name, sql);
    }
    folder
}

/// Creates a folder with a [`BASELINE`] of the database `app` and these patches, `(description, SQL)`. The patches are
/// numbered from `app.20240101.0001` on and run as `postgres`.
pub fn app_patches(patches: &[(&str, &str)]) -> TempDir {
    let folder = scratch_patches(&[("app.00000000.0000.postgres.baseline.sql", BASELINE)]);
    for (number, (description, sql)) in (1..).zip(patches) {
        let name = format!("app.20240101.{number:04}.postgres.{description}.sql");
        write_patch(&folder, &name, sql);
    }
    folder
}

/// Creates a folder as [`app_patches`] does, with patches whose effects are their numbers from 1 on.
pub fn numbered_patches(count: usize) -> TempDir {
    let effects: Vec<String> = (1..=count)
        .map(|number| effect(&number.to_string()))
        .collect();
    let patches: Vec<(&str, &str)> = effects.iter().map(|sql| ("patch", &sql[..])).collect();
    app_patches(&patches)
}

/// Writes a patch file, with the folders that its name contains.
pub fn write_patch(folder: &TempDir, name: &str, sql: &str) {
    let path = folder.path().join(name);
    let parent = path.parent().expect("the file is in a folder");
    fs::create_dir_all(parent).expect("a folder can be made");
    fs::write(&path, sql).expect("a file can be written");
}
