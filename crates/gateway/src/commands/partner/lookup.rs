//! What a partner publishes of itself: the Web Key Directory of its domain, and the files beside the page of another
//! Sealpost. Fetches; the worker reads what came, and a person compares fingerprints.

use sealpost_delivery::{FetchError, Fetcher};
use sealpost_mail::Domain;
use sealpost_seal::wkd_name;

use super::{CommandError, Desk};
use crate::commands::complain;

/// Addresses under which gateways keep the key of a whole domain.
const LOCALS: [&str; 4] = ["securemail", "domain-confidentiality-authority", "postmaster", "info"];

/// A file that was found, and where.
pub(super) struct Fetched {
    pub(super) source: String,
    pub(super) bytes: Vec<u8>,
}

/// Everything that is found at `from`, or by itself where nothing is said.
pub(super) async fn files(
    desk: &Desk<'_>,
    domain: &Domain,
    from: Option<&str>,
) -> Result<Vec<Fetched>, CommandError> {
    let lookup = &desk.plan.lookup;
    let fetcher = Fetcher::new(lookup.roots.clone(), lookup.networks.clone())
        .map_err(|error| CommandError::Wrong(error.to_string()))?;
    let places = match from {
        Some(page) => of_page(page, domain),
        None => of_domain(domain),
    };
    let mut found: Vec<Fetched> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    let mut closed: Vec<String> = Vec::new();
    for place in places {
        let host = host(&place).to_owned();
        if closed.contains(&host) {
            continue;
        }
        match fetcher.get(&place).await {
            Ok(bytes) => {
                // The same key under several addresses is one.
                if found.iter().all(|other| other.bytes != bytes) {
                    found.push(Fetched { source: place, bytes });
                }
            }
            Err(FetchError::Missing(_)) => {}
            Err(error) => {
                // A host that does not answer is asked once.
                closed.push(host);
                said.push(error.to_string());
            }
        }
    }
    if found.is_empty() {
        for line in &said {
            complain(format_args!("looked     {line}"));
        }
        return Err(CommandError::Wrong(format!(
            "{domain} publishes no key where it was looked for. Ask for the file and give it: sealpost partner add \
             {domain} FILE; or name the page that has it: --from https://…"
        )));
    }
    Ok(found)
}

/// draft-koch-openpgp-webkey-service, 3.1: the advanced method where there is such a host; and the files that a
/// Sealpost has there, because that host leads to its portal.
fn of_domain(domain: &Domain) -> Vec<String> {
    let advanced = format!("https://openpgpkey.{domain}");
    let directory = |base: &str, middle: &str| {
        let base = format!("{base}/.well-known/openpgpkey{middle}/hu");
        LOCALS.map(|local| format!("{base}/{}?l={local}", wkd_name(local)))
    };
    let mut places =
        vec![format!("{advanced}/partner/{domain}.p7c"), format!("{advanced}/partner/{domain}.asc")];
    places.extend(directory(&advanced, &format!("/{domain}")));
    places.extend(directory(&format!("https://{domain}"), ""));
    places
}

/// The files beside the page of another Sealpost; anything else is the file itself.
fn of_page(page: &str, domain: &Domain) -> Vec<String> {
    let bare = page.split(['?', '#']).next().unwrap_or(page).trim_end_matches('/');
    if bare.ends_with("/partner") {
        vec![format!("{bare}/{domain}.p7c"), format!("{bare}/{domain}.asc")]
    } else {
        vec![page.to_owned()]
    }
}

fn host(place: &str) -> &str {
    place.split('/').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advanced_method_comes_first_and_pages_lead_to_their_files() {
        let domain = Domain::parse("clinic.example").unwrap();
        let places = of_domain(&domain);
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
        let page =
            ["https://mail.clinic.example/partner", "https://mail.clinic.example/partner/?language=de"];
        for page in page {
            assert_eq!(
                of_page(page, &domain),
                [
                    "https://mail.clinic.example/partner/clinic.example.p7c",
                    "https://mail.clinic.example/partner/clinic.example.asc"
                ]
            );
        }
        assert_eq!(of_page("https://clinic.example/key.cer", &domain), ["https://clinic.example/key.cer"]);
    }
}
