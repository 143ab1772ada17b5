use super::{
    BODY, DATA, ITEM, KEYWORD, LIMIT, META, NAME, OBJECT, QUOTINGS, SCHEMA, VARIABLE, slice, word,
};
use crate::{Class, CopyData, Item, Quoting, Span, Statement, Variable};
use std::fmt;

/// Statements and meta-commands of a patch, read from the index as they are asked for.
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
        let span = span(record);
        if record[0] == META {
            return Some(Item::Meta(span));
        }
        let mut statement = Statement {
            span,
            // Validation lets no other class pass; the most careful one must stand for it all the same.
            class: Class::from_code(record[1]).unwrap_or(Class::Unrepeatable),
            conditional: record[2] != 0,
            ..Statement::default()
        };
        while self.records.first().is_some_and(|tag| *tag >= SCHEMA) {
            let record = self.record()?;
            self.add(&mut statement, record);
        }
        Some(Item::Statement(statement))
    }
}

impl<'a> Items<'a> {
    pub(super) const fn new(text: &'a str, records: &'a [u8]) -> Self {
        Self { text, records }
    }

    /// Returns a timeout in milliseconds and moves past it, if it is the next record.
    pub(super) fn timeout(&mut self, tag: u8) -> Option<u64> {
        if self.records.first() != Some(&tag) {
            return None;
        }
        self.record().map(|record| u64::from(word(record, 4)))
    }

    fn record(&mut self) -> Option<&'a [u8]> {
        let (record, rest) = self.records.split_at_checked(ITEM)?;
        self.records = rest;
        Some(record)
    }

    /// Adds the content of a record to the statement before it.
    fn add(&self, statement: &mut Statement<'a>, record: &[u8]) {
        let name = || slice(self.text, word(record, 4), word(record, 8));
        let span = span(record);
        match record[0] {
            SCHEMA => statement.schema = Some(name()),
            OBJECT => statement.object = Some(name()),
            NAME => statement.name = Some(span),
            LIMIT => statement.limit = Some(span),
            KEYWORD => statement.keyword = Some(span),
            BODY => statement.body = Some(span),
            VARIABLE => {
                let quoting = QUOTINGS.get(usize::from(record[1]));
                let quoting = quoting.copied().unwrap_or(Quoting::Literal);
                statement.variables.push(Variable { span, quoting });
            }
            DATA => statement.data = Some(CopyData { span }),
            _ => {}
        }
    }
}

fn span(record: &[u8]) -> Span {
    let start = word(record, 4);
    Span {
        start,
        end: start.saturating_add(word(record, 8)),
    }
}
