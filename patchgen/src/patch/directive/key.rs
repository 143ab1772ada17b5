/// Keys of all directives.
pub(super) const KEYS: [&str; 6] = [
    "kind",
    "lock_timeout",
    "statement_timeout",
    "allow",
    "syntax",
    "script",
];
