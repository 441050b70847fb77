//! The name of an attachment: the one its sender gave it, or what is known of a file that came without one. Knows no
//! language: the words come from the caller.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an attachment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum FileName {
    /// From the letter, safe to show and to save under: never a path.
    Given(String),
    /// It came without a name.
    Nameless(Nameless),
}

/// What is known of a file without a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nameless {
    /// Its number in the letter, from one, and the extension for its type.
    File {
        /// Its number, from one.
        number: usize,
        /// From its media type, without a dot: `pdf`.
        extension: String,
    },
    /// A letter without a subject, and its number.
    Letter {
        /// Its number, from one.
        number: usize,
    },
    /// A calendar whose appointment has no title.
    Invitation,
    /// Part of a delivery report (RFC 3464).
    DeliveryStatus,
    /// Part of a delivery report: the head of the letter that it is about.
    LetterHead,
    /// Part of a receipt (RFC 8098).
    Receipt,
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given"),
            Self::Nameless(known) => known.fmt(f),
        }
    }
}

/// What files without a name are called in one language.
#[derive(Clone, Debug)]
pub struct FileWords {
    /// Begins the name of any file; a number follows.
    file: String,
    /// Begins the name of a letter; a number follows.
    letter: String,
    /// Name of a calendar without its extension.
    invitation: String,
    delivery_status: String,
    letter_head: String,
    receipt: String,
}

impl FileWords {
    /// The words of a language: `say` returns the text of a key.
    #[must_use]
    pub fn of(say: impl Fn(&'static str) -> String) -> Self {
        Self {
            file: say("file-name-any"),
            letter: say("file-name-letter"),
            invitation: say("file-name-invitation"),
            delivery_status: say("file-name-delivery-status"),
            letter_head: say("file-name-letter-head"),
            receipt: say("file-name-receipt"),
        }
    }
}

impl FileName {
    /// The name the sender gave.
    #[must_use]
    pub fn given(&self) -> Option<&str> {
        match self {
            Self::Given(name) => Some(name),
            Self::Nameless(_) => None,
        }
    }

    /// For a reader of the language of `words`.
    #[must_use]
    pub fn in_words(&self, words: &FileWords) -> String {
        let known = match self {
            Self::Given(name) => return name.clone(),
            Self::Nameless(known) => known,
        };
        match known {
            Nameless::File { number, extension } => format!("{}-{number}.{extension}", words.file),
            Nameless::Letter { number } => format!("{}-{number}.eml", words.letter),
            Nameless::Invitation => format!("{}.ics", words.invitation),
            Nameless::DeliveryStatus => format!("{}.txt", words.delivery_status),
            Nameless::LetterHead => format!("{}.txt", words.letter_head),
            Nameless::Receipt => format!("{}.txt", words.receipt),
        }
    }
}

/// As in the rows of a list (docs/formats.md): earlier versions require `name`, and show it nowhere.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nameless: Option<Nameless>,
}

impl From<FileName> for Stored {
    fn from(name: FileName) -> Self {
        match name {
            FileName::Given(name) => Self { name, nameless: None },
            FileName::Nameless(known) => Self { name: String::new(), nameless: Some(known) },
        }
    }
}

impl From<Stored> for FileName {
    fn from(stored: Stored) -> Self {
        stored.nameless.map_or(Self::Given(stored.name), Self::Nameless)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What an English page calls it.
    pub(crate) fn english(name: &FileName) -> String {
        name.in_words(&FileWords::of(|key| {
            key.replace("file-name-any", "attachment").replace("file-name-", "")
        }))
    }

    #[test]
    fn rows_of_a_list_keep_what_is_known_and_are_read_by_earlier_versions() {
        let any = Nameless::File { number: 2, extension: "pdf".to_owned() };
        for (name, row) in [
            (FileName::Given("Größe.pdf".to_owned()), r#"{"name":"Größe.pdf"}"#),
            (FileName::Nameless(any), r#"{"name":"","nameless":{"file":{"number":2,"extension":"pdf"}}}"#),
            (FileName::Nameless(Nameless::Invitation), r#"{"name":"","nameless":"invitation"}"#),
        ] {
            assert_eq!(serde_json::to_string(&name).unwrap(), row);
            assert!(serde_json::from_str::<FileName>(row).unwrap() == name, "{row}");
        }
        let earlier = serde_json::from_str::<FileName>(r#"{"name":"attachment-1.pdf"}"#).unwrap();
        assert_eq!(earlier.given(), Some("attachment-1.pdf"));
    }

    #[test]
    fn a_file_without_a_name_is_called_what_the_reader_calls_it() {
        let german =
            FileWords::of(|key| if key == "file-name-any" { "Anhang" } else { "Nachricht" }.to_owned());
        let any = FileName::Nameless(Nameless::File { number: 2, extension: "pdf".to_owned() });
        assert_eq!(any.in_words(&german), "Anhang-2.pdf");
        assert_eq!(FileName::Nameless(Nameless::Letter { number: 1 }).in_words(&german), "Nachricht-1.eml");
        assert_eq!(FileName::Given("a.pdf".to_owned()).in_words(&german), "a.pdf");
        assert_eq!(english(&any), "attachment-2.pdf");
    }
}
