//! The initial password: made by us, told to the recipient by telephone or letter, good for one log-in.
//! Knows neither mailbox nor mail.

use sealpost_mail::{Random, Secret};
use zeroize::Zeroizing;

/// What it is made of: nothing that looks like something else on paper (0 O, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V) or
/// is the other's echo on the telephone (M N, P T, B D), and no vowel, so that no word comes about.
const LETTERS: [u8; 19] = *b"CFHJKMRTWXY23456789";
/// 16 of 19: 67.9 bits.
const LENGTH: usize = 16;
/// Letters between two hyphens.
const GROUP: usize = 4;
/// The largest multiple of 19 that fits into a byte: what is above would make some letters likelier.
const FAIR: u8 = 247;

/// An initial password.
#[derive(Clone, Debug)]
pub struct InitialPassword(Secret<String>);

impl InitialPassword {
    /// A new one, each letter independent of the others.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
        let mut letters = 0;
        while letters < LENGTH {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            random.fill(bytes.as_mut_slice());
            for byte in bytes.iter().filter(|byte| **byte < FAIR).take(LENGTH - letters) {
                if letters > 0 && letters % GROUP == 0 {
                    text.push('-');
                }
                let nth = usize::from(*byte) % LETTERS.len();
                text.extend(LETTERS.get(nth).map(|letter| char::from(*letter)));
                letters += 1;
            }
        }
        Self(Secret::new(text))
    }

    /// As it is told: `KXCM-7RTW-HW93-YC6F`.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        self.0.clone()
    }
}

/// What counts of a typed initial password: letters and digits, in upper case. People leave the hyphens out,
/// put blanks in their place and type small letters.
pub(crate) fn plain(typed: &str) -> Zeroizing<String> {
    let kept = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    let mut text = Zeroizing::new(String::with_capacity(typed.len()));
    text.extend(kept);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sealpost_mail::SystemRandom;

    use super::*;

    #[test]
    fn it_can_be_told_and_has_more_than_sixty_bits() {
        assert!((LETTERS.len() as f64).log2() * LENGTH as f64 > 60.0);
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let text = InitialPassword::generate(&SystemRandom).text();
            let groups: Vec<&str> = text.expose().split('-').collect();
            assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{}", text.expose());
            assert_eq!(plain(text.expose()).len(), LENGTH);
            seen.extend(plain(text.expose()).bytes());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), {
            let mut all = LETTERS.to_vec();
            all.sort_unstable();
            all
        });
    }

    #[test]
    fn how_it_is_typed_does_not_count() {
        for typed in
            ["KXCM-7RTW-HW93-YC6F", " kxcm 7rtw hw93 yc6f ", "kxcm7rtwHW93yc6f\t", "KXCM–7RTW–HW93–YC6F"]
        {
            assert_eq!(*plain(typed), "KXCM7RTWHW93YC6F", "{typed}");
        }
    }

    /// Random bytes of which most are unfair.
    struct Biased(std::sync::atomic::AtomicU8);

    impl Random for Biased {
        fn fill(&self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn bytes_that_would_favour_a_letter_are_left_out() {
        // 255 down: 255 to 247 are left out, so the first letter is 246 modulo 19.
        let text = InitialPassword::generate(&Biased(255.into())).text();
        let first = text.expose().bytes().next();
        assert_eq!(first, LETTERS.get(246 % 19).copied());
    }
}
