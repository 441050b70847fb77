//! Small requests to hosts on the public internet: a GET over https of what a partner publishes or of a list
//! that its authority has signed, a POST of a question to an authority, or of a report. Does not interpret
//! the answer; follows no redirect.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::config::Trust;
use crate::error::DeliveryError;
use crate::public_hosts::{ConnectError, PublicHosts};
use crate::resolve::{DnsError, Resolver, SystemResolver};
use crate::tls;

/// Larger than any reasonable file with certificates or keys.
const MAX: usize = 1024 * 1024;
/// Timeout for one file, from the name look-up to its last byte.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a request failed.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The address is not one that may be requested.
    #[error("{0}: only https addresses of named hosts are asked, without user, password or fragment")]
    Address(String),
    /// The name cannot be resolved.
    #[error("{host}: {source}")]
    Name {
        /// The host.
        host: String,
        /// The resolver's error.
        source: DnsError,
    },
    /// The name resolves to a non-public address.
    #[error(
        "{host} is at {address}, which is no address of the public internet; name its network in lookup-networks under \
         [partners] if that is right"
    )]
    Inside {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// It does not prove its name.
    #[error("{host}: {cause}")]
    Untrusted {
        /// The host.
        host: String,
        /// What the TLS library reported.
        cause: String,
    },
    /// It does not answer as expected.
    #[error("{host}: {cause}")]
    Server {
        /// The host.
        host: String,
        /// The details.
        cause: String,
    },
    /// The answer exceeds the limit.
    #[error("{0}: it is too large")]
    TooLarge(String),
    /// The file does not exist.
    #[error("{0}: there is nothing of that name")]
    Missing(String),
}

impl From<ConnectError> for FetchError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Name { host, source } => Self::Name { host, source },
            ConnectError::Inside { host, address } => Self::Inside { host, address },
            ConnectError::Unreachable { host, cause } => Self::Server { host, cause },
        }
    }
}

/// Fetches documents from public hosts.
pub struct Fetcher {
    hosts: PublicHosts,
    tls: Arc<ClientConfig>,
}

impl Fetcher {
    /// With the system's name servers.
    ///
    /// # Errors
    /// There are none, or the authorities cannot be read.
    pub fn new(roots: Option<PathBuf>, networks: Vec<IpNet>) -> Result<Self, DeliveryError> {
        let resolver = SystemResolver::new().map_err(|error| DeliveryError::Config(error.to_string()))?;
        let trust = roots.map_or(Trust::WebPki, Trust::File);
        Self::over(Arc::new(resolver), &trust, networks)
    }

    /// With these name servers and authorities.
    pub(crate) fn over(
        resolver: Arc<dyn Resolver>,
        trust: &Trust,
        networks: Vec<IpNet>,
    ) -> Result<Self, DeliveryError> {
        let tls = tls::verified(trust, &Arc::new(aws_lc_rs::default_provider()))?.with_no_client_auth();
        Ok(Self { hosts: PublicHosts::over(resolver, networks), tls: Arc::new(tls) })
    }

    /// The file at this address. A redirect is an error: it would lead to an address that was not checked.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn get(&self, address: &str) -> Result<Vec<u8>, FetchError> {
        let (url, host) = checked(address)?;
        match url.scheme() {
            "https" => self.in_time(&url, &host, RequestKind::File).await,
            _ => Err(FetchError::Address(shown(address))),
        }
    }

    /// A file of up to `most` bytes that its author has signed, so that http is sufficient.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn get_signed(&self, address: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        let (url, host) = checked(address)?;
        self.in_time(&url, &host, RequestKind::SignedFile(most)).await
    }

    /// The answer to a question; it is signed, so that http is sufficient.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn post(
        &self,
        address: &str,
        content_type: &'static str,
        question: Vec<u8>,
    ) -> Result<Vec<u8>, FetchError> {
        let (url, host) = checked(address)?;
        self.in_time(&url, &host, RequestKind::Question(content_type, question)).await
    }

    /// Submits a document to an https address; only success matters.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub(crate) async fn submit(
        &self,
        address: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(), FetchError> {
        let (url, host) = checked(address)?;
        match url.scheme() {
            "https" => match self.in_time(&url, &host, RequestKind::Submission(content_type, body)).await {
                Ok(_nothing) => Ok(()),
                // The operator's networks do not apply here.
                Err(FetchError::Inside { host, address }) => {
                    let cause = format!("it is at {address}, and nothing is handed in inside");
                    Err(FetchError::Server { host, cause })
                }
                Err(error) => Err(error),
            },
            _ => Err(FetchError::Address(shown(address))),
        }
    }

    async fn in_time(&self, url: &Url, host: &str, asked: RequestKind) -> Result<Vec<u8>, FetchError> {
        match timeout(PATIENCE, self.ask(url, host, asked)).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                Err(FetchError::Server { host: host.to_owned(), cause: "it took too long".to_owned() })
            }
        }
    }

    async fn ask(&self, url: &Url, host: &str, asked: RequestKind) -> Result<Vec<u8>, FetchError> {
        let server = |cause: String| FetchError::Server { host: host.to_owned(), cause };
        let tcp = self.hosts.connect(host, url.port_or_known_default().unwrap_or(443)).await?;
        if url.scheme() != "https" {
            return exchange(tcp, url, host, asked).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|error| server(error.to_string()))?;
        let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
        let tls = tls.map_err(|error| match tls::is_about_a_certificate(&error) {
            true => FetchError::Untrusted { host: host.to_owned(), cause: error.to_string() },
            false => server(error.to_string()),
        })?;
        exchange(tls, url, host, asked).await
    }
}

