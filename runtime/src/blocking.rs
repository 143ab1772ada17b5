//! The functions that programs call, and the thread that runs them.
//!
//! The driver needs a tokio runtime. Each call brings one of its own on a thread of its own, so it works the same in a
//! program without tokio and inside of one, where starting a runtime on the caller's thread would panic.

use crate::{
    Adopted, Adoption, Config, Error, ErrorKind, Export, Identity, Plan, Rehearsal, Report,
    Resolved, Settlement, Status, Verification,
};
use patchgen_model::PatchSet;
use std::future::Future;

fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Error::new(
            ErrorKind::Config,
            "the operating system refuses the resources for network connections",
        )
        .with_help("see the cause")
        .with_source(error)
    })?;
    runtime.block_on(future)
}

/// Runs on a thread of its own, under the caller's tracing subscriber and span.
fn on_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let (dispatch, span) = (
        tracing::dispatcher::get_default(Clone::clone),
        tracing::Span::current(),
    );
    let traced = move || tracing::dispatcher::with_default(&dispatch, || span.in_scope(work));
    std::thread::scope(|scope| match scope.spawn(traced).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Brings the databases up to date: applies what is pending, in order, and records it.
///
/// With nothing to do it costs one query after connecting to the state database, without a lock or a write. Patches that an
/// earlier run left unfinished come first. It works inside a tokio runtime too, where it blocks its thread.
///
/// # Errors
/// If a server cannot be reached, the ledger and the set contradict each other (nothing is changed then), a patch fails
/// (the ones before it stay applied), or the outcome of a patch cannot be known ([`Error::is_in_doubt`]).
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// let report = patchgen_runtime::apply(&PATCHES, &patchgen_runtime::Config::new())?;
/// println!("{} patches in {:?}", report.applied().len(), report.elapsed());
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn apply(set: &PatchSet<'_>, config: &Config) -> Result<Report, Error> {
    on_thread(|| block_on(crate::command::apply::apply(set, config)))
}

/// Returns the steps that [`apply`] would take; changes nothing and creates nothing.
///
/// # Errors
/// As [`apply`], as far as they can be foreseen.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// let plan = patchgen_runtime::plan(&PATCHES, &patchgen_runtime::Config::new())?;
/// for step in plan.steps() {
///     println!("{} as {}", step.patch().file(), step.patch().user());
/// }
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn plan<'a>(set: &PatchSet<'a>, config: &Config) -> Result<Plan<'a>, Error> {
    on_thread(|| block_on(crate::command::plan::plan(set, config)))
}

/// Returns the state of every patch that the set or the ledger knows; changes nothing.
///
/// # Errors
/// If a server cannot be reached or the ledger cannot be read.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// println!("{}", patchgen_runtime::status(&PATCHES, &patchgen_runtime::Config::new())?);
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn status(set: &PatchSet<'_>, config: &Config) -> Result<Status, Error> {
    on_thread(|| block_on(crate::command::status::status(set, config)))
}

/// Compares the checksums of the set with those in the ledger; changes nothing.
///
/// # Errors
/// If a server cannot be reached or the ledger cannot be read. A difference is not an error but a part of the value.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// let verification = patchgen_runtime::verify(&PATCHES, &patchgen_runtime::Config::new())?;
/// assert!(verification.is_clean(), "{verification}");
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn verify(set: &PatchSet<'_>, config: &Config) -> Result<Verification, Error> {
    on_thread(|| block_on(crate::command::verify::verify(set, config)))
}

/// Runs what [`apply`] would run and rolls it back: one transaction for each database, nothing is recorded.
///
/// A database that is missing or unfinished, and a concurrent patch, cannot be tried: they end the trial of their database
/// with a warning.
///
/// # Errors
/// As [`apply`]; the first patch that fails ends the trial.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// println!("{}", patchgen_runtime::rehearse(&PATCHES, &patchgen_runtime::Config::new())?);
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn rehearse(set: &PatchSet<'_>, config: &Config) -> Result<Rehearsal, Error> {
    on_thread(|| block_on(crate::command::rehearse::rehearse(set, config)))
}

