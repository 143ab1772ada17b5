//! The driver's settings for the words of a connection.

use super::tls;
use crate::{Conninfo, ConninfoError};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, TargetSessionAttrs};

impl Conninfo {
    /// The driver's settings for a connection to `database` as `user`.
    ///
    /// If several servers are given and no `target_session_attrs`, the driver looks for the one that accepts writes.
    ///
    /// # Errors
    /// If a word has a value that it cannot have, or asks for a feature that this build lacks.
    pub fn driver_config(
        &self,
        database: &str,
        user: &str,
        password: Option<&str>,
        application_name: &str,
    ) -> Result<Config, ConninfoError> {
        self.refuse_unmet_demands()?;
        let mut config = Config::new();
        config
            .dbname(database)
            .user(user)
            .application_name(application_name)
            .ssl_mode(tls::mode(self.get("sslmode"))?);
        if let Some(password) = password {
            config.password(password);
        }
        if let Some(options) = self.get("options") {
            config.options(options);
        }
        let several = self.add_endpoints(&mut config)?;
        config.target_session_attrs(self.target_session_attrs(several)?);
        self.add_timeouts(&mut config)?;
        if let Some(binding) = self.choice(
            "channel_binding",
            &[
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ],
        )? {
            config.channel_binding(binding);
        }
        if let Some(balance) = self.choice(
            "load_balance_hosts",
            &[
                ("disable", LoadBalanceHosts::Disable),
                ("random", LoadBalanceHosts::Random),
            ],
        )? {
            config.load_balance_hosts(balance);
        }
        Ok(config)
    }

    /// Refuses words that ask for a protection which would be missing; most other unsupported words are harmless.
    fn refuse_unmet_demands(&self) -> Result<(), ConninfoError> {
        let demand = ["require_auth", "requirepeer"]
            .into_iter()
            .find(|word| self.get(word).is_some())
            .or_else(|| (self.get("gssencmode") == Some("require")).then_some("gssencmode"));
        match demand {
            None => Ok(()),
            Some(word) => Err(ConninfoError::new(format!(
                "`{word}` asks for a protection that is not supported"
            ))
            .with_help("leave it out if the connection is to be made without it")),
        }
    }

    /// Adds the servers; returns `true` if they are several.
    fn add_endpoints(&self, config: &mut Config) -> Result<bool, ConninfoError> {
        let endpoints = self.endpoints()?;
        let by_address = endpoints.iter().any(|endpoint| endpoint.address.is_some());
        let by_name = endpoints.iter().any(|endpoint| endpoint.host.is_some());
        for endpoint in &endpoints {
            config.port(endpoint.port);
            // The driver wants whole lists: an address for every host or none.
            if by_address {
                let host = endpoint.host.as_deref().unwrap_or_default();
                let address = endpoint
                    .address
                    .or_else(|| host.parse().ok())
                    .ok_or_else(|| {
                        ConninfoError::new(format!(
                            "`hostaddr` has no address for the host `{host}`"
                        ))
                        .with_help("give an address for every host, or for none")
                    })?;
                config.hostaddr(address);
                if by_name {
                    config.host(endpoint.host.clone().unwrap_or_else(|| address.to_string()));
                }
            } else if let Some(host) = &endpoint.host {
                config.host(host);
            }
        }
        Ok(endpoints.len() > 1)
    }

    fn target_session_attrs(&self, several: bool) -> Result<TargetSessionAttrs, ConninfoError> {
        let given = self.choice(
            "target_session_attrs",
            &[
                ("any", TargetSessionAttrs::Any),
                ("read-write", TargetSessionAttrs::ReadWrite),
                ("read-only", TargetSessionAttrs::ReadOnly),
                ("primary", TargetSessionAttrs::ReadWrite),
                ("standby", TargetSessionAttrs::ReadOnly),
                ("prefer-standby", TargetSessionAttrs::Any),
            ],
        )?;
        Ok(given.unwrap_or(if several {
            TargetSessionAttrs::ReadWrite
        } else {
            TargetSessionAttrs::Any
        }))
    }

    fn add_timeouts(&self, config: &mut Config) -> Result<(), ConninfoError> {
        let seconds = |word| Ok(self.positive(word)?.map(|n| Duration::from_secs(n.into())));
        if let Some(timeout) = seconds("connect_timeout")? {
            config.connect_timeout(timeout);
        }
        if let Some(milliseconds) = self.positive("tcp_user_timeout")? {
            config.tcp_user_timeout(Duration::from_millis(milliseconds.into()));
        }
        if self.number("keepalives")? == Some(0) {
            config.keepalives(false);
        }
        if let Some(idle) = seconds("keepalives_idle")? {
            config.keepalives_idle(idle);
        }
        if let Some(interval) = seconds("keepalives_interval")? {
            config.keepalives_interval(interval);
        }
        if let Some(count) = self.positive("keepalives_count")? {
            config.keepalives_retries(count);
        }
        Ok(())
    }

