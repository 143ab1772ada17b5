//! Revision of the source, as git knows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Commit that is checked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    branch: String,
    number: u32,
    id: String,
}

impl Head {
    /// Returns the revision that a set has.
    pub(crate) fn revision(&self) -> patchgen_model::Revision<'_> {
        patchgen_model::Revision {
            branch: &self.branch,
            number: self.number,
            id: &self.id,
        }
    }
}

/// Asks git for the commit of the folder `base`. Returns `None` if there is no git, no repository or no commit.
///
/// `roots` are the folders of the patches: the id ends in `+` if a patch there differs from the commit.
pub(crate) fn read(base: &Path, roots: &[PathBuf]) -> Option<Head> {
    let mut id = git(base, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
    // A shallow clone counts the commits that it has.
    let number = git(base, &["rev-list", "--count", "HEAD"])?.parse().ok()?;
    let branch = git(base, &["symbolic-ref", "--quiet", "--short", "HEAD"]).unwrap_or_default();
    let mut status = vec![
        "--literal-pathspecs",
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
    ];
    status.extend(["--untracked-files=all", "--ignore-submodules=all", "--"]);
    status.extend(roots.iter().filter_map(|root| root.to_str()));
    // If a root is outside the repository, git fails, and the id has no mark.
    let changes = git(base, &status).unwrap_or_default();
    if changes.split('\0').any(|entry| entry.ends_with(".sql")) {
        id.push('+');
    }
    Some(Head { branch, number, id })
}

fn git(base: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(base)
        .args(arguments)
        // The repository is that of the folder, even if a hook of another repository runs the build.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_patch_marks_the_revision() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        let roots = [PathBuf::from("patches")];
        let run = |line: &str| {
            let mut arguments = vec!["-c", "user.name=n", "-c", "user.email=e@example.org"];
            arguments.extend(["-c", "commit.gpgsign=false"]);
            arguments.extend(line.split(' '));
            git(base, &arguments).unwrap()
        };
        std::fs::create_dir(base.join("patches")).unwrap();
        run("init -q -b trunk");
        assert_eq!(read(base, &roots), None);
        std::fs::write(base.join("patches/a.sql"), "a").unwrap();
        std::fs::write(base.join("other.sql"), "a").unwrap();
        run("add .");
        run("commit -q -m first");
        run("commit -q -m second --allow-empty");
        let head = read(base, &roots).unwrap();
        assert_eq!((head.branch.as_str(), head.number), ("trunk", 2));
        assert_eq!(head.id, run("rev-parse HEAD"));
        std::fs::write(base.join("other.sql"), "b").unwrap();
        std::fs::write(base.join("patches/notes.txt"), "b").unwrap();
        assert_eq!(read(base, &roots), Some(head.clone()));
        std::fs::write(base.join("patches/b.sql"), "b").unwrap();
        let dirty = format!("{}+", head.id);
        assert_eq!(read(base, &roots).unwrap().id, dirty);
        run("checkout -q --detach");
        assert_eq!(
            read(&base.join("patches"), &[".".into()]).unwrap().branch,
            ""
        );
        assert_eq!(
            read(&base.join("patches"), &[".".into()]).unwrap().id,
            dirty
        );
    }
}
