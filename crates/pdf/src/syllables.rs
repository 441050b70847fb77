//! Where a word that is wider than its line may end one with a hyphen: between its syllables, and within one that is too wide itself.
//! Knows no runs and no template.

use std::ops::Range;

use hypher::Lang;

/// No word of a letter is longer: what is has other reasons.
const MAX_LETTERS: usize = 80;

/// The language of a document, if its syllables are known.
pub(crate) fn language(tag: &str) -> Option<Lang> {
    let code = tag.split('-').next()?.as_bytes();
    Lang::from_iso(<[u8; 2]>::try_from(code).ok()?)
}

/// A word: letters, with punctuation before or behind it.
pub(crate) struct Word {
    /// The characters of each syllable; the outer ones with the punctuation.
    pub(crate) syllables: Vec<Range<usize>>,
}

impl Word {
    /// `None`: it is no word, or one of a single syllable.
    pub(crate) fn of(text: &[char], language: Lang) -> Option<Self> {
        let start = text.iter().position(|c| c.is_alphanumeric())?;
        let end = text.iter().rposition(|c| c.is_alphanumeric())? + 1;
        let letters = text.get(start..end)?;
        if letters.len() > MAX_LETTERS || !letters.iter().all(|c| c.is_alphabetic()) {
            return None;
        }
        let word: String = letters.iter().collect();
        let mut at = start;
        let mut syllables: Vec<Range<usize>> = Vec::new();
        for syllable in hypher::hyphenate(&word, language) {
            let next = at + syllable.chars().count();
            syllables.push(at..next);
            at = next;
        }
        syllables.first_mut()?.start = 0;
        syllables.last_mut()?.end = text.len();
        (syllables.len() > 1).then_some(Self { syllables })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(text: &str, language: Lang) -> String {
        let text: Vec<char> = text.chars().collect();
        let Some(word) = Word::of(&text, language) else { return "-".to_owned() };
        let all = word.syllables.into_iter().map(|one| text[one].iter().collect::<String>());
        all.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn words_have_the_syllables_of_their_language() {
        assert_eq!(parted("Haftpflichtversicherung", Lang::German), "Haft|pflicht|ver|si|che|rung");
        assert_eq!(parted("(Selbstbeteiligung),", Lang::German), "(Selbst|be|tei|li|gung),");
        assert_eq!(parted("responsibilities", Lang::English), "re|spon|si|bil|i|ties");
        for no_word in ["DE89370400440532013000", "a/b", "bericht.pdf", "", "...", "Haus"] {
            assert_eq!(parted(no_word, Lang::German), "-", "{no_word}");
        }
        assert_eq!(parted(&"Schaden".repeat(20), Lang::German), "-");
    }

    #[test]
    fn languages_are_found_by_their_tags() {
        assert_eq!(language("de"), Some(Lang::German));
        assert_eq!(language("en-GB"), Some(Lang::English));
        assert_eq!(language("zz"), None);
        assert_eq!(language(""), None);
    }
}
