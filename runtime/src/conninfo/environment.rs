//! Words from `DATABASE_URL`, the service file and the `PG…` variables, which complete those that are given.

use super::{Conninfo, ConninfoError, Word, service};

pub(super) fn resolve(
    explicit: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Conninfo, ConninfoError> {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let mut conninfo = match explicit {
        Some(text) => Conninfo::parse(text)?,
        None => match env("DATABASE_URL") {
            Some(url) => Conninfo::parse(&url).map_err(|error| error.within("`DATABASE_URL`"))?,
            None => Conninfo::default(),
        },
    };
    service::fill(&mut conninfo, &env)?;
    for (word, variable) in Word::with_variables() {
        if let Some(value) = env(variable) {
            conninfo.fill(word, value);
        }
    }
    if env("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
        conninfo.fill(Word::SSLMODE, "require");
    }
    if let Some(home) = env("HOME") {
        conninfo.fill(Word::PASSFILE, format!("{home}/.pgpass"));
    }
    Ok(conninfo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn resolve(
        explicit: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Result<Conninfo, ConninfoError> {
        super::resolve(explicit, &|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn explicit_words_win_over_the_service_and_that_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        fs::write(&file, "[hund]\nhost=service\nport=1\nuser=service\n").unwrap();
        let variables = [
            ("PGSERVICEFILE", file.to_str().unwrap()),
            ("PGSERVICE", "hund"),
            ("PGHOST", "environment"),
            ("PGUSER", "environment"),
            ("PGDATABASE", "environment"),
            ("DATABASE_URL", "postgres://url/url"),
        ];
        let place = |conninfo: &Conninfo| {
            let word = |word| conninfo.get(word).unwrap().to_owned();
            ["host", "port", "user", "dbname"].map(word).join(" ")
        };
        let explicit = resolve(Some("user=explicit"), &variables).unwrap();
        assert_eq!(place(&explicit), "service 1 explicit environment");
        let url = resolve(None, &variables).unwrap();
        assert_eq!(place(&url), "url 1 service url");
    }

    #[test]
    fn an_empty_variable_is_none_and_an_empty_word_hides_a_variable() {
        let variables = [
            ("PGHOST", "environment"),
            ("PGPORT", ""),
            ("DATABASE_URL", ""),
        ];
        let conninfo = resolve(None, &variables).unwrap();
        assert_eq!(
            (conninfo.get("host"), conninfo.get("port")),
            (Some("environment"), None)
        );
        let conninfo = resolve(Some("host=''"), &variables).unwrap();
        assert_eq!(conninfo.get("host"), None);
    }

    #[test]
    fn a_faulty_database_url_is_named_as_the_place() {
        let error = resolve(None, &[("DATABASE_URL", "postgres://h?hots=a")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`DATABASE_URL`: connection URL: `hots` is no connection word"
        );
        assert_eq!(error.help(), Some("did you mean `host`?"));
    }

    #[test]
    fn the_usual_password_file_and_the_old_word_for_tls_come_last() {
        let conninfo = resolve(None, &[("HOME", "/home/hund"), ("PGREQUIRESSL", "1")]).unwrap();
        assert_eq!(conninfo.get("passfile"), Some("/home/hund/.pgpass"));
        assert_eq!(conninfo.get("sslmode"), Some("require"));
    }
}
