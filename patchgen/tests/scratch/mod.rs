//! Package outside the workspace, which cargo builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct Package {
    folder: PathBuf,
}

impl Package {
    /// Creates a package. It depends on the model instead of the runtime, because generated code needs only that, and it does
    /// not use the parser, which takes long to build.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\npatchgen-macros = {{ path = {:?}, default-features = false }}\n\
             patchgen_runtime = {{ package = \"patchgen-model\", path = {:?} }}\n\n\
             [build-dependencies]\npatchgen = {{ path = {:?}, default-features = false }}\n",
            root.join("patchgen-macros"),
            root.join("model"),
            root.join("patchgen")
        );
        let package = Self { folder };
        package.write("Cargo.toml", &manifest);
        fs::copy(root.join("Cargo.lock"), package.path("Cargo.lock")).unwrap();
        package
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn cargo(&self, command: &str) -> Output {
        self.command(command).output().unwrap()
    }

    pub(crate) fn command(&self, command: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--offline", "--quiet"])
            .current_dir(&self.folder)
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch"),
            )
            .env_remove("PATCHGEN_LOCKED");
        cargo
    }
}
