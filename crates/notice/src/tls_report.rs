//! The text for people in a domain's TLS report (RFC 8460), beside the part for machines. Knows no session
//! and no mail.

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};
use crate::sanitize;

/// The facts of a report on a domain's servers.
#[derive(Clone, Copy, Debug)]
pub struct TlsReportWords<'a> {
    /// The domain of the servers.
    pub domain: &'a str,
    /// The organization that reports.
    pub organization: &'a str,
    /// The reported day.
    pub date: &'a str,
    /// Sessions that met the domain's requirements.
    pub secured: u64,
    /// Number of sessions that failed.
    pub failed: u64,
}

impl TlsReportWords<'_> {
    /// The text in each of these languages, one below the other.
    ///
    /// # Errors
    /// A language lacks a text.
    pub fn text(&self, languages: &[Language]) -> Result<String, NoticeError> {
        let mut texts = Vec::new();
        for language in languages {
            let values = Values::from([
                ("domain".into(), sanitize::line(self.domain).into()),
                ("organization".into(), sanitize::line(self.organization).into()),
                ("date".into(), self.date.to_owned().into()),
                // As text: a number would be grouped by each language's rules.
                ("secured".into(), self.secured.to_string().into()),
                ("failed".into(), self.failed.to_string().into()),
            ]);
            texts.push(Words::new(*language, values)?.say("tls-report")?);
        }
        Ok(texts.join("\n\n--------\n\n") + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudo::plain_words;

    const WORDS: TlsReportWords<'_> = TlsReportWords {
        domain: "clinic.example",
        organization: "Musterversicherung",
        date: "2026-11-28",
        secured: 12,
        failed: 3,
    };

    #[test]
    fn postmasters_read_of_whom_it_is_and_how_many() {
        let text = WORDS.text(&[Language::De, Language::En]).unwrap();
        for word in ["clinic.example", "Musterversicherung", "2026-11-28", "12", "3", "RFC 8460"] {
            assert!(text.matches(word).count() >= 2, "{word}:\n{text}");
        }
        assert!(text.find("Verbindungen").unwrap() < text.find("connections").unwrap(), "{text}");
    }

    #[test]
    fn nothing_is_said_that_is_not_in_a_language_folder() {
        let text = WORDS.text(&[Language::pseudo()]).unwrap();
        let known = ["clinic.example", "Musterversicherung", "2026-11-28"];
        assert_eq!(plain_words(&text, &known), Vec::<String>::new(), "{text}");
    }
}
