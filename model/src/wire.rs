//! The layout of an encoded set: all text in one string, everything else in little-endian records of fixed width.
//!
//! Offsets instead of pointers keep relocations out of the program, and opaque bytes keep the compiler's work
//! independent of the number of patches.

use crate::{
    Checksum, Class, CopyData, DatabasePatches, Grammar, Item, Kind, Patch, Quoting, Revision,
    ScriptMode, Span, Statement, Variable, Version,
};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// The last byte is the number of the format.
const MAGIC: [u8; 4] = *b"PGS\x01";
const HEADER: usize = 40;
const DATABASE: usize = 48;
const PATCH: usize = 84;
const ITEM: usize = 12;

pub(crate) static EMPTY: [u8; HEADER] = {
    let mut header = [0; HEADER];
    header[0] = MAGIC[0];
    header[1] = MAGIC[1];
    header[2] = MAGIC[2];
    header[3] = MAGIC[3];
    header
};

const STATEMENT: u8 = 0;
const META: u8 = 1;
const DATA: u8 = 2;
const VARIABLE: u8 = 3;
const SCHEMA: u8 = 4;
const OBJECT: u8 = 5;
const LOCK_TIMEOUT: u8 = 6;
const STATEMENT_TIMEOUT: u8 = 7;

/// A patch as the build knows it, before it is encoded.
#[derive(Clone, Default, Debug)]
pub struct Draft<'a> {
    /// The logical database.
    pub database: &'a str,
    /// The version.
    pub version: Version,
    /// The grammar of the name.
    pub grammar: Grammar,
    /// The file, with `/` between folders.
    pub file: &'a str,
    /// The role that runs it.
    pub user: &'a str,
    /// The description in the name.
    pub description: &'a str,
    /// How it runs.
    pub kind: Kind,
    /// How it runs if it is a baseline.
    pub script: ScriptMode,
    /// The digest of the text.
    pub checksum: Checksum,
    /// Its own `lock_timeout`.
    pub lock_timeout: Option<Duration>,
    /// Its own `statement_timeout`.
    pub statement_timeout: Option<Duration>,
    /// The normalised text.
    pub text: &'a str,
    /// Its statements and meta-commands.
    pub items: Vec<Item<'a>>,
}

/// The input of [`encode`]: drafts sorted by database and version, and where they come from.
#[derive(Clone, Copy, Default, Debug)]
pub struct DraftSet<'a> {
    /// The patches, sorted.
    pub patches: &'a [Draft<'a>],
    /// Where the source stands.
    pub revision: Option<Revision<'a>>,
}

/// The two buffers of an encoded set.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Encoded {
    /// Names and texts of all patches.
    pub text: String,
    /// Everything else.
    pub index: Vec<u8>,
}

