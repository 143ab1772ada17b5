//! Comments, and the directives that they may hold.

use super::key::KEYS;
use crate::spelling::{distance, nearest};

/// Help for a directive that is not written correctly.
pub(super) const SHAPE: &str = "write `-- patch: key=value`, exactly so and alone on a line";

/// Comment in a text.
pub(super) struct Comment<'a> {
    /// Offset of the first character.
    pub(super) offset: usize,
    text: &'a str,
}

/// Meaning of a comment.
pub(super) enum Meaning<'a> {
    /// Directive, as it is written after `-- patch: `.
    Directive(&'a str),
    /// Line that is meant as a directive, but not written as one.
    NearMiss(&'a str),
    /// Line with `key=value`, but without `patch:`.
    Bare(&'a str),
    /// Any other comment.
    Remark,
}

impl<'a> Comment<'a> {
    pub(super) fn meaning(&self) -> Meaning<'a> {
        let text = self.text.trim_end();
        if let Some(rest) = text.strip_prefix("-- patch: ") {
            return Meaning::Directive(rest);
        }
        let meaning = |line: &'a str| {
            let inner = line
                .trim()
                .trim_start_matches(['-', '/', '*'])
                .trim_end_matches(['*', '/'])
                .trim();
            if is_meant(inner) {
                Some(Meaning::NearMiss(line.trim()))
            } else if is_bare(inner) {
                Some(Meaning::Bare(line.trim()))
            } else {
                None
            }
        };
        text.lines().find_map(meaning).unwrap_or(Meaning::Remark)
    }
}

/// Returns `true` for a comment that seems to be meant as a directive: `patch`, or a similar word, and `key=value`.
fn is_meant(comment: &str) -> bool {
    let end = comment.find(|c: char| !c.is_alphanumeric());
    let (word, rest) = comment.split_at(end.unwrap_or(comment.len()));
    let rest = rest.trim_start();
    let (has_colon, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some((key, value)) = rest.split_once('=') else {
        return comment == "patch:";
    };
    let key = key.trim();
    let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
    let is_known = !value.is_empty() && nearest(key, KEYS).is_some();
    let off = distance(&word.to_lowercase(), "patch");
    is_key && (off == 0 && has_colon || off <= 2 && is_known)
}

/// Returns `true` for a comment that is `key=value` with a known key.
fn is_bare(comment: &str) -> bool {
    let is_key = |(key, value): (&str, &str)| KEYS.contains(&key) && !value.contains(' ');
    comment.split_once('=').is_some_and(is_key)
}

/// Returns the comments in a text that otherwise contains only white space and semicolons.
pub(super) fn comments(space: &str) -> Vec<Comment<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = space[at..].find(['-', '/']).map(|next| at + next) {
        let rest = &space[offset..];
        let end = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            block_end(rest)
        };
        found.push(Comment {
            offset,
            text: &rest[..end],
        });
        at = offset + end;
    }
    found
}

/// Returns the length of a block comment, which may contain others.
fn block_end(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = rest[at..].find(['/', '*']).map(|next| at + next) {
        match rest.as_bytes().get(next..next + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth = depth.saturating_sub(1),
            Some(_) => {
                at = next + 1;
                continue;
            }
            None => break,
        }
        at = next + 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}
