//! The form `word=value word='a value'`.

use super::{Conninfo, ConninfoError, Word};
use std::iter::Peekable;
use std::str::CharIndices;

pub(super) fn parse(text: &str) -> Result<Conninfo, ConninfoError> {
    let mut conninfo = Conninfo::default();
    let mut chars = text.char_indices().peekable();
    // After an unquoted password, an unknown word may be the rest of a password with a space in it: messages do not repeat it.
    let mut behind_secret = false;
    loop {
        skip_space(&mut chars);
        let Some((start, _)) = chars.peek().copied() else {
            return Ok(conninfo);
        };
        let end = skip_while(
            &mut chars,
            |c| c != '=' && !c.is_ascii_whitespace(),
            text.len(),
        );
        let name = &text[start..end];
        skip_space(&mut chars);
        if chars.next_if(|(_, c)| *c == '=').is_none() {
            return Err(missing_sign(text, start));
        }
        let word = match Word::expect(name) {
            Err(_) if behind_secret || !is_name(name) => return Err(no_word(text, start)),
            result => result?,
        };
        skip_space(&mut chars);
        let (value, quoted) = value(&mut chars)?;
        behind_secret |= word.is_secret() && !quoted;
        conninfo.words.insert(word, value);
    }
}

fn value(chars: &mut Peekable<CharIndices<'_>>) -> Result<(String, bool), ConninfoError> {
    let quoted = chars.next_if(|(_, c)| *c == '\'').is_some();
    let mut value = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, quoted)),
            c if !quoted && c.is_ascii_whitespace() => return Ok((value, quoted)),
            c => value.push(c),
        }
    }
    if quoted {
        return Err(
            ConninfoError::new("the connection words end within a quoted value").with_help(
                "end it with `'`; within quotes write `\\'` for `'` and `\\\\` for `\\`",
            ),
        );
    }
    Ok((value, quoted))
}

fn skip_space(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
}

fn skip_while(
    chars: &mut Peekable<CharIndices<'_>>,
    wanted: impl Fn(char) -> bool,
    end: usize,
) -> usize {
    while chars.next_if(|(_, c)| wanted(*c)).is_some() {}
    chars.peek().map_or(end, |(at, _)| *at)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

fn character(text: &str, at: usize) -> usize {
    text[..at].chars().count() + 1
}

fn missing_sign(text: &str, at: usize) -> ConninfoError {
    ConninfoError::new(format!(
        "the connection word at character {} has no `=`",
        character(text, at)
    ))
    .with_help("write `dbname=hund host=db.example.org` or a URL `postgres://…`; quote a value that has spaces: `'…'`")
}

fn no_word(text: &str, at: usize) -> ConninfoError {
    ConninfoError::new(format!(
        "what stands at character {} is no connection word",
        character(text, at)
    ))
    .with_help("quote a value that has spaces: `password='…'`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(&'static str, String)> {
        let conninfo = parse(text).unwrap();
        conninfo
            .words
            .into_iter()
            .map(|(word, value)| (word.name(), value))
            .collect()
    }

    #[test]
    fn values_are_quoted_as_in_libpq() {
        for (text, expected) in [
            ("", vec![]),
            ("host=a port=1", vec![("host", "a"), ("port", "1")]),
            ("host = a\n\tport= 1 ", vec![("host", "a"), ("port", "1")]),
            (r"dbname='it\'s \\ here'", vec![("dbname", r"it's \ here")]),
            (r"dbname=a\ b\'c", vec![("dbname", "a b'c")]),
            ("dbname=a'b'", vec![("dbname", "a'b'")]),
            ("dbname='' user=u", vec![("dbname", ""), ("user", "u")]),
            ("dbname=''user=u", vec![("dbname", ""), ("user", "u")]),
            ("dbname= user=u", vec![("dbname", "user=u")]),
            ("host=a host=b", vec![("host", "b")]),
            ("password=a=b", vec![("password", "a=b")]),
            (
                "gssencmode=disable krbsrvname=x",
                vec![("gssencmode", "disable"), ("krbsrvname", "x")],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(w, v)| (w, v.to_owned()))
                .collect();
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn faults_are_named_without_values() {
        for (text, message) in [
            ("hund", "the connection word at character 1 has no `=`"),
            (
                "password=my secret",
                "the connection word at character 13 has no `=`",
            ),
            (
                "password=my secret=1",
                "what stands at character 13 is no connection word",
            ),
            (
                "password='my secret",
                "the connection words end within a quoted value",
            ),
            ("hosst=a", "`hosst` is no connection word"),
            ("=a", "what stands at character 1 is no connection word"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert!(!error.help().unwrap().contains("secret"));
        }
    }
}
