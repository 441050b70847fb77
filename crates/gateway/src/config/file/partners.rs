//! `[partners]` of gateway.toml: letters from outside, and how far they are trusted. Partners and their keys are not
//! configuration: `sealpost partner` manages them.

use std::path::PathBuf;

use sealpost_mail::Address;
use serde::Deserialize;
use toml::Spanned;

use super::ldap::Ldap;
use super::units::{Size, Span};

/// `[partners]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Partners {
    /// The hop for letters from outside; left out: `delivery.reports`.
    pub(crate) hop: Option<Spanned<String>>,
    /// Who may write for which of our domains before anything is signed; empty: every permitted client.
    pub(crate) writers: Vec<Spanned<Writer>>,
    /// Networks of filters that letters from outside come through.
    pub(crate) filters: Vec<Spanned<String>>,
    /// What happens to an encrypted letter that cannot be opened.
    pub(crate) unopened: Unopened,
    /// How replies to letters that arrived encrypted are treated.
    pub(crate) replies: PartnerReplies,
    /// Names used by the operator's servers in `Authentication-Results`: removed from everybody else's mail.
    pub(crate) authserv_ids: Vec<Spanned<String>>,
    /// How long the originals of encrypted letters are kept.
    pub(crate) originals: Span,
    /// Put before the subject of a letter that a partner encrypted and signed.
    pub(crate) subject_tag: Option<Spanned<String>>,
    /// PEM files of trusted root certificates.
    pub(crate) roots: Vec<Spanned<PathBuf>>,
    /// Files of revocation lists, PEM or DER, or folders of such files.
    pub(crate) crls: Vec<Spanned<PathBuf>>,
    /// How far they are required.
    pub(crate) crl: Crl,
    /// Whether they are also fetched from their authorities.
    pub(crate) crl_source: Spanned<CrlSource>,
    /// Which certificates of signed letters are kept as offers.
    pub(crate) harvest: Harvest,
    /// Whether authorities are asked about partners' certificates.
    pub(crate) ocsp: Ocsp,
    /// The program `sealpost-seal`; left out: the one beside `sealpost`.
    pub(crate) worker: Option<Spanned<PathBuf>>,
    /// Maximum number of workers at once.
    pub(crate) open_at_once: Spanned<usize>,
    /// Address space of each worker.
    pub(crate) worker_memory: Spanned<Size>,
    /// How long a letter waits for its turn at being decrypted or encrypted.
    pub(crate) wait: Span,
    /// Whether our keys are published: `/partner` in the portal, and a Web Key Directory.
    pub(crate) page: bool,
    /// Who is warned of keys that expire soon, ours and partners'; left out: only the log.
    pub(crate) warnings_to: Option<Address>,
    /// Sources in which `sealpost partner add` looks up keys.
    pub(crate) lookup: Vec<Spanned<LookupPlace>>,
    /// Public key servers: https addresses.
    pub(crate) key_servers: Vec<Spanned<String>>,
    /// How far a key from a signed zone is trusted for its address.
    pub(crate) signed_dns: SignedDns,
    /// Networks that are not public in which partners' web servers may be.
    pub(crate) lookup_networks: Vec<Spanned<String>>,
    /// A PEM file of root certificates for these servers; left out: the public ones.
    pub(crate) lookup_roots: Option<Spanned<PathBuf>>,
    /// Directories that have partners' certificates.
    #[serde(rename = "ldap")]
    pub(crate) directories: Vec<Ldap>,
}

impl Default for Partners {
    fn default() -> Self {
        Self {
            hop: None,
            writers: Vec::new(),
            filters: Vec::new(),
            unopened: Unopened::default(),
            replies: PartnerReplies::default(),
            authserv_ids: Vec::new(),
            originals: Span::secs(14 * 86_400),
            subject_tag: None,
            roots: Vec::new(),
            crls: Vec::new(),
            crl: Crl::default(),
            crl_source: Spanned::new(0..0, CrlSource::default()),
            harvest: Harvest::default(),
            ocsp: Ocsp::default(),
            worker: None,
            open_at_once: Spanned::new(0..0, 4),
            worker_memory: Spanned::new(0..0, Size::mib(1024)),
            wait: Span::secs(30),
            page: true,
            warnings_to: None,
            lookup: vec![Spanned::new(0..0, LookupPlace::Wkd)],
            key_servers: Vec::new(),
            signed_dns: SignedDns::default(),
            lookup_networks: Vec::new(),
            lookup_roots: None,
            directories: Vec::new(),
        }
    }
}

/// One of `writers`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Writer {
    /// Identified by this login,
    pub(crate) login: Option<String>,
    /// or by this network.
    pub(crate) network: Option<Spanned<String>>,
    /// Domains it may use in From.
    pub(crate) domains: Vec<String>,
}

/// How far revocation lists are required for a chain to one of the roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Crl {
    /// A current one of every authority in the chain.
    #[default]
    Require,
    /// A current one of every authority that has a known one.
    WhenKnown,
    /// None.
    Off,
}

/// Where revocation lists come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CrlSource {
    /// The operator's files.
    #[default]
    Files,
    /// Also fetched regularly from the addresses in certificates.
    Fetch,
}

/// How replies to letters that arrived encrypted are treated if no rule decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PartnerReplies {
    /// Encrypted for a partner; into the portal for everybody else.
    #[default]
    Closed,
    /// By rules and default only.
    Rules,
}

/// Whether authorities are asked if they have revoked a partner's certificate (RFC 6960).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ocsp {
    /// They are not.
    #[default]
    Off,
    /// The responder named in a certificate is asked regularly; no letter waits for it.
    Ask,
}

/// A kind of source for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LookupPlace {
    /// The Web Key Directory of the domain, and the page of another Sealpost.
    Wkd,
    /// OPENPGPKEY records (RFC 7929).
    Openpgpkey,
    /// SMIMEA records (RFC 8162).
    Smimea,
    /// The directories of `[[partners.ldap]]`.
    Ldap,
    /// Key servers that verify addresses (keys.openpgp.org).
    Vks,
    /// Key servers that accept keys from anybody.
    Hkp,
}

/// How far a key from a DNSSEC-signed zone is trusted for its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignedDns {
    /// Like any other: as an offer.
    #[default]
    Offer,
    /// It is trusted without comparing fingerprints.
    Trust,
}

/// Which certificates of signed letters are kept as offers of an existing partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Harvest {
    /// None.
    #[default]
    Off,
    /// Those issued under one of the roots.
    Vouched,
    /// All, including untrusted ones.
    Any,
}

/// What happens to an encrypted letter that cannot be decrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unopened {
    /// It is passed on unchanged, with a note in its head.
    #[default]
    Pass,
    /// It is held until an operator has looked.
    Hold,
}
