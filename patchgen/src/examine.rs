use crate::class::classify;
use crate::directive::{self, Directives};
#[cfg(feature = "lint")]
use crate::lint::{self, Stage};
use crate::rule::{self, Findings, Rules};
use crate::segment::{Fault, Piece, PieceKind, Segmented, segment, variables};
#[cfg(feature = "syntax")]
use crate::syntax::{self, Dialect, Whole};
use crate::verdict::{Context, Part, Sentence, Verdict};
use crate::{meta, transaction};
use patchgen_model::{CopyData, Kind, ScriptMode, Span};

/// A patch on its way to a verdict.
pub(crate) struct Subject<'a> {
    pub(crate) text: &'a str,
    pub(crate) context: Context,
    pub(crate) kind: Kind,
    pub(crate) script: ScriptMode,
}

impl Subject<'_> {
    /// Whether psql is to read it.
    pub(crate) fn is_for_psql(&self) -> bool {
        self.context.is_baseline && self.script == ScriptMode::Psql
    }

    /// Whether parser and lints have yet to see it.
    fn is_news(&self) -> bool {
        !self.context.is_sealed && !self.is_for_psql()
    }
}

/// Reads the text of a patch and judges it by itself.
pub(crate) fn examine(file: &str, text: &str, context: Context, rules: &Rules) -> Verdict {
    let mut findings = Findings::new(file, text, rules);
    let segmented = segment(text);
    let mut pieces = segmented.pieces.iter();
    let first = pieces.find(|piece| piece.kind != PieceKind::Space);
    let leading = first.map_or(text.len(), |piece| piece.range.start);
    let (mut directives, faults) = directive::read(text, 0..leading);
    let subject = Subject {
        text,
        context,
        kind: context.named_kind.or(directives.kind).unwrap_or_default(),
        script: directives.script.unwrap_or_default(),
    };
    faults.into_iter().for_each(|fault| findings.error(fault));
    contradictions(&directives, &subject, &mut findings);
    for piece in &segmented.pieces {
        stray_directives(text, piece, leading, &mut findings);
    }
    findings.allow(std::mem::take(&mut directives.allow));
    let whole = whole(&segmented, &subject);
    if !directives.unchecked && whole.is_none() {
        statements(&segmented, &subject, &mut findings);
    }
    let parts = judge(&segmented, whole.as_ref(), &subject, &mut findings);
    Verdict {
        kind: subject.kind,
        script: subject.script,
        lock_timeout: directives.lock_timeout,
        statement_timeout: directives.statement_timeout,
        parts,
        findings: findings.into_list(),
    }
}

/// What directives may not say of this patch.
fn contradictions(directives: &Directives, subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let mut fault = |code, key, message: String, help: &str| {
        findings.error(Fault {
            offset: directives.place(key),
            code,
            message,
            help: Some(help.to_owned()),
        });
    };
    let context = subject.context;
    match (context.named_kind, directives.kind) {
        (Some(named), Some(declared)) if named != declared => fault(
            "kind-mismatch",
            "kind",
            format!("the directive says `{declared}`, but the name says `{named}`"),
            "leave the directive out or rename the file",
        ),
        (None, Some(declared)) if context.is_baseline && declared != Kind::Std => fault(
            "kind-mismatch",
            "kind",
            format!("a baseline cannot be `{declared}`"),
            "leave `kind` out: a baseline is a script that makes its database",
        ),
        _ => {}
    }
    if directives.script.is_some() && !context.is_baseline {
        fault(
            "directive",
            "script",
            "`script` is for a baseline only".to_owned(),
            "leave it out; a baseline has the version `00000000.0000`",
        );
    }
    for (message, help) in directives
        .allow
        .iter()
        .filter_map(|name| rule::unknown(name))
    {
        fault("unknown-rule", "allow", message, &help);
    }
}

fn stray_directives(text: &str, piece: &Piece, leading: usize, findings: &mut Findings<'_>) {
    let faults = match piece.kind {
        PieceKind::Space if piece.range.start >= leading => {
            directive::stray(text, piece.range.clone())
        }
        PieceKind::Statement => directive::within(text, piece.range.clone(), piece.strings),
        _ => return,
    };
    faults.into_iter().for_each(|fault| findings.error(fault));
}

