//! Whether somebody wishes by mail that a mailbox be deleted: a word in what they wrote themselves, not in what they answer.
//! Too much costs one mail that asks; only a button deletes. Pure.

use sealpost_mail::{Head, Letter};

/// Wishes are short; the rest is quoted.
const LOOKED_THROUGH: usize = 2000;

/// A word begins like this: "gelöscht" tells of something that has happened.
const BEGINNINGS: [&str; 6] = ["lösch", "loesch", "delete", "deleti", "erase", "erasure"];

pub(crate) fn is_wish(head: &Head, bytes: &[u8]) -> bool {
    let subject = head.subject().unwrap_or_default();
    // An answer's subject is ours.
    let own_subject = if is_answer(&subject) { "" } else { &subject };
    if has_word(own_subject) {
        return true;
    }
    let letter = Letter::parse_some(bytes).ok().map(|(letter, _)| letter);
    let text = letter.as_ref().and_then(Letter::text).unwrap_or_default();
    let written = text.lines().take_while(|line| !is_quoted(line));
    let mut left = LOOKED_THROUGH;
    for line in written {
        if has_word(line) {
            return true;
        }
        left = left.saturating_sub(line.len() + 1);
        if left == 0 {
            return false;
        }
    }
    false
}

fn has_word(text: &str) -> bool {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphabetic())
        .any(|word| BEGINNINGS.iter().any(|beginning| word.starts_with(beginning)))
}

fn is_answer(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ["re:", "aw:", "antw:", "sv:", "fwd:", "fw:", "wg:"].iter().any(|mark| subject.starts_with(mark))
}

/// Where what somebody else wrote begins, as programs mark it.
fn is_quoted(line: &str) -> bool {
    let line = line.trim().trim_matches('*');
    line.starts_with('>')
        || line.starts_with("-----")
        || line.starts_with("_____")
        || line.ends_with("schrieb:")
        || line.ends_with("wrote:")
        || ["Von:", "From:"].iter().any(|field| line.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(subject: &str, text: &str) -> bool {
        let mail = format!(
            "From: max@web.example\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        );
        let end = Head::split(mail.as_bytes()).unwrap();
        let head = Head::new(mail.as_bytes()[..end].to_vec()).unwrap();
        is_wish(&head, mail.as_bytes())
    }

    #[test]
    fn a_wish_is_found_in_what_somebody_wrote() {
        assert!(wishes("Postfach =?utf-8?q?l=C3=B6schen?=", ""));
        assert!(wishes("SecureMail", "Guten Tag,\r\nbitte löschen Sie mein Postfach."));
        assert!(wishes("Löschung", "x"));
        assert!(wishes("mailbox", "Please DELETE my mailbox."));
        assert!(wishes("Re: Nachricht", "Bitte loeschen"));
    }

    #[test]
    fn what_we_wrote_is_no_wish_of_theirs() {
        let ours = "Danach wird die Nachricht gelöscht. Sie können sie löschen.";
        assert!(!wishes("AW: Vertrauliche Post, die heute gelöscht wird", "Danke"));
        assert!(!wishes("Re: löschen", "Danke"));
        for mark in [
            "> ",
            "-----Ursprüngliche Nachricht-----\r\n",
            "Am 1. Mai schrieb:\r\n",
            "Von: x\r\n",
            "_____\r\n",
        ] {
            assert!(!wishes("Frage", &format!("Danke\r\n{mark}{ours}")), "{mark}");
        }
        assert!(!wishes("Frage", "Ich habe die Nachricht gelöscht."));
    }
}
