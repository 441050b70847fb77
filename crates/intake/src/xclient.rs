//! XCLIENT: a proxy named by the operator announces its client, and the session begins anew as that client's. Knows no
//! network and no reply but its own. As in Postfix: <https://www.postfix.org/XCLIENT_README.html>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sealpost_mail::{LoginNote, Reply};

use crate::command::{Hello, HelloVerb, is_host_name};
use crate::connection::Connection;
use crate::listener_context::Speaker;
use crate::parameters::xtext;
use crate::replies;
use crate::session::{Session, State};
use crate::wire::Leave;

/// The longest login.
const MAX_LOGIN: usize = 255;

/// What the proxy announces. The address is required: otherwise the proxy's own would stay, with its rights.
#[derive(Debug, PartialEq, Eq)]
struct XclientFields {
    address: IpAddr,
    login: Option<String>,
    helo: Option<String>,
    verb: HelloVerb,
}

impl<S: Connection> Session<'_, S> {
    pub(crate) fn on_xclient(&mut self, state: State, attributes: &str) -> Result<State, Leave> {
        let refused = match &state {
            // Clients that were not offered it learn nothing about it.
            _ if !self.caller.may_name(&self.context.access) => Some(replies::not_implemented()),
            State::Sender(_) | State::Addressed(_) | State::Chunking(_) => {
                Some(replies::not_in_transaction())
            }
            State::Strange | State::Ready => None,
        };
        if let Some(reply) = refused {
            self.reply(reply)?;
            return Ok(state);
        }
        match read(attributes).and_then(|said| Ok((self.login_of(&said)?, said))) {
            Ok((login, said)) => self.becomes(said, login),
            Err(reply) => {
                self.reply(reply)?;
                Ok(state)
            }
        }
    }

    /// The proxy has checked the password; here it is only checked that the login exists.
    fn login_of(&self, said: &XclientFields) -> Result<Option<String>, Reply> {
        match &said.login {
            Some(login) if self.takes_logins() => {
                self.context.logins.configured(login).map(Some).ok_or_else(replies::not_a_login)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// "The server … resets state to the initial SMTP greeting protocol stage", and greets.
    fn becomes(&mut self, said: XclientFields, login: Option<String>) -> Result<State, Leave> {
        let XclientFields { address: client, login: _, helo, verb } = said;
        self.caller.speaker = Speaker::Named;
        if let Some(tls) = &mut self.tls {
            tls.client_certificate = None;
        }
        self.take_place_of(client)?;
        tracing::debug!(session.id = self.caller.session, proxy = %self.caller.peer, %client, "client announced by XCLIENT");
        self.caller.peer = client;
        self.failed_logins = 0;
        if let Some(login) = &login {
            self.context.logins.note(LoginNote::Again, client, login, self.context.clock.now());
        }
        self.login = login;
        self.keep_place();
        self.wire.send(&replies::greeting(&self.context.hostname));
        // A client that has sent EHLO to the proxy has sent it.
        let (state, name) = helo.map_or((State::Strange, String::new()), |name| (State::Ready, name));
        self.hello = Hello { name, verb };
        Ok(state)
    }
}

fn read(attributes: &str) -> Result<XclientFields, Reply> {
    let wrong = || replies::syntax("an attribute of XCLIENT is not known, or its value is not valid");
    let (mut client, mut login, mut helo, mut verb) = (None, None, None, HelloVerb::Ehlo);
    let mut seen = Vec::new();
    for attribute in attributes.split(' ').filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=').ok_or_else(wrong)?;
        let value = xtext(value).ok_or_else(wrong)?;
        // Postfix: "[UNAVAILABLE]" is absent, "[TEMPUNAVAIL]" could not be looked up.
        let value = match value.to_ascii_uppercase().as_str() {
            "[UNAVAILABLE]" | "[TEMPUNAVAIL]" => None,
            _ => Some(value),
        };
        let name = name.to_ascii_uppercase();
        match name.as_str() {
            "ADDR" => client = Some(value.as_deref().and_then(address).ok_or_else(wrong)?),
            "LOGIN" => {
                let printable = |login: &String| {
                    login.len() <= MAX_LOGIN && !login.is_empty() && !login.chars().any(char::is_control)
                };
                if !value.as_ref().is_none_or(printable) {
                    return Err(wrong());
                }
                login = value;
            }
            "HELO" => {
                if !value.as_deref().is_none_or(is_host_name) {
                    return Err(wrong());
                }
                helo = value;
            }
            "PROTO" => {
                verb = match value.as_deref().map(str::to_ascii_uppercase).as_deref() {
                    Some("SMTP") => HelloVerb::Helo,
                    Some("ESMTP") | None => HelloVerb::Ehlo,
                    Some(_) => return Err(wrong()),
                }
            }
            // These have no effect here.
            "NAME" | "PORT" | "DESTADDR" | "DESTPORT" => {}
            _ => return Err(wrong()),
        }
        // A repeated attribute: one of them may have been injected by the client.
        if seen.contains(&name) {
            return Err(replies::syntax("XCLIENT says something twice"));
        }
        seen.push(name);
    }
    let address = client.ok_or_else(|| replies::syntax("XCLIENT does not say who calls (ADDR)"))?;
    Ok(XclientFields { address, login, helo, verb })
}

/// "IPV6:" precedes an IPv6 address, as in an address literal; some proxies omit it.
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
        let expected = XclientFields {
            address: "168.100.189.2".parse().unwrap(),
            login: None,
            helo: Some("spike".into()),
            verb: HelloVerb::Helo,
        };
        assert_eq!(said.unwrap(), expected);
        for six in ["ADDR=IPV6:2001:db8::1", "addr=ipv6:2001:db8::1", "ADDR=2001:db8::1"] {
            assert_eq!(read(six).unwrap().address, "2001:db8::1".parse::<IpAddr>().unwrap(), "{six}");
        }
        assert_eq!(
            read("ADDR=IPV6:::ffff:192.0.2.1").unwrap().address,
            "192.0.2.1".parse::<IpAddr>().unwrap()
        );
        assert_eq!(read("ADDR=192.0.2.1 LOGIN=a+20b").unwrap().login, Some("a b".into()));
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
            "LOGIN=mill",
            "NAME=client.example PORT=49153",
            "ADDR=192.0.2.1 HELO=a+0D+0Ab",
            "ADDR=192.0.2.1 HELO=a b",
            "ADDR=192.0.2.1 LOGIN=",
            "ADDR=192.0.2.1 LOGIN=a+00b",
            "ADDR=192.0.2.1 PROTO=LMTP",
            "ADDR=192.0.2.1 USER=a",
            "ADDR=192.0.2.1 ADDR=192.0.2.1",
            "ADDR=192.0.2.1 addr=192.0.2.2",
            "ADDR=192.0.2.1 LOGIN=[UNAVAILABLE] LOGIN=mill",
            "ADDR=192.0.2.1 NAME=a NAME=b",
            "ADDR=192.0.2.1 X=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
