//! The form `postgres://user:password@host:port,host:port/dbname?word=value&word=value`.
//!
//! Every part may be missing. The text is divided into parts before it is percent-decoded, so that a host can contain `%2F`:
//! this is how a URL names the folder of a Unix socket.

use super::{Conninfo, ConninfoError, Word};

/// Returns the text after `postgres://` or `postgresql://`; `None` if the text is not a URL.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

pub(super) fn parse(rest: &str) -> Result<Conninfo, ConninfoError> {
    if rest.chars().any(char::is_whitespace) {
        return Err(ConninfoError::new("the connection URL has a space in it")
            .with_help("write it as `%20`"));
    }
    let mut conninfo = Conninfo::default();
    // As in libpq, a `/` ends the search for the user and a `?` does not: a password may contain a `?`.
    let rest = match rest.split_once('@') {
        Some((credentials, rest)) if !credentials.contains('/') => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            store(&mut conninfo, Word::USER, user)?;
            store(&mut conninfo, Word::PASSWORD, password)?;
            rest
        }
        _ => rest,
    };
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (places, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.contains('@') {
        // If this were accepted, a part of the password would be shown as the name of a host or database.
        return Err(unescaped());
    }
    let (hosts, ports) = places_of(places)?;
    store(&mut conninfo, Word::HOST, &hosts)?;
    store(&mut conninfo, Word::PORT, &ports)?;
    store(&mut conninfo, Word::DBNAME, dbname)?;
    for parameter in parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
    {
        store_parameter(&mut conninfo, parameter)?;
    }
    Ok(conninfo)
}

/// Returns the hosts and the ports, each as a list with commas.
fn places_of(text: &str) -> Result<(String, String), ConninfoError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for place in text.split(',') {
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or_else(|| {
                    ConninfoError::new("an address in the connection URL has no closing `]`")
                })?;
                if host.is_empty() {
                    return Err(ConninfoError::new(
                        "an address in the connection URL is empty: `[]`",
                    ));
                }
                match rest.strip_prefix(':') {
                    None if !rest.is_empty() => return Err(unescaped()),
                    port => (host, port.unwrap_or("")),
                }
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err(unescaped());
        }
        hosts.push(host);
        ports.push(port);
    }
    let given = |list: Vec<&str>| {
        let any = list.iter().any(|it| !it.is_empty());
        if any { list.join(",") } else { String::new() }
    };
    Ok((given(hosts), given(ports)))
}

fn store_parameter(conninfo: &mut Conninfo, parameter: &str) -> Result<(), ConninfoError> {
    let Some((name, value)) = parameter.split_once('=') else {
        return Err(
            ConninfoError::new("a parameter of the connection URL has no `=`")
                .with_help("write `?word=value&word=value`"),
        );
    };
    if value.contains('=') {
        return Err(
            ConninfoError::new("a parameter of the connection URL has a second `=`")
                .with_help("write `=` within a value as `%3D`"),
        );
    }
    let name = decode(name)?;
    if name == "ssl" && value == "true" {
        return store(conninfo, Word::SSLMODE, "require");
    }
    let word = Word::expect(&name).map_err(|error| error.within("connection URL"))?;
    conninfo.words.insert(word, decode(value)?);
    Ok(())
}

fn store(conninfo: &mut Conninfo, word: Word, value: &str) -> Result<(), ConninfoError> {
    if !value.is_empty() {
        conninfo.words.insert(word, decode(value)?);
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, ConninfoError> {
    let malformed = || {
        ConninfoError::new("a `%` in the connection URL is not followed by two hexadecimal digits")
            .with_help("write a `%` itself as `%25`")
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2).ok_or_else(malformed)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16).ok_or_else(malformed);
        let byte = u8::try_from(digit(0)? * 16 + digit(1)?).map_err(|_| malformed())?;
        if byte == 0 {
            return Err(ConninfoError::new("the connection URL has a `%00` in it"));
        }
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes)
        .map_err(|_| ConninfoError::new("the connection URL does not decode to UTF-8"))
}

