//! Our Received field (RFC 5321 §4.4). Knows no other field.

use std::fmt::Write as _;
use std::net::IpAddr;

use mail_builder::headers::date::Date;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::envelope::Origin;

/// The content of our Received field.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// Where the letter was accepted.
    pub origin: &'a Origin,
    /// Our own host name.
    pub our_name: &'a str,
    /// Our id of the arrival.
    pub id: &'a str,
    /// The recipient, if there is exactly one (more would disclose blind copies, RFC 5321 §7.2).
    pub recipient: Option<&'a Address>,
    /// Whether MAIL requested SMTPUTF8 (RFC 6531 §4.3).
    pub smtputf8: bool,
    /// When the letter was accepted.
    pub at: Timestamp,
}

impl Trace<'_> {
    /// The whole field, folded, with its CRLF.
    pub(crate) fn to_field(self) -> String {
        let origin = self.origin;
        let literal = match origin.peer {
            IpAddr::V4(v4) => format!("[{v4}]"),
            IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
        };
        let mut field = format!("Received: from {} ({literal})\r\n", atom(&origin.helo));
        let _ = write!(field, "\tby {} with {}", atom(self.our_name), self.protocol());
        if let Some(tls) = &origin.tls {
            let _ = write!(field, "\r\n\t({} {})", atom(&tls.version), atom(&tls.cipher));
        }
        let _ = write!(field, "\r\n\tid {}", atom(self.id));
        // A local part outside ASCII is only allowed in a letter that is sent with SMTPUTF8.
        if let Some(recipient) = self.recipient.filter(|r| self.smtputf8 || !r.needs_smtputf8()) {
            let _ = write!(field, "\r\n\tfor <{}>", recipient.to_path());
        }
        let _ = write!(field, ";\r\n\t{}\r\n", Date::new(self.at.seconds()).to_rfc822());
        field
    }

    /// Transmission types of RFC 3848 and RFC 6531 §4.3. There is none for SMTP over TLS: the comment says
    /// so.
    fn protocol(self) -> &'static str {
        let origin = self.origin;
        match (self.smtputf8, origin.extended, origin.tls.is_some(), origin.login.is_some()) {
            (false, false, _, _) => "SMTP",
            (false, true, false, false) => "ESMTP",
            (false, true, false, true) => "ESMTPA",
            (false, true, true, false) => "ESMTPS",
            (false, true, true, true) => "ESMTPSA",
            (true, _, false, false) => "UTF8SMTP",
            (true, _, false, true) => "UTF8SMTPA",
            (true, _, true, false) => "UTF8SMTPS",
            (true, _, true, true) => "UTF8SMTPSA",
        }
    }
}

/// The peer's name for itself enters our field only as a harmless word.
fn atom(text: &str) -> String {
    let clean: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
        .take(255)
        .collect();
    if clean.is_empty() { "unknown".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::TlsFacts;
    use crate::head::Head;

    fn origin() -> Origin {
        Origin {
            peer: "192.0.2.7".parse().unwrap(),
            listener: "inside".to_owned(),
            helo: "mail.insurer.example".to_owned(),
            extended: true,
            tls: None,
            login: None,
        }
    }

    fn trace(origin: &Origin) -> Trace<'_> {
        Trace {
            origin,
            our_name: "gate.example",
            id: "00ff",
            recipient: None,
            smtputf8: false,
            at: Timestamp(1_763_749_200_000),
        }
    }

    #[test]
    fn our_received_line_follows_the_grammar() {
        let mut origin = origin();
        let traced = Head::new(b"Subject: x\r\n\r\n".to_vec()).unwrap().with_trace(&trace(&origin));
        assert_eq!(
            String::from_utf8_lossy(traced.as_bytes()),
            "Received: from mail.insurer.example ([192.0.2.7])\r\n\tby gate.example with ESMTP\r\n\tid 00ff;\r\n\
             \tFri, 21 Nov 2025 18:20:00 +0000\r\nSubject: x\r\n\r\n"
        );
        assert_eq!(traced.received_count(), 1);

        origin.tls = Some(TlsFacts {
            version: "TLS1.3".into(),
            cipher: "TLS13_AES_256".into(),
            client_certificate: None,
        });
        origin.login = Some("secret-login".into());
        origin.peer = "2001:db8::1".parse().unwrap();
        origin.helo = "evil>\r\nBcc: x (".into();
        let to = Address::parse("max@web.example").unwrap();
        let full = Trace { recipient: Some(&to), ..trace(&origin) }.to_field();
        assert_eq!(
            full,
            "Received: from evilBcc:x ([IPv6:2001:db8::1])\r\n\tby gate.example with ESMTPSA\r\n\
             \t(TLS1.3 TLS13_AES_256)\r\n\tid 00ff\r\n\tfor <max@web.example>;\r\n\tFri, 21 Nov 2025 18:20:00 +0000\r\n"
        );
        assert!(!full.contains("secret-login"));
    }

    #[test]
    fn every_transmission_type_of_rfc_3848_and_6531() {
        let mut origin = origin();
        let tls = TlsFacts { version: String::new(), cipher: String::new(), client_certificate: None };
        let mut seen = Vec::new();
        for (utf8, extended, encrypted, login) in [
            (false, false, false, false),
            (false, true, false, false),
            (false, true, false, true),
            (false, true, true, false),
            (false, true, true, true),
            (true, true, false, false),
            (true, true, false, true),
            (true, true, true, false),
            (true, true, true, true),
        ] {
            origin.extended = extended;
            origin.tls = encrypted.then(|| tls.clone());
            origin.login = login.then(String::new);
            seen.push(Trace { smtputf8: utf8, ..trace(&origin) }.protocol());
        }
        assert_eq!(
            seen,
            [
                "SMTP",
                "ESMTP",
                "ESMTPA",
                "ESMTPS",
                "ESMTPSA",
                "UTF8SMTP",
                "UTF8SMTPA",
                "UTF8SMTPS",
                "UTF8SMTPSA"
            ]
        );
    }
}
