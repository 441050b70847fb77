//! What can go wrong on the way, and what it means for the letter and for the destination's backoff. Pure; every verdict by
//! exhaustive match.
//!
//! SECURITY: servers quote addresses and subjects in their replies. Their text is for the report, which is
//! sealed like any letter; `Debug`, and so the log, shows the codes alone.

use std::fmt;
use std::net::IpAddr;

use sealpost_mail::{EnhancedCode, Fault};

/// Where in the dialogue something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connect,
    Greeting,
    Hello,
    Tls,
    Login,
    Mail,
    Recipient,
    Data,
    /// The letter is being sent; its final dot is not sent yet.
    Content,
    /// The final dot is sent, its reply is not received.
    End,
}

impl Stage {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "while connecting",
            Self::Greeting => "before its greeting",
            Self::Hello => "in answer to EHLO",
            Self::Tls => "while TLS was set up",
            Self::Login => "while logging in",
            Self::Mail => "in answer to MAIL",
            Self::Recipient => "in answer to RCPT",
            Self::Data => "in answer to DATA",
            Self::Content => "while the letter was being sent",
            Self::End => "after the whole letter was sent; it may have arrived",
        }
    }

    /// Whether this stage concerns the server and not yet a letter.
    fn is_about_the_server(self) -> bool {
        match self {
            Self::Connect | Self::Greeting | Self::Hello | Self::Tls | Self::Login => true,
            Self::Mail | Self::Recipient | Self::Data | Self::Content | Self::End => false,
        }
    }
}

/// A server's reply.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerReply {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<EnhancedCode>,
    pub(crate) text: String,
    /// The server that sent it; `None`: not known yet.
    pub(crate) host: Option<String>,
}

impl ServerReply {
    /// Parses the enhanced code in the text, if its class agrees with the code (RFC 2034 §4).
    pub(crate) fn new(code: u16, text: &str) -> Self {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
        let enhanced = text
            .split_whitespace()
            .next()
            .and_then(enhanced_code)
            .filter(|enhanced| u16::from(enhanced.0) == code / 100);
        Self { code, enhanced, text, host: None }
    }

    fn fault(&self) -> Fault {
        // Any other code is not a reason to bounce.
        if (500..=599).contains(&self.code) { Fault::Permanent } else { Fault::Temporary }
    }
}

impl fmt::Debug for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enhanced {
            Some(enhanced) => write!(f, "{} {enhanced}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

fn enhanced_code(word: &str) -> Option<EnhancedCode> {
    let mut parts = word.split('.');
    let class = parts.next()?.parse().ok()?;
    let (subject, detail) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (parts.next().is_none() && subject < 1000 && detail < 1000)
        .then_some(EnhancedCode(class, subject, detail))
}

/// Every reason why a letter cannot be handed over. Causes are in our words, never in the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryFailure {
    /// The server replied 4yz or 5yz.
    Refused { stage: Stage, reply: ServerReply },
    /// The connection was lost or could not be opened.
    Lost { stage: Stage, cause: String },
    /// A deadline passed.
    Silent { stage: Stage },
    /// The server does not speak SMTP as we know it.
    Garbled { stage: Stage, cause: String },
    /// The connection does not reach the minimum TLS.
    BelowFloor { lacking: TlsLacking, cause: String },
    /// We cannot log in safely, or at all.
    NoLogin { cause: String },
    /// The letter has 8-bit content and the server has no 8BITMIME (RFC 6152 §3).
    EightBit,
    /// Address or head need SMTPUTF8 and the server has none (RFC 6531 §3.5).
    Utf8,
    /// Larger than the server's SIZE (RFC 1870 §6.2).
    TooBig { limit: u64 },
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain has no server that could take mail.
    NoServer,
    /// RFC 7505: the domain says that it takes no mail.
    NullMx,
    /// The best server for it is ourselves.
    Loop,
    /// All its servers have private addresses, to which mail for the internet never goes.
    Inside { address: IpAddr },
    /// DNS gave no answer.
    Dns { cause: String },
    /// The ticket refers to a hop that is not configured.
    UnknownHop { name: String },
    /// Our own store failed.
    Local { cause: String },
    /// The destination failed a moment ago and is suspended.
    BacksOff { cause: Box<Reason> },
}

/// What a connection lacks of the required TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsLacking {
    /// There is no TLS, or none that is accepted.
    NotOffered,
    /// There is TLS, and it failed.
    Failed,
}

/// The origin of a reason's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The words are ours.
    Ours,
    /// The reply of this server (RFC 3464 §2.3.5 Remote-MTA, §2.3.6 Diagnostic-Code).
    Server(Option<String>),
}

