//! `sealpost partner add`: parses what a partner sent or publishes in the worker, shows it, asks, and stores it. What is not
//! confirmed is stored as an offer and used for nothing.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use sealpost_mail::{Random as _, SystemRandom};
use sealpost_mailbox::audit::{Event, KeyChange, PartnerChange};
use sealpost_partner::{
    DomainOrAddress, Partner, PartnerKey, PartnerWithKeys, Proven, Provenance, Reach, Standing,
};
use sealpost_seal::{Covers, Fingerprint, Method, Profile, Purpose};
use sealpost_store::PartnerKeyState;

use super::closing_choice::ClosingChoice;
use super::context::{CommandError, PartnerContext, places, somebody_at};
use super::found_keys::{self, FoundKey, Hands};
use super::lookup::{self, Memory};
use super::show;
use crate::commands::untrusted_text::clean;
use crate::commands::{OutputFormat, complain, say};
use crate::config::file::SignedDns;

/// What to add.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The partner's name: preferably its domain, clinic.example.
    name: String,
    /// The file with its certificates or keys: .cer, .pem, .p7c, .p7b, .asc, .gpg, or a .zip of these. Left out: what the
    /// partner publishes is fetched, from everywhere that `lookup` under [partners] names.
    files: Vec<PathBuf>,
    /// The page of a partner's Sealpost, or a file, to be fetched by https.
    #[arg(long, value_name = "URL", conflicts_with = "files")]
    from: Option<String>,
    /// Asks every source again, even those asked lately.
    #[arg(long, conflicts_with_all = ["files", "from"])]
    fresh: bool,
    /// The fingerprint that the partner has given by telephone: that key is accepted without a question, others are ignored.
    #[arg(long, value_name = "FINGERPRINT", value_parser = read_fingerprint, conflicts_with_all = ["yes", "offer"])]
    fingerprint: Vec<Fingerprint>,
    /// Whose mail is encrypted to it: a domain, or one address; may be given several times. The name if left out.
    #[arg(long = "for", value_parser = DomainOrAddress::parse)]
    for_places: Vec<DomainOrAddress>,
    /// The keys belong to persons, each for the addresses it names, not to the company's gateway.
    #[arg(long)]
    personal: bool,
    /// A key for the whole company names another domain than the company's, and that is correct.
    #[arg(long)]
    other_name: bool,
    #[command(flatten)]
    closing: ClosingChoice,
    /// Encrypts letters for a new partner only once it has replied to a test letter (`sealpost partner test NAME --from … --send`),
    /// or after `sealpost partner trust NAME`.
    #[arg(long)]
    after_test: bool,
    /// Stores the keys without trusting them: `sealpost partner trust` does that later.
    #[arg(long, conflicts_with = "yes")]
    offer: bool,
    /// The fingerprints have been compared: does not ask.
    #[arg(long, requires = "files")]
    yes: bool,
    /// Prints one JSON object for the partner as it is afterwards.
    #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
    format: OutputFormat,
}

