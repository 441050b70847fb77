//! Splits an outgoing letter: the head that stays outside, and the entity that goes inside (RFC 8551 §3.1, RFC 3156 §4,
//! RFC 9788). Knows no cryptography.

use std::io::Read;

use sealpost_mail::{Head, Random, hex, is_routing_field};

use crate::algorithm_profile::HeaderProtection;
use crate::closing::Closing;
use crate::error::CloseError;
use crate::signable::{Plan, Rewriting, Survey, Way};

/// The replacement for a withheld subject (RFC 9788 §3.2.1).
const WITHHELD: &[u8] = b" [...]";

/// Fields that describe the body and move inside with it.
const ABOUT_BODY: &[&str] = &["MIME-Version"];
/// Fields that are copied inside if the head is protected: what the sender wrote, nothing about the route.
const PROTECTED: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Keywords",
    "Comments",
    "Importance",
    "Priority",
    "X-Priority",
    "Sensitivity",
    "Auto-Submitted",
];
/// Fields that stay outside if the head is protected, besides [`is_routing_field`]: what servers and threading need. An
/// unknown field may disclose the letter's subject (RFC 9788 §3 allows the sender to choose; Outlook writes the subject
/// into Thread-Topic), so it moves inside.
const OUTSIDE: &[&str] = &[
    "Disposition-Notification-To",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Date",
    "Resent-Message-ID",
];
/// Fields of mailing lists (RFC 2369, RFC 2919), which are addresses and links of a list.
const LISTS: &str = "list-";
/// Fields that must be on neither side: everybody who opens the letter would read them.
const NOBODY_S: &[&str] = &["Bcc", "Resent-Bcc"];
/// Fields that authenticate the previous body.
const PROOFS: &[&str] =
    &["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];

/// A letter being signed or encrypted.
pub(crate) struct Outgoing<'a> {
    /// Fields that stay outside, each with its CRLF; then MIME-Version.
    pub(crate) outside: Vec<u8>,
    /// Fields of the entity, each with its CRLF, and the empty line.
    pub(crate) inside: Vec<u8>,
    /// The first bytes of the body, read along with the head.
    pub(crate) begun: Vec<u8>,
    /// The rest of the body.
    pub(crate) rest: &'a mut dyn Read,
    /// What is to be encoded, so that nothing changes in transit.
    pub(crate) plan: Plan,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn read(letter: &'a mut dyn Read, closing: &Closing<'_>) -> Result<Self, CloseError> {
        let (head, begun) = read_head(letter)?;
        let (protects, withholds) = match closing.profile.headers {
            HeaderProtection::Off => (false, false),
            HeaderProtection::SubjectShown => (true, false),
            HeaderProtection::SubjectWithheld => (true, true),
        };
        let encrypted = !closing.to.is_empty();
        let mut outside = Vec::new();
        let mut inside = Vec::new();
        let mut protected = Vec::new();
        let mut content_type = None;
        for (name, value) in head.fields() {
            if name.to_ascii_lowercase().starts_with("content-") {
                if name.eq_ignore_ascii_case("Content-Type") {
                    content_type.get_or_insert_with(|| value.to_vec());
                } else {
                    push(&mut inside, name, value);
                }
            } else if is_in(name, PROOFS) || is_in(name, ABOUT_BODY) || is_in(name, NOBODY_S) {
                // The previous body is gone; the version is written anew.
            } else {
                let kept: Option<&[u8]> = if !(protects && encrypted) || stays_outside(name) {
                    Some(value)
                } else if name.eq_ignore_ascii_case("Subject") {
                    Some(if withholds { WITHHELD } else { value })
                } else {
                    None
                };
                if let Some(kept) = kept {
                    push(&mut outside, name, kept);
                }
                if protects && (is_in(name, PROTECTED) || kept.is_none()) {
                    push(&mut protected, name, value);
                    if let Some(kept) = kept.filter(|_| encrypted) {
                        // RFC 9788 §2.2: the outer field, so that changes in transit can be detected.
                        let outer = [name.as_bytes(), b":", kept].concat();
                        push(&mut protected, "HP-Outer", &[b" ".as_slice(), &outer].concat());
                    }
                }
            }
        }
        let mut content_type = content_type.unwrap_or_else(|| b" text/plain; charset=us-ascii".to_vec());
        if protects {
            while content_type.last().is_some_and(|last| last.is_ascii_whitespace() || *last == b';') {
                content_type.pop();
            }
            let how: &[u8] = if encrypted { b";\r\n\thp=\"cipher\"" } else { b";\r\n\thp=\"clear\"" };
            content_type.extend_from_slice(how);
        }
        let mut entity = protected;
        push(&mut entity, "Content-Type", &content_type);
        entity.extend_from_slice(&inside);
        entity.extend_from_slice(b"\r\n");
        outside.extend_from_slice(b"MIME-Version: 1.0\r\n");
        Ok(Self { outside, inside: entity, begun, rest: letter, plan: Plan::default() })
    }

    /// Determines what must be encoded before it is signed in clear.
    pub(crate) fn survey(self, way: Way) -> Result<Plan, CloseError> {
        let mut survey = Survey::of(way);
        self.unchanged(|bytes| survey.push(bytes))?;
        survey.finish()
    }

    /// The entity, in pieces.
    pub(crate) fn entity(
        mut self,
        take: impl FnMut(&[u8]) -> Result<(), CloseError>,
    ) -> Result<(), CloseError> {
        let plan = std::mem::take(&mut self.plan);
        if plan.is_nothing() {
            return self.unchanged(take);
        }
        let mut rewriting = Rewriting::new(plan, take);
        self.unchanged(|bytes| rewriting.push(bytes))?;
        rewriting.finish()
    }

    fn unchanged(self, mut take: impl FnMut(&[u8]) -> Result<(), CloseError>) -> Result<(), CloseError> {
        take(&self.inside)?;
        take(&self.begun)?;
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let got = match self.rest.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(got) => got,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CloseError::Io(error)),
            };
            take(buffer.get(..got).unwrap_or_default())?;
        }
    }
}

