//! The signature on a portal user's letter: DKIM (RFC 6376) in one fixed form, `ed25519-sha256` (RFC 8463) over the
//! whole body and every meaningful field. Determines which bytes are signed; knows no key and hashes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::clock::Timestamp;
use crate::head::Head;
use crate::portal_letter::PORTAL_FIELD;

/// Where the public key is published: `sealpost._domainkey.` and the gateway's name.
pub const SELECTOR: &str = "sealpost";

const FIELD: &str = "DKIM-Signature";

/// The signed fields. Each is listed twice, so that none can be added (RFC 6376 §5.4.2).
const SIGNED: [&str; 29] = [
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
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    // Fields that we never write and that change where a reply goes or what is shown.
    "Bcc",
    "Comments",
    "Keywords",
    "Content-Disposition",
    "Content-ID",
    "Content-Description",
    "Disposition-Notification-To",
    "Mail-Followup-To",
    "Mail-Reply-To",
    "Return-Receipt-To",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Date",
    PORTAL_FIELD,
];

/// Fields that we never write, that are not signed (older signatures must stay valid), and that change what is shown or
/// where a reply goes: the base of relative links and pictures (RFC 2557 §4.2), and the apparent recipients.
const NEVER_THERE: [&str; 3] = ["Content-Location", "Content-Base", "Apparently-To"];

/// Why a letter does not count as a portal user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSigned {
    /// No signature of this domain under our selector.
    #[error("the letter carries no signature of this gateway")]
    Missing,
    /// A line in the header section that some readers take for the beginning of the text.
    #[error("a line in the letter's head is no field")]
    Lines,
    /// A field that we never write and no server has a reason to add.
    #[error("the letter has a field that was added to it ({0})")]
    Added(&'static str),
    /// A signature of another form than ours.
    #[error("the letter's signature is not made the way this gateway makes them")]
    Shape,
}

/// The body as it is signed (`simple`, RFC 6376 §3.4.3): empty lines at its end do not count.
#[derive(Debug, Default)]
pub struct SignedBody {
    /// Bytes of line ends held back.
    held: u64,
}

impl SignedBody {
    /// Takes more of the body; passes on the bytes that count.
    pub fn push(&mut self, bytes: &[u8], mut out: impl FnMut(&[u8])) {
        let is_text = |byte: &u8| *byte != b'\r' && *byte != b'\n';
        let Some(last) = bytes.iter().rposition(is_text) else {
            self.held = self.held.saturating_add(bytes.len() as u64);
            return;
        };
        self.hand_on(&mut out);
        let (text, ends) = bytes.split_at_checked(last + 1).unwrap_or((bytes, &[]));
        out(text);
        self.held = ends.len() as u64;
    }

    /// A CRLF may be split across two pieces.
    fn hand_on(&mut self, out: &mut impl FnMut(&[u8])) {
        for n in 0..std::mem::take(&mut self.held) {
            out(if n % 2 == 0 { b"\r" } else { b"\n" });
        }
    }

    /// The body has ended.
    pub fn finish(self, mut out: impl FnMut(&[u8])) {
        out(b"\r\n");
    }
}

/// A letter that is about to be signed.
#[derive(Debug)]
pub struct ToSign {
    field: String,
    input: Vec<u8>,
}

impl ToSign {
    /// The signature of `domain` over this head, and over a body with this SHA-256.
    #[must_use]
    pub fn new(head: &Head, domain: &str, at: Timestamp, body: &[u8; 32]) -> Self {
        let value = format!(
            " v=1; a=ed25519-sha256; c=relaxed/simple; d={domain}; s={SELECTOR};\r\n\tt={}; h={};\r\n\tbh={};\r\n\tb=",
            at.seconds(),
            signed_fields().collect::<Vec<_>>().join(":\r\n\t"),
            STANDARD.encode(body),
        );
        let input = input(head, value.as_bytes());
        Self { field: format!("{FIELD}:{value}"), input }
    }

