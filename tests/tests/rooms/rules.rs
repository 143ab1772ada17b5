//! The list in `ARCHITECTURE.md`, one for each crate:
//!
//! ````text
//! ```arrows runtime
//! command → run → plan, ledger → error
//! all → error
//! ```
//! ````
//!
//! - A room may use every room to the right of it in its line. Here `command` may use `error` too.
//! - Rooms with a comma between them do not use each other, unless another line says so.
//! - `all` stands for every room that its line does not name.
//! - Lines add up, but an arrow of one line does not continue in another.
//! - A line without an arrow names rooms that may use nothing. `->` is the same as `→`.

use crate::circles;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "ARCHITECTURE.md";

/// Arrows that are allowed between the rooms of a crate.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Rooms that the list names, with the line that does so first.
    rooms: BTreeMap<String, usize>,
    /// Pairs of a room and one that it may use, with the line that says so.
    arrows: BTreeMap<(String, String), usize>,
}

impl Rules {
    /// Reads the list of a crate. Also returns what is wrong with the list.
    pub(crate) fn read(text: &str, name: &str, rooms: &BTreeSet<String>) -> (Self, Vec<String>) {
        let mut rules = Self::default();
        let lines = block(text, name);
        if lines.is_empty() {
            return (
                rules,
                vec![format!("{FILE} has no list of arrows for {name}")],
            );
        }
        let mut faults = Vec::new();
        let mut chains = Vec::new();
        for (number, line) in lines {
            match chain(line) {
                Ok(places) => chains.push((number, places)),
                Err(word) => {
                    faults.push(format!("{FILE}:{number}: `{word}` is not a room's name"));
                }
            }
        }
        for (number, places) in &chains {
            for room in places.iter().flatten().filter(|room| **room != "all") {
                rules.rooms.entry((*room).to_owned()).or_insert(*number);
            }
        }
        let every: BTreeSet<&str> = rooms
            .iter()
            .chain(rules.rooms.keys())
            .map(String::as_str)
            .collect();
        for (number, places) in chains {
            for (from, to) in pairs(&places, &every) {
                rules.arrows.entry((from, to)).or_insert(number);
            }
        }
        for (room, number) in &rules.rooms {
            if !rooms.contains(room) {
                faults.push(format!("{FILE}:{number}: {name}/src has no room {room}"));
            }
        }
        faults.extend(rules.circle(name));
        (rules, faults)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    pub(crate) fn names(&self, room: &str) -> bool {
        self.rooms.contains_key(room)
    }

    pub(crate) fn allows(&self, from: &str, to: &str) -> bool {
        self.arrows.contains_key(&(from.to_owned(), to.to_owned()))
    }

    /// A circle among the arrows.
    fn circle(&self, name: &str) -> Option<String> {
        let mut graph: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (from, to) in self.arrows.keys() {
            graph.entry(from).or_default().insert(to);
        }
        let circle = self
            .arrows
            .keys()
            .filter_map(|(from, to)| circles::shortest(&graph, from, to, |_| true))
            .min_by_key(Vec::len)?;
        let arrows: Vec<String> = circles::steps(&circle)
            .map(|(from, to)| {
                let line = self.arrows[&(from.clone(), to.clone())];
                format!("{from} → {to} (line {line})")
            })
            .collect();
        Some(format!(
            "{FILE}: the arrows of {name} form a circle: {}",
            arrows.join(", ")
        ))
    }
}

/// Lines of the blocks of a crate, with their numbers.
fn block<'text>(text: &'text str, name: &str) -> Vec<(usize, &'text str)> {
    let opening = format!("```arrows {name}");
    let mut found = Vec::new();
    let mut is_inside = false;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.starts_with("```") {
            is_inside = line == opening;
        } else if is_inside && !line.is_empty() {
            found.push((number, line));
        }
    }
    found
}

/// The places of a line, each with its rooms. The error is the word that is not a name.
fn chain(line: &str) -> Result<Vec<Vec<&str>>, &str> {
    let is_name = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    line.split('→')
        .flat_map(|part| part.split("->"))
        .map(|place| {
            place
                .split(',')
                .map(str::trim)
                .map(|room| is_name(room).then_some(room).ok_or(room))
                .collect()
        })
        .collect()
}

/// Each room of a line with each room to the right of it.
fn pairs(places: &[Vec<&str>], every: &BTreeSet<&str>) -> Vec<(String, String)> {
    let named: BTreeSet<&str> = places.iter().flatten().copied().collect();
    let others: Vec<&str> = every.difference(&named).copied().collect();
    let places: Vec<Vec<&str>> = places
        .iter()
        .map(|place| {
            place
                .iter()
                .flat_map(|room| match *room {
                    "all" => others.clone(),
                    room => vec![room],
                })
                .collect()
        })
        .collect();
    let mut found = Vec::new();
    for (position, place) in places.iter().enumerate() {
        for to in places[position + 1..].iter().flatten() {
            found.extend(
                place
                    .iter()
                    .map(|from| ((*from).to_owned(), (*to).to_owned())),
            );
        }
    }
    found
}
