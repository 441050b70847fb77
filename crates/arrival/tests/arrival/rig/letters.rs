//! Envelopes and letters as clients hand them in.

use sealpost_mail::{
    BodyType, Envelope, Notify, Origin, Random as _, Recipient, ReversePath, SequenceRandom,
};

use super::{SENDER, address};

/// From the operator's own server, without a login.
pub(crate) fn origin() -> Origin {
    Origin {
        peer: "192.0.2.7".parse().unwrap(),
        listener: "inside".to_owned(),
        helo: "mail.insurer.example".to_owned(),
        extended: true,
        tls: None,
        login: None,
    }
}

pub(crate) fn recipient(to: &str, notify: Notify) -> Recipient {
    Recipient { address: address(to), orcpt: None, notify }
}

pub(crate) fn envelope(from: &str, to: &[&str]) -> Envelope {
    Envelope {
        reverse_path: ReversePath::Address(address(from)),
        envid: None,
        ret: None,
        body: BodyType::SevenBit,
        smtputf8: false,
        announced_size: None,
        recipients: to.iter().map(|to| recipient(to, Notify::Unspecified)).collect(),
    }
}

/// With the null reverse-path, as reports come.
pub(crate) fn from_nobody(to: &[&str]) -> Envelope {
    Envelope { reverse_path: ReversePath::Null, ..envelope(SENDER, to) }
}

/// A unique letter. `fields` each with a line end.
pub(crate) fn letter(random: &SequenceRandom, subject: &str, fields: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Erika Muster <{SENDER}>\r\nTo: undisclosed:;\r\nSubject: {subject}\r\n\
         Date: Wed, 18 Nov 2026 09:00:00 +0100\r\nMessage-ID: <{}@insurer.example>\r\n{fields}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        random.id()
    )
    .into_bytes()
}
