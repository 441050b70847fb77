//! The server under test and Postfix, so that one script can be run against both. Shared by all tests that
//! run at the same time: recipients' addresses keep them apart.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};

use rig::gateway::Home;
use rig::{Authority, Config, Gateway, Hop, Postfix, Smtp};

/// One of the two, with a next hop of its own.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) host: &'static str,
    pub(crate) hop: Hop,
    pub(crate) authority: Authority,
    address: SocketAddr,
    _running: Running,
}

enum Running {
    Sealpost {
        _gateway: Gateway,
    },
    /// Each of its processes reads the certificate when it starts.
    Postfix {
        _postfix: Postfix,
        _certificate: tempfile::TempDir,
    },
}

/// Both.
pub(crate) struct Pair {
    pub(crate) sealpost: Server,
    pub(crate) postfix: Server,
}

impl Server {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A session that was greeted and said nothing yet.
    pub(crate) fn greeted(&self) -> Smtp {
        Smtp::connect(self.address)
    }

    /// A session after EHLO.
    pub(crate) fn smtp(&self) -> Smtp {
        let mut client = self.greeted();
        client.ehlo();
        client
    }

    /// A session after STARTTLS and EHLO.
    pub(crate) fn secure(&self) -> Smtp {
        let mut client = self.smtp();
        client.starttls(self.authority.client(), self.host);
        client.ehlo();
        client
    }
}

static SHARED: Mutex<Weak<Pair>> = Mutex::new(Weak::new());

/// The pair, started if it does not run.
pub(crate) fn pair() -> Arc<Pair> {
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let pair = Arc::new(Pair { sealpost: sealpost(), postfix: postfix() });
        *shared = Arc::downgrade(&pair);
        pair
    })
}

/// Plays a script to Postfix, then to Sealpost.
pub(crate) fn both(script: impl Fn(&Server)) {
    let pair = pair();
    for server in [&pair.postfix, &pair.sealpost] {
        println!("playing to {}", server.name);
        script(server);
    }
}

/// Plays a script to Sealpost alone, where the standard leaves servers free or Postfix differs.
pub(crate) fn ours(script: impl Fn(&Server)) {
    script(&pair().sealpost);
}

fn sealpost() -> Server {
    let hop = Hop::new();
    let authority = Authority::new();
    let host = "mailgate.insurer.example";
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#)
        .set("[listener]", "max-size", r#""10 MiB""#);
    let home = Home::new(&config);
    let _ = authority.issue(&[host]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let address = gateway.config.smtp;
    Server {
        name: "Sealpost",
        host,
        hop,
        authority,
        address,
        _running: Running::Sealpost { _gateway: gateway },
    }
}

fn postfix() -> Server {
    let hop = Hop::new();
    let authority = Authority::new();
    let host = "mail.insurer.example";
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue(&[host]).write(folder.path(), "postfix");
    let extra = format!(
        "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\n\
         smtputf8_enable = yes\nsmtpd_error_sleep_time = 0\nmessage_size_limit = 10485760\nsmtpd_recipient_limit = 1000\n",
        certificate.display(),
        key.display()
    );
    let postfix = Postfix::relaying_to(hop.address(), &extra);
    Server {
        name: "Postfix",
        host,
        hop,
        authority,
        address: postfix.address,
        _running: Running::Postfix { _postfix: postfix, _certificate: folder },
    }
}