/// Lays out a set; `digest` is SHA-256, which this crate does not bring.
///
/// # Panics
/// If the texts exceed 4 GiB together or a name exceeds 64 KiB.
#[must_use]
pub fn encode(set: &DraftSet<'_>, digest: impl Fn(&[u8]) -> Checksum) -> Encoded {
    let mut writer = Writer::default();
    let databases: Vec<&[Draft<'_>]> = set
        .patches
        .chunk_by(|a, b| a.database == b.database)
        .collect();
    let mut items = Vec::new();
    writer.bytes(&MAGIC);
    writer.count(set.patches.len());
    writer.count(databases.len());
    writer.count(0); // the number of items, known at the end
    let revision = set.revision.unwrap_or(Revision {
        branch: "",
        number: 0,
        id: "",
    });
    writer.name(revision.branch);
    writer.name(revision.id);
    writer.word(revision.number);
    writer.word(u32::from(set.revision.is_some()));
    let mut first = 0;
    for patches in databases {
        writer.name(patches[0].database);
        writer.count(first);
        writer.count(patches.len());
        writer.bytes(digest(ledger_lines(patches).as_bytes()).as_bytes());
        first += patches.len();
    }
    for patch in set.patches {
        writer.patch(patch, items.len());
        writer.items(patch, &mut items);
    }
    writer.index[12..16].copy_from_slice(&narrow(items.len()).to_le_bytes());
    writer.index.extend(items.into_iter().flatten());
    Encoded {
        text: writer.text,
        index: writer.index,
    }
}

/// The lines whose digest stands for the applied patches of a database.
fn ledger_lines(patches: &[Draft<'_>]) -> String {
    let line = |patch: &Draft<'_>| {
        let Version {
            major,
            minor,
            point,
        } = patch.version;
        format!("{major} {minor} {point} {}", patch.checksum)
    };
    patches.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Writer<'a> {
    text: String,
    index: Vec<u8>,
    names: HashMap<&'a str, u32>,
}

impl<'a> Writer<'a> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.index.extend_from_slice(bytes);
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.word(narrow(count));
    }

    /// Every name is kept once.
    fn intern(&mut self, name: &'a str) -> u32 {
        if let Some(&start) = self.names.get(name) {
            return start;
        }
        let start = narrow(self.text.len());
        self.text.push_str(name);
        self.names.insert(name, start);
        start
    }

    fn name(&mut self, name: &'a str) {
        let start = self.intern(name);
        self.word(start);
        self.count(name.len());
    }

    fn patch(&mut self, patch: &Draft<'a>, first_item: usize) {
        let start = narrow(self.text.len());
        self.text.push_str(patch.text);
        self.word(start);
        self.count(patch.text.len());
        self.bytes(patch.checksum.as_bytes());
        self.word(patch.version.major);
        self.word(patch.version.minor);
        self.word(patch.version.point);
        let file = self.intern(patch.file);
        // The other names usually stand in the file's name: refer to them there.
        let names = [patch.database, patch.user, patch.description].map(|name| {
            match patch.file.rfind(name) {
                Some(within) => file + narrow(within),
                None => self.intern(name),
            }
        });
        names
            .into_iter()
            .chain([file])
            .for_each(|start| self.word(start));
        for name in [patch.database, patch.user, patch.description, patch.file] {
            let len = u16::try_from(name.len()).expect("a name is shorter than 64 KiB");
            self.bytes(&len.to_le_bytes());
        }
        self.count(first_item);
        let grammar = match patch.grammar {
            Grammar::Dotted => 0,
            Grammar::Launchpad => 1,
        };
        let kind = match patch.kind {
            Kind::Std => 0,
            Kind::Direct => 1,
            Kind::Concurrent => 2,
        };
        let script = match patch.script {
            ScriptMode::Native => 0,
            ScriptMode::Psql => 1,
        };
        self.bytes(&[grammar, kind, script, 0]);
    }

    fn items(&mut self, patch: &Draft<'a>, items: &mut Vec<[u8; ITEM]>) {
        let mut timeout = |tag, timeout: Option<Duration>| {
            if let Some(timeout) = timeout {
                items.push(item(
                    [tag, 0, 0, 0],
                    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX),
                    0,
                ));
            }
        };
        timeout(LOCK_TIMEOUT, patch.lock_timeout);
        timeout(STATEMENT_TIMEOUT, patch.statement_timeout);
        let span = |head, span: Span| item(head, span.start, span.end - span.start);
        for it in &patch.items {
            match it {
                Item::Meta(at) => items.push(span([META, 0, 0, 0], *at)),
                Item::Statement(statement) => {
                    let head = [
                        STATEMENT,
                        statement.class as u8,
                        u8::from(statement.conditional),
                        0,
                    ];
                    items.push(span(head, statement.span));
                    for (tag, name) in [(SCHEMA, statement.schema), (OBJECT, statement.object)] {
                        if let Some(name) = name {
                            items.push(item([tag, 0, 0, 0], self.intern(name), narrow(name.len())));
                        }
                    }
                    for variable in &statement.variables {
                        let quoting = match variable.quoting {
                            Quoting::Plain => 0,
                            Quoting::Literal => 1,
                            Quoting::Identifier => 2,
                        };
                        items.push(span([VARIABLE, quoting, 0, 0], variable.span));
                    }
                    if let Some(data) = statement.data {
                        items.push(span([DATA, 0, 0, 0], data.span));
                    }
                }
            }
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("a set of patches is smaller than 4 GiB")
}

