//! The way of a patch from its file to the set.

use crate::build::Build;
use crate::cache::{Cache, Row};
use crate::check::{self, Named};
use crate::checksum::checksum;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::examine::examine;
use crate::lockfile::{self, Lock, Unsealed};
use crate::output::Output;
use crate::rule::Rules;
use crate::scan::{self, Found};
use crate::verdict::{Context, Part, Verdict};
use crate::{name, revision, text};
use patchgen_model::{
    Checksum, Draft, DraftSet, Grammar, Patch, PatchId, PatchSet, Revision, encode,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

/// Runs a build; verdicts are kept in `out` from one build to the next.
pub(crate) fn run(build: &Build, out: Option<&Path>) -> Result<Output, Diagnostics> {
    let started = scan::nanoseconds(SystemTime::now());
    let base = build.folder()?;
    let mut findings = build.faults();
    thread::scope(|scope| {
        let roots: Vec<PathBuf> = build.globs.iter().map(|glob| scan::root(glob)).collect();
        let folder = base.clone();
        let head = scope.spawn(move || revision::read(&folder, &roots));

        let cache = out.map_or_else(Cache::default, |out| Cache::load(out, &build.rules));
        let found = scan::find(&base, &build.globs, &mut findings);
        too_large(&found)?;
        let lock_path = build.lock_path(&base);
        let lock = lock_path
            .as_ref()
            .and_then(|(path, file)| Lock::read(path, file, &mut findings));
        let mut patches = named(&found, build, &mut findings);
        check::check(&mut patches, &mut findings);
        let examined = examine_all(&patches, &cache, lock.as_ref(), &build.rules);

        let head = head.join().ok().flatten();
        let revision = head.as_ref().map(revision::Head::revision);
        let (encoded, rows) = encode_good(&patches, &examined, revision, started);
        if let Some(out) = out {
            cache.save(out, &build.rules, &encoded, &rows)?;
        }
        findings.extend(examined.into_iter().flat_map(|examined| examined.findings));
        if !has_errors(&findings)
            && let Some((_, lock_file)) = &lock_path
        {
            let unsealed = if build.is_locked() {
                Unsealed::Reject
            } else {
                Unsealed::Accept
            };
            let set = PatchSet::__embedded(&encoded.text, &encoded.index);
            lockfile::compare(
                lock.as_ref(),
                lock_file,
                set.iter(),
                unsealed,
                &mut findings,
            );
        }
        let warnings = Diagnostics::new(findings);
        if warnings.has_errors() {
            return Err(warnings);
        }
        Ok(Output { encoded, warnings })
    })
}

fn has_errors(findings: &[Diagnostic]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

/// Places in a set are 32 bits wide.
fn too_large(found: &[Found]) -> Result<(), Diagnostics> {
    const LIMIT: u64 = 1 << 32;
    let size: u64 = found
        .iter()
        .map(|found| found.stamp.len + found.file.len() as u64 + 1024)
        .sum();
    if size < LIMIT {
        return Ok(());
    }
    let largest = found.iter().max_by_key(|found| found.stamp.len);
    let file = largest.map_or("", |found| &found.file);
    Err(
        Diagnostic::error("too-large", "the patches are larger than 4 GiB together")
            .in_file(file)
            .help("load such data by other means than a patch; this is the largest file")
            .into(),
    )
}

fn named<'a>(
    found: &'a [Found],
    build: &'a Build,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Named<'a>> {
    let mut patches = Vec::with_capacity(found.len());
    for found in found {
        match name::parse(found.name()) {
            Ok(name) => patches.push(Named {
                found,
                id: PatchId::new(
                    name.database
                        .or(build.database.as_deref())
                        .unwrap_or_default(),
                    name.version,
                ),
                user: name.user.or(build.user.as_deref()).unwrap_or("postgres"),
                name,
            }),
            Err(error) => findings.push(error.diagnostic(&found.file)),
        }
    }
    patches
}

/// What has been found out about a file.
#[derive(Default)]
struct Examined<'a> {
    /// Nothing if it cannot be read.
    source: Option<Source<'a>>,
    is_sealed: bool,
    findings: Vec<Diagnostic>,
}

enum Source<'a> {
    /// As an earlier build left it.
    Kept(Patch<'a>),
    Read {
        text: String,
        checksum: Checksum,
        verdict: Verdict,
    },
}

/// Examines all files, on as many threads as there are processors.
fn examine_all<'a>(
    patches: &[Named<'a>],
    cache: &'a Cache,
    lock: Option<&Lock>,
    rules: &Rules,
) -> Vec<Examined<'a>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, patch)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            patches.get(at).map(|patch| (at, patch))
        } {
            done.push((at, examine_one(patch, cache, lock, rules)));
        }
        done
    };
    let mut all: Vec<Examined<'a>> = patches.iter().map(|_| Examined::default()).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(patches.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        for (at, examined) in done {
            all[at] = examined;
        }
    });
    all
}

