use crate::{Outcome, Running};
use patchgen_sandbox::{SUPERUSER, Server};
use std::path::Path;
use std::process::Command;

/// A way to start the program under test: against one server, with the patches of one folder.
#[derive(Clone, Debug)]
pub struct Subject {
    program: String,
    conninfo: String,
    patches: String,
    options: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Subject {
    /// `program` is `env!("CARGO_BIN_EXE_subject")`, which the test's crate knows.
    pub fn new(program: &str, server: &Server, folder: &Path) -> Subject {
        Subject {
            program: program.to_owned(),
            conninfo: server.conninfo("postgres", SUPERUSER),
            patches: format!("{}/**/*.sql", folder.display()),
            options: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Another way to the server.
    pub fn conninfo(mut self, conninfo: impl Into<String>) -> Subject {
        self.conninfo = conninfo.into();
        self
    }

    /// One more option for every start.
    pub fn option(mut self, option: &str) -> Subject {
        self.options.push(option.to_owned());
        self
    }

    /// Further options for every start.
    pub fn options(self, options: &[&str]) -> Subject {
        options
            .iter()
            .fold(self, |subject, option| subject.option(option))
    }

    /// One more variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Subject {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    pub fn start(&self, action: &[&str]) -> Running {
        self.begin(action, None)
    }

    /// Starts it, to be killed or stopped at a failpoint: `point:number:action`.
    pub fn start_armed(&self, action: &[&str], at: &str) -> Running {
        self.begin(action, Some(at))
    }

    /// Runs it to its end.
    pub fn run(&self, action: &[&str]) -> Outcome {
        self.start(action).wait()
    }

    /// Runs `apply`, which has to go well, and gives what it printed.
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

    fn begin(&self, action: &[&str], at: Option<&str>) -> Running {
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
