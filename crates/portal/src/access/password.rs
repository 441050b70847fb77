//! Requirements for a password, and the reasons against one. Pure; stores nothing.

use crate::access::password_variants::{core, fold, hash, unleet};
use crate::access::{common_passwords, password_guesses};
use crate::config::PasswordRules;

/// One reason against a password. Each has a text that says how to fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// Nothing was entered.
    Empty,
    /// Fewer characters than required.
    Short,
    /// No upper-case letter.
    NoUpper,
    /// No digit.
    NoDigit,
    /// Letters and digits only.
    NoSpecial,
    /// It is the address, or almost.
    Address,
    /// Leaked before, or a single well-known word.
    Common,
    /// Names, places, years and endings that an attacker tries first for this owner.
    Related,
    /// The password is easy to guess.
    Guessable,
    /// So long that hashing it would be a denial of service.
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
            Self::Related => "password-related",
            Self::Guessable => "password-guessable",
            Self::Long => "password-long",
        }
    }
}

const MAX: usize = 256;
/// zxcvbn's time grows with the square of the length.
const ESTIMATED: usize = 72;
/// If no kinds of characters are required, length must do it (NIST SP 800-63B-4 §3.1.1.2).
const WITHOUT_CLASSES: usize = 12;
/// The minimum in any case.
const MIN: usize = 8;
/// Letters that must remain after names and the like are removed.
const LEFT: usize = 4;
/// A word of this length is not inside others by chance.
const INSIDE: usize = 4;

/// Places, seasons, months, days and popular passwords: folded, letters only.
const COMMON: &str = include_str!("common-words.txt");

impl PasswordRules {
    /// Minimum length in characters.
    pub(crate) fn shortest(&self) -> usize {
        let classes = self.digit || self.upper || self.special;
        let usual = if classes { MIN } else { WITHOUT_CLASSES };
        self.minimum_length.unwrap_or(usual).max(MIN)
    }
}

/// Everything that is wrong with `password`; empty if it is good. `related` are words of the operator, which count as
/// nothing in a password, like the address.
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
    if length > MAX {
        return vec![Weakness::Long];
    }
    let mut found = Vec::new();
    let mut check = |bad: bool, weakness| {
        if bad {
            found.push(weakness);
        }
    };
    check(length < rules.shortest(), Weakness::Short);
    check(rules.upper && !password.chars().any(char::is_uppercase), Weakness::NoUpper);
    check(rules.digit && !password.chars().any(char::is_numeric), Weakness::NoDigit);
    check(rules.special && password.chars().all(char::is_alphanumeric), Weakness::NoSpecial);
    let own = parts(&[address], related);
    let folded = fold(password);
    if is_address(&folded, &fold(address)) {
        found.push(Weakness::Address);
    } else if is_known(&folded) {
        found.push(Weakness::Common);
    } else if rules.minimum_strength > 0 && is_related(password, &own, rules.minimum_strength) {
        found.push(Weakness::Related);
    }
    let easy = || {
        score(password, &own) < rules.minimum_strength.min(4)
            || password_guesses::bits(password, &own, COMMON.lines()) < bits_of(rules.minimum_strength)
    };
    if found.is_empty() && easy() {
        found.push(Weakness::Guessable);
    }
    found
}

/// The minimum of [`password_guesses::bits`] for a strength on zxcvbn's scale: the third is more than a word, its
/// compound and a year.
fn bits_of(strength: u8) -> u32 {
    match strength {
        0 => 0,
        1 => 20,
        2 => 29,
        3 => 34,
        _ => 40,
    }
}

fn score(password: &str, own: &[String]) -> u8 {
    let start: String = password.chars().take(ESTIMATED).collect();
    let inputs: Vec<&str> = own.iter().map(String::as_str).chain(COMMON.lines()).collect();
    u8::from(zxcvbn::zxcvbn(&start, &inputs).score())
}