fn examine_one<'a>(
    patch: &Named<'a>,
    cache: &'a Cache,
    lock: Option<&Lock>,
    rules: &Rules,
) -> Examined<'a> {
    let sealed = lock.and_then(|lock| lock.sealed(patch.id));
    let version = patch.id.version;
    let is_bootstrap = patch.name.grammar == Grammar::Dotted && version.major == 0;
    let is_baseline = is_bootstrap && version.minor == 0;
    let context = |checksum| Context {
        grammar: patch.name.grammar,
        named_kind: patch.name.kind,
        is_baseline,
        is_bootstrap,
        is_sealed: sealed == Some(checksum),
    };
    let file = &patch.found.file;
    let kept = |(kept, row): (Patch<'a>, &Row)| Examined {
        source: Some(Source::Kept(kept)),
        is_sealed: row.is_sealed,
        findings: row.findings_in(file),
    };
    if let Some(known) = cache.unchanged(patch.found, context) {
        return kept(known);
    }
    let decode = if is_baseline {
        text::dump
    } else {
        text::normalise
    };
    let text = match scan::read(patch.found, decode) {
        Ok(text) => text,
        Err(fault) => {
            return Examined {
                findings: fault.into_list(),
                ..Examined::default()
            };
        }
    };
    let checksum = checksum(text.as_bytes());
    let context = context(checksum);
    if let Some(known) = cache.same_text(checksum, context) {
        return kept(known);
    }
    let mut verdict = examine(file, &text, context, rules);
    Examined {
        findings: std::mem::take(&mut verdict.findings),
        is_sealed: context.is_sealed,
        source: Some(Source::Read {
            text,
            checksum,
            verdict,
        }),
    }
}

/// Lays out the patches without an error; if there is an error elsewhere, only to keep the verdicts about them.
fn encode_good(
    patches: &[Named<'_>],
    examined: &[Examined<'_>],
    revision: Option<Revision<'_>>,
    started: u64,
) -> (patchgen_model::Encoded, Vec<Row>) {
    let mut drafts = Vec::with_capacity(patches.len());
    let mut rows = Vec::with_capacity(patches.len());
    for (patch, examined) in patches.iter().zip(examined) {
        if let Some(source) = &examined.source
            && !has_errors(&examined.findings)
        {
            drafts.push(draft(patch, source));
            rows.push(Row::new(
                patch.found,
                started,
                examined.is_sealed,
                &examined.findings,
            ));
        }
    }
    let set = DraftSet {
        patches: &drafts,
        revision,
    };
    (encode(&set, checksum), rows)
}

fn draft<'a>(patch: &Named<'a>, source: &'a Source<'a>) -> Draft<'a> {
    let named = Draft {
        database: patch.id.database,
        version: patch.id.version,
        grammar: patch.name.grammar,
        file: &patch.found.file,
        user: patch.user,
        description: patch.name.description,
        ..Draft::default()
    };
    match source {
        Source::Kept(kept) => Draft {
            kind: kept.kind(),
            script: kept.script(),
            checksum: kept.checksum(),
            lock_timeout: kept.lock_timeout(),
            statement_timeout: kept.statement_timeout(),
            text: kept.text(),
            items: kept.items().collect(),
            ..named
        },
        Source::Read {
            text,
            checksum,
            verdict,
        } => Draft {
            kind: verdict.kind,
            script: verdict.script,
            checksum: *checksum,
            lock_timeout: verdict.lock_timeout,
            statement_timeout: verdict.statement_timeout,
            text,
            items: verdict.parts.iter().map(Part::item).collect(),
            ..named
        },
    }
}
