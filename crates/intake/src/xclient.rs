//! XCLIENT: a proxy that the operator named says for whom it speaks, and the session begins anew as that client's. Knows
//! no network and no reply but its own. As Postfix has it: <https://www.postfix.org/XCLIENT_README.html>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sealpost_mail::Reply;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::command::{Hello, is_host_name};
use crate::parameters::xtext;
use crate::replies;
use crate::session::{Session, State};
use crate::wire::Leave;

/// The longest login.
const LONGEST: usize = 255;

/// What the proxy says of its client; what it does not mention stays as it was.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    address: Option<IpAddr>,
    login: Option<Option<String>>,
    helo: Option<String>,
    extended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    pub(crate) fn on_xclient(&mut self, state: State, attributes: &str) -> Result<State, Leave> {
        let refused = match &state {
            // Whoever was not offered it learns nothing of it.
            _ if !self.caller.may_name => Some(replies::not_implemented()),
            State::Sender(_) | State::Addressed(_) | State::Chunking(_) => {
                Some(replies::not_in_transaction())
            }
            State::Strange | State::Ready => None,
        };
        if let Some(reply) = refused {
            self.answer(reply)?;
            return Ok(state);
        }
        match read(attributes) {
            Ok(said) => self.becomes(said),
            Err(reply) => {
                self.answer(reply)?;
                Ok(state)
            }
        }
    }

    /// "The server … resets state to the initial SMTP greeting protocol stage", and greets.
    fn becomes(&mut self, said: Said) -> Result<State, Leave> {
        if let Some(client) = said.address {
            // The certificate, if there is one, was the proxy's.
            self.caller.spoken_for = true;
            if let Some(tls) = &mut self.tls {
                tls.client_certificate = None;
            }
            if let Some(slot) = self.caller.slot.take() {
                match slot.change(client, &self.door.access) {
                    Ok(slot) => self.caller.slot = Some(slot),
                    Err(why) => {
                        // Those that are counted and not told with an address are told with the next one.
                        let _others_tell =
                            self.door.refusals.count(&self.door.listener, client, why, Instant::now());
                        self.wire.send(&why.reply());
                        return Err(Leave::Told);
                    }
                }
            }
            tracing::debug!(session.id = self.caller.session, proxy = %self.caller.peer, %client, "spoken for");
            self.caller.peer = client;
            self.failed_logins = 0;
        }
        self.login = said.login.unwrap_or_default();
        self.keep_place();
        self.wire.send(&replies::greeting(&self.door.hostname));
        // A client that has said EHLO to the proxy has said it.
        let extended = said.extended;
        let (state, name) = said.helo.map_or((State::Strange, String::new()), |name| (State::Ready, name));
        self.hello = Hello { name, extended };
        Ok(state)
    }
}

fn read(attributes: &str) -> Result<Said, Reply> {
    let wrong = || replies::syntax("an attribute of XCLIENT is not known, or its value is not valid");
    let mut said = Said { extended: true, ..Said::default() };
    if attributes.is_empty() {
        return Err(wrong());
    }
    for attribute in attributes.split(' ').filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=').ok_or_else(wrong)?;
        let value = xtext(value).ok_or_else(wrong)?;
        // Postfix: "[UNAVAILABLE]" is what is not there, "[TEMPUNAVAIL]" what could not be looked up.
        let value = match value.to_ascii_uppercase().as_str() {
            "[UNAVAILABLE]" | "[TEMPUNAVAIL]" => None,
            _ => Some(value),
        };
        match name.to_ascii_uppercase().as_str() {
            // A client without an address would keep the proxy's, and its rights.
            "ADDR" => said.address = Some(value.as_deref().and_then(address).ok_or_else(wrong)?),
            "LOGIN" => {
                let printable = |login: &String| {
                    login.len() <= LONGEST && !login.is_empty() && !login.chars().any(char::is_control)
                };
                if !value.as_ref().is_none_or(printable) {
                    return Err(wrong());
                }
                said.login = Some(value);
            }
            "HELO" => {
                if !value.as_deref().is_none_or(is_host_name) {
                    return Err(wrong());
                }
                said.helo = value;
            }
            "PROTO" => {
                said.extended = match value.as_deref().map(str::to_ascii_uppercase).as_deref() {
                    Some("SMTP") => false,
                    Some("ESMTP") | None => true,
                    Some(_) => return Err(wrong()),
                }
            }
            // Nothing hangs on these here.
            "NAME" | "PORT" | "DESTADDR" | "DESTPORT" => {}
            _ => return Err(wrong()),
        }
    }
    Ok(said)
}

/// "IPV6:" stands before an address of version 6, as in an address literal; some leave it out.
fn address(text: &str) -> Option<IpAddr> {
    let six = text.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPV6:")).and_then(|_tag| text.get(5..));
    match six {
        Some(six) => six.parse::<Ipv6Addr>().ok().map(|six| IpAddr::V6(six).to_canonical()),
        None => {
            let four = text.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
            four.or_else(|| text.parse::<Ipv6Addr>().ok().map(|six| IpAddr::V6(six).to_canonical()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_postfix_writes_them() {
        let said =
            read("NAME=spike.porcupine.org ADDR=168.100.189.2 PROTO=SMTP HELO=spike LOGIN=[UNAVAILABLE]");
        let expected = Said {
            address: "168.100.189.2".parse().ok(),
            login: Some(None),
            helo: Some("spike".into()),
            extended: false,
        };
        assert_eq!(said.unwrap(), expected);
        for six in ["ADDR=IPV6:2001:db8::1", "addr=ipv6:2001:db8::1", "ADDR=2001:db8::1"] {
            assert_eq!(read(six).unwrap().address, "2001:db8::1".parse().ok(), "{six}");
        }
        assert_eq!(read("ADDR=IPV6:::ffff:192.0.2.1").unwrap().address, "192.0.2.1".parse().ok());
        assert_eq!(read("LOGIN=a+20b").unwrap().login, Some(Some("a b".into())));
    }

    #[test]
    fn what_is_not_meant_is_refused() {
        for wrong in [
            "",
            "ADDR",
            "ADDR=",
            "ADDR=[UNAVAILABLE]",
            "ADDR=192.0.2.1.5",
            "ADDR=client.example",
            "ADDR=IPV6:192.0.2.1",
            "ADDR=192.0.2.1+0D+0A",
            "HELO=a+0D+0Ab",
            "HELO=a b",
            "LOGIN=",
            "LOGIN=a+00b",
            "PROTO=LMTP",
            "USER=a",
            "ADDR=192.0.2.1 X=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
