use crate::segment::lexer::Tokens;
use crate::segment::{Fault, Strings};
use crate::spelling::{distance, nearest};
use patchgen_model::{Kind, ScriptMode};
use std::ops::Range;
use std::time::Duration;

/// What the first lines of a patch ask for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Directives {
    pub(crate) kind: Option<Kind>,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) allow: Vec<String>,
    /// `syntax=unchecked`
    pub(crate) unchecked: bool,
    pub(crate) script: Option<ScriptMode>,
    /// Where each of them stands.
    places: Vec<(&'static str, usize)>,
}

impl Directives {
    /// The offset of a directive that is given.
    pub(crate) fn place(&self, key: &str) -> usize {
        let place = self.places.iter().find(|(given, _)| *given == key);
        place.map_or(0, |(_, offset)| *offset)
    }
}

const KEYS: [&str; 6] = [
    "kind",
    "lock_timeout",
    "statement_timeout",
    "allow",
    "syntax",
    "script",
];

const SHAPE: &str = "write `-- patch: key=value`, exactly so and alone on a line";

fn fault(offset: usize, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault {
        offset,
        code: "directive",
        message: message.into(),
        help: Some(help.into()),
    }
}

/// Reads the directives in the comments before the first statement.
pub(crate) fn read(text: &str, leading: Range<usize>) -> (Directives, Vec<Fault>) {
    let mut directives = Directives::default();
    let mut faults = Vec::new();
    for comment in comments(&text[leading.clone()]) {
        let offset = leading.start + comment.offset;
        match comment.reading() {
            Reading::Remark => {}
            Reading::NearMiss(written) | Reading::Bare(written) => {
                let message = format!("`{written}` is not how a directive is written");
                faults.push(fault(offset, message, SHAPE));
            }
            Reading::Directive(rest) => {
                if let Err(fault) = directives.take(offset, rest) {
                    faults.push(fault);
                }
            }
        }
    }
    (directives, faults)
}

/// Finds directives in white space and comments behind the first statement, where they are not heeded.
pub(crate) fn stray(text: &str, space: Range<usize>) -> Vec<Fault> {
    let is_directive = |comment: &Comment<'_>| {
        matches!(
            comment.reading(),
            Reading::Directive(_) | Reading::NearMiss(_)
        )
    };
    comments(&text[space.clone()])
        .into_iter()
        .filter(is_directive)
        .map(|comment| {
            fault(
                space.start + comment.offset,
                "a directive behind the first statement",
                "move it to the first lines of the file",
            )
        })
        .collect()
}

/// Finds directives in the comments within a statement, where they are not heeded either.
pub(crate) fn within(text: &str, statement: Range<usize>, strings: Strings) -> Vec<Fault> {
    let written = &text[statement.clone()];
    if !written.contains("patch") || !written.contains(['-', '/']) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut end = 0;
    for token in Tokens::new(written, strings) {
        let space = statement.start + end..statement.start + token.range.start;
        faults.extend(stray(text, space));
        end = token.range.end;
    }
    faults
}

