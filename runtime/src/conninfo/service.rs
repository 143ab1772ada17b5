//! Service files: connection words under a name.

use super::{Conninfo, ConninfoError, Word};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the system-wide file if `PGSYSCONFDIR` is not set: Debian's, Red Hat's, and that of PostgreSQL's own build.
const SYSTEM_FOLDERS: [&str; 3] = [
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/usr/local/pgsql/etc",
];

/// Fills in the words of the service, if one is named.
pub(super) fn fill(
    conninfo: &mut Conninfo,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConninfoError> {
    let Some(service) = conninfo
        .get("service")
        .map(str::to_owned)
        .or_else(|| env("PGSERVICE"))
    else {
        return Ok(());
    };
    for file in files(conninfo, env)? {
        let text = fs::read_to_string(&file).map_err(|error| {
            ConninfoError::new(format!("service file `{}`: {error}", file.display()))
        })?;
        let section = section(&text, &service)
            .map_err(|error| error.within(&format!("service file `{}`", file.display())))?;
        if let Some(words) = section {
            for (word, value) in words {
                conninfo.fill(word, value);
            }
            return Ok(());
        }
    }
    Err(ConninfoError::new(format!("no service file defines `{service}`"))
        .with_help("services stand in `~/.pg_service.conf`, the file that `PGSERVICEFILE` names, or `pg_service.conf` in the folder that `PGSYSCONFDIR` names"))
}

/// Returns the service files that exist, the user's before the system's. A user's file that is named must exist.
fn files(
    conninfo: &Conninfo,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<PathBuf>, ConninfoError> {
    let mut files = Vec::new();
    match conninfo
        .get("servicefile")
        .map(str::to_owned)
        .or_else(|| env("PGSERVICEFILE"))
    {
        Some(named) if Path::new(&named).exists() => files.push(named.into()),
        Some(named) => {
            return Err(
                ConninfoError::new(format!("there is no service file `{named}`"))
                    .with_help("check the variable `PGSERVICEFILE`"),
            );
        }
        None => files.extend(env("HOME").map(|home| Path::new(&home).join(".pg_service.conf"))),
    }
    match env("PGSYSCONFDIR") {
        Some(folder) => files.push(Path::new(&folder).join("pg_service.conf")),
        None => {
            files.extend(SYSTEM_FOLDERS.map(|folder| Path::new(folder).join("pg_service.conf")))
        }
    }
    files.retain(|file| file.exists());
    Ok(files)
}

/// Returns the words of the section `[service]`; `None` if the text has no such section.
fn section(text: &str, service: &str) -> Result<Option<Vec<(Word, String)>>, ConninfoError> {
    let mut found: Option<Vec<(Word, String)>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if heading.strip_suffix(']') == Some(service) {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(words) = &mut found else { continue };
        let place = format!("line {}", number + 1);
        let fault = |message: &str| Err(ConninfoError::new(message).within(&place));
        if line.starts_with("ldap://") || line.starts_with("ldaps://") {
            return fault("looking a service up in LDAP is not supported");
        }
        let Some((name, value)) = line.split_once('=') else {
            return fault("there is no `=`");
        };
        let word = Word::expect(name).map_err(|error| error.within(&place))?;
        if word == Word::SERVICE {
            return fault("a service cannot name another service");
        }
        words.push((word, value.to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# services\n\n[other]\nhost=other\nnonsense\n\n[hund]\n  host=a,b  \nport=1,2\npassword=a = b\n#user=x\n[last]\nhost=c\n";

    #[test]
    fn a_section_ends_at_the_next() {
        let words: Vec<_> = section(TEXT, "hund")
            .unwrap()
            .unwrap()
            .into_iter()
            .map(|(word, value)| format!("{}:{value}", word.name()))
            .collect();
        assert_eq!(words, ["host:a,b", "port:1,2", "password:a = b"]);
        assert!(section(TEXT, "hun").unwrap().is_none());
    }

    #[test]
    fn faults_name_the_line() {
        for (text, message) in [
            (TEXT, "line 5: there is no `=`"),
            ("[other]\nhots=a", "line 2: `hots` is no connection word"),
            (
                "[other]\nservice=a",
                "line 2: a service cannot name another service",
            ),
            (
                "[other]\nldap://dir/cn=a",
                "line 2: looking a service up in LDAP is not supported",
            ),
        ] {
            assert_eq!(section(text, "other").unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_users_file_is_read_before_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path(".pg_service.conf"), "[mine]\nhost=mine\n").unwrap();
        fs::write(
            path("pg_service.conf"),
            "[mine]\nhost=system\n[system]\nhost=system\n",
        )
        .unwrap();
        let home = folder.path().to_str().unwrap();
        let host = |service: &str, with: &[(&str, &str)]| {
            let env = |name: &str| {
                let known = [&[("HOME", home), ("PGSYSCONFDIR", home)], with].concat();
                let (_, value) = known.iter().rfind(|(known, _)| *known == name)?;
                Some((*value).to_owned())
            };
            let mut conninfo = Conninfo::parse(&format!("service={service}")).unwrap();
            fill(&mut conninfo, &env).map(|()| conninfo.get("host").unwrap().to_owned())
        };
        assert_eq!(host("mine", &[]).unwrap(), "mine");
        assert_eq!(host("system", &[]).unwrap(), "system");
        assert_eq!(
            host("absent", &[]).unwrap_err().to_string(),
            "no service file defines `absent`"
        );
        let error = host("mine", &[("PGSERVICEFILE", "/no/such/file")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no service file `/no/such/file`"
        );
    }
}
