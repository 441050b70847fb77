//! Passwords that have been stolen before and words that stand in dictionaries and lists of names, as short hashes in
//! one sorted list. Made by `cargo xtask passwords`; says yes for one word in six thousand that is not in it.

use std::sync::LazyLock;

/// Gaps between ascending hashes, seven bits a byte, the lowest first.
const LIST: &[u8] = include_bytes!("known-words.bin");

/// So many hashes are read to find one.
const STEP: usize = 512;

/// Where every so many hashes begin: the hash before them, and the place of their first gap.
static MARKS: LazyLock<Vec<(u32, usize)>> = LazyLock::new(|| {
    let mut marks = vec![(0, 0)];
    let mut read = Hashes::default();
    while let Some(hash) = read.next() {
        read.count += 1;
        if read.count % STEP == 0 {
            marks.push((hash, read.place));
        }
    }
    marks
});

/// Whether one of these hashes is in the list.
pub(crate) fn holds_any(wanted: &[u32]) -> bool {
    wanted.iter().any(|hash| holds(*hash))
}

fn holds(wanted: u32) -> bool {
    let next = MARKS.partition_point(|(before, _)| *before < wanted);
    let Some((at, place)) = next.checked_sub(1).and_then(|mark| MARKS.get(mark)).copied() else {
        return false;
    };
    let found = Hashes { at, place, count: 0 }.find(|hash| *hash >= wanted);
    found == Some(wanted)
}

/// The list from some place on.
#[derive(Default)]
struct Hashes {
    at: u32,
    place: usize,
    count: usize,
}

impl Iterator for Hashes {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (mut gap, mut shift) = (0_u32, 0);
        loop {
            let byte = *LIST.get(self.place)?;
            self.place += 1;
            gap |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        self.at = self.at.wrapping_add(gap);
        Some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::password_variants::{fold, hash};

    fn knows(word: &str) -> bool {
        holds_any(&[hash(&fold(word))])
    }

    #[test]
    fn the_list_is_large_sorted_and_made_of_what_it_should_be() {
        let all: Vec<u32> = Hashes::default().collect();
        assert!(all.len() > 400_000, "{}", all.len());
        assert!(all.is_sorted_by(|a, b| a < b));
        for word in
            ["password1", "muster", "Müller", "schnecke", "qwertz", "schmetterling", "iloveyou", "trustno1"]
        {
            assert!(knows(word), "{word}");
        }
    }

    #[test]
    fn every_one_is_found_and_none_between_them() {
        let all: Vec<u32> = Hashes::default().collect();
        let edges = all.chunks(STEP).flat_map(|some| [some.first(), some.last()]).flatten();
        for hash in edges.chain(all.iter().step_by(97)) {
            assert!(holds(*hash), "{hash}");
            let next = hash.wrapping_add(1);
            assert_eq!(holds(next), all.binary_search(&next).is_ok(), "{next}");
        }
        assert!(!holds(0) || all[0] == 0);
    }

    #[test]
    fn it_seldom_says_yes_to_what_nobody_wrote() {
        let all: std::collections::HashSet<u32> = Hashes::default().collect();
        let wrong = (0..20_000).filter(|n| all.contains(&hash(&format!("xq{n}kzv{n}w")))).count();
        assert!(wrong < 12, "{wrong} of 20000");
    }
}
