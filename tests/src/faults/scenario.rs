//! Scenarios: a set of patches and the place of its ledger.

/// A set of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patches {
    /// Each in a transaction.
    Std,
    /// All in one transaction.
    Grouped,
    /// Each in a transaction, of the kind `direct`.
    Direct,
    /// Statement by statement: concurrent index builds and the like.
    Concurrent,
    /// Statement by statement, one of them a block that commits.
    Procedure,
}

/// Place of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// In a database of its own on the same server.
    Apart,
    /// In the database that is patched.
    InTarget,
    /// On another server.
    OtherServer,
}

/// A set of patches and the place of its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// The patches.
    pub patches: Patches,
    /// The place of the ledger.
    pub ledger: Ledger,
}

/// Contents of databases and ledger after all patches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// Keys of `counter`, each with the count 1.
    pub(super) counted: Vec<String>,
    /// Number of patches in the ledger.
    pub(super) rows: usize,
    /// Indexes of `big`.
    pub(super) indexes: &'static [&'static str],
    /// Number of partitions of `parted`.
    pub(super) partitions: i64,
}

const BASELINE: &str = "\
CREATE TABLE counter (what text PRIMARY KEY, runs int NOT NULL);
CREATE TABLE big (a int, b int);
INSERT INTO big SELECT g, g FROM generate_series(1, 2000) g;
CREATE INDEX old ON big (b);
CREATE TABLE parted (a int) PARTITION BY RANGE (a);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (2);
";

const STATEMENTS: &str = "\
CREATE INDEX CONCURRENTLY one ON big (a);
{count c1}
CREATE INDEX CONCURRENTLY IF NOT EXISTS two ON big (a, b);
SET work_mem = '5MB';
{count c2}
REINDEX INDEX CONCURRENTLY old;
DROP INDEX CONCURRENTLY one;
{detach}
VACUUM big;
";

const PROCEDURE: &str = "\
{count c1}
DO $$ BEGIN {count p} COMMIT; END $$;
{count c2}
";

/// Returns a statement that counts its executions.
fn count(what: &str) -> String {
    format!(
        "INSERT INTO counter VALUES ('{what}', 1) ON CONFLICT (what) DO UPDATE SET runs = counter.runs + 1;"
    )
}

impl Scenario {
    /// Returns all scenarios.
    pub fn all() -> Vec<Scenario> {
        use Ledger::{Apart, InTarget, OtherServer};
        use Patches::{Concurrent, Direct, Grouped, Procedure, Std};
        let pairs = [Std, Concurrent, Direct, Procedure, Grouped].map(|patches| {
            [Apart, OtherServer, InTarget].map(|ledger| Scenario { patches, ledger })
        });
        pairs.into_iter().flatten().collect()
    }

    /// Returns the patch files for a server version. From version 14 on, a partition can be detached concurrently.
    pub(super) fn files(self, version: i32) -> Vec<(String, String)> {
        let counted = |number: u32| {
            let count = count(&number.to_string());
            format!("{count}\nCREATE TABLE made_{number} ();\n")
        };
        let patch = |number: u32, text: String| {
            (format!("app.20240101.{number:04}.postgres.patch.sql"), text)
        };
        let detach = if version >= 140_000 {
            "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY;"
        } else {
            "ALTER TABLE parted DETACH PARTITION part;"
        };
        let statements = |text: &str| {
            let text = ["c1", "c2", "p"]
                .iter()
                .fold(text.to_owned(), |text, what| {
                    text.replace(&format!("{{count {what}}}"), &count(what))
                });
            format!(
                "-- patch: kind=concurrent\n{}",
                text.replace("{detach}", detach)
            )
        };
        let mut files = vec![(
            "app.00000000.0000.postgres.baseline.sql".to_owned(),
            format!("{BASELINE}{}\n", count("0")),
        )];
        match self.patches {
            Patches::Std | Patches::Grouped => {
                files.extend((1..=4).map(|number| patch(number, counted(number))));
            }
            Patches::Direct => files.extend((1..=4).map(|number| {
                let text = format!("-- patch: kind=direct\n{}", counted(number));
                patch(number, text)
            })),
            Patches::Concurrent | Patches::Procedure => {
                let text = if self.patches == Patches::Concurrent {
                    STATEMENTS
                } else {
                    PROCEDURE
                };
                files.push(patch(1, counted(1)));
                files.push(patch(2, statements(text)));
                files.push(patch(3, counted(3)));
            }
        }
        files
    }

    /// Returns the program's options, except those that name servers.
    pub(super) fn options(self) -> Vec<&'static str> {
        let mut options = Vec::new();
        if self.ledger == Ledger::InTarget {
            options.push("--state-in-target");
        }
        if self.patches == Patches::Grouped {
            options.push("--grouped");
        }
        options
    }

    /// Returns the failpoints of a run.
    pub(super) fn points(self) -> Vec<&'static str> {
        let statements = matches!(self.patches, Patches::Concurrent | Patches::Procedure);
        let mut points = vec!["database", "locked", "ran", "committed"];
        match self.ledger {
            Ledger::InTarget => points.push("state"),
            _ => points.extend(["intent", "secured", "committing", "finished"]),
        }
        if statements {
            points.extend(["begun", "statement", "intent", "committing", "finished"]);
            points.sort_unstable();
            points.dedup();
        }
        points
    }

    /// Returns whether the outcome of a statement can be unknown after an interruption: only that of a block that commits.
    pub(super) fn may_doubt(self) -> bool {
        self.patches == Patches::Procedure
    }

    /// Returns the expected contents after all patches.
    pub(super) fn expected(self) -> Expected {
        let (counted, rows): (&[&str], usize) = match self.patches {
            Patches::Std | Patches::Grouped | Patches::Direct => (&["0", "1", "2", "3", "4"], 5),
            Patches::Concurrent => (&["0", "1", "3", "c1", "c2"], 4),
            Patches::Procedure => (&["0", "1", "3", "c1", "c2", "p"], 4),
        };
        let built = self.patches == Patches::Concurrent;
        Expected {
            counted: counted.iter().map(|what| (*what).to_owned()).collect(),
            rows,
            indexes: if built { &["old", "two"] } else { &["old"] },
            partitions: i64::from(!built),
        }
    }
}
