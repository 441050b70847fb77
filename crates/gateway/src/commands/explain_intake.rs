//! What a listener would reply to a client and a letter before any rule is consulted, for `sealpost explain`.
//! Knows no rule and no partner; decrypts nothing.

use std::net::IpAddr;

use sealpost_arrival::MAX_RECEIVED;
use sealpost_intake::pieces::{CRLF, ChunkReader};
use sealpost_intake::{ListenerConfig, Right, Shown, Tls};
use sealpost_mail::{Address, Envelope, Head};

use super::say;

/// The client, as given on the command line.
pub(super) struct Caller<'a> {
    pub(super) client: IpAddr,
    pub(super) login: Option<&'a str>,
}

/// The listener in question: the named one; otherwise the first that lets the client send; otherwise the
/// first.
pub(super) fn choose<'l>(
    listeners: &'l [ListenerConfig],
    name: Option<&str>,
    caller: &Caller<'_>,
) -> Result<&'l ListenerConfig, String> {
    let found = match name {
        Some(name) => listeners.iter().find(|listener| listener.name == name),
        None => {
            listeners.iter().find(|listener| right(listener, caller).is_some()).or_else(|| listeners.first())
        }
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = listeners.iter().map(|listener| listener.name.as_str()).collect();
        format!("--listener: there is none of this name; there is {}", names.join(", "))
    })
}

fn right(listener: &ListenerConfig, caller: &Caller<'_>) -> Option<Right> {
    // A client given with a login is taken as logged in; a certificate cannot be presented here.
    let shown = Shown { peer: caller.client, login: caller.login.is_some(), certificate: false };
    listener.access.right(shown)
}

/// What the listener does with a letter before any rule is consulted.
pub(super) struct IntakeVerdict {
    lines: Vec<String>,
    /// The letter is not accepted, and why.
    shut: Option<String>,
    /// It is accepted under a condition that cannot be tested here.
    condition: Option<&'static str>,
    /// For each recipient, the reply that refuses it, if any.
    each: Vec<Option<String>>,
}

impl IntakeVerdict {
    /// The reply that refuses this recipient's copy.
    pub(super) fn refusal(&self, recipient: usize) -> Option<&str> {
        self.shut.as_deref().or_else(|| self.each.get(recipient)?.as_deref())
    }

    /// What the client must present first.
    pub(super) fn condition(&self) -> Option<&'static str> {
        self.condition
    }

    pub(super) fn refuses_any(&self) -> bool {
        self.shut.is_some() || self.each.iter().any(Option::is_some)
    }

    /// Prints it, line by line.
    pub(super) fn tell(&self) {
        for line in &self.lines {
            say(format_args!("{line}"));
        }
    }
}

/// Determines it.
pub(super) fn ask(
    listener: &ListenerConfig,
    logins: &[&str],
    caller: &Caller<'_>,
    envelope: &Envelope,
    head: &Head,
    letter: &[u8],
) -> IntakeVerdict {
    let addresses: Vec<String> = listener.addresses.iter().map(ToString::to_string).collect();
    let access = access(listener, logins, caller);
    let (line, mut shut, condition) = match access {
        Access::Open(line) | Access::Ours(line) => (line, None, None),
        Access::Once(line, condition) => (line, None, Some(condition)),
        Access::Shut(line, reply) => (line, Some(reply.to_owned()), None),
    };
    let mut lines = vec![
        format!("at the listener {} ({}):", listener.name, addresses.join(", ")),
        format!("  {}", tls(listener)),
        format!("  {line}"),
    ];
    let each = recipients(listener, caller, envelope, &mut lines);
    for (wrong, reply) in of_the_letter(listener, caller, head, letter) {
        lines.push(format!("  refused: {wrong}: {reply}"));
        shut.get_or_insert(reply);
    }
    IntakeVerdict { lines, shut, condition, each }
}

fn tls(listener: &ListenerConfig) -> &'static str {
    match (&listener.tls, listener.tls_required) {
        (Tls::Off, _) => "no TLS",
        (Tls::StartTls(_), false) => "TLS is offered (STARTTLS)",
        (Tls::StartTls(_), true) => "TLS is required: before STARTTLS, MAIL gets 530 5.7.0",
        (Tls::Implicit(_), _) => "TLS from the first octet on",
    }
}

