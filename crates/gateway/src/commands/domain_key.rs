//! `sealpost domain-key`: our own keys for partners, generated or imported, with certificate requests and roll-over.
//! Shows public parts only.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Subcommand, ValueEnum};
use sealpost_mail::{Address, Domain, Random as _, Secret, SystemRandom};
use sealpost_mailbox::audit::{Event, OwnKeyChange};
use sealpost_partner::{ExpiryStep, Own, OwnKeys, Published};
use sealpost_seal::{Covers, Holder, Kind, OwnKey, Purpose};
use sealpost_store::{AuditRow, OwnKeyState};
use serde_json::json;

use super::partner::context::{CommandError, PartnerContext, with_context};
use super::partner::show::time_left;
use super::token_key::{self, InToken, SelfSigned};
use super::{OutputFormat, say};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum DomainKeyCommand {
    /// Creates a key for a domain. Letters are signed with it from now on; older keys still decrypt.
    Make {
        /// Our domain, insurer.example.
        #[arg(value_parser = Domain::parse)]
        domain: Domain,
        /// Kind of key.
        #[arg(long, value_enum, default_value = "smime-rsa-3072")]
        kind: KindName,
        /// The organisation's name, as partners know it.
        #[arg(long, value_parser = holder_name)]
        name: String,
        /// The address in it; securemail@ our domain if left out.
        #[arg(long, value_parser = Address::parse)]
        address: Option<Address>,
        /// Two letters, such as DE.
        #[arg(long, value_parser = country)]
        country: Option<String>,
        /// How long it is valid.
        #[arg(long, default_value_t = 3)]
        years: u32,
        /// Further domains whose letters it signs.
        #[arg(long = "also-for", value_parser = Domain::parse)]
        also: Vec<Domain>,
        #[command(flatten)]
        place: InToken,
        /// Uses the key pair with that label that is already in the token.
        #[arg(long, requires = "label")]
        existing: bool,
    },
    /// Imports an existing key: PKCS#12, PEM with key and certificate, or an OpenPGP secret key; with --token, the
    /// certificate of a key pair in the token.
    Import {
        /// Our domain, insurer.example.
        #[arg(value_parser = Domain::parse)]
        domain: Domain,
        /// The file, readable by its owner alone.
        file: PathBuf,
        /// A file with its passphrase, readable by its owner alone; "-" is standard input.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
        /// Further domains whose letters it signs.
        #[arg(long = "also-for", value_parser = Domain::parse)]
        also: Vec<Domain>,
        /// It decrypts letters but signs none: an employee's own key, to which partners still encrypt.
        #[arg(long)]
        opens_only: bool,
        #[command(flatten)]
        place: InToken,
    },
    /// Prints a certificate request (PKCS#10) for an authority.
    Csr {
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
        /// The organisation's name, as the authority should write it.
        #[arg(long, value_parser = holder_name)]
        name: String,
        /// Two letters, such as DE.
        #[arg(long, value_parser = country)]
        country: Option<String>,
    },
    /// Adds the certificate that an authority has issued to its key.
    Certify {
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
        /// The certificate: PEM, DER or PKCS#7.
        file: PathBuf,
    },
    /// Adds addresses of its domain to an OpenPGP key, so that correspondents find it in the Web Key Directory.
    Address {
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
        /// Addresses such as erika.muster@insurer.example.
        #[arg(required = true, value_parser = Address::parse)]
        addresses: Vec<Address>,
    },
    /// Shows our keys.
    List {
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Prints the public part of a key, for a partner: PEM, or ASCII armour.
    Export {
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
    },
    /// Stops signing with a key and publishing it; it still decrypts.
    Retire {
        /// The key's fingerprint, or its beginning.
        fingerprint: String,
    },
}

/// Kinds of keys by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindName {
    /// Works with every partner.
    #[value(name = "smime-rsa-3072")]
    SmimeRsa3072,
    #[value(name = "smime-rsa-4096")]
    SmimeRsa4096,
    #[value(name = "smime-p256")]
    SmimeP256,
    #[value(name = "smime-p384")]
    SmimeP384,
    /// Ed25519 and X25519, readable by GnuPG 2.2.
    #[value(name = "openpgp")]
    OpenPgp,
    #[value(name = "openpgp-rsa-3072")]
    OpenPgpRsa3072,
    #[value(name = "openpgp-rsa-4096")]
    OpenPgpRsa4096,
}

