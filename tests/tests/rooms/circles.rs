//! Circles in a graph, and those that files may not form.

use crate::source::ModulePath;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The nodes that each node leads to.
pub(crate) type Graph<N> = BTreeMap<N, BTreeSet<N>>;

/// Returns the shortest circle that begins with the edge from `first` to `second` and stays among the nodes that
/// `is_inside` accepts. The first node is not repeated at the end.
pub(crate) fn shortest<N: Copy + Ord>(
    graph: &Graph<N>,
    first: N,
    second: N,
    is_inside: impl Fn(N) -> bool,
) -> Option<Vec<N>> {
    let mut reached_from = BTreeMap::from([(second, first)]);
    let mut waiting = VecDeque::from([second]);
    while !reached_from.contains_key(&first) {
        let node = waiting.pop_front()?;
        for next in graph.get(&node).into_iter().flatten() {
            if is_inside(*next) && !reached_from.contains_key(next) {
                reached_from.insert(*next, node);
                waiting.push_back(*next);
            }
        }
    }
    let mut circle = vec![first];
    let mut node = reached_from[&first];
    while node != first {
        circle.push(node);
        node = reached_from[&node];
    }
    circle[1..].reverse();
    Some(circle)
}

/// The edges of a circle, the closing one included.
pub(crate) fn steps<N: Copy>(circle: &[N]) -> impl Iterator<Item = (N, N)> {
    let following = circle.iter().cycle().skip(1);
    circle.iter().copied().zip(following.copied())
}

/// Circles of imports between modules: the shortest, and all that share no import with a shorter one.
///
/// A module and those below it may use each other. Two modules of one parent are therefore in a circle only if it
/// closes without the parent.
pub(crate) fn circles<'a>(graph: &Graph<&'a ModulePath>) -> Vec<Vec<&'a ModulePath>> {
    let mut all = Vec::new();
    for (from, to) in graph
        .iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (*from, *to)))
    {
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let parent = &from[..shared];
        let is_below = |module: &ModulePath| module.starts_with(parent) && module.len() > shared;
        if is_below(from) && is_below(to) {
            all.extend(shortest(graph, from, to, is_below));
        }
    }
    all.sort_by_key(Vec::len);
    let mut shown = BTreeSet::new();
    all.retain(|circle| {
        let is_new = steps(circle).all(|step| !shown.contains(&step));
        if is_new {
            shown.extend(steps(circle));
        }
        is_new
    });
    all
}