fn item(head: [u8; 4], start: u32, len: u32) -> [u8; ITEM] {
    let mut record = [0; ITEM];
    record[..4].copy_from_slice(&head);
    record[4..8].copy_from_slice(&start.to_le_bytes());
    record[8..].copy_from_slice(&len.to_le_bytes());
    record
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PatchId, PatchSet};

    #[test]
    fn a_set_reads_as_it_was_written() {
        let text = "create index concurrently if not exists i on t (a);\ncopy t from stdin;\n1\n\\.\nselect :'x';\n\\set x 1\n";
        let items = vec![
            Item::Statement(Statement {
                span: Span { start: 0, end: 50 },
                class: Class::CreateIndexConcurrently,
                schema: Some("s"),
                object: Some("i"),
                conditional: true,
                ..Statement::default()
            }),
            Item::Statement(Statement {
                span: Span { start: 52, end: 69 },
                class: Class::CopyFromStdin,
                data: Some(CopyData {
                    span: Span { start: 71, end: 73 },
                }),
                ..Statement::default()
            }),
            Item::Statement(Statement {
                span: Span { start: 76, end: 87 },
                variables: vec![Variable {
                    span: Span { start: 83, end: 87 },
                    quoting: Quoting::Literal,
                }],
                ..Statement::default()
            }),
            Item::Meta(Span { start: 89, end: 97 }),
        ];
        let draft = |database, minor| Draft {
            database,
            version: Version {
                major: 20240131,
                minor,
                point: 0,
            },
            file: "patches/a.20240131.0001.u.d.sql",
            user: "u",
            description: "d",
            kind: Kind::Concurrent,
            checksum: Checksum::new([7; 32]),
            lock_timeout: Some(Duration::from_secs(5)),
            text,
            items: items.clone(),
            ..Draft::default()
        };
        let drafts = [draft("a", 1), draft("a", 2), draft("zebra", 1)];
        let revision = Revision {
            branch: "main",
            number: 12,
            id: "abc+",
        };
        let encoded = encode(
            &DraftSet {
                patches: &drafts,
                revision: Some(revision),
            },
            |bytes| {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
                Checksum::new(digest)
            },
        );
        let set = PatchSet::decode(&encoded.text, &encoded.index).unwrap();

        assert_eq!(set.revision(), Some(revision));
        let databases: Vec<_> = set
            .databases()
            .map(|d| (d.database, d.first, d.count))
            .collect();
        assert_eq!(databases, [("a", 0, 2), ("zebra", 2, 1)]);
        let patch = set.get(1).unwrap();
        assert_eq!(
            patch.id(),
            PatchId {
                database: "a",
                version: drafts[1].version
            }
        );
        assert_eq!(
            (patch.user(), patch.description(), patch.kind()),
            ("u", "d", Kind::Concurrent)
        );
        assert_eq!(patch.lock_timeout(), Some(Duration::from_secs(5)));
        assert_eq!((patch.statement_timeout(), patch.text()), (None, text));
        assert_eq!(patch.items().collect::<Vec<_>>(), items);
        assert!(set.get(3).is_none());
    }

    #[test]
    fn damaged_buffers_are_refused() {
        let encoded = encode(&DraftSet::default(), |_| Checksum::default());
        assert!(PatchSet::decode("", &encoded.index).unwrap().is_empty());
        assert!(PatchSet::decode("", &encoded.index[1..]).is_err());
        assert!(PatchSet::decode("", &[&encoded.index[..], &[0]].concat()).is_err());
        assert!(PatchSet::EMPTY.is_empty());
    }
}
