use crate::arguments::{Arguments, Lock};
use crate::{Failure, files};
use patchgen::{Diagnostic, Output, lockfile};
use patchgen_runtime::cli::{FAILED, Format, Outcome};
use std::path::Path;

/// Seals the patches in the lock file, or compares them with it.
pub(crate) fn run(lock: &Lock, arguments: &Arguments) -> Result<Outcome, Failure> {
    let build = files::build(&lock.files, &arguments.launchpad).without_lock_file();
    let output = files::read(&build)?;
    let path = lock.lock_file.as_path();
    let patches = output.patch_set().len();
    let mut broken = Vec::new();
    let changed = if lock.check {
        lockfile::check(&output, path).map_err(|findings| Failure {
            text: findings.to_string(),
            code: FAILED,
        })?;
        false
    } else {
        broken = broken_seals(&output, path);
        lockfile::write(&output, path).map_err(|error| Failure {
            text: format!("error: cannot write `{}`: {error}", path.display()),
            code: FAILED,
        })?
    };
    let text = match arguments.options.format {
        Format::Json => crate::json(&serde_json::json!({
            "file": path, "patches": patches, "changed": changed, "broken_seals": broken
        })),
        Format::Human if changed => {
            let mut text = format!("{}: sealed {patches} patches", path.display());
            for seal in broken {
                text.push_str("\n  a seal was broken: ");
                text.push_str(&seal);
            }
            text
        }
        Format::Human => format!("{}: has all {patches} patches", path.display()),
    };
    Ok(Outcome { text, code: 0 })
}

/// Returns messages for the patches that differ from their seals. Patches without a seal are new and do not count.
fn broken_seals(output: &Output, path: &Path) -> Vec<String> {
    let Err(findings) = lockfile::check(output, path) else {
        return Vec::new();
    };
    let is_broken =
        |finding: &&Diagnostic| !["lock-unsealed", "lock-missing"].contains(&finding.code.as_ref());
    let messages = findings.iter().filter(is_broken);
    messages.map(|finding| finding.message.clone()).collect()
}