pub(super) async fn run(context: &PartnerContext<'_>, add: &Add) -> Result<(), CommandError> {
    let known = context.book().named(&add.name).await?;
    let places = match &known {
        Some(found) => found.partner.places.iter().chain(&add.for_places).cloned().collect(),
        None => places(&add.name, &add.for_places)?,
    };
    let mut keys = Vec::new();
    for file in &add.files {
        keys.extend(read(context, add, file, known.as_ref()).await?);
    }
    if add.files.is_empty() {
        keys.extend(fetch(context, add, &places).await?);
    }
    let renewed = match &known {
        Some(found) => renew(context, found, &keys).await?,
        None => 0,
    };
    let have: Vec<String> = known.iter().flat_map(|found| &found.keys).map(fingerprint).collect();
    keys.retain(|key| !have.contains(&fingerprint(key)));
    keys.dedup_by(|one, other| fingerprint(one) == fingerprint(other));
    if keys.is_empty() && renewed > 0 {
        return Ok(());
    }
    if keys.is_empty() {
        return Err(CommandError::Wrong(format!(
            "{0} has these keys already; nothing was changed. One that waits to be confirmed is taken by \
             `sealpost partner trust {0} FINGERPRINT`",
            add.name
        )));
    }
    // Self-signed, it is what tools generate without an authority: the flag is their default.
    keys.retain(|key| !key.key.facts().is_authority || key.key.facts().self_issued);
    if keys.is_empty() {
        return Err(CommandError::Wrong(
            "there is nothing but certificate authorities' own certificates in it; ask for the one that letters are \
             encrypted to"
                .to_owned(),
        ));
    }
    if !add.fingerprint.is_empty() {
        keys.retain(|key| add.fingerprint.contains(&key.key.facts().fingerprint));
        if keys.is_empty() {
            return Err(CommandError::Wrong(format!(
                "{}: no key has that fingerprint; ask again, and show what is there with --offer instead",
                add.name
            )));
        }
    }
    if add.files.is_empty() {
        // An unusable file is no reason to ignore the others.
        let mut wrong = Ok(());
        keys.retain(|key| check(context, add, &places, key).map_err(|error| wrong = Err(error)).is_ok());
        if keys.is_empty() {
            wrong?;
        }
    }
    for key in &keys {
        check(context, add, &places, key)?;
    }
    if add.format == OutputFormat::Text {
        for key in &keys {
            show::key(key, context.now);
        }
    }
    // One "yes" accepts what the partner itself may have published, and no key that anybody could have uploaded.
    let undecided =
        |key: &PartnerKey| key.state == PartnerKeyState::Offered && key.provenance == Provenance::Operator;
    let open = keys.iter().filter(|key| undecided(key)).count();
    if open > 0 {
        let answer = state(add, open)?;
        keys.iter_mut().filter(|key| undecided(key)).for_each(|key| key.state = answer);
    }
    let uploads = keys.iter().filter(|key| key.provenance == Provenance::KeyServer).count();
    if uploads > 0 && add.format == OutputFormat::Text {
        say(format_args!(
            "{0}: {uploads} from key servers or directories alone, where others put keys as well, are kept and not used: sealpost \
             partner trust {0} FINGERPRINT takes the one that the partner has told by telephone",
            add.name
        ));
    }
    let is_trusted = |key: &PartnerKey| key.state == PartnerKeyState::Trusted;
    let state = match keys.iter().any(is_trusted) {
        true => PartnerKeyState::Trusted,
        false => PartnerKeyState::Offered,
    };
    let kept = keep(context, add, known, places, &keys).await?;
    if add.format == OutputFormat::Json {
        return show::one(context, &kept, OutputFormat::Json).await;
    }
    match state {
        PartnerKeyState::Trusted => {
            show::closing(&kept.partner);
            match kept.partner.standing {
                Standing::Active => say(format_args!(
                    "{0}: letters are encrypted for it from now on. Try it: sealpost partner test {0}",
                    add.name
                )),
                Standing::Waiting => say(format_args!(
                    "{0}: nothing is encrypted for it until it has answered: sealpost partner test {0} --from … --send",
                    add.name
                )),
                Standing::Suspended => say(format_args!(
                    "{0}: it is suspended; sealpost partner trust {0} takes it into use",
                    add.name
                )),
            }
        }
        PartnerKeyState::Offered
        | PartnerKeyState::Suspended
        | PartnerKeyState::Expired
        | PartnerKeyState::Revoked => say(format_args!(
            "{}: kept, and not used until the fingerprints are compared: sealpost partner trust {}",
            add.name, add.name
        )),
    }
    Ok(())
}

/// Adopts newer self-signed statements about keys that are already stored: signed by their holder, so nothing needs to be compared
/// again. Returns for how many keys.
async fn renew(
    context: &PartnerContext<'_>,
    found: &PartnerWithKeys,
    keys: &[PartnerKey],
) -> Result<usize, CommandError> {
    let mut renewed = 0;
    for known in &found.keys {
        for key in keys {
            let Some(newer) = known.key.renewed_by(&key.key)? else { continue };
            let hex = fingerprint(known);
            let noted = context.noted(&Event::PartnerKeyChanged {
                partner: &found.partner.id,
                fingerprint: &hex,
                what: KeyChange::Renewed,
            });
            let shown = PartnerKey { key: newer.clone(), ..known.clone() };
            context.book().renew(&found.partner, known, newer, noted, context.now, &SystemRandom).await?;
            show::key(&shown, context.now);
            match show::verdict(&found.partner, &shown, context.now) {
                None => say("           renewed, and used for letters"),
                Some(why) => say(format_args!("           renewed, and not used: {why}")),
            }
            renewed += 1;
            break;
        }
    }
    Ok(renewed)
}

