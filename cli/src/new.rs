use crate::Failure;
use crate::arguments::{Arguments, New};
use glob::Pattern;
use patchgen::name;
use patchgen_runtime::cli::{FAILED, Format, Outcome};
use patchgen_runtime::{Grammar, Kind, Version};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Creates the next patch file of a database: today's date and the next free number, after all other patches.
pub(crate) fn run(new: &New, arguments: &Arguments) -> Result<Outcome, Failure> {
    let newest = newest(&new.folder, &new.database);
    let today = today();
    let version = next(newest.as_ref().map(|(version, _)| *version), today);
    let user = arguments.launchpad.user.as_deref().unwrap_or("postgres");
    let description = new
        .description
        .split_whitespace()
        .collect::<Vec<_>>()
        .join("_");
    let (major, minor) = (version.major, version.minor);
    let file = format!(
        "{}.{major:08}.{minor:04}.{user}.{description}.sql",
        new.database
    );
    name::parse(&file)
        .map_err(|error| failure(format!("error: {error}\nhelp: {}", error.help())))?;
    let folder = newest.map_or_else(|| new.folder.clone(), |(_, folder)| folder);
    let path = folder.join(file);
    write(&path, new.kind)
        .map_err(|error| failure(format!("error: cannot make `{}`: {error}", path.display())))?;
    let text = match arguments.options.format {
        Format::Human => path.display().to_string(),
        Format::Json => crate::json(&serde_json::json!({ "file": path })),
    };
    Ok(Outcome { text, code: 0 })
}

fn failure(text: String) -> Failure {
    Failure { text, code: FAILED }
}

/// Returns the newest version of a database in a folder, and the subfolder of its file.
///
/// Reads only names, so that an error in a patch does not prevent the next one.
fn newest(folder: &Path, database: &str) -> Option<(Version, PathBuf)> {
    let pattern = format!("{}/**/*.sql", Pattern::escape(&folder.to_string_lossy()));
    let files = glob::glob(&pattern).ok()?.filter_map(Result::ok);
    let version = |file: PathBuf| {
        let name = name::parse(file.file_name()?.to_str()?).ok()?;
        let fits = name.grammar == Grammar::Dotted && name.database == Some(database);
        fits.then(|| Some((name.version, file.parent()?.to_owned())))?
    };
    files.filter_map(version).max()
}

/// Returns the version after the newest one, with today's date or a later one.
fn next(newest: Option<Version>, today: u32) -> Version {
    let newest = newest
        .filter(|newest| newest.major >= today)
        .unwrap_or_default();
    Version {
        major: today.max(newest.major),
        minor: newest.minor + 1,
        point: 0,
    }
}

fn write(path: &Path, kind: Option<Kind>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create_new(path)?;
    match kind {
        Some(kind) => writeln!(file, "-- patch: kind={kind}\n"),
        // A file with nothing but white space is an error of the build.
        None => writeln!(file, "-- Write the statements of the patch here."),
    }
}

/// Returns the date in UTC as the number YYYYMMDD.
fn today() -> u32 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    date(u32::try_from(since.as_secs() / 86_400).unwrap_or_default())
}

/// Returns the date of a day counted from 1 January 1970.
fn date(days: u32) -> u32 {
    let leap = |year: u32| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u32::from(leap(year)) {
        day -= 365 + u32::from(leap(year));
        year += 1;
    }
    let february = 28 + u32::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    year * 10_000 + month * 100 + day + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        for (days, expected) in [
            (0, 19_700_101),
            (58, 19_700_228),
            (59, 19_700_301),
            (11_016, 20_000_229),
            (19_753, 20_240_131),
            (19_782, 20_240_229),
            (20_088, 20_241_231),
            (20_089, 20_250_101),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn the_next_version_is_after_all_others() {
        let version = |major, minor| Version {
            major,
            minor,
            point: 0,
        };
        let today = 20_240_131;
        for (newest, expected) in [
            (None, version(today, 1)),
            (Some(version(20_240_130, 7)), version(today, 1)),
            (Some(version(today, 7)), version(today, 8)),
            (Some(version(20_300_101, 930)), version(20_300_101, 931)),
        ] {
            assert_eq!(next(newest, today), expected);
        }
    }

    #[test]
    fn the_newest_is_found_in_any_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("module[1]");
        fs::create_dir(&inner).unwrap();
        for (folder, name) in [
            (folder.path(), "a.20240131.0001.u.x.sql"),
            (&inner, "a.20240201.0001.u.x.sql"),
            (folder.path(), "b.20240301.0001.u.x.sql"),
            (folder.path(), "a.2024.sql"),
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        let (version, place) = newest(folder.path(), "a").unwrap();
        assert_eq!((version.major, place), (20_240_201, inner));
        assert!(newest(folder.path(), "c").is_none());
    }
}
