//! One POST to one receiver: only to the configured host, over TLS with a verified certificate; redirects are
//! not followed, and only the status of the answer is read. Knows no event.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sealpost_tls::Trust;
use sealpost_vault::WebhookSecret;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::message::{Addresses, Message};

/// Timeout for everything: connecting, handshake, sending, and the status line of the answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Limit on the header section of an answer.
const MAX_HEAD: usize = 32 * 1024;

/// Why a receiver's settings are not usable, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverError(pub String);

/// A system of the operator's that receives events of letters.
#[derive(Clone)]
pub struct Receiver {
    /// Its name in rows, logs and commands.
    pub name: String,
    /// Whether it is sent addresses.
    pub addresses: Addresses,
    pub(crate) secrets: Vec<WebhookSecret>,
    host: String,
    port: u16,
    target: String,
    authority: String,
    server_name: ServerName<'static>,
    tls: Arc<ClientConfig>,
}

/// The result of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Posted {
    /// The receiver has accepted it.
    Taken,
    /// The receiver will never accept it (RFC 9110 §15.5.11).
    Gone,
    /// It was not sent: the row could not be verified.
    Unproven,
    /// To be retried; the cause, for the operator.
    NotNow(String),
}

impl Receiver {
    /// A receiver at this address, with the secrets that authenticate our messages; the first secret is the
    /// current one.
    ///
    /// # Errors
    /// The address is not `https://host…`, or the authorities cannot be read.
    pub fn new(
        name: String,
        url: &str,
        secrets: Vec<WebhookSecret>,
        addresses: Addresses,
        trust: &Trust,
    ) -> Result<Self, ReceiverError> {
        let wrong = |text: &str| ReceiverError(text.to_owned());
        let url = Url::parse(url).map_err(|error| ReceiverError(error.to_string()))?;
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("write it like \"https://crm.insurer.example/hooks\", without a login in it"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let server_name = ServerName::try_from(host.clone())
            .map_err(|_name| wrong("its host cannot be the name in a certificate"))?;
        let port = url.port_or_known_default().unwrap_or(443);
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let shown = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| shown.to_owned(), |port| format!("{shown}:{port}"));
        let tls = Arc::new(sealpost_tls::verified(trust).map_err(|error| ReceiverError(error.to_string()))?);
        Ok(Self { name, addresses, secrets, host, port, target, authority, server_name, tls })
    }

    pub(crate) async fn post(&self, message: Message) -> Posted {
        match tokio::time::timeout(PATIENCE, self.try_to(message)).await {
            Ok(Ok(status)) => match status {
                200..=299 => Posted::Taken,
                410 => Posted::Gone,
                // A redirect would lead to a host that is not configured.
                300..=399 => Posted::NotNow(format!("{status}: redirects are not followed")),
                other => Posted::NotNow(other.to_string()),
            },
            Ok(Err(why)) => Posted::NotNow(why),
            Err(_elapsed) => Posted::NotNow(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    async fn try_to(&self, message: Message) -> Result<u16, String> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| format!("no connection: {error}"))?;
        let tls = TlsConnector::from(Arc::clone(&self.tls))
            .connect(self.server_name.clone(), tcp)
            .await
            .map_err(|error| format!("no TLS: {error}"))?;
        let broken = |error: hyper::Error| format!("the connection broke: {error}");
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(tls))
            .await
            .map_err(broken)?;
        let connection = Aborted(tokio::spawn(async move { connection.await.map_err(drop) }));
        let mut request = Request::post(&self.target)
            .header("host", &self.authority)
            .header("user-agent", "Sealpost")
            .header("content-type", "application/json");
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(message.body)))
            .map_err(|error| format!("the request cannot be written: {error}"))?;
        let answer = sender.send_request(request).await.map_err(broken)?;
        // Its body may be endless: it is not read, and the connection is closed.
        drop(connection);
        Ok(answer.status().as_u16())
    }
}

/// Aborted when dropped.
struct Aborted(tokio::task::JoinHandle<Result<(), ()>>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_a_login_is_a_receiver() {
        let new =
            |url: &str| Receiver::new("crm".to_owned(), url, Vec::new(), Addresses::Withheld, &Trust::Public);
        let good = new("https://crm.insurer.example:8443/hooks?x=1").ok().unwrap();
        assert_eq!(
            (good.host.as_str(), good.port, good.target.as_str(), good.authority.as_str()),
            ("crm.insurer.example", 8443, "/hooks?x=1", "crm.insurer.example:8443")
        );
        assert_eq!(new("https://[::1]/").ok().unwrap().host, "::1");
        for bad in [
            "http://crm.insurer.example/",
            "https://a:b@crm.insurer.example/",
            "crm",
            "https://",
            "file:///x",
        ] {
            assert!(new(bad).is_err(), "{bad}");
        }
    }
}
