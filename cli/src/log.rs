use tracing::level_filters::LevelFilter;

/// Writes the log of the libraries, up to a level, to standard error.
pub(crate) fn begin(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        // The writer removes colours if they are not wanted.
        .with_ansi(true)
        .with_writer(anstream::stderr)
        .compact();
    // A second call in one process, as in tests, keeps the first subscriber.
    let _ = subscriber.try_init();
}