impl KindName {
    fn kind(self) -> Kind {
        match self {
            Self::SmimeRsa3072 => Kind::SmimeRsa3072,
            Self::SmimeRsa4096 => Kind::SmimeRsa4096,
            Self::SmimeP256 => Kind::SmimeP256,
            Self::SmimeP384 => Kind::SmimeP384,
            Self::OpenPgp => Kind::OpenPgpCurve25519,
            Self::OpenPgpRsa3072 => Kind::OpenPgpRsa3072,
            Self::OpenPgpRsa4096 => Kind::OpenPgpRsa4096,
        }
    }
}

/// X.520 allows 64 characters.
fn holder_name(text: &str) -> Result<String, &'static str> {
    match text.trim().chars().count() {
        1..=64 => Ok(text.trim().to_owned()),
        _ => Err("a certificate's name has 1 to 64 characters"),
    }
}

/// ISO 3166-1 alpha-2, as certificates have it.
fn country(text: &str) -> Result<String, &'static str> {
    match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(text.to_ascii_uppercase()),
        false => Err("a country is two letters, such as DE"),
    }
}

pub(super) fn run(config: &Path, what: &DomainKeyCommand) -> ExitCode {
    with_context(config, async |context| match what {
        DomainKeyCommand::Make { domain, kind, name, address, country, years, also, place, existing } => {
            let address = match address {
                Some(address) => address.clone(),
                None => Address::from_parts("securemail", domain.clone())
                    .map_err(|error| CommandError::Wrong(error.to_string()))?,
            };
            let holder = Holder {
                name: name.clone(),
                address,
                domain: Some(domain.clone()),
                country: country.clone(),
            };
            let Some(token) = &place.token else {
                let key = OwnKey::generate(kind.kind(), &holder, context.now, *years)?;
                return add(context, key, domain, also, BroughtFor::All).await;
            };
            let (tokens, label) = (context.tokens(), place.label.as_deref());
            let certificate = SelfSigned { holder: &holder, now: context.now, years: *years };
            match label.filter(|_| *existing) {
                Some(label) => {
                    let known = keys(context).all().await?;
                    let key = token_key::take_over(&tokens, token, label, &known, &certificate)?;
                    add(context, key, domain, also, BroughtFor::All).await
                }
                None => {
                    let key = token_key::make(&tokens, token, label, kind.kind(), domain, &certificate)?;
                    let added = add(context, key.clone(), domain, also, BroughtFor::All).await;
                    if added.is_err() {
                        token_key::undo(&tokens, &key)?;
                    }
                    added
                }
            }
        }
        DomainKeyCommand::Import {
            domain,
            file,
            passphrase_file: _,
            also,
            opens_only,
            place: InToken { token: Some(token), label },
        } => {
            let key = token_key::bring(&context.tokens(), token, label.as_deref(), file)?;
            add(context, key, domain, also, BroughtFor::of(*opens_only)).await
        }
        DomainKeyCommand::Import {
            domain,
            file,
            passphrase_file,
            also,
            opens_only,
            place: InToken { token: None, .. },
        } => {
            let passphrase = passphrase_file.as_deref().map(passphrase).transpose()?;
            let bytes = private(file)?;
            let key = OwnKey::import(bytes.expose(), passphrase.as_ref())
                .map_err(|source| CommandError::Key { file: file.clone(), source })?;
            add(context, key, domain, also, BroughtFor::of(*opens_only)).await
        }
        DomainKeyCommand::Csr { fingerprint, name, country } => {
            let own = find(context, fingerprint).await?;
            let domain = own.public.domains.first().cloned();
            let address = own.key.facts().addresses.first().cloned();
            let address = address.ok_or_else(|| {
                CommandError::Wrong(
                    "the key names no address; make one with `sealpost domain-key make`".to_owned(),
                )
            })?;
            let holder = Holder { name: name.clone(), address, domain, country: country.clone() };
            say(own.key.signing_request(&holder, &context.tokens())?.trim_end());
            Ok(())
        }
        DomainKeyCommand::Certify { fingerprint, file } => certify(context, fingerprint, file).await,
        DomainKeyCommand::Address { fingerprint, addresses } => {
            more_addresses(context, fingerprint, addresses).await
        }
        DomainKeyCommand::List { format } => list(context, *format).await,
        DomainKeyCommand::Export { fingerprint } => {
            say(find(context, fingerprint).await?.public.key.to_text()?.trim_end());
            Ok(())
        }
        DomainKeyCommand::Retire { fingerprint } => {
            let mut own = find(context, fingerprint).await?;
            own.public.state = OwnKeyState::Retired;
            keys(context)
                .change(&own, noted(context, &own, OwnKeyChange::Retired), context.now, &SystemRandom)
                .await?;
            say(format_args!("{} signs nothing more; it goes on decrypting", own.key.facts().fingerprint));
            Ok(())
        }
    })
}

