use patchgen_model::Checksum;
use sha2::{Digest, Sha256};

/// Returns the SHA-256 digest of some bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> Checksum {
    Checksum::new(Sha256::digest(bytes).into())
}
