//! Encryption of connections. This build has none: a connection that must be encrypted is refused rather than opened in
//! clear text.

use crate::ConninfoError;
use tokio_postgres::config::SslMode;

/// The driver's mode for the word `sslmode`.
pub(super) fn mode(sslmode: Option<&str>) -> Result<SslMode, ConninfoError> {
    match sslmode.unwrap_or("prefer") {
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