/// The words of owner and operator, and each of the operator's names as a single word; longest first.
fn parts(owner: &[&str], operator: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in owner.iter().chain(operator) {
        let text = fold(text);
        out.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        out.extend(text.split(|c: char| !c.is_alphabetic()).map(str::to_owned));
        out.push(text.chars().filter(|c| c.is_alphanumeric()).collect());
    }
    // Passwords are not built on a top-level domain.
    out.retain(|part| part.chars().count() >= 3);
    out.sort_by_key(|part| std::cmp::Reverse(part.len()));
    out.dedup();
    out
}

fn is_address(password: &str, address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default();
    !address.is_empty()
        && (password.contains(address) || core(password) == local || core(password) == core(local))
}

/// Whether it has leaked, or is one known word with digits and signs around it, or that word twice.
fn is_known(folded: &str) -> bool {
    let joined: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut forms = vec![folded.to_owned(), joined.clone()];
    for one in ['i', 'l'] {
        for text in [folded, joined.as_str()] {
            let word = core(text);
            let (read, inside) = (unleet(text, one), unleet(word, one));
            forms.push(core(&read).to_owned());
            forms.extend(halved(&inside).map(str::to_owned));
            forms.push(inside);
            forms.push(word.to_owned());
        }
    }
    forms.retain(|form| form.chars().count() >= INSIDE);
    common_passwords::holds_any(&forms.iter().map(|form| hash(form)).collect::<Vec<_>>())
}

/// Half of a text that is the same word twice.
fn halved(word: &str) -> Option<&str> {
    let (first, second) = word.split_at_checked(word.len() / 2)?;
    (first == second).then_some(first)
}

/// Whether little remains without names, places, years and endings.
fn is_related(password: &str, own: &[String], least: u8) -> bool {
    let folded = fold(password);
    [folded.clone(), unleet(&folded, 'i'), unleet(&folded, 'l')].iter().any(|text| {
        let (left, removed) = without(text, own);
        if !removed {
            return false;
        }
        let left = core(&left);
        let letters = left.chars().filter(|c| c.is_alphabetic()).count();
        let words = left.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).count();
        letters < LEFT || (words == 1 && is_known(left)) || score(left, own) < least.min(2)
    })
}

/// The text without these words, common ones and years; and whether it contained any.
fn without(text: &str, own: &[String]) -> (String, bool) {
    let mut left = text.to_owned();
    let long = |word: &&str| word.len() >= INSIDE;
    let mut common: Vec<&str> = COMMON.lines().filter(long).collect();
    common.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in own.iter().map(String::as_str).chain(common) {
        if left.contains(word) {
            left = left.replace(word, " ");
        }
    }
    let mut removed = left != text;
    for first in ["19", "20"] {
        while let Some(at) = left.match_indices(first).map(|(at, _)| at).find(|at| is_year(&left, *at)) {
            left.replace_range(at..at + 4, " ");
        }
    }
    // Three letters are a word only if they stand alone.
    for word in COMMON.lines().filter(|word| word.len() < INSIDE) {
        if left.split(|c: char| !c.is_alphabetic()).any(|part| part == word) {
            left = left.replace(word, " ");
            removed = true;
        }
    }
    (left, removed)
}