async fn read(
    context: &PartnerContext<'_>,
    add: &Add,
    file: &Path,
    known: Option<&PartnerWithKeys>,
) -> Result<Vec<PartnerKey>, CommandError> {
    let bytes = std::fs::read(file).map_err(|source| CommandError::File { file: file.to_owned(), source })?;
    let worker = context.worker()?;
    let keys = match worker.read_keys(&bytes).await {
        Ok(keys) => keys,
        Err(source) => {
            // A bare revocation certificate is not a key, but concerns one that is stored.
            let ours: Vec<_> =
                known.iter().flat_map(|found| &found.keys).map(|key| key.key.clone()).collect();
            let revoked = worker.read_revocation(&bytes, &ours).await;
            revoked.map_err(|_none| CommandError::Key { file: file.to_owned(), source })?
        }
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(keys.into_iter().map(|key| offered(context, add, key, &name)).collect())
}

/// Maximum keys considered per source: key servers and directories have whatever others have given them.
const MAX_KEYS_PER_PLACE: usize = 16;

/// The partner's published keys, each with every source that has it. A file that contains no key does not prevent the others from
/// being read.
async fn fetch(
    context: &PartnerContext<'_>,
    add: &Add,
    places: &[DomainOrAddress],
) -> Result<Vec<PartnerKey>, CommandError> {
    let memory = if add.fresh { Memory::Ignored } else { Memory::Counts };
    let files = lookup::files(context, places, add.from.as_deref(), memory).await?;
    let (worker, mut keys, mut wrong) = (context.worker()?, Vec::<FoundKey>::new(), None);
    // An operator who knows the fingerprint must find the key, whatever others uploaded before it.
    let most = if add.fingerprint.is_empty() { MAX_KEYS_PER_PLACE } else { usize::MAX };
    for lookup::Fetched { source, about, hands, file } in files {
        let found = match worker.read_keys(&file.bytes).await {
            Ok(found) => found,
            Err(error) => {
                complain(format_args!("looked     {source}: {error}"));
                wrong = Some(CommandError::Key { file: source.into(), source: error });
                continue;
            }
        };
        if found.len() > most {
            complain(format_args!(
                "looked     {source} has {} keys; {most} are looked at. With --fingerprint all are",
                found.len()
            ));
        }
        let (source, proven_for) = match file.proven {
            Proven::BySignedZone => (format!("{source}, signed zone"), vec![about]),
            Proven::No => (source, Vec::new()),
        };
        for key in found.into_iter().take(most) {
            let (source, proven_for) = (source.clone(), proven_for.clone());
            found_keys::take_in(&mut keys, FoundKey { key, source, hands, proven_for });
        }
    }
    match wrong {
        Some(error) if keys.is_empty() => Err(error),
        Some(_) | None => Ok(keys.into_iter().map(|found| judged(context, add, places, found)).collect()),
    }
}

/// How a found key is judged before anybody is asked.
fn judged(
    context: &PartnerContext<'_>,
    add: &Add,
    places: &[DomainOrAddress],
    found: FoundKey,
) -> PartnerKey {
    let by_zones = found.by_zones(places);
    let mut vouched_for = found.proven_for.clone();
    vouched_for.dedup();
    let key = offered(context, add, found.key, &found.source);
    match (context.plan.lookup.signed_dns, by_zones, found.hands) {
        (SignedDns::Trust, Some(reach), _) if !add.offer => PartnerKey {
            state: PartnerKeyState::Trusted,
            reach: if add.personal { Reach::Named } else { reach },
            vouched_for,
            ..key
        },
        (SignedDns::Trust | SignedDns::Offer, _, Hands::Anybodys) if add.fingerprint.is_empty() => {
            PartnerKey { provenance: Provenance::KeyServer, ..key }
        }
        (SignedDns::Trust | SignedDns::Offer, _, Hands::Anybodys | Hands::Partners) => key,
    }
}

fn offered(
    context: &PartnerContext<'_>,
    add: &Add,
    key: sealpost_seal::PartnerKey,
    source: &str,
) -> PartnerKey {
    PartnerKey {
        id: SystemRandom.id(),
        state: PartnerKeyState::Offered,
        reach: if add.personal { Reach::Named } else { Reach::Company },
        key,
        source: source.to_owned(),
        provenance: Provenance::Operator,
        vouched_for: Vec::new(),
        since: context.now,
    }
}

fn read_fingerprint(text: &str) -> Result<Fingerprint, &'static str> {
    Fingerprint::parse(text).ok_or("a fingerprint has 40 or 64 hex digits; spaces do not matter")
}

