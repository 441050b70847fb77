//! What people and their mail programs write in each language, to be recognised and never shown: keywords of
//! a deletion request, subject prefixes of replies, beginnings of quoted text. Knows no mail.

use std::sync::LazyLock;

use crate::language::{Language, Values, Words};

/// The words of several languages at once: no mail says which one it is in. In lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Understood {
    /// Word beginnings of a deletion request.
    pub deletion: Vec<String>,
    /// Subject prefixes of replies and forwarded mail, with their colon.
    pub reply_marks: Vec<String>,
    /// Ends of lines above quoted text: "wrote:".
    pub quote_ends: Vec<String>,
    /// Beginnings of lines above quoted text: "from:".
    pub quote_beginnings: Vec<String>,
}

static ALL: LazyLock<Understood> = LazyLock::new(|| Understood::of(Language::all()));

impl Understood {
    /// The words of every language; built once.
    #[must_use]
    pub fn all() -> &'static Self {
        &ALL
    }

    /// A language that lacks a text is found by the tests of the folders; here it contributes nothing.
    pub(crate) fn of(languages: impl Iterator<Item = Language>) -> Self {
        let mut all = Self::default();
        for language in languages {
            let Ok(words) = Words::new(language, Values::new()) else { continue };
            for (key, list) in [
                ("understood-deletion", &mut all.deletion),
                ("understood-reply-marks", &mut all.reply_marks),
                ("understood-quote-ends", &mut all.quote_ends),
                ("understood-quote-beginnings", &mut all.quote_beginnings),
            ] {
                let text = words.say(key).unwrap_or_default().to_lowercase();
                list.extend(text.split_whitespace().map(str::to_owned));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudo::plain_words;

    #[test]
    fn every_language_is_understood_and_none_beside_the_folders() {
        for language in Language::all() {
            let Understood { deletion, reply_marks, quote_ends, quote_beginnings } =
                Understood::of(std::iter::once(language));
            let all = Understood::all();
            for (list, of_all) in [
                (deletion, &all.deletion),
                (reply_marks, &all.reply_marks),
                (quote_ends, &all.quote_ends),
                (quote_beginnings, &all.quote_beginnings),
            ] {
                assert!(!list.is_empty(), "{language:?}");
                // One or two letters would match everywhere.
                assert!(list.iter().all(|word| word.chars().count() > 2), "{language:?} {list:?}");
                assert!(list.iter().all(|word| of_all.contains(word)), "{language:?} {list:?}");
            }
        }
        let pseudo = format!("{:?}", Understood::of(std::iter::once(Language::pseudo())));
        let fields = ["Understood", "deletion", "reply_marks", "quote_ends", "quote_beginnings"];
        assert_eq!(plain_words(&pseudo, &fields), Vec::<String>::new());
    }
}
