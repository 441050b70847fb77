//! One question to a directory, from the connection to the last entry. Parses no certificate.

use std::sync::Arc;

use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapDerefAliases, LdapExtendedRequest, LdapFilter, LdapOp,
    LdapSearchRequest, LdapSearchResultEntry, LdapSearchScope,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sealpost_delivery::PublicHosts;
use sealpost_mail::Address;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::connection::{Connection, Outcome, Response};
use crate::directory::{Directory, Security};
use crate::error::LdapError;
use crate::login::Login;

/// RFC 4511 §4.14.1.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// One address has few entries; more match a query other than ours.
const MAX_ENTRIES: usize = 16;
/// Certificates and keys of all entries: a process parses each.
const MAX_KEYS: usize = 32;

/// Attributes with certificates (RFC 4523 §2.1, as DER; RFC 2798 §2.8, as PKCS #7) and OpenPGP keys. Some
/// servers know the first only with its option, some only without.
const ASKED: [&str; 5] =
    ["userCertificate;binary", "userCertificate", "userSMIMECertificate", "pgpKey", "pgpKeyV2"];

impl Directory {
    /// The files with certificates or keys that it has for this address; empty if there are none.
    ///
    /// # Errors
    /// See [`LdapError`].
    pub async fn find(&self, address: &Address, login: Option<&Login>) -> Result<Vec<Vec<u8>>, LdapError> {
        match timeout(self.deadline, self.ask(self.filter.about(address), login)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(LdapError::Slow),
        }
    }

    async fn ask(&self, filter: LdapFilter, login: Option<&Login>) -> Result<Vec<Vec<u8>>, LdapError> {
        let hosts = PublicHosts::new(self.networks.clone());
        let hosts = hosts.map_err(|error| LdapError::Ours(error.to_string()))?;
        let tcp = hosts.connect(&self.server.host, self.server.port).await?;
        match (self.server.security, login) {
            (Security::Ldaps, login) => self.search(self.under_tls(tcp).await?, filter, login).await,
            (Security::StartTls, login) => {
                let tcp = start_tls(tcp).await?;
                self.search(self.under_tls(tcp).await?, filter, login).await
            }
            (Security::Clear, None) => self.search(tcp, filter, None).await,
            (Security::Clear, Some(_login)) => Err(LdapError::PasswordInClear),
        }
    }

    /// The TLS configuration that verifies it.
    ///
    /// # Errors
    /// The authorities cannot be read.
    pub fn authorities(&self) -> Result<ClientConfig, LdapError> {
        sealpost_tls::verified(&self.trust).map_err(|error| LdapError::Ours(error.to_string()))
    }

    async fn under_tls(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, LdapError> {
        let config = self.authorities()?;
        let name = ServerName::try_from(self.server.host.clone());
        let name = name.map_err(|error| LdapError::Ours(error.to_string()))?;
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        tls.map_err(|error| LdapError::Tls(error.to_string()))
    }

    async fn search<S>(
        &self,
        stream: S,
        filter: LdapFilter,
        login: Option<&Login>,
    ) -> Result<Vec<Vec<u8>>, LdapError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut connection = Connection::new(stream);
        if let Some(login) = login {
            bind(&mut connection, login).await?;
        }
        connection.send(LdapOp::SearchRequest(self.question(filter))).await?;
        let found = found(&mut connection).await?;
        connection.leave().await;
        Ok(found)
    }

    fn question(&self, filter: LdapFilter) -> LdapSearchRequest {
        LdapSearchRequest {
            base: self.base.clone(),
            scope: LdapSearchScope::Subtree,
            // An alias may lead to an entry that the operator has not named.
            aliases: LdapDerefAliases::Never,
            sizelimit: i32::try_from(MAX_ENTRIES).unwrap_or(i32::MAX),
            timelimit: i32::try_from(self.deadline.as_secs()).unwrap_or(i32::MAX),
            typesonly: false,
            filter,
            attrs: ASKED.map(str::to_owned).to_vec(),
        }
    }
}

/// The result for a directory that sends these octets, whatever the request: for fuzzers and tests.
///
/// # Errors
/// See [`LdapError`].
#[doc(hidden)]
pub async fn understood(octets: &[u8]) -> Result<Vec<Vec<u8>>, LdapError> {
    found(&mut Connection::new(tokio::io::join(octets, tokio::io::sink()))).await
}

/// Only the request for TLS is sent in clear.
async fn start_tls<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<S, LdapError> {
    let mut connection = Connection::new(stream);
    let request = LdapExtendedRequest { name: START_TLS.to_owned(), value: None };
    connection.send(LdapOp::ExtendedRequest(request)).await?;
    match connection.response().await? {
        Response::Extended(Outcome::Success) => connection.into_stream(),
        Response::Extended(Outcome::Failed(why)) => Err(LdapError::NoStartTls(why)),
        Response::Extended(Outcome::Referral | Outcome::Cut) => Err(LdapError::Referred),
        Response::Bound(_) | Response::Entry(_) | Response::Reference | Response::Done(_) => {
            Err(LdapError::Garbled)
        }
    }
}

async fn bind<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    login: &Login,
) -> Result<(), LdapError> {
    let cred = LdapBindCred::Simple(login.password().expose().clone());
    connection.send(LdapOp::BindRequest(LdapBindRequest { dn: login.dn().to_owned(), cred })).await?;
    match connection.response().await? {
        Response::Bound(Outcome::Success) => Ok(()),
        Response::Bound(Outcome::Failed(why)) => Err(LdapError::Login(why)),
        Response::Bound(Outcome::Referral | Outcome::Cut) => Err(LdapError::Referred),
        Response::Extended(_) | Response::Entry(_) | Response::Reference | Response::Done(_) => {
            Err(LdapError::Garbled)
        }
    }
}

async fn found<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
) -> Result<Vec<Vec<u8>>, LdapError> {
    let (mut found, mut entries, mut elsewhere) = (Vec::new(), 0_usize, false);
    loop {
        match connection.response().await? {
            Response::Entry(entry) => {
                entries += 1;
                take(entry, &mut found);
                if entries > MAX_ENTRIES || found.len() > MAX_KEYS {
                    return Err(LdapError::TooMuch("16 entries with 32 certificates and keys"));
                }
            }
            Response::Reference => elsewhere = true,
            Response::Done(Outcome::Success | Outcome::Cut) if elsewhere && found.is_empty() => {
                return Err(LdapError::Referred);
            }
            // The entries found are valid even if there are more.
            Response::Done(Outcome::Success | Outcome::Cut) => return Ok(found),
            Response::Done(Outcome::Referral) => return Err(LdapError::Referred),
            Response::Done(Outcome::Failed(why)) => return Err(LdapError::Refused(why)),
            Response::Bound(_) | Response::Extended(_) => return Err(LdapError::Garbled),
        }
    }
}

/// Takes the requested values, each once.
fn take(entry: LdapSearchResultEntry, found: &mut Vec<Vec<u8>>) {
    for attribute in entry.attributes {
        // RFC 4512 §2.5: options follow the name, whose case does not matter.
        let name = attribute.atype.split(';').next().unwrap_or_default();
        if !ASKED.iter().any(|asked| asked.eq_ignore_ascii_case(name)) {
            continue;
        }
        for value in attribute.vals {
            // Each is compared with all before; more than this number are refused anyway.
            if found.len() > MAX_KEYS {
                return;
            }
            if !value.is_empty() && !found.contains(&value) {
                found.push(value);
            }
        }
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
