/// Returns a digest that detects damage to files that a build has written.
///
/// It is not cryptographic. It takes the place of SHA-256 because build scripts are built without optimisation, in which
/// SHA-256 is slow, and every build has to check all files.
pub(super) fn fingerprint(parts: &[&[u8]]) -> u64 {
    let mut state = 0;
    for part in parts {
        state = mix(state, part.len() as u64);
        for chunk in part.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            state = mix(state, u64::from_le_bytes(word));
        }
    }
    state
}

/// Adds a word. Every step is a bijection, so that damage to a single word always changes the result.
fn mix(state: u64, word: u64) -> u64 {
    (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_byte_changes_the_fingerprint() {
        let parts = [&b"create table dog"[..], b"", b"\0\0\x01"];
        let whole = fingerprint(&parts);
        for (number, part) in parts.iter().enumerate() {
            for at in 0..part.len() {
                let mut damaged = part.to_vec();
                damaged[at] ^= 0x10;
                let mut parts = parts;
                parts[number] = &damaged;
                assert_ne!(fingerprint(&parts), whole, "{number}:{at}");
            }
        }
        assert_ne!(fingerprint(&[b"create table do", b"g", b"\0\0\x01"]), whole);
    }
}