/// Parses the patch as a whole.
#[cfg(feature = "syntax")]
fn whole(segmented: &Segmented, subject: &Subject<'_>) -> Option<Whole> {
    let wanted = subject.is_news();
    wanted.then(|| Whole::of(subject.text, segmented)).flatten()
}

/// Parses its statements one by one, to say what is wrong with them.
#[cfg(feature = "syntax")]
fn statements(segmented: &Segmented, subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if !subject.is_news() {
        return;
    }
    let dialect = if subject.context.is_baseline {
        Dialect::Psql
    } else {
        Dialect::Sql
    };
    let faults = syntax::check(subject.text, segmented, dialect);
    faults.into_iter().for_each(|fault| findings.error(fault));
}

/// The light build leaves the statements to the server.
#[cfg(not(feature = "syntax"))]
struct Whole;

#[cfg(not(feature = "syntax"))]
fn whole(_: &Segmented, _: &Subject<'_>) -> Option<Whole> {
    None
}

#[cfg(not(feature = "syntax"))]
fn statements(_: &Segmented, _: &Subject<'_>, _: &mut Findings<'_>) {}

/// Judges the statements, unless where they begin and end is in doubt.
fn judge(
    segmented: &Segmented,
    whole: Option<&Whole>,
    subject: &Subject<'_>,
    findings: &mut Findings<'_>,
) -> Vec<Part> {
    // What psql alone understands is for psql to judge.
    let is_doubt = |fault: &&Fault| !subject.is_for_psql() || fault.code == "unterminated";
    let mut doubts = segmented.faults.iter().filter(is_doubt).peekable();
    if doubts.peek().is_some() {
        doubts.cloned().for_each(|fault| findings.error(fault));
        return Vec::new();
    }
    let mut parts = parts(segmented, subject);
    meta::check(&parts, subject, findings);
    transaction::check(&mut parts, subject, findings);
    if !subject.is_for_psql() && !parts.iter().any(|part| part.sentence().is_some()) {
        findings.warn_of_file(
            "empty-patch",
            "the patch has no statement",
            "write its statements before it is applied anywhere: afterwards it must not change",
        );
    }
    if subject.is_news() {
        lints(segmented, whole, &parts, subject, findings);
    }
    parts
}

#[cfg(feature = "lint")]
fn lints(
    segmented: &Segmented,
    whole: Option<&Whole>,
    parts: &[Part],
    subject: &Subject<'_>,
    findings: &mut Findings<'_>,
) {
    let stage = match subject.context {
        Context {
            is_baseline: true, ..
        } => Stage::Baseline,
        Context {
            is_bootstrap: true, ..
        } => Stage::Bootstrap,
        _ => Stage::Later,
    };
    let faults = lint::check(&lint::Input {
        text: subject.text,
        segmented,
        whole,
        parts,
        kind: subject.kind,
        stage,
        postgres_version: findings.postgres_version(),
        is_on: &|rule| findings.is_on(rule),
    });
    faults.into_iter().for_each(|fault| findings.warn(fault));
}

#[cfg(not(feature = "lint"))]
fn lints(_: &Segmented, _: Option<&Whole>, _: &[Part], _: &Subject<'_>, _: &mut Findings<'_>) {}

fn parts(segmented: &Segmented, subject: &Subject<'_>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let interpolates = subject.context.is_baseline && !subject.is_for_psql();
    for piece in &segmented.pieces {
        let span = span(piece);
        match piece.kind {
            PieceKind::Space => {}
            PieceKind::Meta => parts.push(Part::Meta(span)),
            PieceKind::Statement => {
                let statement = &subject.text[piece.range.clone()];
                let mut variables = if interpolates {
                    variables(statement, piece.strings)
                } else {
                    Vec::new()
                };
                for variable in &mut variables {
                    variable.span.start += span.start;
                    variable.span.end += span.start;
                }
                parts.push(Part::Statement(Sentence {
                    span,
                    classified: classify(statement),
                    variables,
                    data: None,
                }));
            }
            PieceKind::CopyData => {
                let statement = parts.iter_mut().rev().find_map(|part| match part {
                    Part::Statement(sentence) => Some(sentence),
                    Part::Meta(_) => None,
                });
                if let Some(statement) = statement {
                    statement.data = Some(CopyData { span });
                }
            }
        }
    }
    parts
}

fn span(piece: &Piece) -> Span {
    // Larger texts are refused where they are read.
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: narrow(piece.range.start),
        end: narrow(piece.range.end),
    }
}
