//! Message-IDs that stand in a text: a receipt, a bounce of another kind than RFC 3464 and a letter handed on within the
//! text name the letter that they are about so. Knows not whose they are.

use std::collections::BTreeSet;

/// Of one letter, where no word says what they are: addresses are found too, which are mostly shorter.
const MAX_UNNAMED: usize = 1000;
/// A shorter one anybody may guess; it is an address.
const MIN_LOCAL: usize = 8;
/// RFC 5322 §2.1.1, and far more than any program makes.
const MAX_HALF: usize = 250;
/// So far before it stands what it is.
const BEFORE: usize = 40;

/// What was found in the texts of one letter.
#[derive(Default)]
pub(super) struct NamedIds {
    /// Behind words like `Message-ID:`.
    pub(super) named: BTreeSet<String>,
    /// Those that may be one.
    pub(super) unnamed: BTreeSet<String>,
}

impl NamedIds {
    pub(super) fn look(&mut self, text: &[u8]) {
        if text.get(..64).unwrap_or(text).contains(&0) {
            // UTF-16: every other octet of what interests us.
            let octets: Vec<u8> = text.iter().copied().filter(|octet| *octet != 0).collect();
            return self.within(&octets);
        }
        self.within(text);
        for written in ["&#64;", "&#x40;", "&commat;"] {
            if memchr::memmem::find(text, written.as_bytes()).is_some() {
                self.within(&replaced(text, written.as_bytes()));
            }
        }
    }

    fn within(&mut self, text: &[u8]) {
        for at in memchr::memchr_iter(b'@', text) {
            let (before, behind) = text.split_at_checked(at).unwrap_or((text, b""));
            let local = before.rsplit(|octet| !is_local(*octet)).next().unwrap_or_default();
            let domain = behind.get(1..).unwrap_or_default().split(|octet| !is_domain(*octet)).next();
            let domain = domain.unwrap_or_default().trim_ascii();
            if local.is_empty() || domain.is_empty() || local.len() > MAX_HALF || domain.len() > MAX_HALF {
                continue;
            }
            let start = before.len() - local.len();
            // "msgid=" sticks to it.
            let words = before.get(start.saturating_sub(BEFORE)..).unwrap_or_default();
            let is_named = says_what_it_is(words.get(..BEFORE + 20).unwrap_or(words));
            let domain = String::from_utf8_lossy(domain);
            let domain = domain.trim_matches(['.', ':', '-']);
            let local = String::from_utf8_lossy(local);
            // "mid:", "msgid=" and the like stand before some.
            let bare = local.rsplit([':', '=']).next().filter(|bare| !bare.is_empty() && *bare != local);
            for local in [Some(local.as_ref()), bare].into_iter().flatten() {
                let id = format!("{local}@{domain}");
                if is_named {
                    self.named.insert(id);
                } else if local.len() >= MIN_LOCAL && self.unnamed.len() < MAX_UNNAMED {
                    self.unnamed.insert(id);
                }
            }
        }
    }
}

fn is_local(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"<>\"'(),;&[]{}|\\@".contains(&octet)
}

fn is_domain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b".-_[]:".contains(&octet)
}

fn says_what_it_is(before: &[u8]) -> bool {
    let letters: Vec<u8> =
        before.iter().filter(|octet| octet.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    ["messageid", "nachrichtenid", "messagenumber", "msgid"]
        .iter()
        .any(|word| memchr::memmem::find(&letters, word.as_bytes()).is_some())
}

fn replaced(text: &[u8], written: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, written) {
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        out.push(b'@');
        from = at + written.len();
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        for text in [
            "Message-ID: <Th.1-a@insurer.example>",
            "> Message-Id: <Th.1-a@insurer.example>\r\n",
            "Message-ID:\r\n <Th.1-a@insurer.example>",
            "<b>Message-ID:</b> &lt;Th.1-a@insurer.example&gt;",
            "Message-ID: &lt;Th.1-a&#64;insurer.example&gt;",
            "Nachrichten-ID: Th.1-a@insurer.example.",
            "msgid=Th.1-a@insurer.example;",
            "message id mid:Th.1-a@insurer.example",
        ] {
            let mut ids = NamedIds::default();
            ids.look(text.as_bytes());
            assert!(ids.named.contains("Th.1-a@insurer.example"), "{text}: {:?}", ids.named);
        }
        let mut ids = NamedIds::default();
        ids.look(b"Ihre Nachricht <20261127.0001@insurer.example> vom Montag; anna@x.example, @, a@, @b");
        assert!(ids.named.is_empty());
        assert_eq!(ids.unnamed.iter().collect::<Vec<_>>(), ["20261127.0001@insurer.example"]);
        let wide: Vec<u8> = "Message-ID: <abcdefgh@x.example>".bytes().flat_map(|octet| [octet, 0]).collect();
        ids.look(&wide);
        assert!(ids.named.contains("abcdefgh@x.example"));
        for number in 0..2 * MAX_UNNAMED {
            ids.look(format!("<00000000{number}@x.example>").as_bytes());
        }
        assert_eq!(ids.unnamed.len(), MAX_UNNAMED);
    }
}
