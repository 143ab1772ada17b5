use super::ConninfoError;

/// A word that libpq knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Word(&'static str);

/// libpq's words (of its versions 13 to 18) and the environment variables that stand for them.
const WORDS: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("client_encoding", Some("PGCLIENTENCODING")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("fallback_application_name", None),
    ("gssdelegation", Some("PGGSSDELEGATION")),
    ("gssencmode", Some("PGGSSENCMODE")),
    ("gsslib", Some("PGGSSLIB")),
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("keepalives", None),
    ("keepalives_count", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("krbsrvname", Some("PGKRBSRVNAME")),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    ("min_protocol_version", Some("PGMINPROTOCOLVERSION")),
    ("oauth_client_id", None),
    ("oauth_client_secret", None),
    ("oauth_issuer", None),
    ("oauth_scope", None),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("replication", None),
    ("require_auth", Some("PGREQUIREAUTH")),
    ("requirepeer", Some("PGREQUIREPEER")),
    ("scram_client_key", None),
    ("scram_server_key", None),
    ("service", Some("PGSERVICE")),
    ("servicefile", Some("PGSERVICEFILE")),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslcertmode", Some("PGSSLCERTMODE")),
    ("sslcompression", Some("PGSSLCOMPRESSION")),
    ("sslcrl", Some("PGSSLCRL")),
    ("sslcrldir", Some("PGSSLCRLDIR")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslkeylogfile", None),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslpassword", None),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslsni", Some("PGSSLSNI")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("tcp_user_timeout", None),
    ("user", Some("PGUSER")),
];

/// Names that other programs use for libpq's words, where the spelling alone does not lead to the right word.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("appname", "application_name"),
    ("database", "dbname"),
    ("db", "dbname"),
    ("hostname", "host"),
    ("keepalives_retries", "keepalives_count"),
    ("pass", "password"),
    ("pwd", "password"),
    ("server", "host"),
    ("ssl", "sslmode"),
    ("timeout", "connect_timeout"),
    ("username", "user"),
];

impl Word {
    pub(super) const DBNAME: Self = Self("dbname");
    pub(super) const HOST: Self = Self("host");
    pub(super) const PASSFILE: Self = Self("passfile");
    pub(super) const PASSWORD: Self = Self("password");
    pub(super) const PORT: Self = Self("port");
    pub(super) const SERVICE: Self = Self("service");
    pub(super) const SSLMODE: Self = Self("sslmode");
    pub(super) const USER: Self = Self("user");

    /// Every word that an environment variable stands for, with that variable.
    pub(super) fn with_variables() -> impl Iterator<Item = (Self, &'static str)> {
        WORDS
            .iter()
            .filter_map(|(name, variable)| Some((Self(name), (*variable)?)))
    }

    pub(super) fn find(name: &str) -> Option<Self> {
        let position = WORDS.binary_search_by_key(&name, |(known, _)| known).ok()?;
        Some(Self(WORDS[position].0))
    }

    /// Finds a word by its name; the error suggests the nearest one.
    pub(super) fn expect(name: &str) -> Result<Self, ConninfoError> {
        Self::find(name).ok_or_else(|| {
            let error = ConninfoError::new(format!("`{name}` is no connection word"));
            match nearest(name) {
                Some(known) => error.with_help(format!("did you mean `{known}`?")),
                None => error.with_help(
                    "the words are those of libpq: `host`, `port`, `user`, `dbname` and so on",
                ),
            }
        })
    }

    pub(super) const fn name(self) -> &'static str {
        self.0
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(
            self.0,
            "password"
                | "sslpassword"
                | "oauth_client_secret"
                | "scram_client_key"
                | "scram_server_key"
        )
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if let Some((_, known)) = OTHER_NAMES.iter().find(|(other, _)| *other == name) {
        return Some(known);
    }
    WORDS
        .iter()
        .map(|(known, _)| (distance(&name, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= 2 && *distance <= known.len() / 2)
        .map(|(_, known)| known)
}

/// Edit distance of two names: the least number of letters to add, remove or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(WORDS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            OTHER_NAMES
                .iter()
                .all(|(_, known)| Word::find(known).is_some())
        );
    }

    #[test]
    fn a_near_miss_is_named() {
        for (written, meant) in [
            ("pasword", Some("password")),
            ("ssl_mode", Some("sslmode")),
            ("database", Some("dbname")),
            ("HOST", Some("host")),
            ("keepalives_retries", Some("keepalives_count")),
            ("target_session_attr", Some("target_session_attrs")),
            ("schema", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written), meant, "{written}");
        }
    }
}
