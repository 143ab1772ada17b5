use std::fmt::Write;

/// The connection parameters of a client.
pub(crate) struct Address<'a> {
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: Option<String>,
}

impl Address<'_> {
    /// Returns the parameters as libpq's `key=value` words.
    pub(crate) fn conninfo(&self, host: &str) -> String {
        let mut text = format!(
            "host={} port={} dbname={} user={}",
            quoted(host),
            self.port,
            quoted(self.database),
            quoted(self.user)
        );
        if let Some(password) = &self.password {
            let _ = write!(text, " password={}", quoted(password));
        }
        text
    }

    /// Returns the parameters as a `postgresql://` URL.
    pub(crate) fn url(&self) -> String {
        let mut user = percent_encoded(self.user);
        if let Some(password) = &self.password {
            let _ = write!(user, ":{}", percent_encoded(password));
        }
        format!(
            "postgresql://{user}@127.0.0.1:{}/{}",
            self.port,
            percent_encoded(self.database)
        )
    }
}

/// Quotes a value of a conninfo string if it needs quotes.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Percent-encodes a part of a URL.
fn percent_encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_must_be() {
        for (database, password, conninfo, url) in [
            (
                "post",
                None,
                "host=h port=5 dbname=post user=me",
                "postgresql://me@127.0.0.1:5/post",
            ),
            (
                "my db",
                Some(r"it's \ @/"),
                r"host=h port=5 dbname='my db' user=me password='it\'s \\ @/'",
                "postgresql://me:it%27s%20%5C%20%40%2F@127.0.0.1:5/my%20db",
            ),
        ] {
            let address = Address {
                port: 5,
                database,
                user: "me",
                password: password.map(str::to_owned),
            };
            assert_eq!(address.conninfo("h"), conninfo);
            assert_eq!(address.url(), url);
        }
    }
}
