//! Patch files after their analysis.

use crate::diagnostic::Diagnostic;
use crate::patch::{self, Analysis, Attributes, OwnedItem};
use crate::rule::Rules;
use crate::set::cache::{Cache, Row};
use crate::set::checksum;
use crate::set::lockfile::Lock;
use crate::set::named_file::NamedFile;
use crate::source::{dump, scan, text};
use patchgen_model::{Checksum, Draft, Grammar, Patch};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Patch file after its analysis.
#[derive(Default)]
pub(super) struct Analysed<'a> {
    /// Content of the file, or `None` if it cannot be read.
    pub(super) content: Option<Content<'a>>,
    pub(super) is_sealed: bool,
    pub(super) findings: Vec<Diagnostic>,
}

/// Content of a patch file.
pub(super) enum Content<'a> {
    /// Patch from the cache.
    Cached(Patch<'a>),
    /// Text that this build has read and analysed.
    Read {
        text: String,
        checksum: Checksum,
        analysis: Analysis,
    },
}

impl Content<'_> {
    /// Returns the patch to encode.
    pub(super) fn draft<'a>(&'a self, named: &NamedFile<'a>) -> Draft<'a> {
        let common = Draft {
            database: named.id.database,
            version: named.id.version,
            grammar: named.grammar,
            file: named.file,
            user: named.user,
            description: named.description,
            ..Draft::default()
        };
        match self {
            Self::Cached(patch) => Draft {
                kind: patch.kind(),
                script: patch.script(),
                checksum: patch.checksum(),
                lock_timeout: patch.lock_timeout(),
                statement_timeout: patch.statement_timeout(),
                text: patch.text(),
                items: patch.items().collect(),
                ..common
            },
            Self::Read {
                text,
                checksum,
                analysis,
            } => Draft {
                kind: analysis.kind,
                script: analysis.script,
                checksum: *checksum,
                lock_timeout: analysis.lock_timeout,
                statement_timeout: analysis.statement_timeout,
                text,
                items: analysis.items.iter().map(OwnedItem::item).collect(),
                ..common
            },
        }
    }
}

/// Analyses all files, on as many threads as there are processors.
pub(super) fn analyse_all<'a>(
    patches: &[NamedFile<'a>],
    cache: &'a Cache,
    lock: Option<&Lock>,
    rules: &Rules,
) -> Vec<Analysed<'a>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, patch)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            patches.get(at).map(|patch| (at, patch))
        } {
            done.push((at, analyse_one(patch, cache, lock, rules)));
        }
        done
    };
    let mut all: Vec<Analysed<'a>> = patches.iter().map(|_| Analysed::default()).collect();
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
        for (at, analysed) in done {
            all[at] = analysed;
        }
    });
    all
}

/// Analyses a file, unless the cache has the result.
fn analyse_one<'a>(
    named: &NamedFile<'a>,
    cache: &'a Cache,
    lock: Option<&Lock>,
    rules: &Rules,
) -> Analysed<'a> {
    let sealed = lock.and_then(|lock| lock.sealed(named.id));
    let version = named.id.version;
    let is_bootstrap = named.grammar == Grammar::Dotted && version.major == 0;
    let is_baseline = is_bootstrap && version.minor == 0;
    let attributes = |checksum| Attributes {
        grammar: named.grammar,
        named_kind: named.kind,
        is_baseline,
        is_bootstrap,
        is_sealed: sealed == Some(checksum),
    };
    let file = named.file;
    let cached = |(cached, row): (Patch<'a>, &Row)| Analysed {
        content: Some(Content::Cached(cached)),
        is_sealed: row.is_sealed,
        findings: row.findings_in(file),
    };
    if let Some(known) = cache.unchanged(named, attributes) {
        return cached(known);
    }
    let decode = if is_baseline {
        dump::decode
    } else {
        text::normalise
    };
    let text = match scan::read(named.path, file, decode) {
        Ok(text) => text,
        Err(fault) => {
            return Analysed {
                findings: fault.into_list(),
                ..Analysed::default()
            };
        }
    };
    let checksum = checksum(text.as_bytes());
    let attributes = attributes(checksum);
    if let Some(known) = cache.same_text(checksum, attributes) {
        return cached(known);
    }
    let mut analysis = patch::analyse(file, &text, attributes, rules);
    Analysed {
        findings: std::mem::take(&mut analysis.findings),
        is_sealed: attributes.is_sealed,
        content: Some(Content::Read {
            text,
            checksum,
            analysis,
        }),
    }
}
