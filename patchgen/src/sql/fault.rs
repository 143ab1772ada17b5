/// Error or warning at a place in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Offset of the byte that the fault is at.
    pub offset: usize,
    /// Stable name of the rule.
    pub code: &'static str,
    /// Message, in lower case and without a full stop.
    pub message: String,
    /// Remedy.
    pub help: Option<String>,
}
