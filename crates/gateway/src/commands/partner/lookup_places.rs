//! Where a partner's keys are looked up: Web Key Directory, the DNS (RFC 7929, RFC 8162), directories (LDAP),
//! key servers (VKS, HKP). Pure: makes no requests, and does not know what is found.

use std::fmt;

use sealpost_mail::{Address, Domain};
use sealpost_partner::DomainOrAddress;
use sealpost_seal::{dane_name, wkd_name};

use crate::config::checked::{AskedDirectory, Lookup};
use crate::config::file::LookupPlace;

/// Local parts that belong to a domain's gateway alone.
const GATEWAYS: [&str; 2] = ["securemail", "domain-confidentiality-authority"];
/// Local parts that may have the key of the whole domain, to be checked by a person.
const OTHERS: [&str; 2] = ["postmaster", "info"];
/// Maximum domains and addresses of one partner that are looked up.
const MAX_PLACES: usize = 8;

/// One question to one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The file at this https address.
    File(String),
    /// A key server's answer at this address, where anybody may upload keys.
    KeyServer(String),
    /// The OpenPGP key for this address in the domain's zone.
    OpenPgpKey(Address),
    /// The certificate for it.
    Smimea(Address),
    /// The entry of a configured directory for this address.
    Directory {
        /// Index of the directory.
        number: usize,
        /// Its name for people.
        shown: String,
        /// How and as whom it is asked.
        asked_as: String,
        /// The address.
        of: Address,
    },
}

impl Question {
    /// The source that answers it: one that does not is not asked again.
    pub(super) fn asked(&self) -> String {
        match self {
            Self::File(address) | Self::KeyServer(address) => {
                address.split('/').nth(2).unwrap_or_default().to_owned()
            }
            // An unreadable answer says nothing about records of another kind.
            Self::OpenPgpKey(of) => format!("OPENPGPKEY records of {}", of.domain()),
            Self::Smimea(of) => format!("SMIMEA records of {}", of.domain()),
            Self::Directory { number, shown, .. } => format!("{number} {shown}"),
        }
    }

    /// The key under which its answer is cached.
    pub(super) fn remembered_as(&self) -> String {
        match self {
            Self::Directory { asked_as, of, .. } => format!("{asked_as} of {}", of.to_path()),
            Self::File(_) | Self::KeyServer(_) | Self::OpenPgpKey(_) | Self::Smimea(_) => self.to_string(),
        }
    }
}

/// The DNS name of an address's OpenPGP key (RFC 7929 §3).
pub(super) fn openpgpkey_name(of: &Address) -> String {
    format!("{}._openpgpkey.{}", dane_name(of.local()), of.domain())
}

/// The DNS name of its certificate (RFC 8162 §3).
pub(super) fn smimea_name(of: &Address) -> String {
    format!("{}._smimecert.{}", dane_name(of.local()), of.domain())
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(address) | Self::KeyServer(address) => f.write_str(address),
            Self::OpenPgpKey(of) => write!(f, "OPENPGPKEY of {}", of.to_path()),
            Self::Smimea(of) => write!(f, "SMIMEA of {}", of.to_path()),
            Self::Directory { shown, of, .. } => write!(f, "{shown} of {}", of.to_path()),
        }
    }
}

/// A question, and the domain or address that the answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LookupQuestion {
    pub(super) about: DomainOrAddress,
    pub(super) question: Question,
}