/// What is certainly wrong is refused at once; an expired key, too.
fn check(
    context: &PartnerContext<'_>,
    add: &Add,
    places: &[DomainOrAddress],
    key: &PartnerKey,
) -> Result<(), CommandError> {
    let facts = key.key.facts();
    let covered = |place: &DomainOrAddress| match (key.reach, place) {
        (Reach::Company, place) => facts.names_domain(place.domain()),
        (Reach::Named, DomainOrAddress::Address(address)) => facts.names(address),
        (Reach::Named, DomainOrAddress::Domain(domain)) => facts.names_domain(domain),
    };
    if context.is_on_a_list(key) {
        return Err(CommandError::Wrong(format!(
            "{}: the key {} ({}) cannot be used: its authority has revoked it (a revocation list names it)",
            add.name,
            facts.fingerprint,
            clean(&facts.subject)
        )));
    }
    let excused = add.other_name && key.reach == Reach::Company;
    if !excused && !places.iter().any(covered) {
        let wanted: Vec<String> = places.iter().map(ToString::to_string).collect();
        return Err(CommandError::Wrong(format!(
            "{}: the key {} ({}) names nothing of {}; is it another company's? If it is the right one, add --other-name",
            add.name,
            facts.fingerprint,
            clean(&facts.subject),
            wanted.join(", ")
        )));
    }
    let somebody = places.iter().find_map(somebody_at);
    let covers = match key.reach {
        Reach::Company => None,
        Reach::Named if facts.addresses.is_empty() => somebody.as_ref().map(Covers::Address),
        Reach::Named => None,
    };
    match sealpost_seal::judge(facts, Purpose::Encrypt, covers, context.now).first() {
        None => Ok(()),
        Some(objection) => Err(CommandError::Wrong(format!(
            "{}: the key {} ({}) cannot be used: {objection}",
            add.name,
            facts.fingerprint,
            clean(&facts.subject)
        ))),
    }
}

fn state(add: &Add, keys: usize) -> Result<PartnerKeyState, CommandError> {
    if add.offer {
        return Ok(PartnerKeyState::Offered);
    }
    if add.yes || !add.fingerprint.is_empty() {
        return Ok(PartnerKeyState::Trusted);
    }
    if !std::io::stdin().is_terminal() && add.format == OutputFormat::Json {
        return Ok(PartnerKeyState::Offered);
    }
    match confirm(&question(keys)) {
        Ok(()) => Ok(PartnerKeyState::Trusted),
        Err(CommandError::NotConfirmed) => Ok(PartnerKeyState::Offered),
        Err(other) => Err(other),
    }
}

/// What a person must do before this many keys are trusted.
pub(super) fn question(keys: usize) -> String {
    let what = if keys == 1 { "the fingerprint" } else { "each fingerprint" };
    format!(
        "Compare {what} with somebody at the company, by telephone, on a number that you know from elsewhere.\n\
         Is it the same?"
    )
}

/// Asks on the terminal; anything but yes means no.
pub(super) fn confirm(question: &str) -> Result<(), CommandError> {
    say(format_args!("{question} [y/N]"));
    let _closed = std::io::stdout().flush();
    let mut line = String::new();
    let answered = std::io::stdin().lock().read_line(&mut line);
    match (answered, line.trim().to_ascii_lowercase().as_str()) {
        (Ok(_), "y" | "yes" | "j" | "ja") => Ok(()),
        (Ok(_) | Err(_), _) => Err(CommandError::NotConfirmed),
    }
}

async fn keep(
    context: &PartnerContext<'_>,
    add: &Add,
    known: Option<PartnerWithKeys>,
    places: Vec<DomainOrAddress>,
    keys: &[PartnerKey],
) -> Result<PartnerWithKeys, CommandError> {
    let (book, random) = (context.book(), SystemRandom);
    match known {
        Some(found) => {
            let mut partner = Partner { places, ..found.partner };
            partner.places.dedup();
            partner.profile = add.closing.on(partner.profile);
            let noted = context.changed(&partner, PartnerChange::KeysAdded);
            book.change(&partner, keys, noted, context.now, &random).await?;
        }
        None => {
            let partner = Partner {
                id: random.id(),
                name: add.name.clone(),
                places,
                standing: if add.after_test { Standing::Waiting } else { Standing::Active },
                prefers: None::<Method>,
                profile: add.closing.on(Profile::default()),
                answered: None,
            };
            let noted = context.changed(&partner, PartnerChange::Added);
            book.add(&partner, keys, noted, context.now, &random).await?;
        }
    }
    context.find(&add.name).await
}

fn fingerprint(key: &PartnerKey) -> String {
    key.key.facts().fingerprint.to_hex()
}