/// Error for a URL with characters that are not escaped. It does not repeat them: they may be part of a password.
fn unescaped() -> ConninfoError {
    ConninfoError::new("the connection URL cannot be divided into user, password, host, port and database")
        .with_help("in each of them write `@` as `%40`, `/` as `%2F`, `:` as `%3A`, `?` as `%3F` and `%` as `%25`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(&'static str, String)> {
        let conninfo = Conninfo::parse(text).unwrap();
        conninfo
            .words
            .into_iter()
            .map(|(word, value)| (word.name(), value))
            .collect()
    }

    /// The expected results are those of libpq's documentation and of its regression tests.
    #[test]
    fn every_part_may_be_missing() {
        for (text, expected) in [
            ("postgresql://", ""),
            ("postgres://", ""),
            ("postgresql://localhost", "host=localhost"),
            ("postgresql://localhost:5433", "host=localhost port=5433"),
            ("postgresql://localhost/mydb", "dbname=mydb host=localhost"),
            ("postgresql://user@localhost", "host=localhost user=user"),
            (
                "postgresql://user:secret@localhost",
                "host=localhost password=secret user=user",
            ),
            (
                "postgresql://user:se?cr:et@h/d",
                "dbname=d host=h password=se?cr:et user=user",
            ),
            ("postgresql://:5433", "port=5433"),
            ("postgresql:///mydb", "dbname=mydb"),
            (
                "postgresql:///mydb?host=localhost&port=5433",
                "dbname=mydb host=localhost port=5433",
            ),
            (
                "postgresql://u@a:1,b:2/d?target_session_attrs=any",
                "dbname=d host=a,b port=1,2 target_session_attrs=any user=u",
            ),
            ("postgresql://a,b:2", "host=a,b port=,2"),
            (
                "postgresql://[2001:db8::1234]/d",
                "dbname=d host=2001:db8::1234",
            ),
            ("postgresql://[::1]:12345,[::2]", "host=::1,::2 port=12345,"),
            (
                "postgresql://%2Fvar%2Flib%2Fpg/dbname",
                "dbname=dbname host=/var/lib/pg",
            ),
            ("postgresql://u%40x:%3a%2F@h", "host=h password=:/ user=u@x"),
            ("postgresql://h/d?user=u%20v", "dbname=d host=h user=u v"),
            ("postgresql://h?ssl=true", "host=h sslmode=require"),
            (
                "postgresql://h?%6Fptions=-c%20geqo%3Doff",
                "host=h options=-c geqo=off",
            ),
            ("postgresql://h/?", "host=h"),
            (" postgresql://h\n", "host=h"),
            ("postgresql://u@", "user=u"),
        ] {
            let found: Vec<_> = words(text)
                .iter()
                .map(|(w, v)| format!("{w}={v}"))
                .collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn faults_are_named_without_values() {
        for (text, message) in [
            (
                "postgres://u:se cret@h",
                "the connection URL has a space in it",
            ),
            (
                "postgres://u:p@secret@h/d",
                "the connection URL cannot be divided into user, password, host, port and database",
            ),
            (
                "postgres://u:sec/ret@h/d",
                "the connection URL cannot be divided into user, password, host, port and database",
            ),
            (
                "postgres://u:12/secret@h/d",
                "the connection URL cannot be divided into user, password, host, port and database",
            ),
            (
                "postgres://h:secret",
                "the connection URL cannot be divided into user, password, host, port and database",
            ),
            (
                "postgres://[::1",
                "an address in the connection URL has no closing `]`",
            ),
            (
                "postgres://[]",
                "an address in the connection URL is empty: `[]`",
            ),
            (
                "postgres://h?zzz",
                "a parameter of the connection URL has no `=`",
            ),
            (
                "postgres://h?user=a=b",
                "a parameter of the connection URL has a second `=`",
            ),
            (
                "postgres://h?uzer=a",
                "connection URL: `uzer` is no connection word",
            ),
            (
                "postgres://u:%secret@h",
                "a `%` in the connection URL is not followed by two hexadecimal digits",
            ),
            (
                "postgres://h/%0",
                "a `%` in the connection URL is not followed by two hexadecimal digits",
            ),
            ("postgres://h/%00", "the connection URL has a `%00` in it"),
            (
                "postgres://h/%ff",
                "the connection URL does not decode to UTF-8",
            ),
        ] {
            let error = Conninfo::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert!(!error.help().unwrap_or_default().contains("secret"));
        }
    }
}
