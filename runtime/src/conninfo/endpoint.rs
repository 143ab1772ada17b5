//! The lists `host`, `hostaddr` and `port`, read together.

use super::{Conninfo, ConninfoError};
use std::net::IpAddr;
use std::path::Path;

/// One server of the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint {
    /// A name, an address or, beginning with `/`, the folder of a Unix socket.
    pub(crate) host: Option<String>,
    /// Address to connect to; the host is then not looked up.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

/// Default folders of a server's socket: that of Debian and Red Hat, and PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

impl Endpoint {
    /// The host as a password file writes it: `localhost` for a default socket folder, as in libpq.
    pub(super) fn name_in_passfile(&self) -> String {
        match (&self.host, self.address) {
            (Some(host), _)
                if SOCKET_FOLDERS.contains(&host.as_str()) || host == "/run/postgresql" =>
            {
                "localhost".to_owned()
            }
            (Some(host), _) => host.clone(),
            (None, Some(address)) => address.to_string(),
            (None, None) => "localhost".to_owned(),
        }
    }
}

impl Conninfo {
    /// The servers that the words name, in order; at least one.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint>, ConninfoError> {
        let list = |word| {
            self.get(word)
                .map(|text| text.split(',').collect::<Vec<_>>())
        };
        let hosts = list("host");
        let addresses = list("hostaddr");
        let ports = list("port").unwrap_or_else(|| vec![""]);
        let count = match (&hosts, &addresses) {
            (Some(hosts), Some(addresses)) if hosts.len() != addresses.len() => {
                return Err(ConninfoError::new(format!(
                    "`host` lists {} servers and `hostaddr` {}",
                    hosts.len(),
                    addresses.len()
                ))
                .with_help("give as many addresses as hosts, in the same order"));
            }
            (Some(list), _) | (None, Some(list)) => list.len(),
            (None, None) => 1,
        };
        if ports.len() != 1 && ports.len() != count {
            return Err(ConninfoError::new(format!(
                "`port` lists {} ports for {count} servers",
                ports.len()
            ))
            .with_help("give one port for all, or one for each"));
        }
        (0..count)
            .map(|position| {
                let item = |list: &Option<Vec<&str>>| {
                    let item = list.as_ref()?[position].trim();
                    (!item.is_empty()).then(|| item.to_owned())
                };
                let port = port(ports[if ports.len() == 1 { 0 } else { position }].trim())?;
                let address = item(&addresses).map(|text| address(&text)).transpose()?;
                let host = match item(&hosts) {
                    None if address.is_none() => Some(default_host(port)),
                    host => host,
                };
                if host.as_ref().is_some_and(|host| host.starts_with('@')) {
                    return Err(
                        ConninfoError::new("abstract Unix sockets are not supported")
                            .with_help("give the folder of the server's socket as `host`"),
                    );
                }
                Ok(Endpoint {
                    host,
                    address,
                    port,
                })
            })
            .collect()
    }

    /// Host and port, for messages: `db.example.org:5432` or `/var/run/postgresql:5432`. Several servers are joined by commas.
    #[must_use]
    pub fn place(&self) -> String {
        let Ok(endpoints) = self.endpoints() else {
            return self.get("host").unwrap_or_default().to_owned();
        };
        let place = |endpoint: &Endpoint| {
            let host = match (&endpoint.host, endpoint.address) {
                (Some(host), _) => host.clone(),
                (None, Some(address)) => address.to_string(),
                (None, None) => String::new(),
            };
            if host.contains(':') {
                format!("[{host}]:{}", endpoint.port)
            } else {
                format!("{host}:{}", endpoint.port)
            }
        };
        endpoints.iter().map(place).collect::<Vec<_>>().join(",")
    }
}

fn port(text: &str) -> Result<u16, ConninfoError> {
    if text.is_empty() {
        return Ok(5432);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        ConninfoError::new(format!("`{text}` is no port"))
            .with_help("a port is a number from 1 to 65535")
    })
}

fn address(text: &str) -> Result<IpAddr, ConninfoError> {
    text.parse().map_err(|_| {
        ConninfoError::new(format!("`{text}` in `hostaddr` is no network address"))
            .with_help("give names as `host`")
    })
}

/// Returns the first default folder that has the server's socket, else the first that exists, else `localhost`. libpq has
/// one folder compiled in.
fn default_host(port: u16) -> String {
    let socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    SOCKET_FOLDERS
        .iter()
        .find(|folder| socket(folder))
        .or_else(|| {
            SOCKET_FOLDERS
                .iter()
                .find(|folder| Path::new(folder).is_dir())
        })
        .map_or_else(|| "localhost".to_owned(), |folder| (*folder).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_together() {
        for (text, place) in [
            ("host=a", "a:5432"),
            ("host=a port=''", "a:5432"),
            ("host=a,b port=1", "a:1,b:1"),
            ("host=a,b port=1,", "a:1,b:5432"),
            ("hostaddr=::1 port=7", "[::1]:7"),
            ("host=a hostaddr=10.0.0.1", "a:5432"),
            ("host=/run/postgresql", "/run/postgresql:5432"),
        ] {
            assert_eq!(Conninfo::parse(text).unwrap().place(), place, "{text}");
        }
        let place = Conninfo::default().place();
        assert!(place.ends_with(":5432") && place.len() > 5, "{place}");
    }

    #[test]
    fn lists_that_do_not_fit_are_faults() {
        for (text, message) in [
            (
                "host=a,b hostaddr=::1",
                "`host` lists 2 servers and `hostaddr` 1",
            ),
            ("host=a port=1,2", "`port` lists 2 ports for 1 servers"),
            ("host=a port=0", "`0` is no port"),
            ("host=a port=70000", "`70000` is no port"),
            ("hostaddr=db", "`db` in `hostaddr` is no network address"),
            ("host=@pg", "abstract Unix sockets are not supported"),
        ] {
            let error = Conninfo::parse(text).unwrap().endpoints().unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
        }
    }
}