pub(super) fn keys<'a>(context: &'a PartnerContext<'_>) -> OwnKeys<'a> {
    let role = &context.keys.role;
    OwnKeys { store: context.store, rows: &role.queue.rows, keyring: &role.keyring }
}

fn noted(context: &PartnerContext<'_>, own: &Own, what: OwnKeyChange) -> AuditRow {
    let fingerprint = own.key.facts().fingerprint.to_hex();
    context.noted(&Event::OwnKeyChanged { key: &own.public.id, fingerprint: &fingerprint, what })
}

/// The use of a key of ours.
#[derive(Clone, Copy, Debug)]
enum BroughtFor {
    /// It signs and decrypts.
    All,
    /// It decrypts.
    Opening,
}

impl BroughtFor {
    fn of(opens_only: bool) -> Self {
        if opens_only { Self::Opening } else { Self::All }
    }
}

async fn add(
    context: &PartnerContext<'_>,
    key: OwnKey,
    domain: &Domain,
    also: &[Domain],
    brought_for: BroughtFor,
) -> Result<(), CommandError> {
    let facts = key.facts();
    if !facts.names_domain(domain) {
        return Err(CommandError::Wrong(format!(
            "the key {} names no address of {domain}: partners would refuse its signatures; bring the one that does",
            facts.fingerprint
        )));
    }
    let known = keys(context).all().await?;
    if known.iter().any(|own| own.key.facts().fingerprint == facts.fingerprint) {
        return Err(CommandError::Wrong(format!("the key {} is there already", facts.fingerprint)));
    }
    let domains = std::iter::once(domain).chain(also).cloned().collect();
    // An old or weak key signs nothing and is not published; what was encrypted to it can still be decrypted.
    let objection = sealpost_seal::judge(facts, Purpose::Sign, Some(Covers::Domain(domain)), context.now);
    let objection = objection.into_iter().next();
    let state = match (brought_for, &objection) {
        (BroughtFor::All, None) => OwnKeyState::Current,
        (BroughtFor::All, Some(_)) | (BroughtFor::Opening, _) => OwnKeyState::Retired,
    };
    let public =
        Published { id: SystemRandom.id(), state, domains, key: key.public().clone(), since: context.now };
    let own = Own { public, key };
    keys(context).add(&own, noted(context, &own, OwnKeyChange::Added), context.now, &SystemRandom).await?;
    let facts = own.key.facts();
    let lies = own.key.token().map(|place| format!(", in the token {}: {:?}", place.token, place.label));
    say(format_args!("{} {} for {domain}{}", facts.method, facts.algorithm, lies.unwrap_or_default()));
    say(format_args!("fingerprint  {}", facts.fingerprint));
    if let Some(objection) = objection {
        say(format_args!("retired at once, it opens letters and signs none: {objection}"));
        return Ok(());
    }
    if let BroughtFor::Opening = brought_for {
        say("it opens letters and signs none");
        return Ok(());
    }
    say(format_args!(
        "Partners get it with: sealpost domain-key export {}",
        facts.fingerprint.to_hex().get(..16).unwrap_or_default()
    ));
    Ok(())
}

async fn certify(context: &PartnerContext<'_>, fingerprint: &str, file: &Path) -> Result<(), CommandError> {
    let own = find(context, fingerprint).await?;
    let issued =
        std::fs::read(file).map_err(|source| CommandError::File { file: file.to_owned(), source })?;
    let named = |source| CommandError::Key { file: file.to_owned(), source };
    let key = own.key.with_certificate(&issued).map_err(named)?;
    let facts = key.facts();
    if let Some(domain) = own.public.domains.first().filter(|domain| !facts.names_domain(domain)) {
        return Err(CommandError::Wrong(format!(
            "{}: it names no address of {domain}: ask the authority for the names in the request, or for another one",
            file.display()
        )));
    }
    if facts.fingerprint == own.key.facts().fingerprint {
        return Err(CommandError::Wrong(format!("{}: the key has this certificate already", file.display())));
    }
    // Partners encrypt to the certificate they have, and name it: the old one must still decrypt.
    let before = Own {
        public: Published { id: SystemRandom.id(), state: OwnKeyState::Retired, ..own.public.clone() },
        key: own.key.clone(),
    };
    keys(context)
        .add(&before, noted(context, &before, OwnKeyChange::Retired), context.now, &SystemRandom)
        .await?;
    let public = Published { key: key.public().clone(), since: context.now, ..own.public };
    let own = Own { public, key };
    keys(context)
        .change(&own, noted(context, &own, OwnKeyChange::Certified), context.now, &SystemRandom)
        .await?;
    say(format_args!("certified; partners get the new certificate: {}", own.key.facts().fingerprint));
    Ok(())
}

