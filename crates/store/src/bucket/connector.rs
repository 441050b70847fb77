//! HTTP/1.1 to the endpoint and to no other host: TLS with a verified certificate, no redirect, no proxy. A
//! connection that has ended fails at once: object_store retries what may be repeated. Knows no object.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sealpost_tls::Trust;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::response::Limited;
use crate::error::StoreError;

/// Timeout for connecting, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// Timeout for a request of one part and the head of its response.
const ANSWER: Duration = Duration::from_secs(30);
/// Idle connections kept for the next request.
const IDLE: usize = 8;

/// One host.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    host: String,
    port: u16,
    tls: Option<(TlsConfig, ServerName<'static>)>,
}

#[derive(Clone)]
struct TlsConfig(Arc<ClientConfig>);

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConfig")
    }
}

impl Endpoint {
    /// Parses `https://host[:port]` or `http://host[:port]`.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, StoreError> {
        let bad = || StoreError::Damaged { what: "an endpoint like https://s3.insurer.example" };
        let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
        let authority = rest.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_port| bad())?)),
            Some(_) | None => (authority, None),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = match scheme {
            "https" => {
                let name = ServerName::try_from(host.clone()).map_err(|_name| bad())?;
                let trust = authorities.map_or(Trust::Public, |file| Trust::File(file.to_owned()));
                Some((TlsConfig(Arc::new(sealpost_tls::verified(&trust)?)), name))
            }
            "http" => None,
            _ => return Err(bad()),
        };
        let port = port.unwrap_or(if tls.is_some() { 443 } else { 80 });
        Ok(Self { host, port, tls })
    }

    async fn connect(&self) -> io::Result<SendRequest<HttpRequestBody>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => shake_hands(tcp).await,
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(&config.0));
                shake_hands(connector.connect(name.clone(), tcp).await?).await
            }
        }
    }
}

async fn shake_hands<S>(stream: S) -> io::Result<SendRequest<HttpRequestBody>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the bucket broke");
        }
    });
    Ok(sender)
}

/// The connector in the form that object_store expects.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Endpoint);

impl HttpConnector for Connector {
    fn connect(&self, _no_settings: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Connections { endpoint: self.0.clone(), idle: Mutex::default() }))
    }
}

/// Connections to one endpoint. To be used from a single runtime.
#[derive(Debug)]
struct Connections {
    endpoint: Endpoint,
    idle: Mutex<Vec<SendRequest<HttpRequestBody>>>,
}

impl Connections {
    fn lend(&self) -> Option<SendRequest<HttpRequestBody>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| !one.is_closed());
        let ready = idle.iter().position(SendRequest::is_ready)?;
        Some(idle.swap_remove(ready))
    }

    /// The response body may still be arriving: until it has been read the connection is not ready and is not
    /// lent out.
    fn give_back(&self, one: SendRequest<HttpRequestBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(one);
        }
    }
}

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut sender = match self.lend() {
            Some(sender) => sender,
            None => timeout(CONNECT, self.endpoint.connect())
                .await
                .map_err(|late| HttpError::new(HttpErrorKind::Connect, late))?
                .map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?,
        };
        let answer = timeout(ANSWER, sender.send_request(in_origin_form(request)))
            .await
            .map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?
            .map_err(broken)?;
        self.give_back(sender);
        let (head, body) = answer.into_parts();
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(Limited::new(body.map_err(broken)))))
    }
}

/// RFC 9112 §3.2.1: a request to the origin server has a path and a Host field.
fn in_origin_form(mut request: HttpRequest) -> HttpRequest {
    let host =
        request.uri().authority().and_then(|host| hyper::header::HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(hyper::header::HOST).or_insert(host);
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse();
    if let Ok(target) = target {
        *request.uri_mut() = target;
    }
    request
}

fn broken(error: hyper::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_parse() {
        HttpErrorKind::Decode
    } else if error.is_canceled() || error.is_closed() {
        // The connection ended before anything of the request was sent.
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_a_host_and_perhaps_a_port() {
        let of = |url: &str| Endpoint::new(url, None).map(|one| (one.host, one.port, one.tls.is_some()));
        for (url, host, port, tls) in [
            ("https://s3.insurer.example", "s3.insurer.example", 443, true),
            ("https://s3.insurer.example:9000/", "s3.insurer.example", 9000, true),
            ("http://127.0.0.1:8014", "127.0.0.1", 8014, false),
            ("http://[::1]:8014", "::1", 8014, false),
            ("https://[::1]", "::1", 443, true),
        ] {
            assert_eq!(of(url).unwrap(), (host.to_owned(), port, tls), "{url}");
        }
        for bad in ["s3.insurer.example", "ftp://x", "https://x:port", "https://a b"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