/// Every question about these that the operator allows, the partner's own servers first.
pub(super) fn questions(places: &[DomainOrAddress], lookup: &Lookup) -> Vec<LookupQuestion> {
    let mut asked = Vec::new();
    for method in [
        LookupPlace::Wkd,
        LookupPlace::Openpgpkey,
        LookupPlace::Smimea,
        LookupPlace::Ldap,
        LookupPlace::Vks,
        LookupPlace::Hkp,
    ] {
        if !lookup.places.contains(&method) {
            continue;
        }
        for place in places.iter().take(MAX_PLACES) {
            let addresses = addresses_at(place, &[GATEWAYS, OTHERS].concat());
            // A trusted zone must not speak for a whole domain by the key of one of its people.
            let proven = || addresses_at(place, &GATEWAYS).into_iter();
            let mut all = Vec::new();
            match method {
                LookupPlace::Wkd => all.extend(directory(place, &addresses)),
                LookupPlace::Openpgpkey => all.extend(proven().map(Question::OpenPgpKey)),
                LookupPlace::Smimea => all.extend(proven().map(Question::Smimea)),
                LookupPlace::Ldap => all.extend(in_directories(&lookup.directories, &addresses)),
                LookupPlace::Vks => all.extend(at(&lookup.key_servers, &addresses, "vks/v1/by-email/")),
                LookupPlace::Hkp => {
                    let path = "pks/lookup?op=get&options=mr&exact=on&search=";
                    all.extend(at(&lookup.key_servers, &addresses, path));
                }
            }
            asked.extend(all.into_iter().map(|question| LookupQuestion { about: place.clone(), question }));
        }
    }
    asked
}

/// The person's own address, or these of a domain.
fn addresses_at(place: &DomainOrAddress, locals: &[&str]) -> Vec<Address> {
    match place {
        DomainOrAddress::Address(address) => vec![address.clone()],
        DomainOrAddress::Domain(domain) => {
            locals.iter().filter_map(|local| Address::parse(&format!("{local}@{domain}")).ok()).collect()
        }
    }
}

/// The directories configured for the domain, each with every address.
fn in_directories(directories: &[AskedDirectory], addresses: &[Address]) -> Vec<Question> {
    let one = |number: usize, asked: &AskedDirectory, of: &Address| Question::Directory {
        number,
        shown: asked.shown.clone(),
        asked_as: asked.asked_as.clone(),
        of: of.clone(),
    };
    let mut questions = Vec::new();
    for (number, asked) in directories.iter().enumerate() {
        let about = addresses.iter().filter(|address| asked.about.includes(address.domain()));
        questions.extend(about.map(|address| one(number, asked, address)));
    }
    questions
}

fn at(servers: &[String], addresses: &[Address], path: &str) -> Vec<Question> {
    let one = |server: &String, address: &Address| {
        Question::KeyServer(format!("{}/{path}{}", server.trim_end_matches('/'), escaped(&address.to_path())))
    };
    servers.iter().flat_map(|server| addresses.iter().map(move |address| one(server, address))).collect()
}

/// draft-koch-openpgp-webkey-service, 3.1: the advanced method if there is such a host; and the files that a
/// Sealpost has there, because that host leads to its portal.
fn directory(place: &DomainOrAddress, addresses: &[Address]) -> Vec<Question> {
    let domain = place.domain();
    let advanced = format!("https://openpgpkey.{domain}");
    let names = |base: String| {
        addresses.iter().map(move |address| {
            let local = address.local();
            format!("{base}/hu/{}?l={}", wkd_name(local), escaped(local))
        })
    };
    let mut places = match place {
        DomainOrAddress::Domain(domain) => files_of_page(&format!("{advanced}/partner"), domain),
        DomainOrAddress::Address(_) => Vec::new(),
    };
    places.extend(names(format!("{advanced}/.well-known/openpgpkey/{domain}")));
    places.extend(names(format!("https://{domain}/.well-known/openpgpkey")));
    places.into_iter().map(Question::File).collect()
}

/// The files beside the page of another Sealpost; any other address is the file itself.
pub(super) fn of_page(page: &str, domain: &Domain) -> Vec<Question> {
    let bare = page.split(['?', '#']).next().unwrap_or(page).trim_end_matches('/');
    let files = if bare.ends_with("/partner") { files_of_page(bare, domain) } else { vec![page.to_owned()] };
    let question = |file: String| match ["/pks/lookup", "/vks/v1/"].iter().any(|path| file.contains(path)) {
        true => Question::KeyServer(file),
        false => Question::File(file),
    };
    files.into_iter().map(question).collect()
}

