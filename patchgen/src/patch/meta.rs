//! Checks of psql meta-commands.

use super::findings::Findings;
use super::item::OwnedItem;
use super::patch_text::PatchText;
use crate::sql::Fault;
use patchgen_model::{Kind, Span};

/// Meta-commands that the runtime supports in a baseline, besides `\restrict` and `\unrestrict`.
const BASELINE: [&str; 6] = ["connect", "c", "encoding", "set", "unset", "getenv"];

/// Reports meta-commands that would not be executed.
pub(crate) fn check(items: &[OwnedItem], patch: &PatchText<'_>, findings: &mut Findings<'_>) {
    let metas = items.iter().filter_map(|item| match item {
        OwnedItem::Meta(span) => Some(Command::new(patch.text, *span)),
        OwnedItem::Statement(_) => None,
    });
    if patch.is_for_psql() {
        metas
            .filter_map(|command| command.inclusion())
            .for_each(|fault| findings.error(fault));
        return;
    }
    let mut restricted: Option<Command<'_>> = None;
    for command in metas {
        let fault = match (&restricted, command.name) {
            (None, "restrict") => {
                let fault = command.restriction(patch);
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
            (None, _) => command.refusal(patch),
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
    /// Name, without the backslash.
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

    /// Returns the fault of `\restrict`, if it has one.
    fn restriction(&self, patch: &PatchText<'_>) -> Option<Fault> {
        if patch.kind == Kind::Concurrent {
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

    /// Returns the fault of a command that includes another file, which is neither embedded nor covered by the checksum.
    fn inclusion(&self) -> Option<Fault> {
        matches!(self.name, "i" | "ir" | "include" | "include_relative").then(|| {
            self.fault(
                format!("`\\{}` reads a file that is not embedded", self.name),
                "put the text of that file here",
            )
        })
    }

    /// Returns the fault of any other command, if it has one.
    fn refusal(&self, patch: &PatchText<'_>) -> Option<Fault> {
        let name = self.name;
        let in_baseline = patch.attributes.is_baseline;
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

/// Returns `true` if psql would run a shell command for an argument. Between single quotes a backtick is an ordinary character.
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
