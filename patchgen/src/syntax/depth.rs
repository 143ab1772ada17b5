//! How deep a statement nests. The parser recurses, and its time grows with the square of the depth.

use crate::segment::Strings;
use crate::segment::lexer::{TokenKind, Tokens};
use std::thread;

/// Enough for [`BEYOND`] levels in a build without optimisation, four times over.
const STACK: usize = 64 << 20;
/// A level needs about 4 KiB of stack; a thread may have as little as 2 MiB.
const SHALLOW: usize = 100;
/// The server's own limit is about as far.
const BEYOND: usize = 4_000;

/// An upper bound of the depth of a statement's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Depth(usize);

/// What nests on one level of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators since the last comma: `a + b + c` is a tree as deep as it is long.
    chain: usize,
    /// `UNION` and `JOIN`, which commas do not end.
    joins: usize,
}

impl Depth {
    pub(crate) fn of(statement: &str) -> Self {
        // No need to count where not even a token at every byte would nest too deeply.
        if statement.len() <= SHALLOW {
            return Self(statement.len());
        }
        let mut deepest = 0;
        let mut depth = 0;
        let mut outer = Vec::new();
        let mut level = Level::default();
        for token in Tokens::new(statement, Strings::Standard) {
            match token.kind {
                TokenKind::Symbol(b'(' | b'[') => {
                    outer.push(std::mem::take(&mut level));
                    depth += 1;
                }
                TokenKind::Symbol(b')' | b']') => {
                    if let Some(previous) = outer.pop() {
                        depth -= level.chain + level.joins + 1;
                        level = previous;
                    }
                    level.chain += 1;
                    depth += 1;
                }
                TokenKind::Symbol(b',' | b';') => {
                    depth -= level.chain;
                    level.chain = 0;
                }
                TokenKind::Symbol(_) => {
                    level.chain += 1;
                    depth += 1;
                }
                TokenKind::Word => {
                    let word = &statement[token.range.clone()];
                    let is_one =
                        |words: &[&str]| words.iter().any(|it| it.eq_ignore_ascii_case(word));
                    if is_one(&OPERATORS) {
                        level.chain += 1;
                        depth += 1;
                    } else if is_one(&JOINS) {
                        level.joins += 1;
                        depth += 1;
                    }
                }
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        Self(deepest)
    }

    pub(crate) fn is_beyond_parser(self) -> bool {
        self.0 > BEYOND
    }

    pub(crate) fn is_shallow(self) -> bool {
        self.0 <= SHALLOW
    }
}

const OPERATORS: [&str; 16] = [
    "and", "or", "not", "case", "when", "is", "isnull", "notnull", "in", "like", "ilike",
    "similar", "between", "collate", "at", "array",
];

const JOINS: [&str; 5] = ["union", "except", "intersect", "join", "with"];

/// Runs the parser where its recursion has room; `None` if there is no thread to be had.
pub(crate) fn with_stack<T: Send>(depth: Depth, run: impl FnOnce() -> T + Send) -> Option<T> {
    if depth.is_shallow() {
        return Some(run());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, run);
        thread.ok()?.join().ok()
    })
}
