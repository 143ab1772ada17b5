use super::Directives;
use crate::patch::findings::Findings;
use crate::patch::patch_text::PatchText;
use crate::rule;
use crate::sql::Fault;
use patchgen_model::Kind;

impl Directives {
    /// Reports directives that contradict the name of the patch or do not apply to it.
    pub(crate) fn check(&self, patch: &PatchText<'_>, findings: &mut Findings<'_>) {
        let mut fault = |code, key, message: String, help: &str| {
            findings.error(Fault {
                offset: self.offset(key),
                code,
                message,
                help: Some(help.to_owned()),
            });
        };
        let attributes = patch.attributes;
        match (attributes.named_kind, self.kind) {
            (Some(named), Some(declared)) if named != declared => fault(
                "kind-mismatch",
                "kind",
                format!("the directive says `{declared}`, but the name says `{named}`"),
                "leave the directive out or rename the file",
            ),
            (None, Some(declared)) if attributes.is_baseline && declared != Kind::Std => fault(
                "kind-mismatch",
                "kind",
                format!("a baseline cannot be `{declared}`"),
                "leave `kind` out: a baseline is a script that makes its database",
            ),
            _ => {}
        }
        if self.script.is_some() && !attributes.is_baseline {
            fault(
                "directive",
                "script",
                "`script` is for a baseline only".to_owned(),
                "leave it out; a baseline has the version `00000000.0000`",
            );
        }
        for (message, help) in self.allow.iter().filter_map(|name| rule::unknown(name)) {
            fault("unknown-rule", "allow", message, &help);
        }
    }
}
