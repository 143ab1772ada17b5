//! Runs the migrations of `migrations/TOOL` with the real tool. `fixtures` calls it and dumps what it leaves.
//!
//! usage: patchgen-peers sqlx|refinery|diesel URL

use anyhow::{Context as _, Result, anyhow, bail};
use diesel::Connection as _;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use sqlx::Connection as _;
use std::path::Path;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let tool = arguments.next().context("which tool?")?;
    let url = arguments.next().context("which database?")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(&tool);
    match tool.as_str() {
        "sqlx" => with_sqlx(&url, &folder),
        "refinery" => with_refinery(&url, &folder),
        "diesel" => with_diesel(&url, &folder),
        _ => bail!("`{tool}` is none of sqlx, refinery and diesel"),
    }
}

fn with_sqlx(url: &str, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let migrator = sqlx::migrate::Migrator::new(folder).await?;
        let mut connection = sqlx::PgConnection::connect(url).await?;
        Ok(migrator.run(&mut connection).await?)
    })
}

fn with_refinery(url: &str, folder: &Path) -> Result<()> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let migrations = refinery::load_sql_migrations(folder)?;
    refinery::Runner::new(&migrations).run(&mut client)?;
    Ok(())
}

fn with_diesel(url: &str, folder: &Path) -> Result<()> {
    let mut connection = diesel::PgConnection::establish(url)?;
    let migrations = FileBasedMigrations::from_path(folder)?;
    connection
        .run_pending_migrations(migrations)
        .map_err(|error| anyhow!(error))?;
    Ok(())
}
