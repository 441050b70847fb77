//! Passwords that have been stolen before and words that stand in dictionaries and lists of names, as short hashes in
//! one sorted list. Made by `cargo xtask passwords`; says yes for one word in six thousand that is not in it.

/// Gaps between ascending hashes, seven bits a byte, the lowest first.
const LIST: &[u8] = include_bytes!("known-words.bin");

/// Whether one of these hashes is in the list.
pub(crate) fn holds_any(wanted: &[u32]) -> bool {
    hashes().any(|hash| wanted.contains(&hash))
}

fn hashes() -> impl Iterator<Item = u32> {
    let mut bytes = LIST.iter();
    let mut at = 0_u32;
    std::iter::from_fn(move || {
        let (mut gap, mut shift) = (0_u32, 0);
        loop {
            let byte = *bytes.next()?;
            gap |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        at = at.wrapping_add(gap);
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::wordform::{fold, hash};

    fn knows(word: &str) -> bool {
        holds_any(&[hash(&fold(word))])
    }

    #[test]
    fn the_list_is_large_sorted_and_made_of_what_it_should_be() {
        let all: Vec<u32> = hashes().collect();
        assert!(all.len() > 400_000, "{}", all.len());
        assert!(all.is_sorted_by(|a, b| a < b));
        for word in
            ["password1", "muster", "Müller", "schnecke", "qwertz", "schmetterling", "iloveyou", "trustno1"]
        {
            assert!(knows(word), "{word}");
        }
    }

    #[test]
    fn it_seldom_says_yes_to_what_nobody_wrote() {
        let all: std::collections::HashSet<u32> = hashes().collect();
        let wrong = (0..20_000).filter(|n| all.contains(&hash(&format!("xq{n}kzv{n}w")))).count();
        assert!(wrong < 12, "{wrong} of 20000");
    }
}
