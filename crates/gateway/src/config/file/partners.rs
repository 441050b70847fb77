//! `[partners]` of gateway.toml: letters from the world, and what is believed of them. Partners themselves and their
//! keys are no configuration: `sealpost partner` manages them.

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
    /// The hop that letters from the world go to; left out: `delivery.reports`.
    pub(crate) hop: Option<Spanned<String>>,
    /// Who may write for which of our domains before anything is signed; nobody named: whoever may send.
    pub(crate) writers: Vec<Spanned<Writer>>,
    /// Networks of filters that letters from the world come through.
    pub(crate) filters: Vec<Spanned<String>>,
    /// What happens to an encrypted letter that cannot be opened.
    pub(crate) unopened: Unopened,
    /// What happens to answers to letters that came in encrypted.
    pub(crate) replies: PartnerReplies,
    /// Names by which servers of the operator's sign `Authentication-Results`: nobody else's mail may bear them.
    pub(crate) authserv_ids: Vec<Spanned<String>>,
    /// How long encrypted letters are kept as they came.
    pub(crate) originals: Span,
    /// In front of the subject of a letter that a partner encrypted and signed.
    pub(crate) subject_tag: Option<Spanned<String>>,
    /// PEM files of authorities whose certificates are believed.
    pub(crate) roots: Vec<Spanned<PathBuf>>,
    /// Files of revocation lists, PEM or DER, or folders of such files.
    pub(crate) crls: Vec<Spanned<PathBuf>>,
    /// What a chain needs of them.
    pub(crate) crl: Crl,
    /// Whether their authorities are asked for them as well.
    pub(crate) crl_source: Spanned<CrlSource>,
    /// Which certificates that signed letters are kept as offers.
    pub(crate) harvest: Harvest,
    /// Whether authorities are asked about partners' certificates.
    pub(crate) ocsp: Ocsp,
    /// The program `sealpost-seal`; left out: the one beside `sealpost`.
    pub(crate) worker: Option<Spanned<PathBuf>>,
    /// So many of it at once.
    pub(crate) open_at_once: Spanned<usize>,
    /// Address space of each.
    pub(crate) worker_memory: Spanned<Size>,
    /// So long a letter waits for its turn at being opened or closed.
    pub(crate) wait: Span,
    /// Whether our keys are published: `/partner` in the portal, and a Web Key Directory.
    pub(crate) page: bool,
    /// Whom to tell of keys that end soon, ours and partners'; nobody: the log alone says it.
    pub(crate) warnings_to: Option<Address>,
    /// Where `sealpost partner add` looks for keys.
    pub(crate) lookup: Vec<Spanned<LookupPlace>>,
    /// Servers that keep keys of everybody's: https addresses.
    pub(crate) key_servers: Vec<Spanned<String>>,
    /// What a key counts that a signed zone gives for an address.
    pub(crate) signed_dns: SignedDns,
    /// Networks that are not public, but partners' web servers may be in.
    pub(crate) lookup_networks: Vec<Spanned<String>>,
    /// A PEM file of authorities for these servers; left out: the world's.
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
    /// Known by this login,
    pub(crate) login: Option<String>,
    /// or by this network.
    pub(crate) network: Option<Spanned<String>>,
    /// What stands in From behind the @.
    pub(crate) domains: Vec<String>,
}

/// What a chain to one of the roots needs of revocation lists before it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Crl {
    /// A current one of every authority in it.
    #[default]
    Require,
    /// A current one of every authority of which there is one.
    WhenKnown,
    /// None.
    Off,
}

/// Where revocation lists come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CrlSource {
    /// Files of the operator's.
    #[default]
    Files,
    /// Their authorities as well, by the clock, at the addresses in certificates.
    Fetch,
}

/// What happens to answers to letters that came in encrypted, where no rule decides about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PartnerReplies {
    /// They are encrypted for a partner, and go into the portal for everybody else.
    #[default]
    Closed,
    /// Rules and default decide, and nothing else.
    Rules,
}

/// Whether authorities are asked whether they have revoked a partner's certificate (RFC 6960).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ocsp {
    /// Nobody is asked.
    #[default]
    Off,
    /// Whoever a certificate names is asked, by the clock; no letter waits for it.
    Ask,
}

/// A kind of place where keys are looked for.
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
    /// Key servers that have asked whose address it is (keys.openpgp.org).
    Vks,
    /// Key servers that take what anybody gives them.
    Hkp,
}

/// What a key counts that a zone signed with DNSSEC gives for an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignedDns {
    /// As every other: an offer.
    #[default]
    Offer,
    /// It is trusted, and nobody compares fingerprints.
    Trust,
}

/// Which certificates that signed letters are kept as offers of a partner that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Harvest {
    /// None.
    #[default]
    Off,
    /// Those that one of the roots vouches for.
    Vouched,
    /// Those that nobody vouches for, too.
    Any,
}

/// What happens to an encrypted letter that cannot be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unopened {
    /// It goes on as it came, with a note in its head.
    #[default]
    Pass,
    /// It is held until an operator has looked.
    Hold,
}
