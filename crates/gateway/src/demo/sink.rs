//! Stands in for everybody else's mail servers: accepts every mail and writes it into a folder, one `.eml`
//! file each, byte for byte, named by number and recipient. Built on our own listener (decision 0003). Knows
//! nothing of the gateway beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sealpost_intake::{
    Access, Incoming, Intake, Limits, ListenerConfig, LoginCheck, Logins, MemoryBudget, Receipt, Reception,
    Tls, TlsFiles, TlsMinimum, TlsSource,
};
use sealpost_mail::{Envelope, Origin, Random as _, Reply, Secret, SystemClock, SystemRandom};
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use super::error::DemoError;

/// A bound sink.
pub(super) struct Sink {
    intake: Intake,
    address: SocketAddr,
}

impl Sink {
    /// Listens on a free loopback port.
    pub(super) fn bind(folder: &Path, tls: &Path) -> Result<Self, DemoError> {
        let files = TlsFiles { certificate: tls.join("certificate.pem"), key: tls.join("key.pem") };
        let network = "127.0.0.0/8".parse().map_err(|_never| DemoError::Config("loopback".to_owned()))?;
        let listener = ListenerConfig {
            name: "sink".to_owned(),
            addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            hostname: "world.example".to_owned(),
            tls: Tls::StartTls(TlsSource::load(files, TlsMinimum::Tls12)?),
            tls_required: false,
            access: Access { networks: vec![network], ..Access::default() },
            limits: Limits::default(),
        };
        let next = AtomicU64::new(last_number(folder)? + 1);
        let reception = Arc::new(Folder { folder: folder.to_owned(), next: Arc::new(next) });
        let intake = Intake::bind(
            vec![listener],
            reception,
            Arc::new(NoLogins),
            Arc::new(SystemClock),
            Arc::new(sealpost_mail::SystemRandom),
            MemoryBudget::kib(64 * 1024),
        )?;
        let address = intake.addresses().first().map(|(_, address)| *address);
        let address = address.ok_or_else(|| DemoError::Config("the sink has no address".to_owned()))?;
        Ok(Self { intake, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        self.intake.run(stop).await;
    }
}

struct NoLogins;

#[async_trait]
impl Logins for NoLogins {
    async fn check(&self, _login: &str, _password: Secret<String>) -> LoginCheck {
        LoginCheck::Wrong
    }
}

/// The number of the newest mail from an earlier run.
fn last_number(folder: &Path) -> std::io::Result<u64> {
    let mut last = 0;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.split('-').next()?.parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    Ok(last)
}

struct Folder {
    folder: PathBuf,
    next: Arc<AtomicU64>,
}

#[async_trait]
impl Reception for Folder {
    fn may_begin(&self, _announced: u64) -> Result<(), Reply> {
        Ok(())
    }

    async fn begin(&self, envelope: Envelope, _origin: Origin) -> Result<Box<dyn Incoming>, Reply> {
        let id = SystemRandom.id();
        let unfinished = self.folder.join(format!(".{id}.part"));
        let file = tokio::fs::File::create(&unfinished).await.map_err(full)?;
        let (folder, next) = (self.folder.clone(), self.next.clone());
        let recipient =
            envelope.recipients.first().map(|one| shown(&one.address.identity())).unwrap_or_default();
        Ok(Box::new(OneFile { id, file, unfinished, folder, recipient, next }))
    }
}

struct OneFile {
    id: String,
    file: tokio::fs::File,
    unfinished: PathBuf,
    folder: PathBuf,
    recipient: String,
    next: Arc<AtomicU64>,
}

/// An address as part of a file name.
fn shown(address: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "@._+".contains(c) { c } else { '_' };
    address.chars().map(plain).take(80).collect()
}

#[async_trait]
impl Incoming for OneFile {
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        self.file.write_all(bytes).await.map_err(full)
    }

    async fn finish(mut self: Box<Self>) -> Result<Receipt, Reply> {
        self.file.flush().await.map_err(full)?;
        // Numbered in the order of completion; a watcher of the folder never sees half a mail.
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let finished = self.folder.join(format!("{number:06}-{}.eml", self.recipient));
        tokio::fs::rename(&self.unfinished, finished).await.map_err(full)?;
        Ok(Receipt { id: self.id, acknowledged: None })
    }
}

fn full(error: std::io::Error) -> Reply {
    Reply::later(452, 3, 1, "No space now, try again later").because(error)
}
