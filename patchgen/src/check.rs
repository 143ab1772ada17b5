use crate::diagnostic::Diagnostic;
use crate::name::Name;
use crate::scan::Found;
use patchgen_model::{Grammar, PatchId, Version};
use std::collections::{BTreeMap, BTreeSet};

/// A file whose name is understood.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) found: &'a Found,
    pub(crate) name: Name<'a>,
    pub(crate) id: PatchId<'a>,
    pub(crate) user: &'a str,
}

/// How an identity is written in names of a grammar.
pub(crate) fn shown(grammar: Grammar, id: PatchId<'_>) -> String {
    id.spelled(grammar).to_string()
}

/// Decides the order, once for all that follows, and checks what no file shows by itself.
pub(crate) fn check(patches: &mut [Named<'_>], findings: &mut Vec<Diagnostic>) {
    patches.sort_by(|a, b| (a.id, &a.found.file).cmp(&(b.id, &b.found.file)));
    // Those without a database sort first.
    let unplaced = patches
        .iter()
        .take_while(|patch| patch.id.database.is_empty());
    let unplaced = unplaced.count();
    if let Some(first) = patches[..unplaced].first() {
        findings.push(no_database(first, unplaced));
    }
    duplicates(&patches[unplaced..], findings);
    cases(&patches[unplaced..], findings);
}

fn no_database(first: &Named<'_>, count: usize) -> Diagnostic {
    let message = match count {
        1 => "the name does not tell the database, and the program does not either".to_owned(),
        _ => format!(
            "the name does not tell the database, and the program does not either; so it is with {count} files"
        ),
    };
    Diagnostic::error("no-database", message)
        .in_file(&first.found.file)
        .help("add `.database(\"name\")` to the build, or `--database name` to the command")
}

fn duplicates(patches: &[Named<'_>], findings: &mut Vec<Diagnostic>) {
    if patches.windows(2).all(|pair| pair[0].id != pair[1].id) {
        return;
    }
    let mut taken: BTreeSet<PatchId<'_>> = patches.iter().map(|patch| patch.id).collect();
    for same in patches.chunk_by(|a, b| a.id == b.id) {
        let [first, others @ ..] = same else {
            continue;
        };
        for other in others {
            let message = format!("{} is used twice", shown(other.name.grammar, other.id));
            let help = match next_free(&mut taken, other.id) {
                Some(Version { minor, .. }) if other.name.grammar == Grammar::Dotted => {
                    format!("rename one of them; the next free minor is {minor:04}")
                }
                Some(Version { minor, .. }) => {
                    format!("rename one of them; the next free minor is {minor}")
                }
                None => "rename one of them".to_owned(),
            };
            findings.push(
                Diagnostic::error("duplicate-id", message)
                    .in_file(&other.found.file)
                    .related(&first.found.file, "first")
                    .help(help),
            );
        }
    }
}

/// The next minor version that no patch has, which is then taken.
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

fn cases(patches: &[Named<'_>], findings: &mut Vec<Diagnostic>) {
    let mut spellings: BTreeMap<String, &Named<'_>> = BTreeMap::new();
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
                    .in_file(&other.found.file)
                    .related(&first.found.file, format!("`{}`", first.id.database))
                    .help("spell the database the same in all names"),
            );
        }
    }
}
