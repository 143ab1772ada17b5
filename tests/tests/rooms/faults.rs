//! Everything that is wrong in a crate.

use crate::Tree;
use crate::circles::{Graph, circles, steps};
use crate::rules::Rules;
use crate::source::{Form, Mention, ModulePath, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Paths in one file that lead to another, by the two files.
type Ties<'a> = BTreeMap<(&'a ModulePath, &'a ModulePath), Vec<&'a Mention>>;

/// Compares the sources of a crate with its list in `ARCHITECTURE.md`, whose text is `list`.
pub(crate) fn faults(name: &str, tree: &Tree, list: &str) -> Vec<String> {
    let (source, unread) = Source::read(tree);
    let rooms = source.rooms();
    let (rules, mut faults) = Rules::read(list, name, &rooms);
    let mut ties = ties(&source);
    if !rules.is_empty() {
        faults.extend(
            rooms
                .iter()
                .filter(|room| !rules.names(room))
                .map(|room| format!("{name}/src: ARCHITECTURE.md does not name the room {room}")),
        );
        // An import that is a fault already is not shown again in a circle.
        let (allowed, missing) = ties
            .into_iter()
            .partition(|((from, to), _)| from[0] == to[0] || rules.allows(&from[0], &to[0]));
        faults.extend(missing_arrows(name, &missing));
        ties = allowed;
    }
    faults.extend(unread.iter().map(|fault| format!("{name}/src/{fault}")));
    faults.extend(circles_among(name, &source, &ties));
    faults
}

/// The uses of the files of a crate among each other, without the root.
fn ties(source: &Source) -> Ties<'_> {
    let mut ties = Ties::new();
    for mention in &source.mentions {
        for target in source.targets(mention) {
            if let (Some(from), Some(to)) =
                (source.file_of(&mention.module), source.file_of(&target))
                && from != to
                && !from.is_empty()
                && !to.is_empty()
            {
                ties.entry((from, to)).or_default().push(mention);
            }
        }
    }
    ties
}

fn missing_arrows(name: &str, missing: &Ties<'_>) -> Vec<String> {
    let mut places: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for ((from, to), mentions) in missing {
        for mention in mentions {
            let place = (&mention.file, mention.line, &from[0], &to[0]);
            places.entry(place).or_default().insert(words(mention));
        }
    }
    places
        .into_iter()
        .map(|((file, line, from, to), words)| {
            format!(
                "{name}/src/{file}:{line}: {from} uses {to} ({}), and ARCHITECTURE.md has no such arrow",
                joined(words)
            )
        })
        .collect()
}

fn circles_among(name: &str, source: &Source, ties: &Ties<'_>) -> Vec<String> {
    let mut graph = Graph::new();
    for (from, to) in ties.keys() {
        graph.entry(*from).or_insert_with(BTreeSet::new).insert(*to);
    }
    circles(&graph)
        .iter()
        .map(|circle| {
            let mut text = format!("{name}/src: files use each other in a circle:");
            for step in steps(circle) {
                let names = ties[&step].iter().map(|tie| words(tie)).collect();
                text += &format!(
                    "\n    {name}/src/{}:{} uses {} ({})",
                    source.files[step.0],
                    ties[&step][0].line,
                    source.files[step.1],
                    joined(names)
                );
            }
            text
        })
        .collect()
}

fn words(mention: &Mention) -> String {
    match mention.form {
        Form::Child => format!("mod {}", mention.path[1]),
        Form::Glob => format!("{}::*", mention.path.join("::")),
        Form::Use | Form::Item => mention.path.join("::"),
    }
}

fn joined(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