    /// A number above zero; zero and less stand for the system's own value or for none.
    fn positive(&self, word: &str) -> Result<Option<u32>, ConninfoError> {
        let number = self.number(word)?;
        Ok(number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number > 0))
    }

    fn number(&self, word: &str) -> Result<Option<i32>, ConninfoError> {
        let Some(text) = self.get(word) else {
            return Ok(None);
        };
        text.trim().parse().map(Some).map_err(|_| {
            ConninfoError::new(format!("`{word}={text}` is no whole number"))
                .with_help("give a number without a unit")
        })
    }

    fn choice<T: Copy>(
        &self,
        word: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ConninfoError> {
        let Some(text) = self.get(word) else {
            return Ok(None);
        };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let names: Vec<_> = choices
                    .iter()
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                Err(ConninfoError::new(format!("`{word}={text}` is not known"))
                    .with_help(format!("`{word}` is one of {}", names.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::{Host, SslMode};

    fn config(text: &str) -> Result<Config, ConninfoError> {
        Conninfo::parse(text)?.driver_config("hund", "app", Some("secret"), "demo")
    }

    #[test]
    fn words_become_settings() {
        let config = config(
            "host=a,/run/pg port=1,2 sslmode=allow connect_timeout=7 keepalives_idle=30 keepalives_interval=5 \
             keepalives_count=3 tcp_user_timeout=1500 options='-c geqo=off' load_balance_hosts=random \
             channel_binding=disable krbsrvname=x client_encoding=LATIN1 user=other dbname=other",
        )
        .unwrap();
        assert_eq!(
            (config.get_dbname(), config.get_user()),
            (Some("hund"), Some("app"))
        );
        assert_eq!(config.get_password(), Some(&b"secret"[..]));
        assert_eq!(config.get_application_name(), Some("demo"));
        assert_eq!(
            config.get_hosts(),
            [Host::Tcp("a".into()), Host::Unix("/run/pg".into())]
        );
        assert_eq!(config.get_ports(), [1, 2]);
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(30));
        assert_eq!(
            config.get_keepalives_interval(),
            Some(Duration::from_secs(5))
        );
        assert_eq!(config.get_keepalives_retries(), Some(3));
        assert_eq!(
            config.get_tcp_user_timeout(),
            Some(&Duration::from_millis(1500))
        );
        assert_eq!(config.get_options(), Some("-c geqo=off"));
        assert_eq!(config.get_load_balance_hosts(), LoadBalanceHosts::Random);
        assert_eq!(config.get_channel_binding(), ChannelBinding::Disable);
        assert_eq!(
            config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
    }

    #[test]
    fn addresses_are_given_for_every_server_or_none() {
        let hosts = |text: &str| {
            let config = config(text).unwrap();
            (config.get_hosts().len(), config.get_hostaddrs().len())
        };
        assert_eq!(hosts("hostaddr=10.0.0.1,10.0.0.2"), (0, 2));
        assert_eq!(hosts("host=db hostaddr=10.0.0.1"), (1, 1));
        assert_eq!(hosts("host=a,10.0.0.2 hostaddr=10.0.0.1,"), (2, 2));
        assert_eq!(hosts("host=a"), (1, 0));
    }

    #[test]
    fn the_servers_that_may_be_used() {
        for (text, expected) in [
            ("host=a", TargetSessionAttrs::Any),
            ("host=a,b", TargetSessionAttrs::ReadWrite),
            ("host=a,b target_session_attrs=any", TargetSessionAttrs::Any),
            (
                "host=a target_session_attrs=primary",
                TargetSessionAttrs::ReadWrite,
            ),
            (
                "host=a target_session_attrs=standby",
                TargetSessionAttrs::ReadOnly,
            ),
            (
                "host=a,b target_session_attrs=prefer-standby",
                TargetSessionAttrs::Any,
            ),
        ] {
            assert_eq!(
                config(text).unwrap().get_target_session_attrs(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (text, message) in [
            (
                "host=a connect_timeout=5s",
                "`connect_timeout=5s` is no whole number",
            ),
            (
                "host=a target_session_attrs=rw",
                "`target_session_attrs=rw` is not known",
            ),
            ("host=a sslmode=on", "`sslmode=on` is not known"),
            (
                "host=a sslmode=verify-full",
                "`sslmode=verify-full` asks for TLS, which this build does not have",
            ),
            (
                "host=a require_auth=scram-sha-256",
                "`require_auth` asks for a protection that is not supported",
            ),
            (
                "host=a gssencmode=require",
                "`gssencmode` asks for a protection that is not supported",
            ),
            (
                "host=a,b hostaddr=10.0.0.1,",
                "`hostaddr` has no address for the host `b`",
            ),
        ] {
            let error = config(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert!(error.help().is_some());
        }
    }
}