fn is_year(text: &str, at: usize) -> bool {
    text.get(at..at + 4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Vec<Weakness> {
        judge_for(password, "max.muster@web.example")
    }

    fn judge_for(password: &str, address: &str) -> Vec<Weakness> {
        weaknesses(password, address, &["Insurer", "SecureMail"], &PasswordRules::default())
    }

    #[test]
    fn each_rule_is_named() {
        assert_eq!(judge(""), [Weakness::Empty]);
        assert_eq!(judge("Ab1!"), [Weakness::Short]);
        assert_eq!(judge("regenschirm-tulpe7!"), [Weakness::NoUpper]);
        assert_eq!(judge("Regenschirm-Tulpe"), [Weakness::NoDigit]);
        assert_eq!(judge("RegenschirmTulpe7"), [Weakness::NoSpecial]);
        assert_eq!(judge(&"aB1!".repeat(100)), [Weakness::Long]);
    }

    #[test]
    fn what_nobody_guesses_is_taken() {
        for good in [
            "Regenschirm7-Tulpe",
            "Straße-Übermut-42",
            "xK7$mQ2p-v",
            "Huber-Tulpenzaun9Kork",
            "9f2B!kd-Wien-7Qz",
            "Korrekt.Pferd.Batterie.Klammer.1",
            "vieleFischeEssenGernSpaet!8",
            "Gr0sseT@nnenImNebel",
        ] {
            assert_eq!(judge_for(good, "maria.huber77@web.example"), [], "{good}");
        }
    }

    /// Thoughtful choices are accepted: unrelated words, sentences, random letters.
    #[test]
    fn good_pass_phrases_stay_acceptable() {
        let mut refused = Vec::new();
        for good in [
            "Wolke.Ziegel.Nebel7",
            "Kirschkern-1953-Segel",
            "Tulpe!Anker!Radio4",
            "blauer-Elefant-tanzt-3x",
            "Lampe7Teppich+Zahn",
            "Drei Igel trinken Tee!3",
            "Mein Hund frisst 2 Socken!",
            "Oma backt sonntags 7 Kuchen.",
            "Im Keller wohnt 1 Drache!",
            "Zwiebel_Mond_Kabel_5",
            "Pfeffer9Gitarre!",
            "Schrank#Wiese2",
            "Fenster-Gurke-88",
            "Teppich?Kaktus4",
            "Löwe.Pinsel.3.Brot",
            "Nadel+Kuh+Wecker1",
            "Heute-regnet-es-Kekse1",
            "Vulkan%Socke6",
            "Trompete:Hecht:93",
            "Donaudampfschiff-Kakao7",
            "ApfelKaktusTromm3l!",
            "Zitrone/Besen/41",
            "correct7Horse-battery",
            "Seven.lazy.Cats4",
            "Purple!walrus9Dishwasher",
            "Window-Carpet-Soup8",
            "my dog eats 3 Socks!",
            "vT9#kLw2!qZ",
            "xK7$mQ2p-v",
            "q8Zr!tN4wb",
            "J3v&pY6m_d",
            "Fw7.kXt9zR",
            "2bZ!h8Kq#w",
            "Rn5$gW8t",
            "mDhf2Skw!D",
            "IwmgHh3K!u",
            "WsnSidZ.19k",
            "Regenschirm7-Tulpe",
            "Straße-Übermut-42",
            "Huber-Tulpenzaun9Kork",
        ] {
            let found = judge_for(good, "maria.huber77@web.example");
            if !found.is_empty() {
                refused.push((good, found));
            }
        }
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let mut taken = Vec::new();
        for bad in [
            "Wien2026!",
            "Insurer2026!",
            "Huber1985!",
            "Muster123!",
            "Passwort1!",
            "Hallo123!",
            "Sommer2026!",
            "P@ssw0rt2026!",
            "Qwertz123!",
            "Schatzi123!",
            "Bayern1900!",
            "Willkommen1!",
            "Test1234!",
            "Versicherung1!",
            "SecureMail1!",
            "Geheim123!",
            "Maria2026!",
            "MariaHuber1!",
            "Huber-Maria-85!",
            "Mercedes1!",
            "Schalke04!",
            "Iloveyou1!",
            "Wien1010!",
            "Österreich1!",
            "Graz8010!",
            "Katze2026!",
            "Abcd1234!",
            "Asdf1234!",
            "Fruehling2026!",
            "Frühling26!",
            "1985Huber!",
            "!Huber1985",
            "HUBER1985!a",
            "Hub3r1985!",
            "WienHuber2026!",
            "WienSommer26!",
            "Insurer-Wien-1!",
            "Januar2026!",
            "Montag123!",
            "Passwort!Passwort1",
            "Aaaaaaa1!",
            "Huber19850412!",
            "Huber.12.04.1985",
            "Kennwort#99",
            "Web2026!!!!",
            "Blumentopf7!",
            "Schmetterling1!",
            "Müller2024!",
            "HuberKatze77!",
            "Dackel2026!!",
            "SecureMail-Insurer1",
            "QwertzUiop1!",
            "Iloveyou2026!!!",
            "Starwars77!",
            "Urlaub2026!",
            "W13n2026!",
            "Letmein2026!",
            // A word and an ending twice, keyboard walks, dates, initials.
            "Hansi1!Hansi1!",
            "Nov2026!Nov",
            "1qay2wsx!Q",
            "1qaz2wsx!Q",
            "!QAY2wsx3edc",
            "Yxcvbnm123!",
            "Asdf!Asdf1",
            "3edc4rfv!A",
            "01.02.1977Mh!",
            "Mh01021977!",
            "24.12.2020Xy",
            "Neu12345!",
            "Neu-0815-neu",
            // Two short words, compounds, addresses.
            "Mustermann1!",
            "Max.Muster1",
            "Lena&Max2015!",
            "Anna+Paul2020",
            "Apfelbaum2026!",
            "Apfelstrudel1!",
            "Gartenzwerg1!",
            "Gartenzaun2!",
            "Donaudampf1!",
            "Kirschbaum77!",
            "Haustuer123!",
            "Sonnenblume2026!",
            "Bahnhofstr.5a",
            "Hauptstr.12",
            "Haus-Nr.12a",
            "Sommerwind2026!",
            "Apf3lbaum2026!",
            "Baumapfel!1!",
        ] {
            if judge_for(bad, "maria.huber77@web.example").is_empty() {
                taken.push(bad);
            }
        }
        assert!(taken.is_empty(), "{taken:?}");
    }

    #[test]
    fn the_reason_is_the_one_that_helps() {
        assert!(judge("Passwort1!").contains(&Weakness::Common));
        assert!(judge("Max.Muster@web.example1").contains(&Weakness::Address));
        assert!(judge("Max.Muster1!").contains(&Weakness::Address));
        assert!(judge("Insurer-Wien-2026!").contains(&Weakness::Related));
        assert!(judge("aB1!aB1!aB1!").contains(&Weakness::Guessable));
    }

    #[test]
    fn length_must_do_it_where_no_kinds_of_characters_are_asked_for() {
        let free = PasswordRules { digit: false, upper: false, special: false, ..PasswordRules::default() };
        assert_eq!(weaknesses("tulpe zaun", "a@b.de", &[], &free), [Weakness::Short]);
        assert_eq!(weaknesses("tulpe zaun kork", "a@b.de", &[], &free), []);
        assert_eq!(PasswordRules::default().shortest(), 8);
        let asked = PasswordRules { minimum_length: Some(10), ..free };
        assert_eq!(weaknesses("tulpe zaun", "a@b.de", &[], &asked), []);
    }

    #[test]
    fn the_operator_may_ask_for_less_but_not_for_too_little() {
        let rules = PasswordRules {
            minimum_length: Some(1),
            digit: false,
            upper: false,
            special: false,
            minimum_strength: 0,
        };
        assert_eq!(weaknesses("abc", "a@b.de", &[], &rules), [Weakness::Short]);
        assert_eq!(weaknesses("wientulpe", "a@b.de", &[], &rules), []);
        assert_eq!(weaknesses("passwort", "a@b.de", &[], &rules), [Weakness::Common]);
    }

    #[test]
    fn the_words_are_as_the_comparison_needs_them() {
        assert!(COMMON.lines().count() > 400);
        for line in COMMON.lines() {
            assert!(line.chars().all(char::is_alphabetic) && line == fold(line), "{line:?}");
        }
    }
}
