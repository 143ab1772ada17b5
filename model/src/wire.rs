//! Layout of an encoded set: all text in one string, everything else in little-endian records of fixed width.
//!
//! Offsets instead of pointers keep relocations out of the program, and opaque bytes keep the compiler's work
//! independent of the number of patches.
//!
//! The index is a header, a record for each database, a record for each patch, and the item records of all patches. An
//! index that `validate` accepts is read without a panic.

mod items;
#[cfg(test)]
mod tests;
mod validate;

use crate::{
    Checksum, DatabasePatches, Grammar, Kind, Patch, Quoting, Revision, ScriptMode, Version,
};
use std::time::Duration;

pub use items::Items;
pub use validate::DecodeError;
pub(crate) use validate::validate;

/// The last byte is the number of the format.
pub(crate) const MAGIC: [u8; 4] = *b"PGS\x03";
const HEADER: usize = 40;
const DATABASE: usize = 48;
const PATCH: usize = 84;
pub(crate) const ITEM: usize = 12;

pub(crate) static EMPTY: [u8; HEADER] = {
    let mut header = [0; HEADER];
    header[0] = MAGIC[0];
    header[1] = MAGIC[1];
    header[2] = MAGIC[2];
    header[3] = MAGIC[3];
    header
};

// Tags of item records. The tags of a patch's timeouts, and those from a statement to the next item, ascend; only
// `VARIABLE` may be repeated.
pub(crate) const LOCK_TIMEOUT: u8 = 0;
pub(crate) const STATEMENT_TIMEOUT: u8 = 1;
pub(crate) const META: u8 = 2;
pub(crate) const STATEMENT: u8 = 3;
pub(crate) const SCHEMA: u8 = 4;
pub(crate) const OBJECT: u8 = 5;
pub(crate) const NAME: u8 = 6;
pub(crate) const LIMIT: u8 = 7;
pub(crate) const KEYWORD: u8 = 8;
pub(crate) const BODY: u8 = 9;
pub(crate) const VARIABLE: u8 = 10;
pub(crate) const DATA: u8 = 11;

// The code of a value is its position, which is also its discriminant.
const GRAMMARS: [Grammar; 2] = [Grammar::Dotted, Grammar::Launchpad];
const SCRIPTS: [ScriptMode; 2] = [ScriptMode::Native, ScriptMode::Psql];
const QUOTINGS: [Quoting; 3] = [Quoting::Plain, Quoting::Literal, Quoting::Identifier];

/// Largest timeout that PostgreSQL accepts, in milliseconds.
pub(crate) const LONGEST_TIMEOUT: u32 = i32::MAX as u32;

pub(crate) const fn is_current(index: &[u8]) -> bool {
    index.len() >= HEADER
        && index[0] == MAGIC[0]
        && index[1] == MAGIC[1]
        && index[2] == MAGIC[2]
        && index[3] == MAGIC[3]
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn slice(text: &str, start: u32, len: u32) -> &str {
    &text[start as usize..start as usize + len as usize]
}

fn checksum(bytes: &[u8], at: usize) -> Checksum {
    let mut digest = [0; 32];
    digest.copy_from_slice(&bytes[at..at + 32]);
    Checksum::new(digest)
}

/// Returns the value of a code, which validation has found to be known.
fn of_code<T: Copy + Default>(values: &[T], code: u8) -> T {
    values.get(usize::from(code)).copied().unwrap_or_default()
}

pub(crate) fn patch_count(index: &[u8]) -> usize {
    word(index, 4) as usize
}

pub(crate) fn database_count(index: &[u8]) -> usize {
    word(index, 8) as usize
}

fn item_count(index: &[u8]) -> usize {
    word(index, 12) as usize
}

fn items_start(index: &[u8]) -> usize {
    HEADER + database_count(index) * DATABASE + patch_count(index) * PATCH
}

fn database_record(index: &[u8], position: usize) -> &[u8] {
    let start = HEADER + position * DATABASE;
    &index[start..start + DATABASE]
}

fn patch_record(index: &[u8], position: usize) -> &[u8] {
    let start = HEADER + database_count(index) * DATABASE + position * PATCH;
    &index[start..start + PATCH]
}

/// Returns the position of a patch's first item record; behind the last patch, the number of item records.
fn first_item(index: &[u8], position: usize) -> usize {
    if position < patch_count(index) {
        word(patch_record(index, position), 76) as usize
    } else {
        item_count(index)
    }
}

/// Returns the item records of a patch.
fn item_records(index: &[u8], position: usize) -> &[u8] {
    let start = items_start(index);
    let (first, end) = (first_item(index, position), first_item(index, position + 1));
    &index[start + first * ITEM..start + end * ITEM]
}

/// Returns start and length of a patch's names: database, user, description and file.
fn name_spans(record: &[u8]) -> [(u32, u32); 4] {
    [0, 1, 2, 3].map(|name| {
        let len = half(record, 68 + 2 * name);
        (word(record, 52 + 4 * name), u32::from(len))
    })
}

fn version(record: &[u8]) -> Version {
    Version::new(word(record, 40), word(record, 44), word(record, 48))
}

pub(crate) fn revision<'a>(text: &'a str, index: &[u8]) -> Option<Revision<'a>> {
    (word(index, 36) == 1).then(|| Revision {
        branch: slice(text, word(index, 16), word(index, 20)),
        id: slice(text, word(index, 24), word(index, 28)),
        number: word(index, 32),
    })
}

pub(crate) fn database<'a>(text: &'a str, index: &[u8], position: usize) -> DatabasePatches<'a> {
    let record = database_record(index, position);
    DatabasePatches {
        database: slice(text, word(record, 0), word(record, 4)),
        first: word(record, 8) as usize,
        count: word(record, 12) as usize,
        digest: checksum(record, 16),
    }
}

pub(crate) fn patch<'a>(text: &'a str, index: &'a [u8], position: usize) -> Patch<'a> {
    let record = patch_record(index, position);
    let [database, user, description, file] =
        name_spans(record).map(|(start, len)| slice(text, start, len));
    let mut items = Items::new(text, item_records(index, position));
    let lock_timeout = items.timeout(LOCK_TIMEOUT);
    let statement_timeout = items.timeout(STATEMENT_TIMEOUT);
    Patch {
        database,
        user,
        description,
        file,
        version: version(record),
        grammar: of_code(&GRAMMARS, record[80]),
        kind: of_code(&Kind::ALL, record[81]),
        script: of_code(&SCRIPTS, record[82]),
        checksum: checksum(record, 8),
        lock_timeout: lock_timeout.map(Duration::from_millis),
        statement_timeout: statement_timeout.map(Duration::from_millis),
        text: slice(text, word(record, 0), word(record, 4)),
        items,
    }
}
