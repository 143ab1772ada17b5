//! JSON: the form in which programs read plans, reports and states.

use crate::{
    Adopted, AdoptedPatch, AppliedPatch, Export, Identity, PatchStatus, Plan, Rehearsal, Report,
    Resolved, Status, Step, Verification,
};
use patchgen_model::Version;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::time::Duration;

/// Whole milliseconds; a fraction would suggest a precision that nobody measured.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn version<M: SerializeMap>(map: &mut M, version: Version) -> Result<(), M::Error> {
    map.serialize_entry("major", &version.major)?;
    map.serialize_entry("minor", &version.minor)?;
    map.serialize_entry("point", &version.point)
}

fn identity<M: SerializeMap>(map: &mut M, identity: &Identity) -> Result<(), M::Error> {
    map.serialize_entry("id", &identity.to_string())?;
    map.serialize_entry("database", &identity.database)?;
    version(map, identity.version)
}

impl Serialize for AppliedPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        identity(&mut map, &self.id)?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("user", &self.user)?;
        map.serialize_entry("milliseconds", &milliseconds(self.elapsed))?;
        map.end()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("applied", &self.applied)?;
        map.serialize_entry("adopted", &self.adopted)?;
        map.serialize_entry("left_out", &self.left_out)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.serialize_entry("milliseconds", &milliseconds(self.elapsed))?;
        map.serialize_entry("waited_milliseconds", &milliseconds(self.waited))?;
        map.end()
    }
}

impl Serialize for Rehearsal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tried", &self.tried)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.end()
    }
}

impl Serialize for Resolved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        identity(&mut map, &self.identity)?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("settlement", &self.settlement.to_string())?;
        map.end()
    }
}

impl Serialize for AdoptedPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        identity(&mut map, &self.id)?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("from", &self.from)?;
        map.end()
    }
}

impl Serialize for Adopted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("recorded", &self.recorded)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("adopted", &self.adopted)?;
        map.serialize_entry("doubtful", &self.doubtful)?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("known", &self.known)?;
        map.end()
    }
}

impl Serialize for Export {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("files", &self.files)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.serialize_entry("script", &self.to_string())?;
        map.end()
    }
}

impl Serialize for Step<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let patch = &self.patch;
        let mut map = serializer.serialize_map(None)?;
        identity(&mut map, &patch.id().into())?;
        map.serialize_entry("file", patch.file())?;
        map.serialize_entry("kind", patch.kind().as_str())?;
        map.serialize_entry("user", patch.user())?;
        map.serialize_entry("checksum", &patch.checksum().to_string())?;
        map.serialize_entry("state", &self.state)?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("place", &self.place.to_string())?;
        map.serialize_entry("target", &self.place.to_string())?;
        let failure = self.failure.as_ref();
        let sql_state = failure.and_then(|failure| failure.sql_state.as_ref());
        map.serialize_entry("sqlstate", &sql_state)?;
        map.serialize_entry("message", &failure.map(|failure| &failure.message))?;
        map.end()
    }
}

impl Serialize for Plan<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("steps", &self.steps)?;
        map.serialize_entry("left_out", &self.left_out)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.end()
    }
}

impl Serialize for PatchStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        identity(&mut map, &Identity::new(&self.database, self.version))?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("user", &self.user)?;
        map.serialize_entry("checksum", &self.checksum)?;
        map.serialize_entry("algorithm", &self.algorithm)?;
        map.serialize_entry("state", &self.state)?;
        map.serialize_entry("attempt", &self.attempt)?;
        map.serialize_entry("started_at", &self.started_at)?;
        map.serialize_entry("finished_at", &self.finished_at)?;
        map.serialize_entry("milliseconds", &self.milliseconds)?;
        map.serialize_entry("login_role", &self.login_role)?;
        map.serialize_entry("branch", &self.branch)?;
        map.serialize_entry("revision_number", &self.revision_number)?;
        map.serialize_entry("revision_id", &self.revision_id)?;
        map.serialize_entry("sqlstate", &self.sql_state)?;
        map.serialize_entry("message", &self.message)?;
        map.end()
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.patches.serialize(serializer)
    }
}

impl Serialize for Verification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("compared", &self.compared)?;
        map.serialize_entry("pending", &self.pending)?;
        map.serialize_entry("in_doubt", &self.in_doubt)?;
        map.serialize_entry("differences", &self.differences)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.end()
    }
}

impl Serialize for crate::Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let difference = self;
        let mut map = serializer.serialize_map(None)?;
        identity(
            &mut map,
            &Identity::new(&difference.database, difference.version),
        )?;
        map.serialize_entry("file", &difference.file)?;
        map.serialize_entry(
            "state",
            if difference.embedded.is_some() {
                "edited"
            } else {
                "missing"
            },
        )?;
        map.serialize_entry("deployed", &difference.deployed)?;
        map.serialize_entry("embedded", &difference.embedded)?;
        map.end()
    }
}
