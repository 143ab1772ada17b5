//! Encryption of connections: this build has none, so a connection that must be encrypted is refused, not made in the
//! clear.

use crate::{Conninfo, ConninfoError};
use tokio_postgres::config::SslMode;

/// The driver's mode for the word `sslmode`.
pub(crate) fn mode(conninfo: &Conninfo) -> Result<SslMode, ConninfoError> {
    match conninfo.get("sslmode").unwrap_or("prefer") {
        "disable" | "allow" | "prefer" => Ok(SslMode::Disable),
        mode @ ("require" | "verify-ca" | "verify-full") => Err(ConninfoError::new(format!(
            "`sslmode={mode}` asks for TLS, which this build does not have"
        ))
        .with_help("connect over a Unix socket, or through a proxy that encrypts, with `sslmode=disable`")),
        other => Err(ConninfoError::new(format!("`sslmode={other}` is not known")).with_help(
            "`sslmode` is `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`",
        )),
    }
}
