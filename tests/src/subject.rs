use crate::{Outcome, Running};
use patchgen_sandbox::{SUPERUSER, Server};
use std::path::Path;
use std::process::Command;

/// The program under test, with a server and a folder of patches.
#[derive(Clone, Debug)]
pub struct Subject {
    program: String,
    conninfo: String,
    patches: String,
    options: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Subject {
    /// Returns the program with the patches of a folder. `program` is `env!("CARGO_BIN_EXE_subject")`, which only the
    /// tests' crate can expand.
    pub fn new(program: &str, server: &Server, folder: &Path) -> Subject {
        Subject {
            program: program.to_owned(),
            conninfo: server.conninfo("postgres", SUPERUSER),
            patches: format!("{}/**/*.sql", folder.display()),
            options: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Sets the connection. Default: a direct one as the superuser.
    pub fn conninfo(mut self, conninfo: impl Into<String>) -> Subject {
        self.conninfo = conninfo.into();
        self
    }

    /// Adds an option for every start.
    pub fn option(mut self, option: &str) -> Subject {
        self.options.push(option.to_owned());
        self
    }

    /// Adds options for every start.
    pub fn options(self, options: &[&str]) -> Subject {
        options
            .iter()
            .fold(self, |subject, option| subject.option(option))
    }

    /// Adds an environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Subject {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the program.
    pub fn start(&self, action: &[&str]) -> Running {
        self.start_at(action, None)
    }

    /// Starts the program and kills or stops it at a failpoint. `at` is `point:number:action`.
    pub fn start_armed(&self, action: &[&str], at: &str) -> Running {
        self.start_at(action, Some(at))
    }

    /// Runs the program to its end.
    pub fn run(&self, action: &[&str]) -> Outcome {
        self.start(action).wait()
    }

    /// Runs `apply`, which must succeed, and returns its standard output.
    pub fn apply(&self) -> String {
        let outcome = self.run(&["apply"]);
        assert!(
            outcome.status.success(),
            "{}{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome.stdout
    }

    fn start_at(&self, action: &[&str], at: Option<&str>) -> Running {
        let mut command = Command::new(&self.program);
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("PG") || name == "DATABASE_URL")
        {
            command.env_remove(name);
        }
        command
            .args(["--patches", &self.patches, "--conninfo", &self.conninfo])
            .args(&self.options)
            .args(action);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(at) = at {
            command.env("SUBJECT_AT", at);
        }
        Running::start(&mut command)
    }
}
