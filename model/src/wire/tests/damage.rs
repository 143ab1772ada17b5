//! A damaged set is refused, or read without a panic.

use super::*;

#[test]
fn a_damaged_byte_is_refused_or_does_no_harm() {
    let Encoded { text, index } = sample();
    assert!(walk(&PatchSet::decode(&text, &index).unwrap()) > 500);
    let mut refused = 0;
    for at in 0..index.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255, 127] {
            let mut damaged = index.clone();
            damaged[at] ^= change;
            match PatchSet::decode(&text, &damaged) {
                Ok(set) => _ = walk(&set),
                Err(_) => refused += 1,
            }
        }
    }
    // Digests, the revision's number and most bits of versions can have any value.
    assert!(refused > index.len() * 10 / 2, "{refused}");
}

#[test]
fn random_damage_is_refused_or_does_no_harm() {
    let Encoded { text, index } = sample();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        // Knuth's generator, of which the high bits are good.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let mut damaged = index.clone();
        for _ in 0..=random(4) {
            let (from, to) = (random(index.len()), random(index.len()));
            match random(3) {
                0 => damaged[to] = u8::try_from(random(256)).unwrap(),
                1 => damaged[to] = damaged[from],
                // Words are where the numbers are.
                _ => damaged.copy_within(from & !3..(from & !3) + 4, to & !3),
            }
        }
        if let Ok(set) = PatchSet::decode(&text, &damaged) {
            walk(&set);
        }
    }
}

#[test]
fn a_cut_buffer_is_refused_or_does_no_harm() {
    let Encoded { text, index } = sample();
    for end in 0..index.len() {
        assert!(PatchSet::decode(&text, &index[..end]).is_err());
    }
    for text in (0..text.len()).filter_map(|end| text.get(..end)) {
        if let Ok(set) = PatchSet::decode(text, &index) {
            walk(&set);
        }
    }
}

#[test]
fn what_a_reader_trusts_is_checked() {
    let Encoded { text, index } = sample();
    let databases = HEADER;
    let patches = HEADER + 2 * DATABASE;
    let items = patches + 3 * PATCH;
    let set = |at: usize, value: u32| (at, value.to_le_bytes().to_vec());
    let byte = |at: usize, value: u8| (at, vec![value]);
    let item = |position: usize| items + position * ITEM;
    assert_eq!(
        index[items..]
            .chunks(ITEM)
            .map(|record| record[0])
            .collect::<Vec<_>>(),
        [
            0, 1, 3, 4, 5, 3, 11, 3, 10, 10, 2, 3, 5, 6, 7, 3, 9, 3, 8, 3, // the first patch
            0, 1, // the second
            0, 1, 3, 10, 10, 2, 3, 5, 6, 7, 3, 9, 3, 8, 3
        ]
    );
    for ((at, bytes), expected) in [
        (byte(3, 1), "the header is missing or of another version"),
        (set(4, u32::MAX), "the index is cut off"),
        (set(12, 18), "the index is cut off"),
        (set(16, u32::MAX), "the revision is damaged"),
        (set(36, 2), "the revision is damaged"),
        (
            set(databases, u32::MAX),
            "the name of a database lies outside the text",
        ),
        (
            set(databases + 8, 1),
            "the databases do not divide the patches",
        ),
        (
            set(databases + 12, 0),
            "the databases do not divide the patches",
        ),
        (
            set(databases + 12, 4),
            "the databases do not divide the patches",
        ),
        (
            set(databases + 12, 1),
            "the databases do not divide the patches",
        ),
        (
            set(databases + 12, 3),
            "a patch is not of the database that has it",
        ),
        (
            set(databases + DATABASE + 4, 0),
            "the databases are not sorted",
        ),
        (set(patches, u32::MAX), "a patch lies outside the text"),
        (set(patches + 4, u32::MAX), "a patch lies outside the text"),
        (set(patches + 56, u32::MAX), "a name lies outside the text"),
        (set(patches + 44, 2), "the versions are not sorted"),
        (
            set(patches + 76, 1),
            "the items do not begin with the first patch",
        ),
        (
            set(patches + PATCH + 76, 99),
            "the items of a patch lie outside those of the set",
        ),
        (
            set(patches + 2 * PATCH + 76, 5),
            "the items of a patch lie outside those of the set",
        ),
        (
            byte(patches + 80, 2),
            "a patch has an unknown grammar, kind or script mode",
        ),
        (
            byte(patches + 81, 3),
            "a patch has an unknown grammar, kind or script mode",
        ),
        (
            byte(patches + 82, 2),
            "a patch has an unknown grammar, kind or script mode",
        ),
        (
            byte(patches + 83, 1),
            "a patch has an unknown grammar, kind or script mode",
        ),
        (
            byte(item(0), 1),
            "a timeout is out of place or out of range",
        ),
        (
            set(item(0) + 4, 1 << 31),
            "a timeout is out of place or out of range",
        ),
        (
            byte(item(5), 0),
            "a record has an unknown class, quoting or flag",
        ),
        (
            byte(item(2) + 1, 255),
            "a record has an unknown class, quoting or flag",
        ),
        (
            byte(item(2) + 2, 2),
            "a record has an unknown class, quoting or flag",
        ),
        (
            byte(item(2) + 3, 1),
            "a record has an unknown class, quoting or flag",
        ),
        (
            byte(item(8) + 1, 3),
            "a record has an unknown class, quoting or flag",
        ),
        (byte(item(10), 12), "a record has an unknown tag"),
        (byte(item(10), 4), "a record is out of place"),
        (byte(item(3), 5), "a record is out of place"),
        (byte(item(0), 4), "a record is out of place"),
        (set(item(3) + 4, u32::MAX), "a name lies outside the text"),
        (
            set(item(2) + 4, u32::MAX),
            "an item lies outside the text of its patch",
        ),
        (
            set(item(2) + 8, u32::MAX),
            "an item lies outside the text of its patch",
        ),
        (
            set(item(2) + 8, 42),
            "an item lies outside the text of its patch",
        ),
        (set(item(5) + 4, 0), "the items are not in order"),
        (set(item(6) + 4, 0), "data stands before its statement"),
        (set(item(8) + 4, 0), "a part of a statement lies outside it"),
        (
            set(item(9) + 4, place(":'x'").start),
            "the variables are not in order",
        ),
    ] {
        let mut damaged = index.clone();
        damaged[at..at + bytes.len()].copy_from_slice(&bytes);
        let found = PatchSet::decode(&text, &damaged).map(|set| walk(&set));
        let found = found.unwrap_err().to_string();
        let expected = format!("not an encoded set of patches: {expected}");
        assert_eq!(found, expected, "{at} {bytes:?}");
    }
}