    /// The bytes to sign, by their SHA-256 (RFC 8463 §3).
    #[must_use]
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// The field to put on top of the letter.
    #[must_use]
    pub fn into_field(self, signature: &[u8]) -> Vec<u8> {
        format!("{}{}\r\n", self.field, STANDARD.encode(signature)).into_bytes()
    }
}

/// A signature that a letter carries, not verified yet.
#[derive(Debug)]
pub struct Carried {
    /// The SHA-256 of the body, as the signature says.
    pub body: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The bytes that it signs.
    pub input: Vec<u8>,
}

impl Carried {
    /// The signature of `domain`. One that omits a field or a part of the body is not accepted.
    pub fn of(head: &Head, domain: &str) -> Result<Self, NotSigned> {
        if head.has_lines_without_field() {
            return Err(NotSigned::Lines);
        }
        let is_there = |wanted: &&str| head.fields().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if let Some(name) = NEVER_THERE.into_iter().find(is_there) {
            return Err(NotSigned::Added(name));
        }
        let fields = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(FIELD));
        let ours = |text: &str| {
            tag(text, "s").as_deref() == Some(SELECTOR)
                && tag(text, "d").is_some_and(|name| name.eq_ignore_ascii_case(domain))
        };
        let found = fields.map(|(_, value)| String::from_utf8_lossy(value)).find(|text| ours(text));
        let text = found.ok_or(NotSigned::Missing)?;
        let is = |name: &str, wanted: &str| tag(&text, name).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
        let all = signed_fields().collect::<Vec<_>>().join(":");
        let shape = is("v", "1")
            && is("a", "ed25519-sha256")
            && is("c", "relaxed/simple")
            && is("h", &all)
            && tag(&text, "l").is_none();
        // Ours ends with b=; the rest of the field is signed.
        let (before, _) = text.rsplit_once("b=").ok_or(NotSigned::Shape)?;
        let bytes = |name| tag(&text, name).and_then(|value| STANDARD.decode(value).ok());
        match (shape, bytes("bh"), bytes("b")) {
            (true, Some(body), Some(signature)) => {
                let input = input(head, format!("{before}b=").as_bytes());
                Ok(Self { body, signature, input })
            }
            (_, _, _) => Err(NotSigned::Shape),
        }
    }
}

fn signed_fields() -> impl Iterator<Item = &'static str> {
    SIGNED.iter().flat_map(|name| [*name, *name])
}

/// RFC 6376 §3.2: the value of a tag, without white space.
fn tag(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect())
    })
}

/// RFC 6376 §3.7: the fields, for each name from the last one upwards, then the signature field without its value.
fn input(head: &Head, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for name in SIGNED {
        let values: Vec<&[u8]> =
            head.fields().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, v)| v).collect();
        // Listed twice: the last one and the one above it. Any further one is refused elsewhere by that.
        for value in values.iter().rev().take(2) {
            relaxed(name, value, &mut out);
            out.extend_from_slice(b"\r\n");
        }
    }
    relaxed(FIELD, value, &mut out);
    out
}

