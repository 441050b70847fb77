//! Fetches what is published of a partner's keys, from every source the operator allows, or takes it from the
//! cache. The worker parses it, and a person compares fingerprints. Decides nothing.

use std::time::Duration;

use sealpost_delivery::{DnsError, FetchError, Fetcher, Proof, SystemResolver};
use sealpost_ldap::Login;
use sealpost_mail::{Address, Secret, SystemRandom};
use sealpost_partner::{DomainOrAddress, KeyFile, KeyLookups, Proven};

use super::context::{CommandError, PartnerContext};
use super::found_keys::Hands;
use super::lookup_places::{LookupQuestion, Question, of_page, openpgpkey_name, questions, smimea_name};
use crate::commands::complain;
use crate::commands::untrusted_text::clean;
use crate::config::checked::AskedDirectory;

/// Timeout of one DNS question.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file that was found, and where.
pub(super) struct Fetched {
    pub(super) source: String,
    /// The domain or address of the partner that the question was about.
    pub(super) about: DomainOrAddress,
    pub(super) hands: Hands,
    pub(super) file: KeyFile,
}

/// Whether cached results may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// Sources asked lately are not asked again.
    Counts,
    /// Every source is asked.
    Ignored,
}

/// Everything found at `from`, or by searching if it is not given.
pub(super) async fn files(
    context: &PartnerContext<'_>,
    places: &[DomainOrAddress],
    from: Option<&str>,
    memory: Memory,
) -> Result<Vec<Fetched>, CommandError> {
    let Some(first) = places.first() else { return Ok(Vec::new()) };
    let domain = first.domain();
    let (asked, memory) = match from {
        // An operator who names a page has a reason to look there now.
        Some(page) => {
            let of = |question| LookupQuestion { about: first.clone(), question };
            (of_page(page, domain).into_iter().map(of).collect(), Memory::Ignored)
        }
        None => (questions(places, &context.plan.lookup), memory),
    };
    let asker = Asker::new(context)?;
    let role = &context.keys.role;
    let known = KeyLookups { store: context.store, keyring: &role.keyring, tags: &role.queue.tags };
    let mut found: Vec<Fetched> = Vec::new();
    let mut silent: Vec<String> = Vec::new();
    let mut absent: Vec<String> = Vec::new();
    for LookupQuestion { about, question } in asked {
        let (text, remembered) = (question.to_string(), question.remembered_as());
        let lately = match memory {
            Memory::Counts => known.lately(&remembered, context.now).await?,
            Memory::Ignored => None,
        };
        let files = match lately {
            Some(files) => files,
            None if silent.contains(&question.asked()) => continue,
            None => match asker.ask(&question).await {
                Ok(files) => {
                    known.keep(&remembered, &files, context.now, &SystemRandom).await?;
                    files
                }
                // A source that does not answer is asked only once.
                Err(Silence::Broken(said)) => {
                    complain(format_args!("looked     {}", clean(&said.to_string())));
                    silent.push(question.asked());
                    continue;
                }
                Err(Silence::Absent(said)) => {
                    absent.push(said);
                    silent.push(question.asked());
                    continue;
                }
            },
        };
        let hands = match question {
            Question::KeyServer(_) | Question::Directory { .. } => Hands::Anybodys,
            Question::File(_) | Question::OpenPgpKey(_) | Question::Smimea(_) => Hands::Partners,
        };
        found.extend(files.into_iter().map(|file| Fetched {
            source: text.clone(),
            about: about.clone(),
            hands,
            file,
        }));
    }
    if found.is_empty() {
        for said in absent {
            complain(format_args!("looked     {said}"));
        }
        return Err(CommandError::Wrong(format!(
            "{domain} publishes no key where it was looked for. Ask for the file and give it: sealpost partner add \
             {domain} FILE; or name the page that has it: --from https://…"
        )));
    }
    Ok(found)
}

/// Why there is no answer.
enum Silence {
    /// There is no such server, as for most domains: not reported if another source has a key.
    Absent(String),
    /// It does not answer properly.
    Broken(String),
}

/// Asks the sources.
struct Asker<'a> {
    web: Fetcher,
    directories: &'a [AskedDirectory],
    names: Result<SystemResolver, DnsError>,
}

impl<'a> Asker<'a> {
    fn new(context: &PartnerContext<'a>) -> Result<Self, CommandError> {
        let lookup = &context.plan.lookup;
        let web = Fetcher::new(lookup.roots.clone(), lookup.networks.clone())
            .map_err(|error| CommandError::Wrong(error.to_string()))?;
        let directories = &lookup.directories;
        Ok(Self { web, directories, names: SystemResolver::with(&context.plan.delivery.name_servers) })
    }

