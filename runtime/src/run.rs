//! The functions that programs call, and the thread that does their work.
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
/// With nothing to do it costs one query after connecting to the state database, without a lock or a write. What an
/// earlier run left unsettled is settled first. Works inside a tokio runtime too, where it blocks its thread.
///
/// # Errors
/// When a server cannot be reached, the ledger and the set contradict each other (nothing is changed then), a patch fails
/// (the ones before it stay applied), or it cannot be known whether a patch took effect ([`Error::is_in_doubt`]).
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// let report = patchgen_runtime::apply(&PATCHES, &patchgen_runtime::Config::new())?;
/// println!("{} patches in {:?}", report.applied().len(), report.elapsed());
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn apply(set: &PatchSet<'_>, config: &Config) -> Result<Report, Error> {
    on_thread(|| block_on(crate::apply::apply(set, config)))
}

/// Tells what [`apply`] would do; changes nothing and creates nothing.
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
    on_thread(|| block_on(crate::status::plan(set, config)))
}

/// Tells how every patch stands that the set or the ledger knows; changes nothing.
///
/// # Errors
/// When a server cannot be reached or the ledger cannot be read.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// println!("{}", patchgen_runtime::status(&PATCHES, &patchgen_runtime::Config::new())?);
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn status(set: &PatchSet<'_>, config: &Config) -> Result<Status, Error> {
    on_thread(|| block_on(crate::status::status(set, config)))
}

/// Compares the checksums of the set with those in the ledger; changes nothing.
///
/// # Errors
/// When a server cannot be reached or the ledger cannot be read. A difference is not an error but a part of the value.
///
/// ```no_run
/// # static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::PatchSet::EMPTY;
/// let verification = patchgen_runtime::verify(&PATCHES, &patchgen_runtime::Config::new())?;
/// assert!(verification.is_clean(), "{verification}");
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
pub fn verify(set: &PatchSet<'_>, config: &Config) -> Result<Verification, Error> {
    on_thread(|| block_on(crate::status::verify(set, config)))
}

/// Tries what [`apply`] would do and rolls it back: one transaction for each database, nothing is recorded.
///
/// What cannot be rolled back, a database that is missing or a concurrent patch, ends the trial of its database with a
/// warning.
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
    on_thread(|| block_on(crate::rehearse::rehearse(set, config)))
}

/// Settles a patch in doubt as somebody found out who looked.
///
/// # Errors
/// When the patch is not in doubt: it is applied or pending, or the server knows what became of it.
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
    on_thread(|| block_on(crate::resolve::resolve(set, config, identity, settlement)))
}

/// Records patches without running them, or tells which it would record: those that the caller says are there, or those
/// that another tool has recorded as applied. That tool's table is only read.
///
/// What another tool's ledger leaves in doubt is reported and not adopted.
///
/// # Errors
/// When another tool's entries cannot be matched with the patches, when a database is not there, or a server cannot be
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
    on_thread(|| block_on(crate::adopt::adopt(set, config, adoption)))
}

/// Writes what is pending as one psql script, which also records it; changes nothing.
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
    on_thread(|| block_on(crate::export::export(set, config)))
}

/// Runs on a thread of its own while the caller's task waits.
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
        let outcome = tracing::dispatcher::with_default(&dispatch, || span.in_scope(work));
        // The caller may have been dropped; the work is done all the same.
        let _ = sender.send(outcome);
    });
    receiver.await.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Config,
            "the thread that did the work panicked",
        ))
    })
}

/// [`apply`] for programs on tokio. Dropping the future does not stop the work.
///
/// # Errors
/// As [`apply`].
#[cfg(feature = "tokio")]
pub async fn apply_async(set: PatchSet<'static>, config: Config) -> Result<Report, Error> {
    off_thread(move || block_on(crate::apply::apply(&set, &config))).await
}

/// [`plan`] for programs on tokio.
///
/// # Errors
/// As [`plan`].
#[cfg(feature = "tokio")]
pub async fn plan_async(set: PatchSet<'static>, config: Config) -> Result<Plan<'static>, Error> {
    off_thread(move || block_on(crate::status::plan(&set, &config))).await
}

/// [`status`] for programs on tokio.
///
/// # Errors
/// As [`status`].
#[cfg(feature = "tokio")]
pub async fn status_async(set: PatchSet<'static>, config: Config) -> Result<Status, Error> {
    off_thread(move || block_on(crate::status::status(&set, &config))).await
}

/// [`verify`] for programs on tokio.
///
/// # Errors
/// As [`verify`].
#[cfg(feature = "tokio")]
pub async fn verify_async(set: PatchSet<'static>, config: Config) -> Result<Verification, Error> {
    off_thread(move || block_on(crate::status::verify(&set, &config))).await
}
