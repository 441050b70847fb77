//! GET /partner: our keys for partners, to be compared by telephone, and how to write to us. Without a form
//! or cookie, the same for everybody.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Timestamp;
use sealpost_partner::{Method, Shown};
use serde::Deserialize;

use super::files::wanted;
use super::form::Form;
use super::{administrator, cached, shown};
use crate::links;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

#[derive(Template)]
#[template(path = "partner.html")]
struct PartnerPage {
    page: Page,
    keys: Vec<Card>,
    /// The text for an administrator.
    text: String,
    /// Whether there are certificates; and OpenPGP keys, which programs find automatically.
    smime: bool,
    openpgp: bool,
}

/// A key as the page shows it.
struct Card {
    title: &'static str,
    id: String,
    is_smime: bool,
    fingerprint: Vec<String>,
    domains: String,
    subject: String,
    issuer: Option<String>,
    self_issued: bool,
    serial: Option<String>,
    algorithm: String,
    since: Timestamp,
    until: Option<Timestamp>,
    /// Paths of its files, each with the file name's ending.
    files: Vec<(String, &'static str)>,
}

#[derive(Deserialize)]
pub(crate) struct LanguageQuery {
    language: Option<String>,
}

/// GET /partner
pub(crate) async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    asked: web::Query<LanguageQuery>,
) -> Result<HttpResponse, Problem> {
    let (all, now) = (shown(&site).await?, site.now());
    let language = wanted(&site, &request, asked.language.as_deref());
    let mut keys: Vec<Card> = all.iter().filter(|one| one.is_good(now)).map(Card::of).collect();
    // What most partners have comes first.
    keys.sort_by_key(|card| !card.is_smime);
    let template = PartnerPage {
        text: administrator::path(language),
        smime: keys.iter().any(|card| card.is_smime),
        openpgp: keys.iter().any(|card| !card.is_smime),
        page: Page::for_everybody(&site, language, links::PARTNER),
        keys,
    };
    let text = template.render().map_err(|error| Problem::fault("rendering a page", error))?;
    let mut answer = cached(&request, "text/html; charset=utf-8", text);
    let varies = header::HeaderValue::from_static("accept-language, cookie");
    answer.headers_mut().insert(header::VARY, varies);
    Ok(answer)
}

impl Card {
    fn of(one: &Shown) -> Self {
        let facts = one.key.key.facts();
        let hex = facts.fingerprint.to_hex();
        let domains: Vec<&str> = one.key.domains.iter().map(|domain| domain.as_str()).collect();
        let files = Form::of(facts.method).iter();
        Self {
            title: match facts.method {
                Method::Smime => "partner-smime",
                Method::OpenPgp => "partner-openpgp",
            },
            id: format!("key-{}", hex.get(..8).unwrap_or_default()),
            is_smime: facts.method == Method::Smime,
            fingerprint: facts.fingerprint.to_string().split(' ').map(str::to_owned).collect(),
            domains: domains.join(", "),
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone().filter(|_| !facts.self_issued),
            self_issued: facts.self_issued && facts.method == Method::Smime,
            serial: facts.serial.clone(),
            algorithm: facts.algorithm.to_string(),
            since: facts.not_before,
            until: facts.not_after,
            files: files
                .map(|form| (links::partner_file(&format!("{hex}.{}", form.ending())), form.ending()))
                .collect(),
        }
    }
}
