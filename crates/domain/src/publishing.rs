//! What records for the DNS are made of: names, domains, hosts, the key whose hash is published. Asks nobody.

use std::path::PathBuf;

use sealpost_mail::Domain;

/// What records are made of.
pub struct Publishing {
    /// The gateway's own name.
    pub name: Domain,
    /// Domains that our mails are from, or that take mail.
    pub domains: Vec<Domain>,
    /// Those whose mail from the world comes here.
    pub inbound: Vec<Domain>,
    /// The private key of the listener that it comes to, where that has TLS.
    pub listener_key: Option<PathBuf>,
    /// Whether mail leaves for the world from here.
    pub sends: bool,
    /// The portal's host.
    pub portal: Option<Domain>,
    /// Whether keys are shown in a Web Key Directory.
    pub directory: bool,
    /// Whether others are told by signed mail how their servers speak TLS.
    pub tells_of_tls: bool,
    /// Where they tell us how ours do.
    pub tls_reports_to: Vec<String>,
    /// Whom to tell of a hole, and how that is dealt with.
    pub security: (Vec<String>, Option<String>),
}
