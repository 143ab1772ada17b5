//! Order of the patches, and faults that only several names together show.

use super::named_file::NamedFile;
use crate::diagnostic::Diagnostic;
use patchgen_model::{Grammar, PatchId, Version};
use std::collections::{BTreeMap, BTreeSet};

/// Sorts the patches, and reports missing databases, duplicate identities and databases that differ only in case. No later
/// step changes the order.
pub(crate) fn sort(patches: &mut [NamedFile<'_>], findings: &mut Vec<Diagnostic>) {
    patches.sort_by(|a, b| (a.id, a.file).cmp(&(b.id, b.file)));
    // Patches without a database sort first.
    let without_database = patches
        .iter()
        .take_while(|patch| patch.id.database.is_empty());
    let without_database = without_database.count();
    if let Some(first) = patches[..without_database].first() {
        findings.push(no_database(first, without_database));
    }
    duplicates(&patches[without_database..], findings);
    cases(&patches[without_database..], findings);
}

fn no_database(first: &NamedFile<'_>, count: usize) -> Diagnostic {
    let message = match count {
        1 => "the name does not tell the database, and the program does not either".to_owned(),
        _ => format!(
            "the name does not tell the database, and the program does not either; so it is with {count} files"
        ),
    };
    Diagnostic::error("no-database", message)
        .in_file(first.file)
        .help("add `.database(\"name\")` to the build, or `--database name` to the command")
}

fn duplicates(patches: &[NamedFile<'_>], findings: &mut Vec<Diagnostic>) {
    if patches.windows(2).all(|pair| pair[0].id != pair[1].id) {
        return;
    }
    let mut taken: BTreeSet<PatchId<'_>> = patches.iter().map(|patch| patch.id).collect();
    for same in patches.chunk_by(|a, b| a.id == b.id) {
        let [first, others @ ..] = same else {
            continue;
        };
        for other in others {
            let message = format!("{} is used twice", other.id.spelled(other.grammar));
            let help = match next_free(&mut taken, other.id) {
                Some(Version { minor, .. }) if other.grammar == Grammar::Dotted => {
                    format!("rename one of them; the next free minor is {minor:04}")
                }
                Some(Version { minor, .. }) => {
                    format!("rename one of them; the next free minor is {minor}")
                }
                None => "rename one of them".to_owned(),
            };
            findings.push(
                Diagnostic::error("duplicate-id", message)
                    .in_file(other.file)
                    .related(first.file, "first")
                    .help(help),
            );
        }
    }
}

/// Returns the next minor version that no patch has, and marks it as taken.
fn next_free<'a>(taken: &mut BTreeSet<PatchId<'a>>, id: PatchId<'a>) -> Option<Version> {
    (id.version.minor + 1..=9999).find_map(|minor| {
        let version = Version {
            minor,
            ..id.version
        };
        let id = PatchId::new(id.database, version);
        taken.insert(id).then_some(version)
    })
}

fn cases(patches: &[NamedFile<'_>], findings: &mut Vec<Diagnostic>) {
    let mut spellings: BTreeMap<String, &NamedFile<'_>> = BTreeMap::new();
    for same in patches.chunk_by(|a, b| a.id.database == b.id.database) {
        let other = &same[0];
        let folded = other.id.database.to_lowercase();
        let first = *spellings.entry(folded).or_insert(other);
        if first.id.database != other.id.database {
            let message = format!(
                "the databases `{}` and `{}` differ only in case",
                first.id.database, other.id.database
            );
            findings.push(
                Diagnostic::error("database-case", message)
                    .in_file(other.file)
                    .related(first.file, format!("`{}`", first.id.database))
                    .help("spell the database the same in all names"),
            );
        }
    }
}
