//! Files that globs match.

use super::glob::{MATCHING, any_case_extension, split};
use super::text::TextError;
use crate::diagnostic::file::{not_regular, read_regular, unreadable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use glob::Pattern;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{DirEntry, Metadata};
use std::io::ErrorKind;
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

/// Finds the files that the globs match below `base`, each once, in no particular order. A folder with the name of a patch is
/// an error.
pub(crate) fn find(
    base: &Path,
    globs: &[String],
    is_patch_name: fn(&str) -> bool,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Found> {
    if globs.is_empty() {
        let missing = Diagnostic::error("no-match", "no patches are named");
        findings.push(missing.help("say where they are, such as `patches/**/*.sql`"));
    }
    let mut scan = Scan {
        base,
        is_patch_name,
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
    is_patch_name: fn(&str) -> bool,
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
            match path.symlink_metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => false,
                _ => self.file(&path, None),
            }
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
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.unreadable(&path, &error);
                true
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
                _ => match path.metadata() {
                    Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                        self.unreadable(&path, &error);
                        matched = true;
                        continue;
                    }
                    found => found.is_ok_and(|metadata| metadata.is_dir()),
                },
            };
            if pattern.matches_with(&relative, MATCHING) {
                matched |= self.file(&path, (!link).then_some(folder));
            }
            if is_dir && depth > 0 {
                let real = match path.canonicalize() {
                    _ if !link => folder.real.join(&name),
                    Ok(target) if folder.is_below(&target) => continue,
                    Ok(target) => target,
                    Err(error) => {
                        self.unreadable(&path, &error);
                        continue;
                    }
                };
                let above = Some(folder);
                let inner = Folder { path, real, above };
                matched |= self.folder(&inner, &format!("{relative}/"), pattern, depth - 1);
            }
        }
        matched
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let file = display(self.base, path);
        self.findings.push(unreadable(&file, error));
    }

    /// Adds a file that a glob matched. `folder` is the folder that contains it, or `None` if the path may be a link. Returns
    /// `false` if the path is that of a folder without the name of a patch.
    fn file(&mut self, path: &Path, folder: Option<&Folder<'_>>) -> bool {
        let file = display(self.base, path);
        let name = path.file_name().unwrap_or_default().to_owned();
        // A link that leads nowhere counts as a file, so that its name is checked: the lock files of editors are such links.
        let metadata = match path.metadata().or_else(|_| path.symlink_metadata()) {
            Ok(metadata) if metadata.is_dir() && !(self.is_patch_name)(&name.to_string_lossy()) => {
                return false;
            }
            Ok(metadata) => metadata,
            Err(error) => {
                self.unreadable(path, &error);
                return true;
            }
        };
        let fault = |message: &str| Diagnostic::error("unreadable", message).in_file(&file);
        if let Some(message) = not_regular(&metadata).filter(|_| !metadata.is_symlink()) {
            let fault = fault(&message);
            self.findings
                .push(fault.help("rename it if it is no patch; a patch is a regular file"));
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
    let bytes = read_regular(path).map_err(|error| unreadable(file, &error))?;
    Ok(decode(bytes).map_err(|error| error.diagnostic(file))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(base: &Path, globs: &[&str]) -> (Vec<String>, Vec<String>) {
        let globs: Vec<_> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let mut findings = Vec::new();
        let mut files: Vec<_> = find(base, &globs, |name| name == "patch.sql", &mut findings)
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
    fn only_regular_files_are_patches() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        std::fs::create_dir_all(base.join("p/patch.sql")).unwrap();
        std::fs::create_dir(base.join("p/other.sql")).unwrap();
        std::fs::write(base.join("p/patch.sql/a.sql"), "").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(base.join("p/s.sql")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(base.join("p/f.sql"))
            .status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", base.join("p/z.sql")).unwrap();
        let (found, faults) = found_in(base, &["p/**/*.sql", "p/f.sql", "p/patch.sql"]);
        assert_eq!(found, ["p/patch.sql/a.sql"]);
        for (file, kind, count) in [
            ("f.sql", "FIFO", 2),
            ("patch.sql", "folder", 2),
            ("s.sql", "socket", 1),
            ("z.sql", "device", 1),
        ] {
            let fault =
                format!("error[unreadable]: is a {kind}, not a regular file\n  --> p/{file}\n");
            let same = faults.iter().filter(|found| found.starts_with(&fault));
            assert_eq!(same.count(), count, "{file}: {faults:?}");
        }
        assert_eq!(faults.len(), 6, "{faults:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_read_is_named() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        std::os::unix::fs::symlink("loop", base.join("loop")).unwrap();
        for (glob, file) in [("loop/*.sql", "loop"), ("loop/a.sql", "loop/a.sql")] {
            let (found, faults) = found_in(base, &[glob]);
            assert!(found.is_empty());
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(
                faults[0].starts_with("error[unreadable]: cannot be read: "),
                "{faults:?}"
            );
            assert!(faults[0].contains(&format!("--> {file}")), "{faults:?}");
        }
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