    /// What the source has; empty if it certainly has nothing. Otherwise why that is unknown.
    async fn ask(&self, question: &Question) -> Result<Vec<KeyFile>, Silence> {
        match question {
            Question::File(address) | Question::KeyServer(address) => self.file(address).await,
            Question::OpenPgpKey(of) => in_zone(question, self.openpgp_keys(&openpgpkey_name(of))).await,
            Question::Smimea(of) => in_zone(question, self.certificates(&smimea_name(of))).await,
            Question::Directory { number, shown, of, .. } => match self.directories.get(*number) {
                Some(asked) => in_directory(asked, shown, of).await,
                None => Ok(Vec::new()),
            },
        }
    }

    /// By https.
    async fn file(&self, address: &str) -> Result<Vec<KeyFile>, Silence> {
        match self.web.get(address).await {
            Ok(bytes) => Ok(vec![KeyFile { bytes, proven: Proven::No }]),
            Err(FetchError::Missing(_)) => Ok(Vec::new()),
            Err(error @ FetchError::Name { source: DnsError::NoSuchName | DnsError::NoRecords, .. }) => {
                Err(Silence::Absent(error.to_string()))
            }
            Err(error) => Err(Silence::Broken(error.to_string())),
        }
    }

    async fn openpgp_keys(&self, name: &str) -> Result<Vec<KeyFile>, DnsError> {
        let answer = self.names()?.openpgp_keys(name).await?;
        let proven = proven(answer.proof);
        Ok(answer.records.into_iter().map(|bytes| KeyFile { bytes, proven }).collect())
    }

    async fn certificates(&self, name: &str) -> Result<Vec<KeyFile>, DnsError> {
        let answer = self.names()?.certificates(name).await?;
        let whole = answer.records.into_iter().filter(|one| one.selector == 0 && one.matching == 0);
        // RFC 8162 §2: 3 means "use this one"; 1 leaves it to authorities, and digests only name a
        // certificate.
        let files = whole.filter_map(|one| match one.usage {
            3 => Some(KeyFile { bytes: one.data, proven: proven(answer.proof) }),
            1 => Some(KeyFile { bytes: one.data, proven: Proven::No }),
            _ => None,
        });
        Ok(files.collect())
    }

    fn names(&self) -> Result<&SystemResolver, DnsError> {
        self.names.as_ref().map_err(Clone::clone)
    }
}

/// From a directory.
async fn in_directory(asked: &AskedDirectory, shown: &str, of: &Address) -> Result<Vec<KeyFile>, Silence> {
    let login = login(asked).map_err(|error| Silence::Broken(format!("{shown}: {error}")))?;
    match asked.directory.find(of, login.as_ref()).await {
        Ok(found) => Ok(found.into_iter().map(|bytes| KeyFile { bytes, proven: Proven::No }).collect()),
        Err(error) => Err(Silence::Broken(format!("{shown}: {error}"))),
    }
}

/// The login for a directory. Its password is read only now.
fn login(asked: &AskedDirectory) -> Result<Option<Login>, String> {
    let Some(place) = &asked.login else { return Ok(None) };
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", place.password_file.display());
    let text = sealpost_keyfile::read(&place.password_file).map_err(|error| wrong(&error))?;
    let password = text.expose().trim_end_matches(['\r', '\n']).to_owned();
    Login::new(&place.dn, Secret::new(password)).map(Some).map_err(|error| wrong(&error))
}

/// From a DNS zone, within the timeout.
async fn in_zone(
    question: &Question,
    asking: impl Future<Output = Result<Vec<KeyFile>, DnsError>>,
) -> Result<Vec<KeyFile>, Silence> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(files)) => Ok(files),
        Ok(Err(DnsError::NoSuchName | DnsError::NoRecords)) => Ok(Vec::new()),
        Ok(Err(error @ (DnsError::Temporary(_) | DnsError::Bogus))) => {
            Err(Silence::Broken(format!("{question}: {error}")))
        }
        Err(_elapsed) => Err(Silence::Broken(format!("{question}: it took too long"))),
    }
}

fn proven(proof: Proof) -> Proven {
    match proof {
        Proof::Signed => Proven::BySignedZone,
        Proof::Unsigned => Proven::No,
    }
}
