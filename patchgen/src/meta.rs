use crate::examine::Subject;
use crate::rule::Findings;
use crate::segment::Fault;
use crate::verdict::Part;
use patchgen_model::{Kind, Span};

/// What the runtime understands in a baseline, besides `\restrict` and `\unrestrict`.
const BASELINE: [&str; 6] = ["connect", "c", "encoding", "set", "unset", "getenv"];

/// Checks that a patch uses no meta-command that nothing will execute.
pub(crate) fn check(parts: &[Part], subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let metas = parts.iter().filter_map(|part| match part {
        Part::Meta(span) => Some(Command::new(subject.text, *span)),
        Part::Statement(_) => None,
    });
    if subject.is_for_psql() {
        metas
            .filter_map(|command| command.included())
            .for_each(|fault| findings.error(fault));
        return;
    }
    let mut restricted: Option<Command<'_>> = None;
    for command in metas {
        let fault = match (&restricted, command.name) {
            (None, "restrict") => {
                let fault = command.restriction(subject);
                restricted = Some(command);
                fault
            }
            (Some(open), "unrestrict") if open.argument == command.argument => {
                restricted = None;
                continue;
            }
            (Some(open), "unrestrict") => Some(command.fault(
                "the key is not that of `\\restrict`".to_owned(),
                &format!("write `\\unrestrict {}`", open.argument),
            )),
            (Some(_), name) => Some(command.fault(
                format!("`\\{name}` between `\\restrict` and `\\unrestrict`"),
                "a dump has no such command there: see where it comes from",
            )),
            (None, _) => command.refused(subject),
        };
        fault.into_iter().for_each(|fault| findings.error(fault));
    }
    if let Some(open) = restricted.filter(|open| !open.argument.is_empty()) {
        findings.error(open.fault(
            "`\\restrict` is never undone".to_owned(),
            &format!("end the dump with `\\unrestrict {}`", open.argument),
        ));
    }
}

struct Command<'a> {
    offset: usize,
    /// Without the backslash.
    name: &'a str,
    argument: &'a str,
}

impl<'a> Command<'a> {
    fn new(text: &'a str, span: Span) -> Self {
        let written = span.of(text).trim_start_matches('\\');
        let end = written.find(char::is_whitespace).unwrap_or(written.len());
        let (name, argument) = written.split_at(end);
        Self {
            offset: span.start as usize,
            name,
            argument: argument.trim(),
        }
    }

    fn fault(&self, message: String, help: &str) -> Fault {
        Fault {
            offset: self.offset,
            code: "meta-command",
            message,
            help: Some(help.to_owned()),
        }
    }

    fn restriction(&self, subject: &Subject<'_>) -> Option<Fault> {
        if subject.kind == Kind::Concurrent {
            Some(self.fault(
                "`\\restrict` in a concurrent patch".to_owned(),
                "leave it out, or put the dump into a `std` patch",
            ))
        } else if self.argument.is_empty() {
            Some(self.fault(
                "`\\restrict` without a key".to_owned(),
                "write `\\restrict` and a word, which `\\unrestrict` repeats",
            ))
        } else {
            None
        }
    }

    /// What psql would read is neither embedded nor covered by the checksum.
    fn included(&self) -> Option<Fault> {
        matches!(self.name, "i" | "ir" | "include" | "include_relative").then(|| {
            self.fault(
                format!("`\\{}` reads a file that is not embedded", self.name),
                "put the text of that file here",
            )
        })
    }

    fn refused(&self, subject: &Subject<'_>) -> Option<Fault> {
        let name = self.name;
        let in_baseline = subject.context.is_baseline;
        if name == "unrestrict" {
            return Some(self.fault(
                "`\\unrestrict` without `\\restrict`".to_owned(),
                "leave it out, or put `\\restrict` with the same key before it",
            ));
        }
        if in_baseline && BASELINE.contains(&name) {
            return has_backtick(self.argument).then(|| {
                self.fault(
                    "a command in backticks needs psql".to_owned(),
                    "declare `-- patch: script=psql` in the first lines, or use `\\getenv`",
                )
            });
        }
        let help = match name {
            _ if in_baseline => {
                "a baseline may use `\\connect`, `\\encoding`, `\\set`, `\\unset` and `\\getenv`, and all others with `-- patch: script=psql`"
            }
            _ if BASELINE.contains(&name) => "only a baseline, `00000000.0000`, may use it",
            "i" | "ir" | "include" | "include_relative" => "put the text of that file here",
            "copy" => "write `COPY … FROM stdin` and the data below it",
            "echo" | "qecho" | "warn" | "timing" | "pset" | "x" | "a" | "t" | "o" => "leave it out",
            "g" | "gx" => "end the statement with `;`",
            _ => "psql alone understands it; write what it does as SQL",
        };
        Some(self.fault(format!("`\\{name}` cannot be used here"), help))
    }
}

/// Whether psql would run a command for an argument; between single quotes a backtick is a character.
fn has_backtick(argument: &str) -> bool {
    let mut quote = None;
    let mut chars = argument.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '`') => return true,
            _ => {}
        }
    }
    false
}
