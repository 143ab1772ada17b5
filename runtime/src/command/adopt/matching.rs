//! Matching the entries of another tool with patches; no I/O.

use super::VersionMap;
use super::foreign::{Entry, Role};
use patchgen_model::Patch;
use std::collections::{BTreeMap, BTreeSet};

/// Entries and the patches that they are.
pub(super) type Pairs<'a> = Vec<(Entry, Patch<'a>)>;

/// The reasons why entries and patches cannot be matched.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Unmatched {
    pub(super) faults: Vec<String>,
    pub(super) help: &'static str,
}

const MAP: &str =
    "match them by a file of lines `version = IDENTITY` with --mapping; nothing was recorded";

/// Matches by order: the first entry is the first patch, and so on. Bootstrap patches are left out: a database that exists
/// needs none.
///
/// # Errors
/// If there are more entries than patches, if an entry may or may not be a patch, or if an entry has the description
/// of another patch than its own.
pub(super) fn by_order<'a>(
    entries: Vec<Entry>,
    patches: &[Patch<'a>],
) -> Result<Pairs<'a>, Unmatched> {
    let mut faults = Vec::new();
    let patches: Vec<&Patch<'a>> = patches
        .iter()
        .filter(|patch| !patch.is_bootstrap())
        .collect();
    let mut named: BTreeMap<String, Option<&Patch<'a>>> = BTreeMap::new();
    for patch in &patches {
        // A name of two patches identifies neither.
        named
            .entry(plain(patch.description()))
            .and_modify(|one| *one = None)
            .or_insert(Some(patch));
    }
    for (position, entry) in entries.iter().enumerate() {
        let label = entry.label();
        if entry.role == Role::Before {
            faults.push(format!(
                "{label} stands for what was there before, which may be one patch or none"
            ));
        }
        let Some(patch) = patches.get(position) else {
            faults.push(format!(
                "{label} has no patch: there are only {}",
                patches.len()
            ));
            continue;
        };
        if let Some(Some(other)) = named.get(&plain(&entry.description))
            && other.id() != patch.id()
            && !entry.description.is_empty()
        {
            faults.push(format!(
                "{label} would be `{}` by its order and `{}` by its name",
                patch.file(),
                other.file()
            ));
        }
    }
    if !faults.is_empty() {
        return Err(Unmatched { faults, help: MAP });
    }
    Ok(entries
        .into_iter()
        .zip(patches)
        .map(|(entry, patch)| (entry, *patch))
        .collect())
}

/// Letters and digits, in lower case.
fn plain(description: &str) -> String {
    let letters = description.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Matches entries and patches of the same version.
///
/// # Errors
/// If an entry has no patch.
pub(super) fn by_key<'a>(
    entries: Vec<Entry>,
    patches: &[Patch<'a>],
) -> Result<Pairs<'a>, Unmatched> {
    let (mut pairs, mut faults) = (Vec::new(), Vec::new());
    for entry in entries {
        let key = entry.key();
        match patches.iter().find(|patch| Some(patch.version()) == key) {
            Some(patch) => pairs.push((entry, *patch)),
            None => faults.push(format!("{} has no patch of that version", entry.label())),
        }
    }
    let help = "add the files that are missing, or match entries by a file of lines `version = IDENTITY` with --mapping \
                (`version = -` for none); nothing was recorded";
    if faults.is_empty() {
        Ok(pairs)
    } else {
        Err(Unmatched { faults, help })
    }
}

/// Matches by a file that names the patch of each entry. Several entries may be one patch.
///
/// # Errors
/// If an entry is not in the map, if the map names a patch that does not exist, or if only a part of a patch is recorded.
pub(super) fn by_map<'a>(
    entries: Vec<Entry>,
    patches: &[Patch<'a>],
    map: &VersionMap,
    is_of: impl Fn(&str) -> bool,
) -> Result<Pairs<'a>, Unmatched> {
    let (mut pairs, mut faults) = (Pairs::new(), Vec::new());
    let present: BTreeSet<&str> = entries.iter().map(|entry| entry.version.as_str()).collect();
    for (version, identity) in &map.lines {
        let Some(identity) = identity else { continue };
        let found = patches.iter().find(|patch| {
            patch.version() == identity.version
                && (patch.database() == identity.database || is_of(&identity.database))
        });
        if found.is_none() {
            faults.push(format!(
                "`{version}` is mapped to `{identity}`, which is none of the patches"
            ));
        }
        let partly = || {
            map.lines.iter().any(|(other, same)| {
                same.as_ref() == Some(identity) && !present.contains(other.as_str())
            })
        };
        if let (Some(patch), Some(entry)) = (
            found,
            entries.iter().find(|entry| entry.version == *version),
        ) {
            if partly() {
                faults.push(format!("`{}` is there only in part: of the versions mapped to it some are not recorded", patch.file()));
            }
            pairs.push((entry.clone(), *patch));
        }
    }
    for entry in &entries {
        if !map
            .lines
            .iter()
            .any(|(version, _)| *version == entry.version)
        {
            faults.push(format!("{} is not in the mapping", entry.label()));
        }
    }
    faults.dedup();
    if !faults.is_empty() {
        return Err(Unmatched {
            faults,
            help: "correct the mapping; a version that is no patch is mapped to `-`; nothing was recorded",
        });
    }
    pairs.sort_by_key(|(_, patch)| patch.version());
    Ok(pairs)
}