fn read_head(letter: &mut dyn Read) -> Result<(Head, Vec<u8>), CloseError> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    let end = loop {
        if let Some(end) = Head::split(&bytes) {
            break end;
        }
        if bytes.len() > Head::MAX {
            return Err(CloseError::Letter);
        }
        match letter.read(&mut buffer) {
            Ok(0) => break bytes.len(),
            Ok(got) => bytes.extend_from_slice(buffer.get(..got).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CloseError::Io(error)),
        }
    };
    let begun = bytes.split_off(end);
    Ok((Head::new(bytes).map_err(|_head| CloseError::Letter)?, begun))
}

fn push(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    to.push(b':');
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}

fn stays_outside(name: &str) -> bool {
    is_routing_field(name)
        || is_in(name, OUTSIDE)
        || name.get(..LISTS.len()).is_some_and(|start| start.eq_ignore_ascii_case(LISTS))
}

fn is_in(name: &str, list: &[&str]) -> bool {
    list.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// A boundary that no content contains.
pub(crate) fn boundary(random: &dyn Random) -> String {
    let mut raw = [0_u8; 16];
    random.fill(&mut raw);
    format!("=_seal_{}", hex(&raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm_profile::Profile;
    use crate::key_request::{Holder, Kind};
    use crate::own_key::OwnKey;
    use sealpost_mail::{Address, Clock as _, SequenceRandom, SystemClock};

    const LETTER: &str = "Received: from pc by mail\r\nFrom: a@b.example\r\nTo: c@d.example\r\nBcc: e@f.example\r\n\
        Subject: Kuendigung 4711\r\nThread-Topic: Kuendigung 4711\r\nThread-Index: 4711\r\nKeywords: 4711\r\n\
        Comments: 4711\r\nContent-Description: 4711\r\nX-Vorgang: 4711\r\nSensitivity: private 4711\r\n\
        X-MS-Exchange-Subject: 4711\r\nList-Id: <l.b.example>\r\nIn-Reply-To: <1@d.example>\r\n\
        References: <1@d.example>\r\nMessage-ID: <2@b.example>\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
        Content-Type: text/plain; name=\"4711.txt\"\r\n\r\n4711\r\n";

    #[test]
    fn where_the_subject_is_withheld_nothing_that_says_it_stays_outside() {
        let address = Address::parse("a@b.example").unwrap();
        let holder = Holder { name: "B".to_owned(), address, domain: None, country: None };
        let key = OwnKey::generate(Kind::SmimeP256, &holder, SystemClock.now(), 2).unwrap();
        let profile = Profile { headers: HeaderProtection::SubjectWithheld, ..Profile::default() };
        let (to, random) = (std::slice::from_ref(key.public()), SequenceRandom::default());
        let closing = Closing {
            sign_with: None,
            to,
            tokens: &crate::token::NoTokens,
            profile,
            now: SystemClock.now(),
            random: &random,
        };
        let mut letter = LETTER.as_bytes();
        let outgoing = Outgoing::read(&mut letter, &closing).unwrap();
        let (outside, inside) =
            (String::from_utf8(outgoing.outside).unwrap(), String::from_utf8(outgoing.inside).unwrap());
        assert!(!outside.contains("4711"), "{outside}");
        for field in [
            "Received",
            "From",
            "To",
            "List-Id",
            "In-Reply-To",
            "References",
            "Message-ID",
            "Date",
            "Subject",
        ] {
            assert!(outside.contains(&format!("{field}: ")), "{field} is needed outside:\n{outside}");
        }
        for field in
            ["Thread-Topic", "Thread-Index", "Keywords", "Comments", "X-Vorgang", "Content-Description"]
        {
            assert!(inside.contains(&format!("{field}: ")), "{field} is lost:\n{inside}");
        }
        assert!(!format!("{outside}{inside}").contains("e@f.example"), "Bcc");
    }
}
