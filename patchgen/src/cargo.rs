//! The only place that speaks to cargo, and the only one that ends the process.

use crate::build::Build;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::{codegen, pipeline, scan};
use std::path::{Path, PathBuf};

/// See [`Build::emit`].
pub(crate) fn emit(build: &Build) {
    let findings = match generate(build) {
        Ok(warnings) => warnings,
        Err(findings) => findings,
    };
    if findings.has_errors() {
        fail(&findings);
    }
    findings.iter().for_each(warn);
}

fn generate(build: &Build) -> Result<Diagnostics, Diagnostics> {
    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else {
        let message = "`OUT_DIR` is not set: `emit` is for build scripts";
        let fault = Diagnostic::error("setting", message);
        return Err(fault.help("call `run` elsewhere").into());
    };
    watch(build, &out)?;
    let output = pipeline::run(build, Some(&out))?;
    codegen::write(&out)?;
    Ok(output.warnings)
}

/// Tells cargo when to run the build script again.
///
/// Of a folder cargo watches all that is in it, at any depth, so that a new folder or the first file of an empty one is
/// noticed.
fn watch(build: &Build, out: &Path) -> Result<(), Diagnostics> {
    let base = build.folder()?;
    instruct("rerun-if-env-changed", "PATCHGEN_LOCKED");
    if let Some((path, _)) = build.lock_path(&base) {
        let watched = if path.exists() {
            Some(path)
        } else {
            absence(&path, out)
        };
        if let Some(path) = watched {
            instruct("rerun-if-changed", &path.to_string_lossy());
        }
    }
    let mut wide = Vec::new();
    for glob in &build.globs {
        let root = base.join(scan::root(glob));
        if contains(&root, &base) || contains(&root, out) {
            wide.push(too_wide(glob));
        }
        if root.exists() {
            instruct("rerun-if-changed", &root.to_string_lossy());
        }
    }
    if wide.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics::new(wide))
    }
}

/// What to watch so that cargo notices when a file comes into being; a path that does not exist it calls changed always.
///
/// It is a folder with nothing but a link to the file: cargo follows links, and passes over those that lead nowhere. The
/// folder seems old, or it would itself be the change that cargo sees next.
#[cfg(unix)]
fn absence(path: &Path, out: &Path) -> Option<PathBuf> {
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

/// Where links need a privilege, the file is noticed by the first build after a patch has changed.
#[cfg(not(unix))]
fn absence(_: &Path, _: &Path) -> Option<PathBuf> {
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
    reason = "it is how a build script speaks to cargo"
)]
fn instruct(key: &str, value: &str) {
    println!("cargo::{key}={value}");
}

/// Cargo puts `warning: package@version: ` before every line.
fn warn(finding: &Diagnostic) {
    for line in finding.unlabelled().lines() {
        instruct("warning", line);
    }
}

/// Cargo shows what a build script that fails has printed, line for line. (By `cargo::error` it would put the package
/// before every line, and then show that output, too.)
#[expect(
    clippy::print_stderr,
    clippy::exit,
    reason = "it is how a build script fails"
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
