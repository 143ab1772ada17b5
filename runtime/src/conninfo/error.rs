use std::fmt;

/// Error for connection words that are malformed, or that require something which is not supported.
///
/// Neither the message nor the help ever holds a password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConninfoError {
    message: String,
    help: Option<String>,
}

impl ConninfoError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// Puts the place of the faulty text before the message.
    pub(crate) fn within(self, place: &str) -> Self {
        Self {
            message: format!("{place}: {}", self.message),
            ..self
        }
    }

    /// The remedy, if one can be named.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for ConninfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConninfoError {}
