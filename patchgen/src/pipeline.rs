//! Path of a patch from its file to the set.

mod analysed;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::name;
use crate::set::cache::{Cache, Row};
use crate::set::lockfile::{self, Lock, Unsealed};
use crate::set::named_file::NamedFile;
use crate::set::{Output, checksum, order};
use crate::settings::Settings;
use crate::source::scan::{self, Found};
use crate::source::{glob, revision};
use analysed::{Analysed, analyse_all};
use patchgen_model::{DraftSet, Encoded, PatchId, PatchSet, Revision, encode};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

/// Runs a build. The folder `out` keeps the results of analyses for the next build.
pub(crate) fn run(settings: &Settings, out: Option<&Path>) -> Result<Output, Diagnostics> {
    let started = SystemTime::now();
    let base = settings.folder()?;
    let mut findings = setting_faults(settings);
    let is_locked = settings.is_locked().unwrap_or_else(|faults| {
        findings.extend(faults.into_list());
        false
    });
    thread::scope(|scope| {
        let roots: Vec<PathBuf> = settings.globs.iter().map(|glob| glob::root(glob)).collect();
        let folder = base.clone();
        let head = scope.spawn(move || revision::read(&folder, &roots));

        let cache = out.map_or_else(Cache::default, |out| Cache::load(out, &settings.rules));
        let found = scan::find(&base, &settings.globs, is_patch_name, &mut findings);
        too_large(&found)?;
        let lock_path = settings.lock_path(&base);
        let lock = lock_path
            .as_ref()
            .and_then(|(path, file)| Lock::read(path, file, &mut findings));
        let mut patches = named_files(&found, settings, &mut findings);
        order::sort(&mut patches, &mut findings);
        let analysed = analyse_all(&patches, &cache, lock.as_ref(), &settings.rules);

        let head = head.join().ok().flatten();
        let revision = head.as_ref().map(revision::Head::revision);
        let (encoded, rows) = encode_valid(&patches, &analysed, revision, started);
        if let Some(out) = out {
            cache.save(out, &settings.rules, &encoded, &rows)?;
        }
        findings.extend(analysed.into_iter().flat_map(|file| file.findings));
        if !has_errors(&findings)
            && let Some((_, lock_file)) = &lock_path
        {
            let unsealed = if is_locked {
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

/// Returns an error if the patches do not fit into a set, in which offsets have 32 bits.
fn too_large(found: &[Found]) -> Result<(), Diagnostics> {
    const LIMIT: u64 = 1 << 32;
    let size: u64 = found
        .iter()
        .map(|found| found.metadata.len() + found.file.len() as u64 + 1024)
        .sum();
    if size < LIMIT {
        return Ok(());
    }
    let largest = found.iter().max_by_key(|found| found.metadata.len());
    let file = largest.map_or("", |found| &found.file);
    Err(
        Diagnostic::error("too-large", "the patches are larger than 4 GiB together")
            .in_file(file)
            .help("load such data by other means than a patch; this is the largest file")
            .into(),
    )
}

fn is_patch_name(name: &str) -> bool {
    name::parse(name).is_ok()
}

/// Returns the faults of the settings themselves.
fn setting_faults(settings: &Settings) -> Vec<Diagnostic> {
    let mut faults: Vec<_> = settings.rules.unknown().collect();
    let database = settings.database.as_deref().map(name::check_database);
    let user = settings.user.as_deref().map(name::check_user);
    for error in [database, user]
        .into_iter()
        .flatten()
        .filter_map(Result::err)
    {
        let fault = Diagnostic::error("setting", error.to_string());
        faults.push(fault.help(error.help()));
    }
    faults
}

/// Parses the names of all files.
fn named_files<'a>(
    found: &'a [Found],
    settings: &'a Settings,
    findings: &mut Vec<Diagnostic>,
) -> Vec<NamedFile<'a>> {
    let database = settings.database.as_deref().unwrap_or_default();
    let user = settings.user.as_deref().unwrap_or("postgres");
    let mut files = Vec::with_capacity(found.len());
    for found in found {
        match name::parse(found.name()) {
            Ok(name) => files.push(NamedFile {
                file: &found.file,
                path: &found.path,
                metadata: &found.metadata,
                id: PatchId::new(name.database.unwrap_or(database), name.version),
                grammar: name.grammar,
                kind: name.kind,
                user: name.user.unwrap_or(user),
                description: name.description,
            }),
            Err(error) => findings.push(error.diagnostic(&found.file)),
        }
    }
    files
}

/// Encodes the patches without errors. If there are errors in other patches, the set only serves the cache.
fn encode_valid(
    files: &[NamedFile<'_>],
    analysed: &[Analysed<'_>],
    revision: Option<Revision<'_>>,
    started: SystemTime,
) -> (Encoded, Vec<Row>) {
    let mut drafts = Vec::with_capacity(files.len());
    let mut rows = Vec::with_capacity(files.len());
    for (named, analysed) in files.iter().zip(analysed) {
        if let Some(content) = &analysed.content
            && !has_errors(&analysed.findings)
        {
            drafts.push(content.draft(named));
            rows.push(Row::new(
                named,
                started,
                analysed.is_sealed,
                &analysed.findings,
            ));
        }
    }
    let set = DraftSet {
        patches: &drafts,
        revision,
    };
    (encode(&set, checksum), rows)
}
