//! The only writer of an encoded set.

use crate::wire::{
    BODY, DATA, ITEM, KEYWORD, LIMIT, LOCK_TIMEOUT, LONGEST_TIMEOUT, MAGIC, META, NAME, OBJECT,
    SCHEMA, STATEMENT, STATEMENT_TIMEOUT, VARIABLE,
};
use crate::{Checksum, Grammar, Item, Kind, Revision, ScriptMode, Span, Version};
use std::collections::HashMap;
use std::time::Duration;

/// Patch as the build knows it, before it is encoded.
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
    /// Way in which it runs.
    pub kind: Kind,
    /// Way in which it runs if it is a baseline.
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

/// Input of [`encode()`]: drafts sorted by database and version, and the revision that they come from.
#[derive(Clone, Copy, Default, Debug)]
pub struct DraftSet<'a> {
    /// The patches, sorted.
    pub patches: &'a [Draft<'a>],
    /// Revision of the source, if it is in a repository.
    pub revision: Option<Revision<'a>>,
}

/// Buffers of an encoded set.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Encoded {
    /// Names and texts of all patches.
    pub text: String,
    /// Everything else.
    pub index: Vec<u8>,
}

/// Encodes a set; `digest` is SHA-256, which this crate does not have.
///
/// # Panics
/// If the texts exceed 4 GiB together, a name exceeds 64 KiB, or a span ends before it starts.
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

/// Returns the lines whose digest stands for the applied patches of a database.
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

    /// Returns the offset of a name in the text, to which each name is added once.
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
        self.bytes(&[patch.grammar as u8, patch.kind as u8, patch.script as u8, 0]);
    }

    fn items(&mut self, patch: &Draft<'a>, items: &mut Vec<[u8; ITEM]>) {
        let mut timeout = |tag, timeout: Option<Duration>| {
            if let Some(timeout) = timeout {
                let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
                items.push(item([tag, 0, 0, 0], milliseconds.min(LONGEST_TIMEOUT), 0));
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
                    for (tag, place) in [
                        (NAME, statement.name),
                        (LIMIT, statement.limit),
                        (KEYWORD, statement.keyword),
                        (BODY, statement.body),
                    ] {
                        if let Some(place) = place {
                            items.push(span([tag, 0, 0, 0], place));
                        }
                    }
                    for variable in &statement.variables {
                        let head = [VARIABLE, variable.quoting as u8, 0, 0];
                        items.push(span(head, variable.span));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Class, CopyData, PatchId, PatchSet, Quoting, Statement, Variable};

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
        assert_eq!(patch.id(), PatchId::new("a", drafts[1].version));
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
