use crate::arguments::{Arguments, Lock};
use crate::{Failure, files};
use patchgen::lockfile;
use patchgen_runtime::cli::{FAILED, Format, Outcome};

/// Seals the present patches in the lock file, or compares them with it.
pub(crate) fn run(lock: &Lock, arguments: &Arguments) -> Result<Outcome, Failure> {
    let build = files::build(&lock.files, &arguments.launchpad).without_lock_file();
    let output = files::read(&build)?;
    let path = lock.lock_file.as_path();
    let patches = output.patch_set().len();
    let changed = if lock.check {
        lockfile::check(&output, path).map_err(|findings| Failure {
            text: findings.to_string(),
            code: FAILED,
        })?;
        false
    } else {
        lockfile::write(&output, path).map_err(|error| Failure {
            text: format!("error: cannot write `{}`: {error}", path.display()),
            code: FAILED,
        })?
    };
    let text = match arguments.options.format {
        Format::Json => crate::json(&serde_json::json!({
            "file": path, "patches": patches, "changed": changed
        })),
        Format::Human if changed => format!("{}: sealed {patches} patches", path.display()),
        Format::Human => format!("{}: has all {patches} patches", path.display()),
    };
    Ok(Outcome { text, code: 0 })
}
