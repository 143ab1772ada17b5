use tracing::level_filters::LevelFilter;

/// Writes what the libraries tell, up to a level, to standard error.
pub(crate) fn begin(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        // The writer takes colours out where they are not wanted.
        .with_ansi(true)
        .with_writer(anstream::stderr)
        .compact();
    // A second call in one process, in a test, keeps the first subscriber.
    let _ = subscriber.try_init();
}
