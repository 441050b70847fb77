//! The input for DNS records: names, domains, hosts, the key whose hash is published. Makes no queries.

use std::path::PathBuf;

use sealpost_mail::Domain;

/// The input for DNS records.
pub struct Publishing {
    /// The gateway's own name.
    pub name: Domain,
    /// Domains from which our mails are sent, or that receive mail.
    pub domains: Vec<Domain>,
    /// Those that receive mail from outside here.
    pub inbound: Vec<Domain>,
    /// The private key of the listener that receives it; `None`: without TLS.
    pub listener_key: Option<PathBuf>,
    /// Whether mail is sent to the internet from here.
    pub sends: bool,
    /// The portal's host; `None`: there is no portal.
    pub portal: Option<Domain>,
    /// Whether keys are published in a Web Key Directory.
    pub directory: bool,
    /// Whether TLS reports are sent to other domains, in signed mail.
    pub tells_of_tls: bool,
    /// Where TLS reports about us are sent.
    pub tls_reports_to: Vec<String>,
    /// Contacts for security reports, and the URL of the policy.
    pub security: (Vec<String>, Option<String>),
}