enum Access {
    /// It may send to anyone.
    Open(String),
    /// It may send to our own domains.
    Ours(String),
    /// It may send once it has presented something.
    Once(String, &'static str),
    /// It may not send, and gets this reply.
    Shut(String, &'static str),
}

const NO_GREETING: &str = "554 5.7.1 in place of a greeting";

fn access(listener: &ListenerConfig, logins: &[&str], caller: &Caller<'_>) -> Access {
    let client = caller.client;
    match right(listener, caller) {
        Some(Right::Network) => {
            return Access::Open(format!("{client} may send: its address is in networks"));
        }
        Some(Right::Login | Right::Certificate) => match caller.login {
            Some(login) if !logins.contains(&login) => {
                let reply = "535 5.7.8 at AUTH";
                return Access::Shut(format!("no [[login]] is called {login}: {reply}"), reply);
            }
            Some(login) => {
                let line = format!("{client} may send once it has logged in as {login}, over TLS");
                return Access::Open(line);
            }
            None => {}
        },
        None => {}
    }
    if !listener.access.domains.is_empty() {
        let domains: Vec<String> = listener.access.domains.iter().map(ToString::to_string).collect();
        return Access::Ours(format!(
            "{client} is in no network: it may send to {} only",
            domains.join(", ")
        ));
    }
    let certificates = !listener.access.certificates.is_empty();
    match (listener.access.auth, certificates) {
        (true, true) => Access::Once(
            format!(
                "{client} is in no network: it must log in (over TLS) or show a pinned certificate, else MAIL gets 530 5.7.0"
            ),
            "once it has logged in or shown its certificate",
        ),
        (true, false) => Access::Once(
            format!("{client} is in no network: it must log in (over TLS), else MAIL gets 530 5.7.0"),
            "once it has logged in",
        ),
        (false, true) => Access::Once(
            format!("{client} is in no network: it must show a pinned certificate, else MAIL gets 530 5.7.0"),
            "once it has shown its certificate",
        ),
        (false, false) if caller.login.is_some() => Access::Shut(
            format!("{client} is in no network, and nobody can log in here: {NO_GREETING}"),
            NO_GREETING,
        ),
        (false, false) => Access::Shut(format!("{client} is in no network: {NO_GREETING}"), NO_GREETING),
    }
}

/// The refusal of each recipient, in the order in which a session checks them.
fn recipients(
    listener: &ListenerConfig,
    caller: &Caller<'_>,
    envelope: &Envelope,
    lines: &mut Vec<String>,
) -> Vec<Option<String>> {
    let most = listener.limits.max_recipients;
    let stranger = right(listener, caller).is_none() && !listener.access.domains.is_empty();
    let postmaster = Address::parse(&format!("postmaster@{}", listener.hostname)).ok();
    let mut taken = 0;
    let mut each = Vec::new();
    for recipient in &envelope.recipients {
        let address = &recipient.address;
        let is_ours =
            listener.access.domains.contains(address.domain()) || postmaster.as_ref() == Some(address);
        each.push(if stranger && !is_ours {
            lines.push(format!("  refused: {}: not one of our own domains: 550 5.7.1", address.to_path()));
            Some("550 5.7.1".to_owned())
        } else if listener.access.leads_elsewhere(address) {
            lines.push(format!(
                "  refused: {}: one of our own servers could read the part before the @ as another address: 553 5.1.3",
                address.to_path()
            ));
            Some("553 5.1.3".to_owned())
        } else if taken >= most {
            Some("452 4.5.3".to_owned())
        } else {
            taken += 1;
            None
        });
    }
    if each.iter().flatten().any(|reply| reply.starts_with("452")) {
        lines.push(format!("  refused: recipients after the first {most}: 452 4.5.3 (max-recipients)"));
    }
    each
}

/// Why, and with which reply, a letter is refused whatever the rules say.
fn of_the_letter(
    listener: &ListenerConfig,
    caller: &Caller<'_>,
    head: &Head,
    letter: &[u8],
) -> Vec<(String, String)> {
    let limits = &listener.limits;
    let mut found = Vec::new();
    let size = letter.len() as u64;
    if size > limits.max_size {
        found.push((format!("{size} bytes are more than max-size ({})", limits.max_size), "552 5.3.4"));
    }
    let longest = limits.longest_line(right(listener, caller));
    let mut reader = ChunkReader::new(longest);
    if reader.check(letter).is_err() || reader.check(CRLF).is_err() {
        found.push(("a bare CR or a NUL in the letter".to_owned(), "550 5.6.11"));
    } else if reader.had_long_line() {
        let wrong = format!("a line of more than {longest} octets (max-line)");
        found.push((wrong, "554 5.6.0"));
    }
    if head.received_count() > MAX_RECEIVED {
        found.push((format!("more than {MAX_RECEIVED} Received fields, so a loop"), "554 5.4.6"));
    }
    found.into_iter().map(|(wrong, reply)| (wrong, reply.to_owned())).collect()
}
