//! Patches on their way to the ledger, planned or begun, and the names of their sessions.

use crate::Place;
use crate::server::quote::literal;
use crate::server::session::application_name;
use patchgen_model::{Patch, PatchId, Version};
use std::ops::Deref;

/// A patch that is to run in a place.
#[derive(Clone, Debug)]
pub(crate) struct Planned<'a> {
    pub(crate) patch: Patch<'a>,
    pub(crate) place: Place,
}

/// A patch that was begun, with the number of its attempt.
#[derive(Clone, Debug)]
pub(crate) struct Begun<'a> {
    pub(crate) planned: Planned<'a>,
    /// Counted from 1 over all runs.
    pub(crate) attempt: u32,
}

impl<'a> Deref for Begun<'a> {
    type Target = Planned<'a>;

    fn deref(&self) -> &Planned<'a> {
        &self.planned
    }
}

impl Planned<'_> {
    /// The key columns, as a list of literals.
    pub(crate) fn key(&self) -> String {
        let Version {
            major,
            minor,
            point,
        } = self.patch.version();
        let place = literal(&self.place.to_string());
        format!("{place}, {major}, {minor}, {point}")
    }

    /// The beginning of the names of all sessions that run the patch in its place, whatever the attempt and the program.
    pub(crate) fn session_prefix(&self) -> String {
        session_prefix(&self.place, self.patch.id())
    }
}

/// The beginning of the names of all sessions that run a patch in a place.
pub(crate) fn session_prefix(place: &Place, id: PatchId<'_>) -> String {
    format!("patchgen {} #", session_key(place, id))
}

/// The patch and its place in at most 40 bytes: as text, or as a digest of a longer text.
fn session_key(place: &Place, id: PatchId<'_>) -> String {
    const LONGEST: usize = 40;
    let place = place.to_string();
    let key = PatchId::new(&place, id.version)
        .spelled(id.grammar())
        .to_string();
    if key.len() <= LONGEST {
        key
    } else {
        format!("{:016x}", fnv1a(key.bytes()))
    }
}

impl Planned<'_> {
    /// As [`session_prefix`](Self::session_prefix), in the spelling of earlier versions: their backends may outlive them.
    pub(crate) fn former_session_prefix(&self) -> String {
        let Version { major, minor, .. } = self.patch.version();
        format!("patchgen {} {major:08}.{minor:04} #", self.patch.database())
    }
}

impl Begun<'_> {
    /// The name of the session that runs the attempt.
    pub(crate) fn session_name(&self, program: &str) -> String {
        let work = format!(
            "{} #{}",
            session_key(&self.place, self.patch.id()),
            self.attempt
        );
        application_name(program, Some(&work))
    }
}

/// FNV-1a: a short digest that need not withstand an attack.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