fn files_of_page(page: &str, domain: &Domain) -> Vec<String> {
    vec![format!("{page}/{domain}.p7c"), format!("{page}/{domain}.asc")]
}

/// RFC 3986 §2.1: all but the unreserved.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(place: &str, places: Vec<LookupPlace>) -> Vec<String> {
        let lookup =
            Lookup { places, key_servers: vec!["https://keys.example/".to_owned()], ..Lookup::default() };
        questions(&[DomainOrAddress::parse(place).unwrap()], &lookup)
            .iter()
            .map(|asked| asked.question.to_string())
            .collect()
    }

    #[test]
    fn the_advanced_method_comes_first_and_pages_lead_to_their_files() {
        let places = asked("clinic.example", vec![LookupPlace::Wkd]);
        assert!(places.iter().all(|place| place.starts_with("https://")));
        let wkd = places.iter().find(|place| place.contains("/hu/")).unwrap();
        assert!(
            wkd.starts_with("https://openpgpkey.clinic.example/.well-known/openpgpkey/clinic.example/hu/")
                && wkd.ends_with("?l=securemail"),
            "{wkd}"
        );
        assert!(
            places.iter().any(|place| place.starts_with("https://clinic.example/.well-known/openpgpkey/hu/"))
        );
        let domain = Domain::parse("clinic.example").unwrap();
        let page =
            ["https://mail.clinic.example/partner", "https://mail.clinic.example/partner/?language=de"];
        for page in page {
            let files: Vec<String> = of_page(page, &domain).iter().map(ToString::to_string).collect();
            assert_eq!(
                files,
                [
                    "https://mail.clinic.example/partner/clinic.example.p7c",
                    "https://mail.clinic.example/partner/clinic.example.asc"
                ]
            );
        }
        let file = "https://clinic.example/key.cer";
        assert_eq!(of_page(file, &domain), [Question::File(file.to_owned())]);
        let uploads = "https://keys.example/pks/lookup?op=get&search=x";
        assert_eq!(of_page(uploads, &domain), [Question::KeyServer(uploads.to_owned())]);
    }

    #[test]
    fn a_person_is_asked_about_under_the_own_address_alone_and_only_where_the_operator_says() {
        let every = vec![
            LookupPlace::Hkp,
            LookupPlace::Vks,
            LookupPlace::Smimea,
            LookupPlace::Openpgpkey,
            LookupPlace::Wkd,
        ];
        let asked_of = asked("o'hara+x@clinic.example", every);
        assert_eq!(asked_of.len(), 6, "{asked_of:?}");
        for said in [
            "OPENPGPKEY of o'hara+x@clinic.example",
            "SMIMEA of o'hara+x@clinic.example",
            "https://keys.example/vks/v1/by-email/o%27hara%2Bx%40clinic.example",
            "https://keys.example/pks/lookup?op=get&options=mr&exact=on&search=o%27hara%2Bx%40clinic.example",
        ] {
            assert!(asked_of.iter().any(|asked| asked == said), "{said}: {asked_of:?}");
        }
        assert!(asked("clinic.example", Vec::new()).is_empty());
        assert_eq!(asked("clinic.example", vec![LookupPlace::Smimea]).len(), GATEWAYS.len());
    }

    /// RFC 7929 §3 and RFC 8162 §3: the same hash of the local part.
    #[test]
    fn names_in_the_dns() {
        let address = Address::parse("hugh@example.com").unwrap();
        let hash = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6";
        assert_eq!(openpgpkey_name(&address), format!("{hash}._openpgpkey.example.com"));
        assert_eq!(smimea_name(&address), format!("{hash}._smimecert.example.com"));
    }
}