/// RFC 6376 §3.4.2: name in lower case, unfolded, runs of white space as one space, none at the ends.
fn relaxed(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.to_ascii_lowercase().as_bytes());
    out.push(b':');
    let start = out.len();
    let mut blank = false;
    for byte in value {
        match byte {
            b' ' | b'\t' => blank = true,
            b'\r' | b'\n' => {}
            byte => {
                if blank && out.len() > start {
                    out.push(b' ');
                }
                blank = false;
                out.push(*byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::new(text.as_bytes().to_vec()).unwrap()
    }

    const LETTER: &str = "From: Max  <max@web.example>\r\nTo: a@insurer.example\r\nSubject: Ihr\r\n Unfall\r\n\
        Message-ID: <1@gate.example>\r\nX-Sealpost-Portal: authenticated\r\n\r\n";

    #[test]
    fn what_is_carried_is_what_was_signed() {
        let to_sign = ToSign::new(&head(LETTER), "gate.example", Timestamp(1_795_280_400_000), &[7; 32]);
        let input = to_sign.input().to_vec();
        let text = String::from_utf8(input.clone()).unwrap();
        assert!(text.starts_with("from:Max <max@web.example>\r\nto:a@insurer.example\r\n"), "{text}");
        assert!(text.contains("subject:Ihr Unfall\r\n") && text.ends_with("; b="), "{text}");
        let field = String::from_utf8(to_sign.into_field(&[9; 64])).unwrap();
        // A hop refolds the field and adds its trace on top.
        let folded = field.replace("; d=", ";\r\n   d=");
        let arrived = head(&format!("Received: x\r\n{folded}{}", LETTER.replace("Max  ", "Max\r\n ")));
        let carried = Carried::of(&arrived, "Gate.example").unwrap();
        assert_eq!((carried.body, carried.signature, carried.input), (vec![7; 32], vec![9; 64], input));
    }

    #[test]
    fn a_field_more_is_another_letter_and_a_weaker_signature_is_none() {
        let to_sign = ToSign::new(&head(LETTER), "gate.example", Timestamp(0), &[7; 32]);
        let input = to_sign.input().to_vec();
        let field = String::from_utf8(to_sign.into_field(&[9; 64])).unwrap();
        for more in [
            "From: evil@web.example\r\n",
            "Subject: x\r\n",
            "Cc: x@evil.example\r\n",
            "Reply-To: x@evil.example\r\n",
            "Sender: x@evil.example\r\n",
            "Resent-From: x@evil.example\r\n",
            "Disposition-Notification-To: x@evil.example\r\n",
            "Mail-Followup-To: x@evil.example\r\n",
            "Content-Disposition: attachment\r\n",
        ] {
            let arrived = head(&format!("{more}{field}{LETTER}"));
            assert_ne!(Carried::of(&arrived, "gate.example").unwrap().input, input, "{more}");
        }
        for (from, to) in [
            ("h=From:", "h="),
            ("; s=", "; l=0; s="),
            ("relaxed/simple", "relaxed/relaxed"),
            ("ed25519-sha256", "rsa-sha1"),
        ] {
            let arrived = head(&format!("{}{LETTER}", field.replace(from, to)));
            assert_eq!(Carried::of(&arrived, "gate.example").unwrap_err(), NotSigned::Shape, "{from}");
        }
        for name in NEVER_THERE {
            let arrived = head(&format!("{}: x\r\n{field}{LETTER}", name.to_lowercase()));
            assert_eq!(Carried::of(&arrived, "gate.example").unwrap_err(), NotSigned::Added(name));
        }
        let arrived = head(&format!("{field}{LETTER}"));
        assert_eq!(Carried::of(&arrived, "other.example").unwrap_err(), NotSigned::Missing);
        assert_eq!(Carried::of(&head(LETTER), "gate.example").unwrap_err(), NotSigned::Missing);
    }

    #[test]
    fn empty_lines_at_the_end_do_not_count_wherever_the_pieces_are_cut() {
        let simple = |text: &str, cut: usize| {
            let (mut body, mut out) = (SignedBody::default(), Vec::new());
            for piece in text.as_bytes().chunks(cut) {
                body.push(piece, |bytes| out.extend_from_slice(bytes));
            }
            body.finish(|bytes| out.extend_from_slice(bytes));
            String::from_utf8(out).unwrap()
        };
        for cut in 1..6 {
            assert_eq!(simple("", cut), "\r\n");
            assert_eq!(simple("\r\n\r\n", cut), "\r\n");
            assert_eq!(simple("a\r\n\r\nb\r\n\r\n\r\n", cut), "a\r\n\r\nb\r\n");
            assert_eq!(simple("a b\r\n", cut), "a b\r\n");
        }
    }
}