/// Why a letter is not delivered (yet): for the row, the log and the report.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: u16,
    pub(crate) enhanced: EnhancedCode,
    pub(crate) text: String,
    /// The origin of the text.
    pub(crate) whose: Whose,
    /// It is another letter's reason: this one was not tried, because the destination is left alone.
    pub(crate) untried: bool,
}

impl Reason {
    /// Text that may be logged with the codes.
    pub(crate) fn own_words(&self) -> Option<&str> {
        match self.whose {
            Whose::Ours => Some(self.text.as_str()),
            Whose::Server(_) => None,
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.enhanced)?;
        self.own_words().map_or(Ok(()), |words| write!(f, " {words}"))
    }
}

/// Who is responsible for NOTIFY once a server has accepted a letter (RFC 3461 §5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporter {
    /// The server: it offers DSN.
    NextHop,
    /// We do, with a report that the letter was relayed.
    Ourselves,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    /// The next hop has accepted it.
    Delivered { reporter: Reporter, host: String, reply: ServerReply },
    /// The leg may be retried.
    Later(Reason),
    /// A retry would fail in the same way.
    Never(Reason),
    /// It would come back to us.
    Loop(Reason),
}

/// What the failure of one letter means for its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// The server replied to this one letter: others may succeed.
    Well,
    /// It talks, but this letter lost its connection. Many of these in a row mean that it is down.
    Failing,
    /// No letter gets as far as MAIL.
    Down,
    /// Nothing about the server.
    Nothing,
}

impl DeliveryFailure {
    /// The same, with the server that replied.
    pub(crate) fn said_by(mut self, host: &str) -> Self {
        if let Self::Refused { reply, .. } = &mut self {
            reply.host = Some(host.to_owned());
        }
        self
    }

    /// Not tried: there was no connection or no memory for it in time.
    pub(crate) fn no_turn() -> Self {
        let cause = Reason {
            code: 451,
            enhanced: EnhancedCode(4, 3, 2),
            text: "local error: too many letters waited for their turn".to_owned(),
            whose: Whose::Ours,
            untried: true,
        };
        Self::BacksOff { cause: Box::new(cause) }
    }

    /// What it means for the destination, and so for other letters to it.
    pub(crate) fn says(&self) -> Says {
        match self {
            // RFC 5321 §3.8: it closes the channel. Which letter is the cause is unknown.
            Self::Refused { stage, reply } => match (stage.is_about_the_server(), reply.code) {
                (true, _) => Says::Down,
                (false, 421) => Says::Failing,
                (false, _) => Says::Well,
            },
            Self::Lost { stage, .. } | Self::Silent { stage } | Self::Garbled { stage, .. } => {
                if stage.is_about_the_server() { Says::Down } else { Says::Failing }
            }
            Self::NoLogin { .. } | Self::Dns { .. } => Says::Down,
            Self::EightBit | Self::Utf8 | Self::TooBig { .. } => Says::Well,
            // Another letter may have a lower minimum.
            Self::BelowFloor { .. }
            | Self::NoSuchDomain
            | Self::NoServer
            | Self::NullMx
            | Self::Loop
            | Self::Inside { .. }
            | Self::UnknownHop { .. }
            | Self::Local { .. }
            | Self::BacksOff { .. } => Says::Nothing,
        }
    }

    /// Whether the server may only be refusing one more connection.
    pub(crate) fn may_be_crowding(&self) -> bool {
        match self {
            Self::Refused { stage, .. } => stage.is_about_the_server() && *stage != Stage::Login,
            Self::Lost { stage, .. } => matches!(stage, Stage::Connect | Stage::Greeting),
            Self::Silent { .. }
            | Self::Garbled { .. }
            | Self::BelowFloor { .. }
            | Self::NoLogin { .. }
            | Self::EightBit
            | Self::Utf8
            | Self::TooBig { .. }
            | Self::NoSuchDomain
            | Self::NoServer
            | Self::NullMx
            | Self::Loop
            | Self::Inside { .. }
            | Self::Dns { .. }
            | Self::UnknownHop { .. }
            | Self::Local { .. }
            | Self::BacksOff { .. } => false,
        }
    }

    /// RFC 5321 §4.5.3.1.10: more recipients than the server accepts at once; 552 is an older code for it.
    pub(crate) fn is_full_transaction(&self) -> bool {
        matches!(self, Self::Refused { stage: Stage::Recipient, reply } if matches!(reply.code, 452 | 552))
    }

