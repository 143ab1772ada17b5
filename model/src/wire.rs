//! The layout of an encoded set: all text in one string, everything else in little-endian records of fixed width.
//!
//! Offsets instead of pointers keep relocations out of the program, and opaque bytes keep the compiler's work
//! independent of the number of patches.

use crate::{
    Checksum, Class, CopyData, DatabasePatches, Grammar, Item, Kind, Patch, Quoting, Revision,
    ScriptMode, Span, Statement, Variable, Version,
};
use std::fmt;
use std::time::Duration;

/// The last byte is the number of the format.
pub(crate) const MAGIC: [u8; 4] = *b"PGS\x01";
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

pub(crate) const STATEMENT: u8 = 0;
pub(crate) const META: u8 = 1;
pub(crate) const DATA: u8 = 2;
pub(crate) const VARIABLE: u8 = 3;
pub(crate) const SCHEMA: u8 = 4;
pub(crate) const OBJECT: u8 = 5;
pub(crate) const LOCK_TIMEOUT: u8 = 6;
pub(crate) const STATEMENT_TIMEOUT: u8 = 7;

/// Buffers that are not one encoded set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError(&'static str);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an encoded set of patches: {}", self.0)
    }
}

impl std::error::Error for DecodeError {}

pub(crate) const fn is_current(index: &[u8]) -> bool {
    index.len() >= HEADER
        && index[0] == MAGIC[0]
        && index[1] == MAGIC[1]
        && index[2] == MAGIC[2]
        && index[3] == MAGIC[3]
}

pub(crate) fn validate(text: &str, index: &[u8]) -> Result<(), DecodeError> {
    if !is_current(index) {
        return Err(DecodeError("the header is missing or of another version"));
    }
    let expected = items_start(index) as u64 + word(index, 12) as u64 * ITEM as u64;
    if index.len() as u64 != expected {
        return Err(DecodeError("the index is cut off"));
    }
    let fits = |start: u32, len: u32| {
        text.get(start as usize..start as usize + len as usize)
            .is_some()
    };
    for position in 0..patch_count(index) {
        let record = patch_record(index, position);
        if !fits(word(record, 0), word(record, 4)) {
            return Err(DecodeError("a patch lies outside the text"));
        }
        if (0..4).any(|name| {
            !fits(
                word(record, 52 + 4 * name),
                u32::from(half(record, 68 + 2 * name)),
            )
        }) {
            return Err(DecodeError("a name lies outside the text"));
        }
    }
    Ok(())
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

pub(crate) fn patch_count(index: &[u8]) -> usize {
    word(index, 4) as usize
}

pub(crate) fn database_count(index: &[u8]) -> usize {
    word(index, 8) as usize
}

fn items_start(index: &[u8]) -> usize {
    HEADER + database_count(index) * DATABASE + patch_count(index) * PATCH
}

fn patch_record(index: &[u8], position: usize) -> &[u8] {
    let start = HEADER + database_count(index) * DATABASE + position * PATCH;
    &index[start..start + PATCH]
}

pub(crate) fn revision<'a>(text: &'a str, index: &[u8]) -> Option<Revision<'a>> {
    (word(index, 36) == 1).then(|| Revision {
        branch: slice(text, word(index, 16), word(index, 20)),
        id: slice(text, word(index, 24), word(index, 28)),
        number: word(index, 32),
    })
}

pub(crate) fn database<'a>(text: &'a str, index: &[u8], position: usize) -> DatabasePatches<'a> {
    let record = &index[HEADER + position * DATABASE..];
    DatabasePatches {
        database: slice(text, word(record, 0), word(record, 4)),
        first: word(record, 8) as usize,
        count: word(record, 12) as usize,
        digest: checksum(record, 16),
    }
}

pub(crate) fn patch<'a>(text: &'a str, index: &'a [u8], position: usize) -> Patch<'a> {
    let record = patch_record(index, position);
    let name = |number: usize| {
        slice(
            text,
            word(record, 52 + 4 * number),
            u32::from(half(record, 68 + 2 * number)),
        )
    };
    let first = word(record, 76) as usize;
    let end = if position + 1 < patch_count(index) {
        word(patch_record(index, position + 1), 76) as usize
    } else {
        word(index, 12) as usize
    };
    let start = items_start(index);
    let mut items = Items {
        text,
        records: &index[start + first * ITEM..start + end * ITEM],
    };
    let mut timeout = |tag| {
        let found = items.records.first() == Some(&tag);
        let timeout = found.then(|| Duration::from_millis(u64::from(word(items.records, 4))));
        items.records = &items.records[usize::from(found) * ITEM..];
        timeout
    };
    let lock_timeout = timeout(LOCK_TIMEOUT);
    let statement_timeout = timeout(STATEMENT_TIMEOUT);
    Patch {
        database: name(0),
        user: name(1),
        description: name(2),
        file: name(3),
        version: Version {
            major: word(record, 40),
            minor: word(record, 44),
            point: word(record, 48),
        },
        grammar: if record[80] == 0 {
            Grammar::Dotted
        } else {
            Grammar::Launchpad
        },
        kind: Kind::ALL[usize::from(record[81]) % 3],
        script: if record[82] == 0 {
            ScriptMode::Native
        } else {
            ScriptMode::Psql
        },
        checksum: checksum(record, 8),
        lock_timeout,
        statement_timeout,
        text: slice(text, word(record, 0), word(record, 4)),
        items,
    }
}

/// The statements and meta-commands of a patch, read from the index as they are asked for.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    text: &'a str,
    records: &'a [u8],
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let record = self.record()?;
        let span = record_span(record);
        if record[0] == META {
            return Some(Item::Meta(span));
        }
        let class = Class::from_code(record[1]).unwrap_or_default();
        let mut statement = Statement {
            span,
            class,
            conditional: record[2] != 0,
            ..Statement::default()
        };
        while self
            .records
            .first()
            .is_some_and(|tag| matches!(*tag, DATA | VARIABLE | SCHEMA | OBJECT))
        {
            let record = self.record()?;
            let name = || slice(self.text, word(record, 4), word(record, 8));
            let span = record_span(record);
            match record[0] {
                DATA => statement.data = Some(CopyData { span }),
                SCHEMA => statement.schema = Some(name()),
                OBJECT => statement.object = Some(name()),
                _ => {
                    let quoting = match record[1] {
                        0 => Quoting::Plain,
                        1 => Quoting::Literal,
                        _ => Quoting::Identifier,
                    };
                    statement.variables.push(Variable { span, quoting });
                }
            }
        }
        Some(Item::Statement(statement))
    }
}

impl<'a> Items<'a> {
    fn record(&mut self) -> Option<&'a [u8]> {
        let (record, rest) = self.records.split_at_checked(ITEM)?;
        self.records = rest;
        Some(record)
    }
}

fn record_span(record: &[u8]) -> Span {
    let start = word(record, 4);
    Span {
        start,
        end: start + word(record, 8),
    }
}
