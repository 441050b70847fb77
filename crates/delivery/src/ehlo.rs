//! What a server offers in EHLO, and the resulting MAIL and RCPT parameters. Pure.

use std::fmt::Write as _;

use sealpost_mail::{BodyType, Notify, Recipient, Ret, ReversePath};

use crate::outcome::DeliveryFailure;
use crate::ticket::Onwards;

/// The relevant EHLO keywords (RFC 5321 §4.1.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ehlo {
    pub(crate) starttls: bool,
    pub(crate) pipelining: bool,
    pub(crate) eight_bit: bool,
    pub(crate) utf8: bool,
    pub(crate) dsn: bool,
    /// RFC 1870; `Some(0)` = no fixed limit.
    pub(crate) size: Option<u64>,
    pub(crate) auth_plain: bool,
    pub(crate) auth_login: bool,
}

impl Ehlo {
    /// Parses the reply's lines; the first is the greeting.
    pub(crate) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut offers = Self::default();
        for line in lines.skip(1) {
            // Some servers write AUTH=PLAIN.
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "STARTTLS" => offers.starttls = true,
                "PIPELINING" => offers.pipelining = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.utf8 = true,
                "DSN" => offers.dsn = true,
                "SIZE" => offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
                "AUTH" => {
                    for word in words {
                        offers.auth_plain |= word.eq_ignore_ascii_case("PLAIN");
                        offers.auth_login |= word.eq_ignore_ascii_case("LOGIN");
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// The envelope of one transaction.
pub(crate) struct MailParameters<'a> {
    pub(crate) reverse_path: &'a ReversePath,
    pub(crate) recipients: Vec<&'a Recipient>,
    pub(crate) envid: Option<&'a str>,
    pub(crate) ret: Option<Ret>,
    pub(crate) onwards: Onwards,
    pub(crate) body_type: BodyType,
    pub(crate) smtputf8: bool,
    /// Whether the head contains non-ASCII bytes.
    pub(crate) eight_bit_head: bool,
    /// Whether head or body contain non-ASCII bytes.
    pub(crate) eight_bit: bool,
    pub(crate) size: u64,
}

impl MailParameters<'_> {
    fn needs_utf8(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.address.needs_smtputf8())
            || self.reverse_path.address().is_some_and(sealpost_mail::Address::needs_smtputf8)
            || (self.smtputf8 && self.eight_bit_head)
    }

    /// Whether the server accepts this letter as it is: nothing is converted here.
    pub(crate) fn check(&self, offers: &Ehlo) -> Result<(), DeliveryFailure> {
        if self.needs_utf8() && !offers.utf8 {
            return Err(DeliveryFailure::Utf8);
        }
        if self.eight_bit && !offers.eight_bit {
            return Err(DeliveryFailure::EightBit);
        }
        match offers.size {
            Some(limit) if limit > 0 && self.size > limit => Err(DeliveryFailure::TooBig { limit }),
            Some(_) | None => Ok(()),
        }
    }

    /// The MAIL command with every parameter that the server supports.
    pub(crate) fn mail(&self, offers: &Ehlo) -> String {
        let mut line = format!("MAIL FROM:<{}>", self.reverse_path.to_path());
        if offers.size.is_some() {
            let _ = write!(line, " SIZE={}", self.size);
        }
        if offers.eight_bit && (self.eight_bit || self.body_type == BodyType::EightBitMime) {
            line.push_str(" BODY=8BITMIME");
        }
        if offers.utf8 && self.needs_utf8() {
            line.push_str(" SMTPUTF8");
        }
        if offers.dsn {
            let (ret, envid) = match self.onwards {
                Onwards::AsAsked => (self.ret, self.envid),
                // Without RET a server may return the whole letter (RFC 3461 §4.3).
                Onwards::Nothing => (Some(Ret::Headers), None),
            };
            match ret {
                Some(Ret::Full) => line.push_str(" RET=FULL"),
                Some(Ret::Headers) => line.push_str(" RET=HDRS"),
                None => {}
            }
            // RFC 3461 §4.4: at most 100 characters.
            if let Some(envid) = envid.map(xtext).filter(|envid| (1..=100).contains(&envid.len())) {
                let _ = write!(line, " ENVID={envid}");
            }
        }
        line.push_str("\r\n");
        line
    }

    /// The RCPT commands likewise, each with its own recipient's requests.
    pub(crate) fn rcpts(&self, offers: &Ehlo) -> Vec<String> {
        self.recipients.iter().map(|recipient| rcpt(recipient, self.onwards, offers)).collect()
    }
}

fn rcpt(recipient: &Recipient, onwards: Onwards, offers: &Ehlo) -> String {
    let mut line = format!("RCPT TO:<{}>", recipient.address.to_path());
    if offers.dsn {
        let (notify, orcpt) = match onwards {
            Onwards::AsAsked => (recipient.notify, recipient.orcpt.as_ref()),
            Onwards::Nothing => (Notify::Never, None),
        };
        match notify {
            Notify::Unspecified => {}
            Notify::Never => line.push_str(" NOTIFY=NEVER"),
            Notify::On { success, failure, delay } => {
                let wanted: Vec<&str> = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")]
                    .into_iter()
                    .filter_map(|(on, word)| on.then_some(word))
                    .collect();
                let list = if wanted.is_empty() { "NEVER".to_owned() } else { wanted.join(",") };
                let _ = write!(line, " NOTIFY={list}");
            }
        }
        if let Some(orcpt) = orcpt {
            let value = format!("{};{}", xtext(&orcpt.kind), xtext(&orcpt.address));
            // RFC 3461 §4.2: at most 500 characters.
            if value.len() <= 500 {
                let _ = write!(line, " ORCPT={value}");
            }
        }
    }
    line.push_str("\r\n");
    line
}

/// RFC 3461 §4: printable ASCII except `+` and `=`; anything else as `+` and two hex digits.
pub(crate) fn xtext(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if (b'!'..=b'~').contains(&byte) && byte != b'+' && byte != b'=' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "+{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{Address, Orcpt};

    use super::*;

    fn all() -> Ehlo {
        Ehlo::read(
            ["mx", "PIPELINING", "SIZE 1000", "8bitmime", "SMTPUTF8", "DSN", "STARTTLS", "AUTH=PLAIN LOGIN"]
                .into_iter(),
        )
    }

    fn recipient(path: &str) -> Recipient {
        Recipient {
            address: Address::parse(path).unwrap(),
            orcpt: Some(Orcpt { kind: "rfc822".to_owned(), address: "a+b=c@d e".to_owned() }),
            notify: Notify::On { success: true, failure: true, delay: false },
        }
    }

    fn parameters<'a>(from: &'a ReversePath, to: &'a Recipient) -> MailParameters<'a> {
        MailParameters {
            reverse_path: from,
            recipients: vec![to],
            envid: Some("Q 1+"),
            ret: Some(Ret::Headers),
            onwards: Onwards::AsAsked,
            body_type: BodyType::EightBitMime,
            smtputf8: true,
            eight_bit_head: false,
            eight_bit: false,
            size: 99,
        }
    }

    #[test]
    fn everything_offered_is_read() {
        let offers = all();
        assert!(offers.starttls && offers.pipelining && offers.eight_bit && offers.utf8 && offers.dsn);
        assert!(offers.auth_plain && offers.auth_login);
        assert_eq!(offers.size, Some(1000));
        assert_eq!(
            Ehlo::read(["DSN greets you", "SIZE"].into_iter()),
            Ehlo { size: Some(0), ..Ehlo::default() }
        );
    }

    #[test]
    fn parameters_go_only_to_servers_that_offer_them() {
        let (from, to) = (ReversePath::Null, recipient("x@d.de"));
        let full = parameters(&from, &to);
        assert_eq!(full.mail(&all()), "MAIL FROM:<> SIZE=99 BODY=8BITMIME RET=HDRS ENVID=Q+201+2B\r\n");
        assert_eq!(
            full.rcpts(&all()),
            ["RCPT TO:<x@d.de> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb+3Dc@d+20e\r\n"]
        );
        assert_eq!(full.mail(&Ehlo::default()), "MAIL FROM:<>\r\n");
        assert_eq!(full.rcpts(&Ehlo::default()), ["RCPT TO:<x@d.de>\r\n"]);
    }

    #[test]
    fn of_a_letter_opened_here_the_next_server_is_asked_to_tell_nothing() {
        let (from, to) = (ReversePath::Null, recipient("x@d.de"));
        let opened =
            MailParameters { ret: Some(Ret::Full), onwards: Onwards::Nothing, ..parameters(&from, &to) };
        assert_eq!(opened.mail(&all()), "MAIL FROM:<> SIZE=99 BODY=8BITMIME RET=HDRS\r\n");
        assert_eq!(opened.rcpts(&all()), ["RCPT TO:<x@d.de> NOTIFY=NEVER\r\n"]);
    }

    #[test]
    fn what_a_server_cannot_take_is_not_sent() {
        let (from, to, utf8) = (ReversePath::Null, recipient("x@d.de"), recipient("jürgen@d.de"));
        let none = Ehlo::default();
        assert_eq!(parameters(&from, &to).check(&none), Ok(()));
        assert_eq!(parameters(&from, &utf8).check(&none), Err(DeliveryFailure::Utf8));
        assert!(parameters(&from, &utf8).mail(&all()).contains(" SMTPUTF8"));
        let eight = MailParameters { eight_bit: true, ..parameters(&from, &to) };
        assert_eq!(eight.check(&none), Err(DeliveryFailure::EightBit));
        let head = MailParameters { eight_bit: true, eight_bit_head: true, ..parameters(&from, &to) };
        assert_eq!(head.check(&none), Err(DeliveryFailure::Utf8));
        let big = MailParameters { size: 1001, ..parameters(&from, &to) };
        assert_eq!(big.check(&all()), Err(DeliveryFailure::TooBig { limit: 1000 }));
        assert_eq!(big.check(&Ehlo { size: Some(0), ..none }), Ok(()));
    }
}