    /// Whether the server closed the connection without a reason: a kept one may just have been too old.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Silent { .. } | Self::Garbled { .. })
    }

    /// Whether another server of the same domain may accept it (RFC 5321 §5.1).
    pub(crate) fn tries_next_server(&self) -> bool {
        match self {
            Self::Refused { stage, reply } => stage.is_about_the_server() || reply.code == 421,
            Self::Lost { stage, .. } | Self::Silent { stage } | Self::Garbled { stage, .. } => match stage {
                Stage::Connect
                | Stage::Greeting
                | Stage::Hello
                | Stage::Tls
                | Stage::Login
                | Stage::Mail
                | Stage::Recipient
                | Stage::Data => true,
                Stage::Content | Stage::End => false,
            },
            Self::BelowFloor { .. } | Self::NoLogin { .. } => true,
            Self::EightBit
            | Self::Utf8
            | Self::TooBig { .. }
            | Self::NoSuchDomain
            | Self::NoServer
            | Self::NullMx
            | Self::Loop
            | Self::Inside { .. }
            | Self::Dns { .. }
            | Self::UnknownHop { .. }
            | Self::Local { .. }
            | Self::BacksOff { .. } => false,
        }
    }

    /// The verdict on the attempt.
    pub(crate) fn judge(self) -> Outcome {
        match self {
            Self::Refused { stage, reply } => {
                let fault = match stage {
                    // RFC 7504 §3: 521 means that this host never accepts mail. Any other refusal before MAIL concerns
                    // the server's current state or our login, and is not a reason to bounce letters.
                    Stage::Greeting | Stage::Hello if reply.code == 521 => Fault::Permanent,
                    Stage::Connect | Stage::Greeting | Stage::Hello | Stage::Tls | Stage::Login => {
                        Fault::Temporary
                    }
                    // RFC 4954 §6, RFC 3207 §4: "authenticate first", "STARTTLS first": our set-up, not the letter.
                    Stage::Mail if matches!(reply.code, 530 | 538) => Fault::Temporary,
                    Stage::Mail | Stage::Recipient | Stage::Data | Stage::Content | Stage::End => {
                        reply.fault()
                    }
                };
                let class = if fault == Fault::Permanent { 5 } else { 4 };
                let enhanced = reply.enhanced.filter(|e| e.0 == class).unwrap_or(EnhancedCode(class, 0, 0));
                let reason = Reason {
                    code: reply.code,
                    enhanced,
                    text: reply.text,
                    whose: Whose::Server(reply.host),
                    untried: false,
                };
                match fault {
                    Fault::Temporary => Outcome::Later(reason),
                    Fault::Permanent => Outcome::Never(reason),
                }
            }
            Self::Lost { stage: Stage::Connect, cause } => {
                later(441, 1, format!("the server could not be reached: {cause}"))
            }
            Self::Lost { stage, cause } => {
                later(442, 2, format!("the connection was lost {}: {cause}", stage.words()))
            }
            Self::Silent { stage } => {
                later(442, 2, format!("the server gave no answer in time {}", stage.words()))
            }
            Self::Garbled { stage, cause } => Outcome::Later(Reason {
                code: 451,
                enhanced: EnhancedCode(4, 5, 0),
                text: format!("the server broke the protocol {}: {cause}", stage.words()),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::BelowFloor { lacking, cause } => Outcome::Later(Reason {
                code: 454,
                enhanced: match lacking {
                    TlsLacking::Failed => EnhancedCode(4, 7, 5),
                    TlsLacking::NotOffered => EnhancedCode(4, 7, 4),
                },
                text: format!("the connection is not as safe as this letter needs: {cause}"),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::NoLogin { cause } => Outcome::Later(Reason {
                code: 454,
                enhanced: EnhancedCode(4, 7, 0),
                text: format!("could not log in to the next server: {cause}"),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::EightBit => {
                let text = "the letter has 8-bit content and the server takes 7-bit only (no 8BITMIME)";
                never(554, 6, 3, text.to_owned())
            }
            Self::Utf8 => never(
                553,
                6,
                7,
                "the address or head is not ASCII and the server does not support SMTPUTF8".to_owned(),
            ),
            Self::TooBig { limit } => {
                never(552, 3, 4, format!("the letter is larger than the {limit} bytes the server takes"))
            }
            Self::NoSuchDomain => never(550, 1, 2, "the domain does not exist".to_owned()),
            Self::NoServer => never(550, 4, 4, "the domain has no mail server".to_owned()),
            // RFC 7505 §4.1.
            Self::NullMx => never(556, 1, 10, "the domain declares that it takes no mail".to_owned()),
            Self::Loop => Outcome::Loop(Reason {
                code: 554,
                enhanced: EnhancedCode(5, 4, 6),
                text: "mail for this domain leads back to this server".to_owned(),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::Inside { address } => never(
                550,
                4,
                4,
                format!("the server for this domain has an address that is not public: {address}"),
            ),
            Self::Dns { cause } => later(443, 3, format!("DNS gave no answer: {cause}")),
            Self::UnknownHop { name } => Outcome::Later(Reason {
                code: 451,
                enhanced: EnhancedCode(4, 3, 5),
                text: format!("the next hop {name} is not configured"),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::Local { cause } => Outcome::Later(Reason {
                code: 451,
                enhanced: EnhancedCode(4, 3, 0),
                text: format!("local error: {cause}"),
                whose: Whose::Ours,
                untried: false,
            }),
            Self::BacksOff { cause } => Outcome::Later(Reason { untried: true, ..*cause }),
        }
    }
}

/// 4.4.`detail`: network and routing (RFC 3463 §3.5).
fn later(code: u16, detail: u16, text: String) -> Outcome {
    Outcome::Later(Reason {
        code,
        enhanced: EnhancedCode(4, 4, detail),
        text,
        whose: Whose::Ours,
        untried: false,
    })
}

fn never(code: u16, subject: u16, detail: u16, text: String) -> Outcome {
    Outcome::Never(Reason {
        code,
        enhanced: EnhancedCode(5, subject, detail),
        text,
        whose: Whose::Ours,
        untried: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(stage: Stage, code: u16, text: &str) -> Outcome {
        DeliveryFailure::Refused { stage, reply: ServerReply::new(code, text) }.judge()
    }

    #[test]
    fn four_is_later_and_five_is_never_once_it_is_about_the_letter() {
        for stage in [Stage::Mail, Stage::Recipient, Stage::Data, Stage::Content, Stage::End] {
            assert!(matches!(refused(stage, 451, "4.7.1 greylisted"), Outcome::Later(_)), "{stage:?}");
            assert!(matches!(refused(stage, 550, "5.1.1 no such user"), Outcome::Never(_)), "{stage:?}");
        }
    }

    #[test]
    fn a_server_that_refuses_everybody_is_no_reason_to_bounce() {
        for stage in [Stage::Greeting, Stage::Hello, Stage::Tls, Stage::Login] {
            assert!(matches!(refused(stage, 554, "go away"), Outcome::Later(_)), "{stage:?}");
        }
        assert!(matches!(refused(Stage::Greeting, 521, "no mail here"), Outcome::Never(_)));
        assert!(matches!(refused(Stage::Mail, 530, "5.7.0 authenticate first"), Outcome::Later(_)));
    }

    #[test]
    fn code_and_enhanced_code_never_disagree() {
        let enhanced = |outcome| match outcome {
            Outcome::Never(r) | Outcome::Later(r) | Outcome::Loop(r) => r.enhanced,
            Outcome::Delivered { .. } => EnhancedCode(2, 0, 0),
        };
        assert_eq!(enhanced(refused(Stage::Recipient, 550, "5.1.1 no")), EnhancedCode(5, 1, 1));
        assert_eq!(enhanced(refused(Stage::Recipient, 550, "4.1.1 odd")), EnhancedCode(5, 0, 0));
        assert_eq!(enhanced(refused(Stage::Recipient, 451, "later")), EnhancedCode(4, 0, 0));
        assert_eq!(enhanced(refused(Stage::Greeting, 554, "5.3.2 no")), EnhancedCode(4, 0, 0));
        assert_eq!(enhanced(DeliveryFailure::NullMx.judge()), EnhancedCode(5, 1, 10));
    }

    #[test]
    fn what_a_server_says_is_not_for_the_log() {
        let trouble = DeliveryFailure::Refused {
            stage: Stage::End,
            reply: ServerReply::new(550, "5.7.1 <a@b.example>: Kündigung"),
        };
        let Outcome::Never(reason) = trouble.clone().judge() else { panic!("550 is for ever") };
        assert!(reason.text.contains("Kündigung"), "the report needs it");
        let backs_off = DeliveryFailure::BacksOff { cause: Box::new(reason.clone()) };
        let outcome = Outcome::Never(reason);
        for shown in [format!("{trouble:?}"), format!("{backs_off:?}"), format!("{outcome:?}")] {
            assert!(shown.contains("550 5.7.1"), "{shown}");
            assert!(!shown.contains("a@b.example") && !shown.contains("ndigung"), "{shown}");
        }
        let Outcome::Later(own) = (DeliveryFailure::Silent { stage: Stage::Mail }).judge() else {
            panic!("silence")
        };
        assert!(format!("{own:?}").contains("no answer in time"));
    }

    #[test]
    fn a_reply_cannot_carry_a_second_line() {
        assert_eq!(ServerReply::new(550, "5.1.1 a\r\nBcc: x").text, "5.1.1 a  Bcc: x");
    }
}
