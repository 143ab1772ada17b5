//! Scratch projects that embed generated migrations, one for each tool.

use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    Patchgen,
    Sqlx,
    Diesel,
}

impl Tool {
    pub const ALL: [Self; 3] = [Self::Patchgen, Self::Sqlx, Self::Diesel];

    pub fn name(self) -> &'static str {
        match self {
            Self::Patchgen => "patchgen",
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel_migrations",
        }
    }
}

pub struct Project {
    pub tool: Tool,
    pub folder: PathBuf,
    pub target: PathBuf,
}

/// Returns the folder of all scratch projects.
fn scratch() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scratch")
}

impl Project {
    /// Creates a project with `count` migrations of one to two kilobytes. The projects of a tool share a target folder, so
    /// that only their own crate is built again.
    pub fn new(tool: Tool, count: usize) -> Result<Self> {
        let folder = scratch().join(format!("{}-{count}", tool.name()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("src"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the bench has a parent")?
            .display();
        let (dependencies, build, main) = match tool {
            Tool::Patchgen => (
                format!(
                    "[dependencies]\npatchgen-runtime = {{ path = \"{root}/runtime\" }}\n\
                     [build-dependencies]\npatchgen = {{ path = \"{root}/patchgen\" }}\n"
                ),
                "fn main() { patchgen::Build::new().patches(\"migrations/*.sql\").emit(); }",
                "static PATCHES: patchgen_runtime::PatchSet = patchgen_runtime::embed_patches!();\n\
                 fn main() { println!(\"{}\", PATCHES.iter().map(|p| p.text().len()).sum::<usize>()); }",
            ),
            Tool::Sqlx => (
                "[dependencies]\nsqlx = { version = \"0.8\", default-features = false, \
                 features = [\"macros\", \"migrate\", \"postgres\", \"runtime-tokio\"] }\n"
                    .to_owned(),
                "fn main() { println!(\"cargo::rerun-if-changed=migrations\"); }",
                "static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();\n\
                 fn main() { println!(\"{}\", MIGRATOR.iter().map(|m| m.sql.len()).sum::<usize>()); }",
            ),
            Tool::Diesel => (
                "[dependencies]\ndiesel_migrations = \"2\"\ndiesel = { version = \"2\", default-features = false }\n".to_owned(),
                "fn main() { println!(\"cargo::rerun-if-changed=migrations\"); }",
                "static M: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!();\n\
                 fn main() { println!(\"{:p}\", &M); }",
            ),
        };
        let name = format!("bench-{}-{count}", tool.name().replace('_', "-"));
        fs::write(
            folder.join("Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n{dependencies}"
            ),
        )?;
        fs::write(folder.join("build.rs"), build)?;
        fs::write(folder.join("src/main.rs"), main)?;
        let project = Self {
            tool,
            target: scratch().join(format!("target-{}", tool.name())),
            folder,
        };
        for number in 1..=count {
            let path = project.migration(number);
            fs::create_dir_all(path.parent().context("a migration is in a folder")?)?;
            fs::write(path, sql(number))?;
        }
        Ok(project)
    }

    pub fn migration(&self, number: usize) -> PathBuf {
        let (day, minor) = (20240101 + number / 9000, number % 9000 + 1);
        let name = match self.tool {
            Tool::Patchgen => format!("bench.{day}.{minor:04}.postgres.change_{number}.sql"),
            Tool::Sqlx => format!("{day}{minor:06}_change_{number}.sql"),
            Tool::Diesel => format!("{day}{minor:06}_change_{number}/up.sql"),
        };
        self.folder.join("migrations").join(name)
    }

    /// Edits one migration, as a developer does before its release.
    pub fn edit(&self, number: usize) -> Result<()> {
        let path = self.migration(number);
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(path, format!("{text}\n-- edited\n"))?)
    }

    pub fn touch(&self, file: &str) -> Result<()> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(path, format!("{text}\n"))?)
    }

    /// Runs cargo and returns its duration.
    pub fn cargo(&self, arguments: &[&str]) -> Result<Duration> {
        let began = Instant::now();
        let output = Command::new("cargo")
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("RUSTFLAGS")
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(began.elapsed())
    }

    pub fn program(&self, profile: &str) -> Result<PathBuf> {
        let name = self
            .folder
            .file_name()
            .context("the folder has a name")?
            .to_string_lossy()
            .replace('_', "-");
        Ok(self.target.join(profile).join(format!("bench-{name}")))
    }
}

/// Returns a migration of a typical form and size, between one and two kilobytes.
fn sql(number: usize) -> String {
    let mut sql = format!(
        "-- change number {number}: another table of the shop\nCREATE TABLE IF NOT EXISTS item_{number} (\n"
    );
    for column in 0..(12 + number % 12) {
        let _ = writeln!(
            sql,
            "    column_{column} text NOT NULL DEFAULT 'value {column} of {number}',"
        );
    }
    let _ = write!(
        sql,
        "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY\n);\n\
         COMMENT ON TABLE item_{number} IS 'Items that change {number} brought';\n\
         INSERT INTO item_{number} (column_0) VALUES ('first'), ('second');\n\
         ALTER TABLE item_{number} ADD COLUMN added timestamptz;\n\
         UPDATE item_{number} SET added = now() WHERE added IS NULL;\n"
    );
    sql
}
