//! SQL as text: tokens, statements, classes of statements, and the parser.
//!
//! Each file uses only those before it in the list below. None of them depends on patches.
//!
//! ```
//! use patchgen::sql::{PieceKind, split};
//!
//! let text = "insert into t values ('a;b'); -- two;\nselect 1";
//! let statements: Vec<_> = split(text)
//!     .pieces
//!     .into_iter()
//!     .filter(|piece| piece.kind == PieceKind::Statement)
//!     .map(|piece| (piece.line, &text[piece.range]))
//!     .collect();
//! assert_eq!(statements, [(1, "insert into t values ('a;b')"), (2, "select 1")]);
//! ```

pub(crate) mod fault;
pub(crate) mod lexer;

mod identifier;
mod words;

pub(crate) mod copy;
mod meta;
mod setting;

pub(crate) mod split;
pub(crate) mod variable;

#[cfg(feature = "syntax")]
pub(crate) mod parser;

pub(crate) mod class;

pub use class::{Classified, classify};
pub use fault::Fault;
pub use lexer::StringMode;
pub use split::{Piece, PieceKind, Split, split};
pub use variable::variables;

#[cfg(test)]
mod invariants;
