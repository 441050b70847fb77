//! What a password must be, and why one is not good enough. Pure; keeps nothing.

use crate::config::PasswordRules;

/// One reason against a password. Each has a text that says how to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// Nothing was entered.
    Empty,
    /// Fewer characters than asked for.
    Short,
    /// No upper-case letter.
    NoUpper,
    /// No digit.
    NoDigit,
    /// Letters and digits only.
    NoSpecial,
    /// It is the address, or nearly.
    Address,
    /// On the list of the most used.
    Common,
    /// Easy to guess.
    Guessable,
    /// So long that hashing it would be an attack.
    Long,
}

impl Weakness {
    /// The key of its text.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Empty => "password-empty",
            Self::Short => "password-short",
            Self::NoUpper => "password-no-upper",
            Self::NoDigit => "password-no-digit",
            Self::NoSpecial => "password-no-special",
            Self::Address => "password-address",
            Self::Common => "password-common",
            Self::Guessable => "password-guessable",
            Self::Long => "password-long",
        }
    }
}

const LONGEST: usize = 256;
/// zxcvbn's time grows with the square of the length.
const ESTIMATED: usize = 72;

/// The most used passwords, German and English, in lower case: those that also pass the character rules are
/// caught by the comparison without digits and signs at the ends.
const COMMON: &str = include_str!("common-passwords.txt");

/// Everything that is wrong with `password`; empty if it is good.
pub(crate) fn weaknesses(
    password: &str,
    address: &str,
    related: &[&str],
    rules: &PasswordRules,
) -> Vec<Weakness> {
    if password.is_empty() {
        return vec![Weakness::Empty];
    }
    let length = password.chars().count();
    if length > LONGEST {
        return vec![Weakness::Long];
    }
    let mut found = Vec::new();
    let mut check = |bad: bool, weakness| {
        if bad {
            found.push(weakness);
        }
    };
    check(length < rules.minimum_length.max(8), Weakness::Short);
    check(rules.upper && !password.chars().any(char::is_uppercase), Weakness::NoUpper);
    check(rules.digit && !password.chars().any(char::is_numeric), Weakness::NoDigit);
    check(rules.special && password.chars().all(char::is_alphanumeric), Weakness::NoSpecial);
    check(is_address(password, address), Weakness::Address);
    check(is_common(password), Weakness::Common);
    if found.is_empty() {
        let start: String = password.chars().take(ESTIMATED).collect();
        let mut inputs: Vec<&str> = address.split(['@', '.', '-', '_', '+']).collect();
        inputs.extend_from_slice(related);
        let score = u8::from(zxcvbn::zxcvbn(&start, &inputs).score());
        if score < rules.minimum_strength.min(4) {
            found.push(Weakness::Guessable);
        }
    }
    found
}

fn is_address(password: &str, address: &str) -> bool {
    let (password, address) = (password.to_lowercase(), address.to_lowercase());
    let local = address.split('@').next().unwrap_or_default();
    !address.is_empty()
        && (password.contains(&address)
            || core_of(&password) == local
            || core_of(&password) == core_of(local))
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let core = core_of(&lower);
    COMMON.lines().any(|common| common == lower || (common == core && core.chars().count() >= 4))
}

/// The word without the digits and signs that people put around it.
fn core_of(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Vec<Weakness> {
        weaknesses(password, "max.muster@web.example", &["Insurer"], &PasswordRules::default())
    }

    #[test]
    fn each_rule_is_named() {
        assert_eq!(judge(""), [Weakness::Empty]);
        assert_eq!(judge("Ab1!"), [Weakness::Short]);
        assert_eq!(judge("kleinbuchstaben7!"), [Weakness::NoUpper]);
        assert_eq!(judge("Regenschirm-Tulpe"), [Weakness::NoDigit]);
        assert_eq!(judge("RegenschirmTulpe7"), [Weakness::NoSpecial]);
        assert_eq!(judge(&"aB1!".repeat(100)), [Weakness::Long]);
        assert_eq!(judge("Regenschirm7-Tulpe"), []);
        assert_eq!(judge("Straße-Übermut-42"), []);
    }

    #[test]
    fn what_everybody_takes_is_refused() {
        assert!(judge("Passwort1!").contains(&Weakness::Common));
        assert!(judge("Hallo123!").contains(&Weakness::Common));
        assert!(judge("Sommer2026!").contains(&Weakness::Common));
        assert!(judge("Max.Muster@web.example1").contains(&Weakness::Address));
        assert!(judge("Max.Muster1!").contains(&Weakness::Address));
        assert!(judge("Aaaaaaa1!").contains(&Weakness::Guessable));
    }

    #[test]
    fn the_operator_may_ask_for_less_but_not_for_too_little() {
        let rules = PasswordRules {
            minimum_length: 1,
            digit: false,
            upper: false,
            special: false,
            minimum_strength: 0,
        };
        assert_eq!(weaknesses("abc", "a@b.de", &[], &rules), [Weakness::Short]);
        assert_eq!(weaknesses("tulpenzwiebel", "a@b.de", &[], &rules), []);
    }

    #[test]
    fn the_list_is_as_the_comparison_needs_it() {
        assert!(COMMON.lines().count() > 150);
        for line in COMMON.lines() {
            assert!(!line.is_empty() && line == line.to_lowercase() && line == line.trim(), "{line:?}");
        }
    }
}
