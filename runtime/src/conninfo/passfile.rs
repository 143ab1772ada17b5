//! The password file: lines `host:port:database:user:password`.

use super::Conninfo;
use std::fs;
use std::io;

impl Conninfo {
    /// The password of a user for a database, from the password file: that of the first server for which the file has one.
    ///
    /// As in libpq, a file that others may read is not used.
    #[must_use]
    pub fn passfile_password(&self, database: &str, user: &str) -> Option<String> {
        let found = self.in_passfile(database, user);
        found.unwrap_or_else(|fault| {
            tracing::warn!("{fault}");
            None
        })
    }

    /// As [`passfile_password`](Self::passfile_password); a file that is there and not used is an error, as text.
    pub(crate) fn in_passfile(&self, database: &str, user: &str) -> Result<Option<String>, String> {
        let (Some(path), Ok(endpoints)) = (self.get("passfile"), self.endpoints()) else {
            return Ok(None);
        };
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("password file `{path}` is not used: {error}")),
        };
        Ok(endpoints.iter().find_map(|endpoint| {
            let port = endpoint.port.to_string();
            look_up(&text, [&endpoint.name_in_passfile(), &port, database, user])
        }))
    }
}

fn read(path: &str) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "others may read it (mode {mode:04o}); make it `chmod 600`"
            )));
        }
    }
    fs::read_to_string(path)
}

fn look_up(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for value in wanted {
                let field;
                (field, rest) = split_field(rest)?;
                if field != "*" && unescape(field) != value {
                    return None;
                }
            }
            Some(unescape(rest))
        })
}

/// Divides a text at the first colon that has no backslash before it; `None` if there is no such colon.
fn split_field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == ':' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

fn unescape(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let text = "\n# note\nlocalhost:5432:hund:app:one\r\n*:*:*:app:two\nh:1:d\\:e:u\\\\v:a\\:b:c\n#:1:d:u:note\n::1:5432:d:u:wrong\n\\:\\:1:5432:d:u:six\nshort:line\n";
        for (wanted, password) in [
            (["localhost", "5432", "hund", "app"], Some("one")),
            (["localhost", "5433", "hund", "app"], Some("two")),
            (["h", "1", "d:e", r"u\v"], Some("a:b:c")),
            (["#", "1", "d", "u"], None),
            (["::1", "5432", "d", "u"], Some("six")),
            (["short", "line", "d", "u"], None),
        ] {
            assert_eq!(look_up(text, wanted).as_deref(), password, "{wanted:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            "localhost:5432:hund:app:socket\nb:5432:hund:app:second\n",
        )
        .unwrap();
        let conninfo = |host: &str| {
            let path = file.path().display();
            Conninfo::parse(&format!("host={host} passfile='{path}'")).unwrap()
        };
        let mode =
            |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        mode(0o600);
        let found = |host| conninfo(host).passfile_password("hund", "app");
        assert_eq!(found("/var/run/postgresql").as_deref(), Some("socket"));
        assert_eq!(found("a,b").as_deref(), Some("second"));
        assert_eq!(conninfo("b").passfile_password("hund", "other"), None);
        mode(0o640);
        assert_eq!(found("b"), None);
    }
}
