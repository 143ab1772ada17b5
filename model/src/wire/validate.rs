//! Checks an index before anything is read from it.

use super::{
    DATA, DATABASE, GRAMMARS, HEADER, ITEM, LOCK_TIMEOUT, LONGEST_TIMEOUT, META, OBJECT, PATCH,
    QUOTINGS, SCHEMA, SCRIPTS, STATEMENT, STATEMENT_TIMEOUT, VARIABLE, database, database_count,
    database_record, first_item, is_current, item_count, item_records, name_spans, patch_count,
    patch_record, slice, version, word,
};
use crate::{Class, DatabasePatches, Kind, Span};
use std::fmt;

/// Error for buffers that are not one encoded set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError(&'static str);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an encoded set of patches: {}", self.0)
    }
}

impl std::error::Error for DecodeError {}

type Checked = Result<(), DecodeError>;

const fn check(holds: bool, otherwise: &'static str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(DecodeError(otherwise))
    }
}

/// Checks everything that the readers of an index rely on.
pub(crate) fn validate(text: &str, index: &[u8]) -> Checked {
    header(text, index)?;
    let mut next = 0;
    let mut last = None;
    for position in 0..database_count(index) {
        let record = database_record(index, position);
        check(
            fits(text, word(record, 0), word(record, 4)),
            "the name of a database lies outside the text",
        )?;
        let found = database(text, index, position);
        check(
            last.is_none_or(|last| last < found.database),
            "the databases are not sorted",
        )?;
        check(
            found.first == next && (1..=patch_count(index) - next).contains(&found.count),
            "the databases do not divide the patches",
        )?;
        patches(text, index, &found)?;
        next += found.count;
        last = Some(found.database);
    }
    check(
        next == patch_count(index),
        "the databases do not divide the patches",
    )
}

fn header(text: &str, index: &[u8]) -> Checked {
    check(
        is_current(index),
        "the header is missing or of another version",
    )?;
    let records = [
        (word(index, 4), PATCH),
        (word(index, 8), DATABASE),
        (word(index, 12), ITEM),
    ];
    let len = records
        .into_iter()
        .map(|(count, width)| u64::from(count) * width as u64)
        .sum::<u64>();
    check(
        index.len() as u64 == HEADER as u64 + len,
        "the index is cut off",
    )?;
    check(
        word(index, 36) <= 1
            && fits(text, word(index, 16), word(index, 20))
            && fits(text, word(index, 24), word(index, 28)),
        "the revision is damaged",
    )?;
    check(
        first_item(index, 0) == 0,
        "the items do not begin with the first patch",
    )
}

/// Checks the patches of a database and their items.
fn patches(text: &str, index: &[u8], database: &DatabasePatches<'_>) -> Checked {
    let mut last = None;
    for position in database.first..database.first + database.count {
        let record = patch_record(index, position);
        check(
            fits(text, word(record, 0), word(record, 4)),
            "a patch lies outside the text",
        )?;
        let names = name_spans(record);
        check(
            names.iter().all(|(start, len)| fits(text, *start, *len)),
            "a name lies outside the text",
        )?;
        let (start, len) = names[0];
        check(
            slice(text, start, len) == database.database,
            "a patch is not of the database that has it",
        )?;
        let version = version(record);
        check(
            last.is_none_or(|last| last < version),
            "the versions are not sorted",
        )?;
        last = Some(version);
        let is_known = |at: usize, count| usize::from(record[at]) < count;
        check(
            is_known(80, GRAMMARS.len())
                && is_known(81, Kind::ALL.len())
                && is_known(82, SCRIPTS.len())
                && record[83] == 0,
            "a patch has an unknown grammar, kind or script mode",
        )?;
        let (first, end) = (first_item(index, position), first_item(index, position + 1));
        check(
            first <= end && end <= item_count(index),
            "the items of a patch lie outside those of the set",
        )?;
        items(
            text,
            slice(text, word(record, 0), word(record, 4)),
            item_records(index, position),
        )?;
    }
    Ok(())
}

/// Checks the items of a patch.
fn items(set: &str, patch: &str, records: &[u8]) -> Checked {
    let mut state = State {
        patch,
        tag: None,
        end: 0,
        statement: None,
        variable: 0,
    };
    records
        .chunks_exact(ITEM)
        .try_for_each(|record| state.next(set, record))
}

/// State of the check between two item records.
struct State<'a> {
    patch: &'a str,
    /// Tag of the record before.
    tag: Option<u8>,
    /// End of the last item, its data not included.
    end: u32,
    /// Statement that the next records may belong to.
    statement: Option<Span>,
    /// End of the statement's last variable.
    variable: u32,
}

impl State<'_> {
    fn next(&mut self, set: &str, record: &[u8]) -> Checked {
        let [tag, code, flag, unused] = [record[0], record[1], record[2], record[3]];
        let last = self.tag.replace(tag);
        let head = match tag {
            STATEMENT => Class::from_code(code).is_some() && flag <= 1,
            VARIABLE => usize::from(code) < QUOTINGS.len() && flag == 0,
            _ => code == 0 && flag == 0,
        };
        check(
            head && unused == 0,
            "a record has an unknown class, quoting or flag",
        )?;
        let (start, len) = (word(record, 4), word(record, 8));
        match tag {
            LOCK_TIMEOUT | STATEMENT_TIMEOUT => check(
                last.is_none_or(|last| last < tag) && start <= LONGEST_TIMEOUT && len == 0,
                "a timeout is out of place or out of range",
            ),
            STATEMENT | META => {
                let span = span(self.patch, start, len)?;
                check(span.start >= self.end, "the items are not in order")?;
                self.end = span.end;
                self.statement = (tag == STATEMENT).then_some(span);
                self.variable = span.start;
                Ok(())
            }
            SCHEMA..=DATA => {
                let ascends = last.is_some_and(|last| last < tag || last == tag && tag == VARIABLE);
                match self.statement {
                    Some(statement) if ascends => self.fact(set, record, statement),
                    _ => Err(DecodeError("a record is out of place")),
                }
            }
            _ => Err(DecodeError("a record has an unknown tag")),
        }
    }

    /// Checks a record that belongs to a statement.
    fn fact(&mut self, set: &str, record: &[u8], statement: Span) -> Checked {
        let (start, len) = (word(record, 4), word(record, 8));
        if matches!(record[0], SCHEMA | OBJECT) {
            return check(fits(set, start, len), "a name lies outside the text");
        }
        let span = span(self.patch, start, len)?;
        if record[0] == DATA {
            return check(
                span.start >= statement.end,
                "data stands before its statement",
            );
        }
        check(
            span.start >= statement.start && span.end <= statement.end,
            "a part of a statement lies outside it",
        )?;
        if record[0] == VARIABLE {
            check(
                span.start >= self.variable,
                "the variables are not in order",
            )?;
            self.variable = span.end;
        }
        Ok(())
    }
}

fn span(patch: &str, start: u32, len: u32) -> Result<Span, DecodeError> {
    check(
        fits(patch, start, len),
        "an item lies outside the text of its patch",
    )?;
    Ok(Span {
        start,
        end: start + len,
    })
}

/// `true` if the range lies within the text, on character boundaries.
fn fits(text: &str, start: u32, len: u32) -> bool {
    let end = start.checked_add(len);
    end.is_some_and(|end| text.get(start as usize..end as usize).is_some())
}
