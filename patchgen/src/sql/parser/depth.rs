//! Nesting depth of a statement. The parser recurses, and its time grows with the square of the depth.

use crate::sql::lexer::{StringMode, TokenKind, Tokens};
use std::thread;

/// Stack of the parser's thread in bytes: four times as much as [`MAX`] levels need in a build without optimisation.
const STACK: usize = 64 << 20;
/// Depth that any thread has room for: a level needs about 4 KiB of stack, and a thread may have as little as 2 MiB.
const SHALLOW: usize = 100;
/// Greatest depth that is parsed; the server's own limit is similar.
const MAX: usize = 4_000;

/// Upper bound of the depth of a statement's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Depth(usize);

/// Depth within one level of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Number of operators since the last comma: the tree of `a + b + c` is as deep as the expression is long.
    chain: usize,
    /// Number of `UNION` and `JOIN`, which commas do not end.
    joins: usize,
}

impl Depth {
    pub(crate) fn of(statement: &str) -> Self {
        // Such a statement would not be too deep even if every byte were a token that nests.
        if statement.len() <= SHALLOW {
            return Self(statement.len());
        }
        let mut deepest = 0;
        let mut depth = 0;
        let mut outer = Vec::new();
        let mut level = Level::default();
        for token in Tokens::new(statement, StringMode::Standard) {
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
        self.0 > MAX
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

/// Runs the parser on a stack that is large enough. Returns `None` if no thread can be started, or if it panics.
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
