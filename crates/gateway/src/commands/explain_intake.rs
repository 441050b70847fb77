//! What a listener would say to a client and a letter before any rule is asked, for `sealpost explain`. Knows no rule and
//! no partner; opens nothing.

use std::net::IpAddr;

use sealpost_arrival::MAX_RECEIVED;
use sealpost_intake::pieces::{CRLF, ChunkReader};
use sealpost_intake::{ListenerConfig, Right, Shown, Tls};
use sealpost_mail::{Envelope, Head};

use super::say;

/// Who hands over, as asked for.
pub(super) struct Caller<'a> {
    pub(super) client: IpAddr,
    pub(super) login: Option<&'a str>,
}

/// The listener that is meant: the named one; else the first that lets the client send, or else the first.
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
    // Who is asked about as logged in is taken for logged in; a certificate cannot be shown here.
    let shown = Shown { peer: caller.client, login: caller.login.is_some(), certificate: false };
    listener.access.right(shown)
}

/// Says it, line by line.
pub(super) fn tell(
    listener: &ListenerConfig,
    logins: &[&str],
    caller: &Caller<'_>,
    envelope: &Envelope,
    head: &Head,
    letter: &[u8],
) {
    let addresses: Vec<String> = listener.addresses.iter().map(ToString::to_string).collect();
    say(format_args!("at the listener {} ({}):", listener.name, addresses.join(", ")));
    for line in [tls(listener), &access(listener, logins, caller)] {
        say(format_args!("  {line}"));
    }
    for line in refusals(listener, envelope, head, letter) {
        say(format_args!("  refused: {line}"));
    }
}

fn tls(listener: &ListenerConfig) -> &'static str {
    match (&listener.tls, listener.tls_required) {
        (Tls::Off, _) => "no TLS",
        (Tls::StartTls(_), false) => "TLS is offered (STARTTLS)",
        (Tls::StartTls(_), true) => "TLS is required: before STARTTLS, MAIL gets 530 5.7.0",
        (Tls::Implicit(_), _) => "TLS from the first octet on",
    }
}

fn access(listener: &ListenerConfig, logins: &[&str], caller: &Caller<'_>) -> String {
    let client = caller.client;
    match right(listener, caller) {
        Some(Right::Network) => return format!("{client} may send: its address is in networks"),
        Some(Right::Login | Right::Certificate) => match caller.login {
            Some(login) if !logins.contains(&login) => {
                return format!("no [[login]] is called {login}: 535 5.7.8 at AUTH");
            }
            Some(login) => return format!("{client} may send once it has logged in as {login}, over TLS"),
            None => {}
        },
        None => {}
    }
    let certificates = !listener.access.certificates.is_empty();
    match (listener.access.auth, certificates) {
        (true, true) => format!(
            "{client} is in no network: it must log in (over TLS) or show a pinned certificate, else MAIL gets 530 5.7.0"
        ),
        (true, false) => {
            format!("{client} is in no network: it must log in (over TLS), else MAIL gets 530 5.7.0")
        }
        (false, true) => {
            format!("{client} is in no network: it must show a pinned certificate, else MAIL gets 530 5.7.0")
        }
        (false, false) if caller.login.is_some() => {
            format!("{client} is in no network, and nobody can log in here: 554 5.7.1 in place of a greeting")
        }
        (false, false) => format!("{client} is in no network: 554 5.7.1 in place of a greeting"),
    }
}

/// What is refused whatever the rules say.
fn refusals(listener: &ListenerConfig, envelope: &Envelope, head: &Head, letter: &[u8]) -> Vec<String> {
    let limits = &listener.limits;
    let mut lines = Vec::new();
    for recipient in &envelope.recipients {
        if listener.access.leads_elsewhere(&recipient.address) {
            lines.push(format!(
                "{}: one of our own servers could read the part before the @ as another address: 553 5.1.3",
                recipient.address.to_path()
            ));
        }
    }
    if envelope.recipients.len() > limits.max_recipients {
        lines.push(format!(
            "recipients after the first {}: 452 4.5.3 (max-recipients)",
            limits.max_recipients
        ));
    }
    let size = letter.len() as u64;
    if size > limits.max_size {
        lines.push(format!("{size} bytes are more than max-size ({}): 552 5.3.4", limits.max_size));
    }
    let mut reader = ChunkReader::new(limits.text_line);
    if reader.check(letter).is_err() || reader.check(CRLF).is_err() {
        lines.push("a bare CR or a NUL in the letter: 550 5.6.11".to_owned());
    } else if reader.had_long_line() {
        lines.push(format!("a line of more than {} octets (max-line): 554 5.6.0", limits.text_line));
    }
    if head.received_count() > MAX_RECEIVED {
        lines.push(format!("more than {MAX_RECEIVED} Received fields, so a loop: 554 5.4.6"));
    }
    lines
}
