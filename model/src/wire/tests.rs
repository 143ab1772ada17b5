//! Encoded sets read as they were written.

mod damage;

use super::*;
use crate::{
    Class, CopyData, Draft, DraftSet, Encoded, Item, PatchSet, Span, Statement, Variable, encode,
};

const TEXT: &str = "create index concurrently if not exists \"ü\" on t (a);
copy t from stdin;
1\tä
\\.
select :'x', :y;
\\set x 1
alter database \"dä\" connection limit -1;
do $$begin null; end$$;
alter table t detach partition p concurrently;
drop role r;
";

fn place(part: &str) -> Span {
    let start = TEXT.find(part).unwrap();
    Span {
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(start + part.len()).unwrap(),
    }
}

fn sample_items() -> Vec<Item<'static>> {
    let variable = |part, quoting| Variable {
        span: place(part),
        quoting,
    };
    let concurrently = place("p concurrently");
    vec![
        Item::Statement(Statement {
            span: place("create index concurrently if not exists \"ü\" on t (a)"),
            class: Class::CreateIndexConcurrently,
            schema: Some("s"),
            object: Some("ü"),
            conditional: true,
            ..Statement::default()
        }),
        Item::Statement(Statement {
            span: place("copy t from stdin"),
            class: Class::CopyFromStdin,
            data: Some(CopyData {
                span: place("1\tä\n"),
            }),
            ..Statement::default()
        }),
        Item::Statement(Statement {
            span: place("select :'x', :y"),
            variables: vec![
                variable(":'x'", Quoting::Literal),
                variable(":y", Quoting::Plain),
            ],
            ..Statement::default()
        }),
        Item::Meta(place("\\set x 1")),
        Item::Statement(Statement {
            span: place("alter database \"dä\" connection limit -1"),
            class: Class::AlterDatabase,
            object: Some("dä"),
            name: Some(place("\"dä\"")),
            limit: Some(place("-1")),
            ..Statement::default()
        }),
        Item::Statement(Statement {
            span: place("do $$begin null; end$$"),
            class: Class::Procedural,
            body: Some(place("begin null; end")),
            ..Statement::default()
        }),
        Item::Statement(Statement {
            span: place("alter table t detach partition p concurrently"),
            class: Class::DetachPartitionConcurrently,
            keyword: Some(Span {
                start: concurrently.start + 2,
                ..concurrently
            }),
            ..Statement::default()
        }),
        Item::Statement(Statement {
            span: place("drop role r"),
            class: Class::DropRole,
            ..Statement::default()
        }),
    ]
}

fn sample() -> Encoded {
    let items = sample_items();
    let draft = |database, minor, items: &[_]| Draft {
        database,
        version: Version::new(20240131, minor, 0),
        file: "größe/a.20240131.0001.u.d.sql",
        user: "u",
        description: "größe",
        kind: Kind::Direct,
        checksum: Checksum::new([7; 32]),
        lock_timeout: Some(Duration::from_secs(5)),
        statement_timeout: Some(Duration::ZERO),
        text: TEXT,
        items: items.to_vec(),
        ..Draft::default()
    };
    let drafts = [
        draft("a", 1, &items),
        draft("a", 2, &[]),
        draft("zebra", 1, &items[2..]),
    ];
    let set = DraftSet {
        patches: &drafts,
        revision: Some(Revision {
            branch: "größe",
            number: 12,
            id: "abc+",
        }),
    };
    encode(&set, |_| Checksum::new([9; 32]))
}

/// Reads everything in a set.
fn walk(set: &PatchSet<'_>) -> usize {
    let mut seen = format!("{set:?} {:?}", set.revision()).len();
    for database in set.databases() {
        let patches = database.first..database.first + database.count;
        seen += database.database.len()
            + patches
                .map(|at| set.get(at).unwrap().text().len())
                .sum::<usize>();
    }
    for patch in set.iter().rev() {
        seen += format!("{} {patch:?}", patch.id()).len();
        for item in patch.items() {
            seen += item.span().of(patch.text()).len();
            let Item::Statement(statement) = item else {
                continue;
            };
            for variable in statement.variables {
                seen += variable.name(patch.text()).len();
            }
            let data = statement.data.map(|data| data.span);
            let places = [
                statement.name,
                statement.limit,
                statement.keyword,
                statement.body,
                data,
            ];
            for place in places.into_iter().flatten() {
                seen += place.of(patch.text()).len();
            }
        }
    }
    seen
}

#[test]
fn codes_are_positions() {
    for code in 0..4_u8 {
        let at = usize::from(code);
        assert!(GRAMMARS.get(at).is_none_or(|value| *value as u8 == code));
        assert!(Kind::ALL.get(at).is_none_or(|value| *value as u8 == code));
        assert!(SCRIPTS.get(at).is_none_or(|value| *value as u8 == code));
        assert!(QUOTINGS.get(at).is_none_or(|value| *value as u8 == code));
    }
}

#[test]
fn the_facts_of_a_statement_read_as_they_were_written() {
    let Encoded { text, index } = sample();
    let set = PatchSet::decode(&text, &index).unwrap();
    let patch = set.get(0).unwrap();
    assert_eq!(patch.items().collect::<Vec<_>>(), sample_items());
    assert_eq!(set.get(1).unwrap().items().next(), None);
}

#[test]
fn every_class_has_one_code() {
    let classes: Vec<_> = (0..=u8::MAX).map_while(Class::from_code).collect();
    assert_eq!(classes.last(), Some(&Class::DropRole));
    assert!(
        classes
            .iter()
            .zip(0..)
            .all(|(class, code)| *class as u8 == code)
    );
    let first = u8::try_from(classes.len()).unwrap();
    assert!((first..=u8::MAX).all(|code| Class::from_code(code).is_none()));
    let settings = classes
        .into_iter()
        .filter(|class| class.is_session_setting());
    assert!(settings.clone().all(Class::runs_in_transaction));
    assert_eq!(settings.count(), 4);
}
