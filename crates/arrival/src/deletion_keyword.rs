//! Whether a mail requests that a mailbox be deleted: by a keyword in their own text, not in what
//! they quote. A false positive costs one mail that asks for confirmation; only a button deletes. Pure.

use sealpost_mail::{Head, Letter};
use sealpost_notice::Understood;

/// Requests are short; the rest is quoted.
const LOOKED_THROUGH: usize = 2000;

/// Reply prefixes of programs in languages that we do not support.
const OTHER_REPLY_MARKS: [&str; 1] = ["sv:"];

pub(crate) fn is_request(head: &Head, bytes: &[u8], words: &Understood) -> bool {
    let subject = head.subject().unwrap_or_default();
    // The subject of a reply is ours.
    let own_subject = if is_reply(&subject, words) { "" } else { &subject };
    if has_word(own_subject, words) {
        return true;
    }
    let letter = Letter::parse_some(bytes).ok().map(|(letter, _)| letter);
    let text = letter.as_ref().and_then(Letter::text).unwrap_or_default();
    let written = text.lines().take_while(|line| !is_quoted(line, words));
    let mut left = LOOKED_THROUGH;
    for line in written {
        if has_word(line, words) {
            return true;
        }
        left = left.saturating_sub(line.len() + 1);
        if left == 0 {
            return false;
        }
    }
    false
}

/// A word must begin like a keyword: "gelöscht" reports that something has happened.
fn has_word(text: &str, words: &Understood) -> bool {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphabetic())
        .any(|word| words.deletion.iter().any(|beginning| word.starts_with(beginning)))
}

fn is_reply(subject: &str, words: &Understood) -> bool {
    let subject = subject.trim_start().to_lowercase();
    let marks = words.reply_marks.iter().map(String::as_str).chain(OTHER_REPLY_MARKS);
    marks.into_iter().any(|mark| subject.starts_with(mark))
}

/// Where quoted text begins, as programs mark it.
fn is_quoted(line: &str, words: &Understood) -> bool {
    let line = line.trim().trim_matches('*').to_lowercase();
    line.starts_with('>')
        || line.starts_with("-----")
        || line.starts_with("_____")
        || words.quote_ends.iter().any(|end| line.ends_with(end))
        || words.quote_beginnings.iter().any(|beginning| line.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(subject: &str, text: &str) -> bool {
        requests_in(Understood::all(), subject, text)
    }

    fn requests_in(words: &Understood, subject: &str, text: &str) -> bool {
        let mail = format!(
            "From: max@web.example\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        );
        let end = Head::split(mail.as_bytes()).unwrap();
        let head = Head::new(mail.as_bytes()[..end].to_vec()).unwrap();
        is_request(&head, mail.as_bytes(), words)
    }

    #[test]
    fn a_request_is_found_in_what_somebody_wrote() {
        assert!(requests("Postfach =?utf-8?q?l=C3=B6schen?=", ""));
        assert!(requests("SecureMail", "Guten Tag,\r\nbitte löschen Sie mein Postfach."));
        assert!(requests("Löschung", "x"));
        assert!(requests("mailbox", "Please DELETE my mailbox."));
        assert!(requests("Re: Nachricht", "Bitte loeschen"));
    }

    #[test]
    fn a_language_that_is_added_as_a_folder_is_understood() {
        let list = |words: &str| words.split(' ').map(str::to_owned).collect();
        let danish = Understood {
            deletion: list("slet"),
            reply_marks: list("vs:"),
            quote_ends: list("skrev:"),
            quote_beginnings: list("fra:"),
        };
        assert!(requests_in(&danish, "Postkasse", "Slet venligst min postkasse"));
        assert!(!requests_in(&danish, "VS: slet", "Tak"));
        for mark in ["Den 1. maj skrev:", "Fra: x"] {
            assert!(!requests_in(&danish, "Svar", &format!("Tak\r\n{mark}\r\nslet den")), "{mark}");
        }
        assert!(!requests("Postkasse", "Slet venligst min postkasse"));
    }

    #[test]
    fn what_we_wrote_is_no_request_of_theirs() {
        let ours = "Danach wird die Nachricht gelöscht. Sie können sie löschen.";
        assert!(!requests("AW: Vertrauliche Post, die heute gelöscht wird", "Danke"));
        assert!(!requests("Re: löschen", "Danke"));
        for mark in [
            "> ",
            "-----Ursprüngliche Nachricht-----\r\n",
            "Am 1. Mai schrieb:\r\n",
            "Von: x\r\n",
            "_____\r\n",
        ] {
            assert!(!requests("Frage", &format!("Danke\r\n{mark}{ours}")), "{mark}");
        }
        assert!(!requests("Frage", "Ich habe die Nachricht gelöscht."));
    }
}
