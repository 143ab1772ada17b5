//! Types for patches: identity, kind, checksum, statements, and sets of patches as they are laid out in a program.
//!
//! Build script, macro, command line and runtime share these types. The crate has no
//! dependencies and does no I/O: it does not parse file names or SQL, and it computes no digests.
//!
//! A [`PatchSet`] is two borrowed buffers, a text and an index of fixed-width records, and reading it needs no heap.
//! [`encode()`] is its only writer.
//!
//! ```
//! use patchgen_model::{encode, Checksum, Draft, DraftSet, PatchSet, Version};
//!
//! let drafts = [Draft {
//!     database: "app",
//!     version: Version::new(20240131, 1, 0),
//!     file: "patches/app.20240131.0001.postgres.start.sql",
//!     text: "create table t ();\n",
//!     ..Draft::default()
//! }];
//! let encoded = encode(&DraftSet { patches: &drafts, ..DraftSet::default() }, |_| Checksum::default());
//! let set = PatchSet::decode(&encoded.text, &encoded.index).expect("just encoded");
//! assert_eq!(set.iter().next().expect("one patch").id().to_string(), "app.20240131.0001");
//! ```

mod checksum;
mod duration;
mod encode;
mod id;
mod kind;
mod patch;
mod position;
mod set;
mod statement;
mod version;
mod wire;

pub use checksum::Checksum;
pub use duration::{ParseDurationError, parse_duration};
pub use encode::{Draft, DraftSet, Encoded, encode};
pub use id::PatchId;
pub use kind::{Kind, ParseKindError, ScriptMode};
pub use patch::{Grammar, Patch};
pub use position::{Position, byte_of_character, line_start};
pub use set::{DatabasePatches, PatchSet, Revision};
pub use statement::{Class, CopyData, Item, Quoting, Span, Statement, Variable};
pub use version::{ParseVersionError, Version};
pub use wire::{DecodeError, Items};
