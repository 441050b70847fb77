//! Parses one command line, as a pure and strict function. Knows no session and no right.
//!
//! The grammar is RFC 5321 §4.1 with the parameters of RFC 1870, 3461, 4954, 6152 and 6531. Paths are parsed
//! by [`Address`], parameters in `parameters.rs`. Anything outside the grammar is refused: lenient parsers
//! disagree with each other, and attacks use what two parsers disagree about.

use std::str::from_utf8;

use sealpost_mail::{Address, Domain, Envelope, Orcpt, Recipient, Reply, ReversePath};

use crate::line::PLAIN;
use crate::parameters;
use crate::replies;

/// A well-formed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// EHLO or HELO.
    Hello(Hello),
    /// MAIL, as an envelope without recipients.
    Mail(Box<Envelope>),
    /// RCPT.
    Rcpt(Box<Rcpt>),
    /// DATA.
    Data,
    /// BDAT, followed by this many octets (RFC 3030).
    Bdat {
        /// Octets of the chunk.
        size: u64,
        /// Whether further chunks follow.
        chunk: Chunk,
    },
    /// BDAT without a size: it is unknown where the next command begins.
    BdatWithoutSize,
    /// AUTH (RFC 4954).
    Auth {
        /// The mechanism, upper case.
        mechanism: String,
        /// The initial response, still base64; `=` is the empty one.
        initial: Option<String>,
    },
    /// STARTTLS (RFC 3207).
    StartTls,
    /// XCLIENT, with its attributes unparsed: they only matter from proxies that may use it.
    XClient(String),
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
    /// An SMTP command that is not implemented.
    NotImplemented,
    /// A command of another protocol: a browser was made to connect to us (cross-protocol attack).
    Foreign,
}

/// EHLO or HELO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What the client calls itself.
    pub name: String,
    /// The verb that the client used.
    pub verb: HelloVerb,
}

/// How a client greets (RFC 5321 §4.1.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloVerb {
    /// EHLO: extensions are offered.
    Ehlo,
    /// HELO.
    Helo,
}

/// The position of a BDAT chunk in its letter (RFC 3030 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Further chunks follow.
    More,
    /// It is the last one: `LAST`.
    Last,
}

/// RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rcpt {
    /// The recipient with its parameters.
    pub recipient: Recipient,
    /// The address contains non-ASCII characters, so MAIL must have specified SMTPUTF8.
    pub needs_smtputf8: bool,
}

