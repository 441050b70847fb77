//! A running portal and a browser that handles cookies and redirects, nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealpost_mail::{Clock as _, FakeClock, SystemRandom, Timestamp};
use sealpost_mailbox::{Outbox, OutboxError, Outgoing, Sent, WrittenLetter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::super::{Portal, PortalConfig, Reloader};

#[path = "../../examples/look/sample.rs"]
pub(super) mod sample;
use sample::{Made, World};

pub(super) const PASSWORD: &str = "Regenschirm7-Tulpe";
pub(super) const HOUR: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub(super) struct Posted(pub(super) Mutex<Vec<Outgoing>>, pub(super) super::writing::Letters);

#[async_trait::async_trait]
impl Outbox for Posted {
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError> {
        self.0.lock().unwrap().push(outgoing);
        Ok(())
    }

    async fn send(&self, letter: WrittenLetter) -> Result<Sent, OutboxError> {
        self.1.take(letter).await
    }
}

/// A running portal.
pub(super) struct Rig {
    pub(super) world: World,
    pub(super) clock: Arc<FakeClock>,
    pub(super) posted: Arc<Posted>,
    pub(super) address: SocketAddr,
    pub(super) reloader: Reloader,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
    pub(super) folder: tempfile::TempDir,
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut PortalConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // 21 November 2026, 17:00 UTC
        let clock = Arc::new(FakeClock::at(Timestamp(1_795_280_400_000)));
        let world = World::new(folder.path(), clock.clone());
        let posted = Arc::new(Posted::default());
        posted.1.keep_in(world.store.clone(), world.keys.deposits.clone());
        let mut config = PortalConfig::sample(([127, 0, 0, 1], 0).into(), "http://127.0.0.1");
        change(&mut config);
        let (store, keys) = (world.store.clone(), world.keys.clone());
        let portal =
            Portal::bind(config, store, keys, clock.clone(), Arc::new(SystemRandom), posted.clone()).unwrap();
        let (address, reloader) = (portal.addresses()[0], portal.reloader());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move { portal.run(stopped).await.unwrap() });
        Self { world, clock, posted, address, reloader, stop, running, folder }
    }

    /// A graceful shutdown; hangs the test if there is none.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
        self.world.store.close().await;
    }

    pub(super) fn browser(&self) -> Browser {
        Browser { address: self.address, cookies: BTreeMap::new(), language: "de".into() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A mailbox activated through the pages, and the browser that did it.
    pub(super) async fn owner(&self, address: &str) -> (Made, Browser) {
        let made = self.world.mailbox(address, "de").await;
        let mut browser = self.browser();
        let page = browser.get(&format!("/a/{}", made.token)).await;
        assert_eq!(page.status, 200);
        let done = browser.send(&format!("/a/{}", made.token), &good_activation(&page.form_token())).await;
        assert_eq!((done.status, done.header("location")), (303, "/inbox?welcome=1"));
        (made, browser)
    }
}

pub(super) fn good_activation(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("form_token", token.to_owned()),
        ("password", PASSWORD.into()),
        ("repeat", PASSWORD.into()),
        ("question", "2".into()),
        ("own_question", String::new()),
        ("answer", "Lindenstraße".into()),
        ("language", "de".into()),
    ]
}

/// A response.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn form_token(&self) -> String {
        let text = self.text();
        let (_, rest) = text.split_once("name=\"form_token\" value=\"").expect("a form on the page");
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A browser.
#[derive(Clone)]
pub(super) struct Browser {
    address: SocketAddr,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) language: String,
}

impl Browser {
    pub(super) async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, &[("sec-fetch-site", "same-origin")], b"").await
    }

    /// Submits a form as a browser does.
    pub(super) async fn send<V: AsRef<str>>(&mut self, path: &str, fields: &[(&str, V)]) -> Reply {
        self.request("POST", path, &[("sec-fetch-site", "same-origin"), FORM], &encoded(fields)).await
    }

    pub(super) async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept-Language: {}\r\nContent-Length: {}\r\n",
            self.language,
            body.len()
        );
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            text += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(&[text.as_bytes(), b"\r\n", body].concat()).await.unwrap();
        let mut raw = Vec::new();
        // Like a browser, reads no further than the response: a server that has not read everything closes
        // only later.
        while !is_whole(&raw, method) && socket.read_buf(&mut raw).await.unwrap() > 0 {}
        let end = end_of_head(&raw).expect("a whole answer");
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        for (_, value) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = value.split_once('=').unwrap();
            let content = rest.split(';').next().unwrap();
            if content.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), content.to_owned());
            }
        }
        Reply { status, headers, body: raw[end + 4..].to_vec() }
    }
}

fn end_of_head(raw: &[u8]) -> Option<usize> {
    raw.windows(4).position(|w| w == b"\r\n\r\n")
}

/// Whether everything announced by the head has arrived; without a length it ends with the connection.
fn is_whole(raw: &[u8], method: &str) -> bool {
    let Some(end) = end_of_head(raw) else { return false };
    let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    method == "HEAD" || length.is_some_and(|length| raw.len() >= end + 4 + length)
}

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(super) fn encoded<V: AsRef<str>>(fields: &[(&str, V)]) -> Vec<u8> {
    let one = |text: &str| {
        text.bytes().fold(String::new(), |out, byte| match byte.is_ascii_alphanumeric() {
            true => out + &char::from(byte).to_string(),
            false => out + &format!("%{byte:02X}"),
        })
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", one(value.as_ref()))).collect();
    pairs.join("&").into_bytes()
}