/// The kind of a request.
enum RequestKind {
    File,
    /// A file of at most this many bytes, which its own signature proves.
    SignedFile(usize),
    /// A POST of these bytes with this content type.
    Question(&'static str, Vec<u8>),
    /// A document of this type is submitted.
    Submission(&'static str, Vec<u8>),
}

async fn exchange<S>(stream: S, url: &Url, host: &str, asked: RequestKind) -> Result<Vec<u8>, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server = |cause: String| FetchError::Server { host: host.to_owned(), cause };
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| server(error.to_string()))?;
    let driver = tokio::spawn(connection);
    let answer = sent(&mut sender, url, host, asked).await;
    driver.abort();
    answer
}

async fn sent(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    url: &Url,
    host: &str,
    asked: RequestKind,
) -> Result<Vec<u8>, FetchError> {
    let server = |cause: String| FetchError::Server { host: host.to_owned(), cause };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let named = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let handed_in = matches!(asked, RequestKind::Submission(..));
    let most = match asked {
        RequestKind::SignedFile(most) => most,
        RequestKind::File | RequestKind::Question(..) | RequestKind::Submission(..) => MAX,
    };
    let (request, body) = match asked {
        RequestKind::File | RequestKind::SignedFile(_) => (Request::get(target), Vec::new()),
        RequestKind::Question(content_type, body) | RequestKind::Submission(content_type, body) => {
            (Request::post(target).header(header::CONTENT_TYPE, content_type), body)
        }
    };
    let request = request
        .header(header::HOST, named)
        .header(header::USER_AGENT, "sealpost")
        .header(header::CONNECTION, "close")
        .body(Full::from(body))
        .map_err(|error| server(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(|error| server(error.to_string()))?;
    match answer.status() {
        // RFC 8460 §5.4: 200 or 201; others reply 202 or 204.
        taken if handed_in && taken.is_success() => return Ok(Vec::new()),
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(FetchError::Missing(url.to_string())),
        other if other.is_redirection() => {
            return Err(server(
                "it says that the file is elsewhere; give its address with --from".to_owned(),
            ));
        }
        other => return Err(server(format!("it answered {other}"))),
    }
    let whole = Limited::new(answer.into_body(), most).collect().await;
    let whole = whole.map_err(|error| match error.is::<LengthLimitError>() {
        true => FetchError::TooLarge(url.to_string()),
        false => server(error.to_string()),
    })?;
    Ok(whole.to_bytes().to_vec())
}

/// An address from outside, on one line.
fn shown(address: &str) -> String {
    address.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn checked(address: &str) -> Result<(Url, String), FetchError> {
    let wrong = || FetchError::Address(shown(address));
    let url = Url::parse(address).map_err(|_unreadable| wrong())?;
    let host = match url.host() {
        // A name of digits and dots only would be an address to some programs.
        Some(Host::Domain(host)) => host.trim_end_matches('.').to_owned(),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => return Err(wrong()),
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_web = matches!(url.scheme(), "https" | "http");
    if is_web && plain && !host.is_empty() { Ok((url, host)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_and_names() {
        for good in
            ["https://clinic.example/partner/x.p7c?l=a", "https://localhost:8443/x", "http://a.example/"]
        {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "ftp://clinic.example/",
            "file:///etc/passwd",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://a@clinic.example/",
            "https://a:b@clinic.example/",
            "https://clinic.example/#x",
            "clinic.example",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
