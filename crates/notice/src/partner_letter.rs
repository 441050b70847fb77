//! Test letters for a connection to a partner, and the reply to one: plain text in the operator's language
//! and, below, in every other one, because the partner's language is unknown. Knows no key and no queue.

use sealpost_mail::Brand;

use crate::build::brand_values;
use crate::error::NoticeError;
use crate::language::{Language, Words};
use crate::sanitize;

/// Letters to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerLetter {
    /// A test letter: its reader should reply.
    Test,
    /// This gateway's reply to another one's test letter.
    Reply,
}

/// Subject and text.
///
/// # Errors
/// A language lacks a text.
pub fn partner_letter(
    letter: PartnerLetter,
    first: Language,
    brand: &Brand,
) -> Result<(String, String), NoticeError> {
    let others = Language::all().filter(|language| *language != first);
    let (mut subjects, mut texts) = (Vec::new(), Vec::new());
    for language in std::iter::once(first).chain(others) {
        let words = Words::new(language, brand_values(brand)?)?;
        let [subject, greeting, text, end] = match letter {
            PartnerLetter::Test => {
                ["partner-test-subject", "partner-greeting", "partner-test", "partner-end"]
            }
            PartnerLetter::Reply => {
                ["partner-reply-subject", "partner-greeting", "partner-reply", "partner-end"]
            }
        };
        subjects.push(sanitize::line(&words.say(subject)?));
        texts.push([words.say(greeting)?, words.say(text)?, words.say(end)?].join("\n\n"));
    }
    Ok((subjects.join(" / "), texts.join("\n\n---\n\n") + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::Colour;

    #[test]
    fn both_languages_stand_in_one_letter_the_operators_first() {
        let brand = Brand {
            name: "Musterversicherung".to_owned(),
            sentence_name: None,
            portal_name: "SecureMail".to_owned(),
            portal_url: "https://securemail.insurer.example/".to_owned(),
            colour: Colour::parse("#0b5c74").unwrap(),
            logo: None,
            contact: None,
            phone: None,
            imprint: None,
            privacy: None,
        };
        for letter in [PartnerLetter::Test, PartnerLetter::Reply] {
            let (subject, text) = partner_letter(letter, Language::En, &brand).unwrap();
            let (german, english) = (text.find("Guten Tag").unwrap(), text.find("Hello").unwrap());
            assert!(english < german && subject.contains(" / "), "{subject}\n{text}");
            assert!(text.contains("Musterversicherung") && !text.contains("{"), "{text}");
        }
    }
}
