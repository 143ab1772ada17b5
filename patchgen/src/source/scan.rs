//! Files that globs match.

use super::glob::{MATCHING, any_case_extension, split};
use super::text::TextError;
use crate::diagnostic::{Diagnostic, Diagnostics};
use glob::Pattern;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{DirEntry, Metadata};
use std::path::{Path, PathBuf};

/// File that a glob matched.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Path that is shown: relative to the base, with `/` between folders.
    pub(crate) file: String,
    /// Path in the file system.
    pub(crate) path: PathBuf,
    /// Metadata of the file, or of a link that leads nowhere.
    pub(crate) metadata: Metadata,
}

impl Found {
    /// Returns the last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
    }
}

/// Finds the files that the globs match below `base`, each once, in no particular order.
pub(crate) fn find(base: &Path, globs: &[String], findings: &mut Vec<Diagnostic>) -> Vec<Found> {
    if globs.is_empty() {
        let missing = Diagnostic::error("no-match", "no patches are named");
        findings.push(missing.help("say where they are, such as `patches/**/*.sql`"));
    }
    let mut scan = Scan {
        base,
        seen: HashSet::new(),
        found: Vec::new(),
        findings,
    };
    for glob in globs {
        scan.glob(glob);
    }
    scan.found
}

struct Scan<'a> {
    base: &'a Path,
    /// Real folder and name of every file, so that a file that is found in two ways counts once.
    seen: HashSet<(PathBuf, OsString)>,
    found: Vec<Found>,
    findings: &'a mut Vec<Diagnostic>,
}

/// Folder on the path from the root of a glob.
struct Folder<'a> {
    path: PathBuf,
    /// Path without symbolic links.
    real: PathBuf,
    above: Option<&'a Folder<'a>>,
}

impl Folder<'_> {
    /// Returns `true` if a link to `target` would lead back to this folder or one above it.
    fn is_below(&self, target: &Path) -> bool {
        self.real.starts_with(target) || self.above.is_some_and(|above| above.is_below(target))
    }
}

impl Scan<'_> {
    fn glob(&mut self, glob: &str) {
        let (root, pattern) = split(glob);
        let pattern = match Pattern::new(&any_case_extension(&pattern)) {
            Ok(pattern) => pattern,
            Err(error) => {
                let message = format!("`{glob}` is no glob: {}", error.msg);
                self.findings.push(Diagnostic::error("glob", message));
                return;
            }
        };
        let path = self.base.join(&root);
        let matched = if pattern.as_str().is_empty() {
            (path.exists() || path.is_symlink()) && self.file(&path, None)
        } else {
            let depth = if pattern.as_str().contains("**") {
                usize::MAX
            } else {
                pattern.as_str().matches('/').count()
            };
            self.root(path, &pattern, depth)
        };
        if !matched {
            self.findings.push(no_match(self.base, glob, &root));
        }
    }

    fn root(&mut self, path: PathBuf, pattern: &Pattern, depth: usize) -> bool {
        match path.canonicalize() {
            Ok(real) if real.is_dir() => {
                let above = None;
                self.folder(&Folder { path, real, above }, "", pattern, depth)
            }
            _ => false,
        }
    }

    /// Adds the files that the pattern matches in a folder and below. Returns `true` if there are any.
    fn folder(
        &mut self,
        folder: &Folder<'_>,
        prefix: &str,
        pattern: &Pattern,
        depth: usize,
    ) -> bool {
        let entries =
            std::fs::read_dir(&folder.path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries: Vec<DirEntry> = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(&folder.path, &error);
                return true;
            }
        };
        // With a fixed order, a file has the same path in every build.
        entries.sort_by_key(DirEntry::file_name);
        let mut matched = false;
        for entry in entries {
            let name = entry.file_name();
            let relative = format!("{prefix}{}", name.to_string_lossy());
            let path = folder.path.join(&name);
            let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let is_dir = match entry.file_type() {
                Ok(kind) if !kind.is_symlink() => kind.is_dir(),
                _ => path.is_dir(),
            };
            if !is_dir {
                if pattern.matches_with(&relative, MATCHING) {
                    matched |= self.file(&path, (!link).then_some(folder));
                }
            } else if depth > 0 {
                let real = match path.canonicalize() {
                    _ if !link => folder.real.join(&name),
                    Ok(target) if !folder.is_below(&target) => target,
                    _ => continue,
                };
                let above = Some(folder);
                let inner = Folder { path, real, above };
                matched |= self.folder(&inner, &format!("{relative}/"), pattern, depth - 1);
            }
        }
        matched
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let fault = Diagnostic::error("unreadable", format!("cannot be read: {error}"));
        let file = display(self.base, path);
        self.findings.push(fault.in_file(&file));
    }

    /// Adds a file that a glob matched. `folder` is the folder that contains it, or `None` if the path may be a link. Returns
    /// `false` if the path is that of a folder.
    fn file(&mut self, path: &Path, folder: Option<&Folder<'_>>) -> bool {
        let file = display(self.base, path);
        let name = path.file_name().unwrap_or_default().to_owned();
        // A link that leads nowhere counts as a file, so that its name is checked: the lock files of editors are such links.
        let metadata = match path.metadata().or_else(|_| path.symlink_metadata()) {
            Ok(metadata) if metadata.is_dir() => return false,
            Ok(metadata) => metadata,
            Err(error) => {
                self.unreadable(path, &error);
                return true;
            }
        };
        let fault = |message| Diagnostic::error("unreadable", message).in_file(&file);
        if !metadata.is_file() && !metadata.is_symlink() {
            self.findings.push(fault("is not a regular file"));
        } else if path
            .to_str()
            .is_none_or(|path| path.contains(char::is_control))
        {
            let fault = fault("the path is not plain Unicode text");
            self.findings
                .push(fault.help("rename the file or its folder"));
        } else {
            let real = folder.map_or_else(|| real_folder(path), |folder| folder.real.clone());
            // A link with another name is another patch with the same text.
            if self.seen.insert((real, name)) {
                self.found.push(Found {
                    file,
                    path: path.to_owned(),
                    metadata,
                });
            }
        }
        true
    }
}

