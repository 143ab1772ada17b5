//! Protocol between a build script and cargo. No other file prints or ends the process.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::pipeline;
use crate::set::codegen;
use crate::settings::{self, Settings};
use crate::source::glob;
use std::path::{Path, PathBuf};

/// Does the whole work of a build script; see [`Build::emit`](crate::Build::emit).
pub(crate) fn emit(settings: &Settings) {
    let findings = match generate(settings) {
        Ok(warnings) => warnings,
        Err(findings) => findings,
    };
    if findings.has_errors() {
        fail(&findings);
    }
    findings.iter().for_each(warn);
}

fn generate(choices: &Settings) -> Result<Diagnostics, Diagnostics> {
    let Some(out) = settings::variable("OUT_DIR")?.map(PathBuf::from) else {
        let message = "`OUT_DIR` is not set: `emit` is for build scripts";
        let fault = Diagnostic::error("setting", message);
        return Err(fault.help("call `run` elsewhere").into());
    };
    watch(choices, &out)?;
    let output = pipeline::run(choices, Some(&out))?;
    codegen::write(&out, &output.encoded)?;
    Ok(output.warnings)
}

/// Tells cargo when to run the build script again.
///
/// Cargo watches everything in a folder, at any depth, so that it notices a new folder or the first file of an empty one.
fn watch(settings: &Settings, out: &Path) -> Result<(), Diagnostics> {
    let base = settings.folder()?;
    instruct("rerun-if-env-changed", "PATCHGEN_LOCKED");
    if let Some((path, _)) = settings.lock_path(&base) {
        let watched = if path.exists() {
            Some(path)
        } else {
            watch_missing(&path, out)
        };
        if let Some(path) = watched {
            instruct("rerun-if-changed", &path.to_string_lossy());
        }
    }
    let mut too_wide_globs = Vec::new();
    for glob in &settings.globs {
        let root = base.join(glob::root(glob));
        if contains(&root, &base) || contains(&root, out) {
            too_wide_globs.push(too_wide(glob));
        }
        if root.exists() {
            instruct("rerun-if-changed", &root.to_string_lossy());
        }
    }
    if too_wide_globs.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics::new(too_wide_globs))
    }
}

/// Returns a folder to watch, so that cargo notices when a missing file is created. Cargo treats a path that does not exist
/// as changed in every build.
///
/// The folder contains only a link to the file: cargo follows links, and skips those that lead nowhere. The modification time
/// of the folder is set to the past, because otherwise cargo would treat the folder as changed.
#[cfg(unix)]
fn watch_missing(path: &Path, out: &Path) -> Option<PathBuf> {
    let folder = out.join("absent");
    let link = folder.join("link");
    if std::fs::read_link(&link).ok().as_deref() != Some(path) {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).ok()?;
        std::os::unix::fs::symlink(path, &link).ok()?;
    }
    let opened = std::fs::File::open(&folder).ok()?;
    opened.set_modified(std::time::UNIX_EPOCH).ok()?;
    Some(folder)
}

/// Returns `None`, because links need a privilege on this system. The first build after a change of a patch notices the file.
#[cfg(not(unix))]
fn watch_missing(_: &Path, _: &Path) -> Option<PathBuf> {
    None
}

fn contains(root: &Path, folder: &Path) -> bool {
    match (root.canonicalize(), folder.canonicalize()) {
        (Ok(root), Ok(folder)) => folder.starts_with(root),
        _ => false,
    }
}

fn too_wide(glob: &str) -> Diagnostic {
    let message = format!("the glob `{glob}` looks into the folder of the package");
    Diagnostic::error("glob", message).help(
        "put the patches into a folder of their own, such as `patches/**/*.sql`: else cargo would build again for every change",
    )
}

#[expect(
    clippy::print_stdout,
    reason = "a build script sends instructions to cargo on standard output"
)]
fn instruct(key: &str, value: &str) {
    println!("cargo::{key}={value}");
}

/// Prints a finding as warnings. Cargo puts `warning: package@version: ` before every line.
fn warn(finding: &Diagnostic) {
    for line in finding.unlabelled().lines() {
        instruct("warning", line);
    }
}

/// Prints all findings and ends the process. Cargo shows the output of a build script that fails. (With `cargo::error`, it
/// would put the package before every line, and show that output, too.)
#[expect(
    clippy::print_stderr,
    clippy::exit,
    reason = "a build script fails by ending the process"
)]
fn fail(findings: &Diagnostics) -> ! {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let count = match errors.count() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    eprintln!("{findings}\n\npatchgen: {count}");
    std::process::exit(1);
}
