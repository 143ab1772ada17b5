//! `patches.lock`: the sealed history of a set.
//!
//! Its first line has a digest over the rest, so that two branches that seal different patches are in conflict. Each other
//! line has the identity, the checksum and the file of a patch; the file is informative and may change.
//!
//! Format 1, which is still read, has a space between database and version, and `-` in launchpad versions.

use super::checksum::checksum;
use super::output::Output;
use crate::diagnostic::file::{not_regular, read_regular, unreadable};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use patchgen_model::{Checksum, Grammar, Patch, PatchId, PatchSet, Version};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

const TITLE: &str = "# patchgen lock 2 ";
const OLD_TITLE: &str = "# patchgen lock 1 ";

/// Seals the patches of a set: writes the lock file, unless it has the same content already. Returns `true` if it was written.
///
/// # Errors
/// If the file cannot be written, or is no regular file.
pub fn write(output: &Output, path: &Path) -> io::Result<bool> {
    let text = render(&output.patch_set());
    let mut new = path.to_owned();
    new.as_mut_os_string().push(".new");
    for file in [path, &new] {
        // A FIFO would be waited for.
        let found = std::fs::metadata(file).ok();
        if let Some(message) = found.and_then(|metadata| not_regular(&metadata)) {
            let message = format!("`{}` {message}", file.display());
            return Err(io::Error::other(message));
        }
    }
    if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)?;
    Ok(true)
}

/// Compares a set with a lock file, in which all its patches must be sealed.
///
/// # Errors
/// One finding for each patch that is not sealed, that was edited since, or that is missing.
pub fn check(output: &Output, path: &Path) -> Result<(), Diagnostics> {
    let mut findings = Vec::new();
    let lock = Lock::read(path, &path.to_string_lossy(), &mut findings);
    if findings.is_empty() {
        let set = output.patch_set();
        compare(
            lock.as_ref(),
            &path.to_string_lossy(),
            set.iter(),
            Unsealed::Reject,
            &mut findings,
        );
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics::new(findings))
    }
}

fn render(set: &PatchSet<'_>) -> String {
    let mut lines = String::new();
    for patch in set.iter() {
        let id = patch.id();
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{id} {} {}", patch.checksum(), patch.file());
    }
    format!("{TITLE}{}\n{lines}", checksum(lines.as_bytes()))
}

/// Policy for patches that are missing from the lock file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unsealed {
    Accept,
    Reject,
}

/// Lock file whose digest is valid.
#[derive(Debug)]
pub(crate) struct Lock {
    entries: BTreeMap<(String, Version), Entry>,
}

#[derive(Debug)]
struct Entry {
    grammar: Grammar,
    checksum: Checksum,
    file: String,
    line: usize,
    text: String,
}

impl Lock {
    /// Reads a lock file if there is one; `file` is the path that is shown.
    pub(crate) fn read(path: &Path, file: &str, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let text = match read_regular(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                findings.push(Diagnostic {
                    code: "lock-damaged".into(),
                    ..unreadable(file, &error)
                });
                return None;
            }
        };
        let lock = parse(&text);
        if lock.is_none() {
            let (message, help) = if text.contains("\n<<<<<<< ") || text.starts_with("<<<<<<< ") {
                (
                    "the lock file has conflicts of a merge",
                    "take either side, run `patchgen lock`, and look at what it changes",
                )
            } else {
                (
                    "the lock file is not as it was written",
                    "run `patchgen lock`, and look at what it changes",
                )
            };
            findings.push(
                Diagnostic::error("lock-damaged", message)
                    .in_file(file)
                    .help(help),
            );
        }
        lock
    }

    /// Returns the checksum that a patch was sealed with.
    pub(crate) fn sealed(&self, id: PatchId<'_>) -> Option<Checksum> {
        self.entries
            .get(&(id.database.to_owned(), id.version))
            .map(|entry| entry.checksum)
    }
}

fn parse(text: &str) -> Option<Lock> {
    let (title, lines) = text.split_once('\n')?;
    let (digest, separator) = match title.strip_prefix(TITLE) {
        Some(digest) => (digest, '.'),
        None => (title.strip_prefix(OLD_TITLE)?, ' '),
    };
    let digest: Checksum = digest.parse().ok()?;
    if checksum(lines.as_bytes()) != digest {
        return None;
    }
    let mut entries = BTreeMap::new();
    for (number, line) in lines.lines().enumerate() {
        let (database, rest) = line.split_once(separator)?;
        let mut words = rest.splitn(3, ' ');
        let version = words.next()?;
        let grammar = match version.split('.').count() {
            2 => Grammar::Dotted,
            _ => Grammar::Launchpad,
        };
        let entry = Entry {
            grammar,
            checksum: words.next()?.parse().ok()?,
            file: words.next()?.to_owned(),
            line: number + 2,
            text: line.to_owned(),
        };
        entries.insert((database.to_owned(), version.parse().ok()?), entry);
    }
    Some(Lock { entries })
}