impl Directives {
    fn take(&mut self, offset: usize, rest: &str) -> Result<(), Fault> {
        let (written, value) = match rest.split_once('=') {
            Some((key, value)) if !key.is_empty() => (key, value),
            _ => {
                let message = format!("`{rest}` is not of the form `key=value`");
                return Err(fault(offset, message, SHAPE));
            }
        };
        let Some(key) = KEYS.into_iter().find(|key| *key == written) else {
            let help = match nearest(written.trim(), KEYS) {
                Some(key) => format!("write `{key}={}`", value.trim()),
                None => format!("there are {}", list(&KEYS)),
            };
            return Err(fault(offset, format!("`{written}` is no directive"), help));
        };
        if self.places.iter().any(|(given, _)| *given == key) {
            let help = match key {
                "allow" => "name all rules in one line: `-- patch: allow=one,other`",
                _ => "keep one of them",
            };
            return Err(fault(offset, format!("`{key}` is given twice"), help));
        }
        self.places.push((key, offset));
        self.set(key, value)
            .map_err(|(message, help)| fault(offset, message, help))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), (String, String)> {
        match key {
            "kind" => {
                self.kind = Some(word(
                    key,
                    value,
                    Kind::ALL.map(|kind| (kind.as_str(), kind)),
                )?)
            }
            "lock_timeout" => self.lock_timeout = Some(timeout(key, value)?),
            "statement_timeout" => self.statement_timeout = Some(timeout(key, value)?),
            "allow" => self.allow = rules(value)?,
            "syntax" => self.unchecked = word(key, value, [("unchecked", true)])?,
            _ => {
                let modes = [("native", ScriptMode::Native), ("psql", ScriptMode::Psql)];
                self.script = Some(word(key, value, modes)?);
            }
        }
        Ok(())
    }
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn word<T, const N: usize>(
    key: &str,
    value: &str,
    words: [(&str, T); N],
) -> Result<T, (String, String)> {
    let names = words.each_ref().map(|(name, _)| *name);
    match words.into_iter().find(|(name, _)| *name == value) {
        Some((_, meaning)) => Ok(meaning),
        None if value.contains(char::is_whitespace) => Err(one_a_line(key, value)),
        None => {
            let help = match nearest(value, names) {
                Some(name) => format!("write `{key}={name}`"),
                None => format!("values of `{key}`: {}", list(&names)),
            };
            Err((format!("`{value}` is no value of `{key}`"), help))
        }
    }
}

fn one_a_line(key: &str, value: &str) -> (String, String) {
    (
        format!("`{value}` is no value of `{key}`"),
        SHAPE.to_owned(),
    )
}

fn rules(value: &str) -> Result<Vec<String>, (String, String)> {
    let names: Vec<_> = value.split(',').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if names.iter().all(is_name) {
        Ok(names)
    } else {
        Err((
            format!("`{value}` is no list of rules"),
            "write names of rules with `,` between them and no spaces".to_owned(),
        ))
    }
}

/// A time as PostgreSQL's settings take it: a number and `us`, `ms`, `s`, `min`, `h` or `d`, milliseconds if none.
fn timeout(key: &str, value: &str) -> Result<Duration, (String, String)> {
    const UNITS: [(&str, f64); 7] = [
        ("", 1.0),
        ("us", 0.001),
        ("ms", 1.0),
        ("s", 1000.0),
        ("min", 60_000.0),
        ("h", 3_600_000.0),
        ("d", 86_400_000.0),
    ];
    let fail = |help: &str| Err((format!("`{value}` is no value of `{key}`"), help.to_owned()));
    let units = "write a number and one of `us`, `ms`, `s`, `min`, `h`, `d`, such as `5s`; `0` turns the timeout off";
    let unit = value.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = value.split_at(unit.unwrap_or(value.len()));
    let (Ok(number), Some((_, milliseconds))) = (
        number.parse::<f64>(),
        UNITS.into_iter().find(|(name, _)| *name == unit),
    ) else {
        return fail(units);
    };
    let milliseconds = number * milliseconds;
    if milliseconds.round() > f64::from(i32::MAX) {
        return fail("the longest timeout is about 24 days, 2147483647 milliseconds");
    }
    if number > 0.0 && milliseconds < 1.0 {
        return fail("the shortest timeout is `1ms`; `0` turns it off");
    }
    Ok(Duration::from_millis(milliseconds.round() as u64))
}

/// A comment, from its first character.
struct Comment<'a> {
    offset: usize,
    text: &'a str,
}

enum Reading<'a> {
    /// What follows `-- patch: `.
    Directive(&'a str),
    /// Meant as a directive, but not written as one.
    NearMiss(&'a str),
    /// `key=value` without `patch:`.
    Bare(&'a str),
    Remark,
}

impl<'a> Comment<'a> {
    fn reading(&self) -> Reading<'a> {
        let text = self.text.trim_end();
        if let Some(rest) = text.strip_prefix("-- patch: ") {
            return Reading::Directive(rest);
        }
        let reading = |line: &'a str| {
            let inner = line
                .trim()
                .trim_start_matches(['-', '/', '*'])
                .trim_end_matches(['*', '/'])
                .trim();
            if is_meant(inner) {
                Some(Reading::NearMiss(line.trim()))
            } else if is_bare(inner) {
                Some(Reading::Bare(line.trim()))
            } else {
                None
            }
        };
        text.lines().find_map(reading).unwrap_or(Reading::Remark)
    }
}

/// Whether a comment that is no directive was meant as one: `patch`, or nearly that, and something like `key=value`.
fn is_meant(comment: &str) -> bool {
    let end = comment.find(|c: char| !c.is_alphanumeric());
    let (word, rest) = comment.split_at(end.unwrap_or(comment.len()));
    let rest = rest.trim_start();
    let (has_colon, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some((key, value)) = rest.split_once('=') else {
        return comment == "patch:";
    };
    let key = key.trim();
    let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
    let is_known = !value.is_empty() && nearest(key, KEYS).is_some();
    let off = distance(&word.to_lowercase(), "patch");
    is_key && (off == 0 && has_colon || off <= 2 && is_known)
}

fn is_bare(comment: &str) -> bool {
    let is_key = |(key, value): (&str, &str)| KEYS.contains(&key) && !value.contains(' ');
    comment.split_once('=').is_some_and(is_key)
}

/// The comments in a text that has nothing else but white space and semicolons.
fn comments(space: &str) -> Vec<Comment<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = space[at..].find(['-', '/']).map(|next| at + next) {
        let rest = &space[offset..];
        let end = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            block_end(rest)
        };
        found.push(Comment {
            offset,
            text: &rest[..end],
        });
        at = offset + end;
    }
    found
}