/// Parses a command. `line` has no CRLF; the line reader has ensured that it contains no CR, LF or NUL.
///
/// # Errors
/// The reply that says what is wrong.
pub fn parse(line: &[u8], postmaster: &Address) -> Result<Command, Reply> {
    let text = from_utf8(line).map_err(|_utf8| replies::not_utf8())?;
    let (verb, rest) = match text.split_once(' ') {
        Some((verb, rest)) => (verb, Some(rest)),
        None => (text, None),
    };
    let verb = verb.to_ascii_uppercase();
    let extendable = matches!(verb.as_str(), "MAIL" | "RCPT" | "AUTH" | "XCLIENT");
    if !extendable && line.len() + 2 > PLAIN {
        return Err(replies::command_too_long());
    }
    // "Trailing spaces … SHOULD be tolerated" (RFC 5321 §4.1.1); so is one space after a command without
    // arguments.
    let rest = rest.map(|rest| rest.trim_end_matches(' ')).filter(|rest| !rest.is_empty());
    let alone = |command| match rest {
        None => Ok(command),
        Some(_) => Err(replies::no_parameters()),
    };
    match verb.as_str() {
        "EHLO" => hello(rest, HelloVerb::Ehlo),
        "HELO" => hello(rest, HelloVerb::Helo),
        "MAIL" => mail(rest.unwrap_or_default()),
        "RCPT" => rcpt(rest.unwrap_or_default(), postmaster),
        "DATA" => alone(Command::Data),
        "BDAT" => Ok(bdat(rest.unwrap_or_default())),
        "AUTH" => auth(rest.unwrap_or_default()),
        "STARTTLS" => alone(Command::StartTls),
        "XCLIENT" => Ok(Command::XClient(rest.unwrap_or_default().to_owned())),
        "RSET" => alone(Command::Rset),
        "QUIT" => alone(Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if rest.is_some() => Ok(Command::Vrfy),
        "VRFY" => Err(replies::syntax("VRFY needs a name")),
        "LHLO" | "EXPN" | "ETRN" | "ATRN" | "TURN" | "BURL" | "SEND" | "SOML" | "SAML" | "XFORWARD" => {
            Ok(Command::NotImplemented)
        }
        "GET" | "POST" | "PUT" | "HEAD" | "OPTIONS" | "CONNECT" | "HOST:" | "USER-AGENT:" => {
            Ok(Command::Foreign)
        }
        _ => Err(replies::unknown_command()),
    }
}

/// The name is not verified (RFC 5321 §4.1.4: a server must not refuse mail for it), but it becomes part of
/// our trace field: only characters of a domain or an address literal are accepted.
fn hello(rest: Option<&str>, verb: HelloVerb) -> Result<Command, Reply> {
    let name = rest.unwrap_or_default();
    if !is_host_name(name) {
        return Err(replies::syntax("say your host name after EHLO or HELO"));
    }
    Ok(Command::Hello(Hello { name: name.to_owned(), verb }))
}

/// Whether a client may call itself that.
pub(crate) fn is_host_name(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b".-_:[]/+".contains(&c);
    !name.is_empty() && name.len() <= 255 && name.bytes().all(allowed)
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let usage = || replies::syntax("write MAIL FROM:<address> and then parameters");
    let (path, tail) = after_keyword(rest, "FROM:").and_then(cut_path).ok_or_else(usage)?;
    let reverse_path = if path.is_empty() {
        ReversePath::Null // RFC 5321 §4.5.5
    } else {
        ReversePath::Address(mailbox(path).ok_or_else(replies::bad_sender)?)
    };
    let envelope = parameters::mail(reverse_path, tail)?;
    if !path.is_ascii() && !envelope.smtputf8 {
        return Err(replies::needs_smtputf8());
    }
    Ok(Command::Mail(Box::new(envelope)))
}

fn rcpt(rest: &str, postmaster: &Address) -> Result<Command, Reply> {
    let usage = || replies::syntax("write RCPT TO:<address> and then parameters");
    let (path, tail) = after_keyword(rest, "TO:").and_then(cut_path).ok_or_else(usage)?;
    // RFC 5321 §4.1.1.3: `<Postmaster>` without a domain is the one exception, in any case.
    let address = if path.eq_ignore_ascii_case("postmaster") {
        postmaster.clone()
    } else {
        mailbox(path).ok_or_else(replies::bad_recipient)?
    };
    let (notify, orcpt) = parameters::rcpt(tail)?;
    let orcpt_ascii = |orcpt: &Orcpt| orcpt.address.is_ascii();
    let needs_smtputf8 = !path.is_ascii() || !orcpt.as_ref().is_none_or(orcpt_ascii);
    let recipient = Recipient { address, orcpt, notify };
    Ok(Command::Rcpt(Box::new(Rcpt { recipient, needs_smtputf8 })))
}

/// The text after `FROM:` or `TO:`; a space after the colon is common enough to be accepted.
fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, tail) = rest.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| tail.trim_start_matches(' '))
}

/// Splits `<path>` into its content and the text after it. A `>` inside a quoted local part does not end it.
fn cut_path(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (path, tail) = (inner.get(..at)?, inner.get(at + 1..)?);
                // No limit for the whole (RFC 5321 §4.5.3.1.3 has 256 octets): the longest local part and the
                // longest domain together exceed it, and each of them has its own limit.
                return (tail.is_empty() || tail.starts_with(' ')).then_some((path, tail));
            }
            _ => {}
        }
    }
    None
}

/// A mailbox, without a preceding source route. RFC 5321 §4.1.1.3: "Servers … SHOULD ignore the source route
/// and deliver to the mailbox".
fn mailbox(path: &str) -> Option<Address> {
    let path = match path.strip_prefix('@') {
        None => path,
        Some(_) => {
            let (route, mailbox) = path.split_once(':')?;
            let hop = |hop: &str| hop.strip_prefix('@').is_some_and(|name| Domain::parse(name).is_ok());
            if !route.split(',').all(hop) {
                return None;
            }
            mailbox
        }
    };
    Address::parse(path).ok()
}

/// RFC 3030 §2: `BDAT chunk-size [LAST]`.
fn bdat(rest: &str) -> Command {
    let (size, chunk) = match rest.split_once(' ') {
        None => (rest, Some(Chunk::More)),
        Some((size, word)) => (size, word.trim().eq_ignore_ascii_case("LAST").then_some(Chunk::Last)),
    };
    match (parameters::number(size), chunk) {
        (Some(size), Some(chunk)) => Command::Bdat { size, chunk },
        (Some(_) | None, None) | (None, Some(_)) => Command::BdatWithoutSize,
    }
}

fn auth(rest: &str) -> Result<Command, Reply> {
    let (mechanism, initial) = match rest.split_once(' ') {
        None => (rest, None),
        Some((mechanism, initial)) => (mechanism, Some(initial.trim_start_matches(' '))),
    };
    // RFC 4422 §3.1: sasl-mech.
    let letter = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let named = (1..=20).contains(&mechanism.len()) && mechanism.bytes().all(letter);
    if !named || initial.is_some_and(|initial| initial.contains(' ')) {
        return Err(replies::syntax("write AUTH, the mechanism and perhaps an initial response"));
    }
    let initial = initial.map(str::to_owned);
    Ok(Command::Auth { mechanism: mechanism.to_ascii_uppercase(), initial })
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