/// Decides about a patch in doubt, on the word of a person who has looked at the database.
///
/// # Errors
/// If the patch is not in doubt: it is applied or pending, or the server knows what became of it.
///
/// ```no_run
/// use patchgen_runtime::Settlement;
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// # let config = patchgen_runtime::Config::new();
///
/// patchgen_runtime::resolve(&PATCHES, &config, &"app.20240131.0001".parse()?, Settlement::Retry)?;
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn resolve(
    set: &PatchSet<'_>,
    config: &Config,
    identity: &Identity,
    settlement: Settlement,
) -> Result<Resolved, Error> {
    on_thread(|| {
        block_on(crate::command::resolve::resolve(
            set, config, identity, settlement,
        ))
    })
}

/// Records patches without running them, or shows those that it would record: patches that the caller knows to be applied,
/// or those that another tool has recorded as applied. That tool's table is only read.
///
/// Doubtful entries of another tool's ledger are reported and not adopted.
///
/// # Errors
/// If another tool's entries cannot be matched with the patches, when a database is not there, or a server cannot be
/// reached. Nothing is recorded then.
///
/// ```no_run
/// use patchgen_runtime::{Adoption, Recording, Tool};
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// # let config = patchgen_runtime::Config::new();
///
/// let adoption = Adoption::new().from(Tool::Sqlx);
/// println!("{}", patchgen_runtime::adopt(&PATCHES, &config, &adoption)?);
/// patchgen_runtime::adopt(&PATCHES, &config, &adoption.recording(Recording::Record))?;
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn adopt(set: &PatchSet<'_>, config: &Config, adoption: &Adoption) -> Result<Adopted, Error> {
    on_thread(|| block_on(crate::command::adopt::adopt(set, config, adoption)))
}

/// Writes the pending patches as one psql script, which also records them; changes nothing.
///
/// # Errors
/// As [`plan`]; and when a concurrent patch was begun before, which only [`apply`] can take up again.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// # let config = patchgen_runtime::Config::new();
/// println!("{}", patchgen_runtime::export(&PATCHES, &config)?);
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn export(set: &PatchSet<'_>, config: &Config) -> Result<Export, Error> {
    on_thread(|| block_on(crate::command::export::export(set, config)))
}

/// Runs on a thread of its own while the caller's task waits; a panic there is the caller's.
#[cfg(feature = "tokio")]
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (dispatch, span) = (
        tracing::dispatcher::get_default(Clone::clone),
        tracing::Span::current(),
    );
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let traced = || tracing::dispatcher::with_default(&dispatch, || span.in_scope(work));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(traced));
        // The caller may have been dropped; the work is done all the same.
        let _ = sender.send(outcome);
    });
    match receiver.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => Err(Error::new(
            ErrorKind::Config,
            "the thread that does the work ended early",
        )),
    }
}

/// [`apply`] for programs on tokio. Dropping the future does not stop the work.
///
/// # Errors
/// As [`apply`].
#[cfg(feature = "tokio")]
pub async fn apply_async(set: PatchSet<'static>, config: Config) -> Result<Report, Error> {
    off_thread(move || block_on(crate::command::apply::apply(&set, &config))).await
}

/// [`plan`] for programs on tokio.
///
/// # Errors
/// As [`plan`].
#[cfg(feature = "tokio")]
pub async fn plan_async(set: PatchSet<'static>, config: Config) -> Result<Plan<'static>, Error> {
    off_thread(move || block_on(crate::command::plan::plan(&set, &config))).await
}

/// [`status`] for programs on tokio.
///
/// # Errors
/// As [`status`].
#[cfg(feature = "tokio")]
pub async fn status_async(set: PatchSet<'static>, config: Config) -> Result<Status, Error> {
    off_thread(move || block_on(crate::command::status::status(&set, &config))).await
}

/// [`verify`] for programs on tokio.
///
/// # Errors
/// As [`verify`].
#[cfg(feature = "tokio")]
pub async fn verify_async(set: PatchSet<'static>, config: Config) -> Result<Verification, Error> {
    off_thread(move || block_on(crate::command::verify::verify(&set, &config))).await
}