/// The length of a block comment, which may contain others.
fn block_end(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = rest[at..].find(['/', '*']).map(|next| at + next) {
        match rest.as_bytes().get(next..next + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth = depth.saturating_sub(1),
            Some(_) => {
                at = next + 1;
                continue;
            }
            None => break,
        }
        at = next + 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> (Directives, Vec<Fault>) {
        read(text, 0..text.len())
    }

    #[test]
    fn every_directive() {
        let text = "-- A title\n\n  -- patch: kind=concurrent\n/* patches /* breeds */ */\n\
            -- patch: lock_timeout=1.5min  \n-- patch: statement_timeout=0\n\
            -- patch: allow=ban-drop-table,other\n-- patch: syntax=unchecked\n-- patch: script=psql";
        let (directives, faults) = read_all(text);
        assert_eq!(faults, []);
        assert_eq!(directives.kind, Some(Kind::Concurrent));
        assert_eq!(directives.lock_timeout, Some(Duration::from_secs(90)));
        assert_eq!(directives.statement_timeout, Some(Duration::ZERO));
        assert_eq!(directives.allow, ["ban-drop-table", "other"]);
        assert!(directives.unchecked);
        assert_eq!(directives.script, Some(ScriptMode::Psql));
        assert_eq!(
            directives.place("lock_timeout"),
            text.find("-- patch: lock").unwrap()
        );
    }

    #[test]
    fn timeouts_have_the_units_of_postgresql() {
        for (value, expected) in [
            ("0", Some(0)),
            ("250", Some(250)),
            ("250ms", Some(250)),
            ("1500us", Some(2)),
            ("5s", Some(5_000)),
            ("10min", Some(600_000)),
            ("0.5h", Some(1_800_000)),
            ("1d", Some(86_400_000)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("25d", None),
            ("500us", None),
            ("", None),
            ("s", None),
            ("-1", None),
            ("5S", None),
            ("5 s", None),
            ("5sec", None),
            ("5m", None),
            ("1.2.3s", None),
            ("1e3", None),
        ] {
            let got = timeout("lock_timeout", value)
                .ok()
                .map(|time| time.as_millis());
            assert_eq!(got, expected, "{value}");
        }
    }

    #[test]
    fn what_is_nearly_a_directive_is_a_fault() {
        let comments = [
            "-- patch: knid=std",
            "-- patch: owner=me",
            "-- patch: kind=Direct",
            "-- patch: kind=online",
            "-- patch: kind = std",
            "-- patch: kind=std lock_timeout=5s",
            "-- patch: fixes the names",
            "-- patch: =std",
            "-- patch: lock_timeout=5 seconds",
            "-- patch: allow=a, b",
            "-- patch: allow=",
            "-- patch: syntax=checked",
            "-- patch: script=bash",
            "-- patch:kind=std",
            "--patch: kind=std",
            "-- pacth: kind=std",
            "-- Patch: kind=std",
            "-- patch : kind=std",
            "-- patch kind=std",
            "--  patch: kind=std",
            "---- patch: kind=std",
            "/* patch: kind=std */",
            "/*\n * Adds breeds.\n * patch: kind=std\n */",
            "-- patches: kind=std",
            "-- patch: ",
            "-- kind=concurrent",
        ];
        let shown: Vec<_> = comments
            .iter()
            .map(|comment| {
                let (_, faults) = read_all(comment);
                let [fault] = &faults[..] else {
                    panic!("{comment}: {faults:?}");
                };
                let help = fault.help.as_deref().unwrap_or_default();
                format!("{comment}\n    {}\n    {help}", fault.message)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn remarks_are_left_alone() {
        for comment in [
            "-- Patch for the kennel",
            "-- patch",
            "-- match: a = b",
            "-- patch level = 3",
            "-- path: x=y",
            "-- batch size=10",
            "-- the kind=direct way is slower",
            "-- a/b - c",
            "/* patch */",
            "-- kind of",
        ] {
            assert_eq!(read_all(comment).1, [], "{comment}");
        }
    }

    #[test]
    fn a_directive_counts_once_and_only_before_the_first_statement() {
        let (_, faults) = read_all("-- patch: kind=std\n-- patch: kind=direct\n");
        assert_eq!(faults[0].offset, 19);
        assert_eq!(faults[0].message, "`kind` is given twice");
        let text = "select 1; -- patch: kind=std\n-- a remark\n";
        let faults = stray(text, 8..text.len());
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].offset, 10);
    }
}
