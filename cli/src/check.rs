use crate::arguments::{Arguments, Check};
use crate::{Failure, files, paint};
use patchgen::{Build, Diagnostics};
use patchgen_runtime::cli::{FAILED, Format, Outcome};
use std::io::Write as _;

/// Checks patches and tells everything that is found, errors and warnings.
pub(crate) fn run(check: &Check, arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut build = files::build(&check.files, &arguments.launchpad).locked(check.locked);
    build = check.allow.iter().fold(build, Build::allow);
    build = check.warn.iter().fold(build, Build::warn);
    build = check.deny.iter().fold(build, Build::deny);
    if let Some(path) = &check.lock_file {
        build = build.lock_file(path);
    }
    let (count, findings) = match build.run() {
        Ok(output) => (Some(output.patch_set().len()), output.warnings().clone()),
        Err(findings) => (None, findings),
    };
    let code = if count.is_some() { 0 } else { FAILED };
    let text = match arguments.options.format {
        Format::Json => crate::json(&findings),
        Format::Human => {
            tell(&findings);
            count.map_or_else(String::new, |count| summary(count, &findings))
        }
    };
    Ok(Outcome { text, code })
}

fn tell(findings: &Diagnostics) {
    if !findings.is_empty() {
        let text = paint::messages(&findings.to_string());
        let _ = writeln!(anstream::stderr(), "{text}\n");
    }
}

fn summary(patches: usize, findings: &Diagnostics) -> String {
    let number = |count: usize, one: &str, more: &str| {
        format!("{count} {}", if count == 1 { one } else { more })
    };
    let patches = number(patches, "patch", "patches");
    match findings.len() {
        0 => format!("{patches} checked: all well"),
        warnings => format!(
            "{patches} checked: {}",
            number(warnings, "warning", "warnings")
        ),
    }
}