async fn more_addresses(
    context: &PartnerContext<'_>,
    fingerprint: &str,
    addresses: &[Address],
) -> Result<(), CommandError> {
    let own = find(context, fingerprint).await?;
    let mut new: Vec<Address> = Vec::new();
    for address in addresses {
        if !own.public.domains.contains(address.domain()) {
            return Err(CommandError::Wrong(format!("the key is not for {}", address.domain())));
        }
        if !own.key.facts().names(address) && !new.contains(address) {
            new.push(address.clone());
        }
    }
    let key = own.key.with_addresses(&new, context.now)?;
    let public = Published { key: key.public().clone(), ..own.public };
    let own = Own { public, key };
    keys(context)
        .change(&own, noted(context, &own, OwnKeyChange::Addressed), context.now, &SystemRandom)
        .await?;
    say(format_args!(
        "{} is found under {} addresses",
        own.key.facts().fingerprint,
        own.key.facts().addresses.len()
    ));
    Ok(())
}

async fn list(context: &PartnerContext<'_>, format: OutputFormat) -> Result<(), CommandError> {
    let all = keys(context).all().await?;
    for Own { public, key } in &all {
        let facts = key.facts();
        let domains: Vec<&str> = public.domains.iter().map(Domain::as_str).collect();
        if format == OutputFormat::Json {
            say(json!({
                "fingerprint": facts.fingerprint.to_hex(),
                "method": facts.method,
                "algorithm": facts.algorithm.to_string(),
                "state": public.state.as_str(),
                "domains": domains,
                "subject": facts.subject,
                "not_after": facts.not_after.map(sealpost_mail::Timestamp::seconds),
                "token": key.token().map(|place| &place.token),
                "label": key.token().map(|place| &place.label),
                "ends_soon": ExpiryStep::of(facts.not_after, context.now).is_some(),
            }));
        } else {
            let days = facts.not_after.map(|end| time_left(end, context.now));
            let days = days.unwrap_or_else(|| "no end".to_owned());
            let lies = key.token().map(|place| format!("  in the token {}: {:?}", place.token, place.label));
            say(format_args!(
                "{:7} {:8} {:10} {}  {days}{}\n        {}",
                public.state.as_str(),
                facts.method.to_string(),
                facts.algorithm.to_string(),
                domains.join(", "),
                lies.unwrap_or_default(),
                facts.fingerprint
            ));
        }
    }
    if format == OutputFormat::Text {
        say(format_args!("{} keys", all.len()));
    }
    Ok(())
}

async fn find(context: &PartnerContext<'_>, given: &str) -> Result<Own, CommandError> {
    let plain: String =
        given.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_uppercase()).collect();
    let all = keys(context).all().await?;
    let begins = |own: &Own| !plain.is_empty() && own.key.facts().fingerprint.to_hex().starts_with(&plain);
    let mut matching = all.into_iter().filter(begins);
    match (matching.next(), matching.next()) {
        (Some(own), None) => Ok(own),
        (None, _) => Err(CommandError::Wrong(format!(
            "there is no key of ours whose fingerprint begins with {given}; `sealpost domain-key list` shows them"
        ))),
        (Some(_), Some(_)) => {
            Err(CommandError::Wrong(format!("several keys begin with {given}; give more of the fingerprint")))
        }
    }
}

/// A file that only its owner may read, whatever it contains.
fn private(file: &Path) -> Result<Secret<Vec<u8>>, CommandError> {
    use std::os::unix::fs::PermissionsExt as _;
    let named = |source| CommandError::File { file: file.to_owned(), source };
    let facts = std::fs::metadata(file).map_err(named)?;
    if facts.permissions().mode() & 0o077 != 0 {
        return Err(CommandError::Wrong(format!("{0}: others can read it: chmod 600 {0}", file.display())));
    }
    std::fs::read(file).map(Secret::new).map_err(named)
}

fn passphrase(file: &Path) -> Result<Secret<String>, CommandError> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|source| CommandError::File { file: file.to_owned(), source })?;
        Secret::new(text)
    } else {
        sealpost_keyfile::read(file)
            .map_err(|error| CommandError::Wrong(format!("{}: {error}", file.display())))?
    };
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}