/// Compares patches with the lock file. They are sorted, and no two have the same identity.
pub(crate) fn compare<'a>(
    lock: Option<&Lock>,
    lock_file: &str,
    patches: impl Iterator<Item = Patch<'a>>,
    unsealed: Unsealed,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(lock) = lock else {
        if unsealed == Unsealed::Reject {
            let message = format!("no patch is sealed: there is no `{lock_file}`");
            let help = "run `patchgen lock` and commit the file";
            findings.push(Diagnostic::error("lock-missing", message).help(help));
        }
        return;
    };
    let mut gone: BTreeMap<_, _> = lock.entries.iter().collect();
    let mut new = Vec::new();
    for patch in patches {
        let key = (patch.database().to_owned(), patch.version());
        match gone.remove(&key) {
            None => new.push(patch),
            Some(entry) if entry.checksum != patch.checksum() => {
                findings.push(edited(&patch, entry, lock_file));
            }
            Some(_) => {}
        }
    }
    for ((database, version), entry) in gone {
        let id = PatchId::new(database, *version);
        let renamed = new
            .iter()
            .position(|patch| patch.checksum() == entry.checksum && patch.database() == database);
        let renamed = renamed.map(|at| new.remove(at));
        findings.push(removed(id, entry, renamed.as_ref(), lock_file));
    }
    for patch in new {
        let last = lock
            .entries
            .range(
                ..=(
                    patch.database().to_owned(),
                    Version {
                        major: u32::MAX,
                        minor: u32::MAX,
                        point: u32::MAX,
                    },
                ),
            )
            .next_back()
            .filter(|((database, _), _)| database == patch.database());
        match last {
            Some(((database, version), entry)) if patch.version() < *version => {
                let last = PatchId::new(database, *version);
                findings.push(late(&patch, last.spelled(entry.grammar), lock_file));
            }
            _ if unsealed == Unsealed::Reject => findings.push(not_sealed(&patch, lock_file)),
            _ => {}
        }
    }
}

fn edited(patch: &Patch<'_>, entry: &Entry, lock_file: &str) -> Diagnostic {
    let id = patch.id();
    let message = format!("{id} is sealed, and was edited since");
    let finding = Diagnostic::error("lock-edited", message)
        .in_file(patch.file())
        .related(&format!("{lock_file}:{}", entry.line), "sealed here");
    finding.help("databases may have it as it was: restore it, and put the change into a new patch")
}

fn removed(
    id: PatchId<'_>,
    entry: &Entry,
    renamed: Option<&Patch<'_>>,
    lock_file: &str,
) -> Diagnostic {
    let position = Position {
        line: entry.line,
        column: 1,
        excerpt: entry.text.clone(),
    };
    let name = id.spelled(entry.grammar);
    match renamed {
        None => {
            let help = format!("databases may have it: restore `{}`", entry.file);
            Diagnostic::error("lock-removed", format!("{name} is sealed, and is gone"))
                .at(lock_file, position)
                .help(help)
        }
        Some(patch) => {
            let now = patch.id();
            let message = format!("{name} is sealed, and was renamed to {now}");
            Diagnostic::error("lock-removed", message)
                .at(lock_file, position)
                .related(patch.file(), "now")
                .help("databases know it by its database and version: rename it back; user, description and folder may change")
        }
    }
}

fn late(patch: &Patch<'_>, last: PatchId<'_>, lock_file: &str) -> Diagnostic {
    let id = patch.id();
    let message = format!("{id} is new, but sorts before {last}, which is sealed");
    Diagnostic::error("lock-late", message)
        .in_file(patch.file())
        .related(lock_file, "the sealed history")
        .help(format!(
            "databases may be further already: give it a version behind {last}"
        ))
}

fn not_sealed(patch: &Patch<'_>, lock_file: &str) -> Diagnostic {
    let id = patch.id();
    Diagnostic::error("lock-unsealed", format!("{id} is not sealed"))
        .in_file(patch.file())
        .related(lock_file, "the sealed history")
        .help("run `patchgen lock` and commit the file")
}