fn real_folder(path: &Path) -> PathBuf {
    let mut real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real.pop();
    real
}

fn no_match(base: &Path, glob: &str, root: &Path) -> Diagnostic {
    let help = if glob.contains('{') {
        "globs know no `{a,b}`; name each glob by itself".to_owned()
    } else if base.join(root).exists() {
        format!("put the first patch into `{}`", root.display())
    } else {
        format!(
            "there is no `{}`; globs begin at the folder of the package, or the current one",
            root.display()
        )
    };
    Diagnostic::error("no-match", format!("the glob `{glob}` matches no file")).help(help)
}

fn display(base: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(base).unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        relative.into_owned()
    } else {
        relative.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// Reads a file and decodes it. `file` is the path that is shown.
pub(crate) fn read(
    path: &Path,
    file: &str,
    decode: fn(Vec<u8>) -> Result<String, TextError>,
) -> Result<String, Diagnostics> {
    let bytes = std::fs::read(path).map_err(|error| {
        Diagnostic::error("unreadable", format!("cannot be read: {error}")).in_file(file)
    })?;
    Ok(decode(bytes).map_err(|error| error.diagnostic(file))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(base: &Path, globs: &[&str]) -> (Vec<String>, Vec<String>) {
        let globs: Vec<_> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let mut findings = Vec::new();
        let mut files: Vec<_> = find(base, &globs, &mut findings)
            .into_iter()
            .map(|found| found.file)
            .collect();
        files.sort();
        findings.sort_by_key(ToString::to_string);
        let messages = findings.iter().map(ToString::to_string).collect();
        (files, messages)
    }

    #[test]
    fn a_file_counts_once_and_folders_do_not_count() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["a[1]/b/x.sql", "a[1]/c"] {
            std::fs::create_dir_all(base.path().join(folder)).unwrap();
        }
        for file in ["a[1]/y.sql", "a[1]/b/Z.SQL", "a[1]/c/n.txt"] {
            std::fs::write(base.path().join(file), "").unwrap();
        }
        let inner = base.path().join("a[1]");
        let (found, faults) = found_in(&inner, &["**/*.sql", "./*.sql", "b/../y.sql"]);
        assert_eq!(found, ["b/Z.SQL", "y.sql"]);
        assert!(faults.is_empty(), "{faults:?}");
        let (found, faults) = found_in(&inner.join("b"), &["../*.sql", "../d/*.sql", "../{b,c}/*"]);
        assert_eq!(found, ["../y.sql"]);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].contains("there is no `../d`"), "{faults:?}");
        assert!(faults[1].contains("name each glob by itself"), "{faults:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_a_file_counts_once() {
        use std::os::unix::fs::symlink;
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        std::fs::create_dir_all(base.join("p/a")).unwrap();
        std::fs::write(base.join("p/a/x.sql"), "").unwrap();
        std::fs::write(base.join("elsewhere.sql"), "").unwrap();
        symlink("a", base.join("p/b")).unwrap();
        symlink("..", base.join("p/a/loop")).unwrap();
        symlink("../elsewhere.sql", base.join("p/linked.sql")).unwrap();
        symlink("a/x.sql", base.join("p/x.sql")).unwrap();
        symlink("user@host.1", base.join("p/.#x.sql")).unwrap();
        symlink("gone", base.join("p/d.20240131.0001.u.gone.sql")).unwrap();
        let (found, faults) = found_in(base, &["p/**/*.sql"]);
        let (dangling, found): (Vec<_>, Vec<_>) =
            found.iter().partition(|file| !base.join(file).exists());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(dangling, ["p/.#x.sql", "p/d.20240131.0001.u.gone.sql"]);
        assert!(faults.is_empty(), "{faults:?}");
    }
}
