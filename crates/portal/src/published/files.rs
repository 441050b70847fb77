//! Our public keys as files: each under its fingerprint, the current one under its domain's name.

use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_partner::Shown;

use super::form::Form;
use super::{administrator, cached, shown};
use crate::http::download::attachment;
use crate::language::Language;
use crate::page::spoken;
use crate::problem::Problem;
use crate::state::Site;

/// GET /partner/{file}
pub(crate) async fn file(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let all = shown(&site).await?;
    let (stem, ending) = name.rsplit_once('.').ok_or(Problem::NotFound)?;
    if ending == "txt" {
        let language = stem.strip_prefix(administrator::STEM).and_then(Language::parse);
        let language = language.filter(|one| site.languages.contains(one)).ok_or(Problem::NotFound)?;
        let text = administrator::text(&site, language, &all);
        return Ok(cached(&request, "text/plain; charset=utf-8", text));
    }
    let form = Form::parse(ending).ok_or(Problem::NotFound)?;
    let now = site.now();
    let is_it = |one: &&Shown| {
        let its_own = one.key.key.facts().fingerprint.to_hex().eq_ignore_ascii_case(stem);
        its_own || one.key.domains.iter().any(|domain| domain.as_str().eq_ignore_ascii_case(stem))
    };
    let mut good = all.iter().filter(|one| one.is_good(now)).filter(is_it);
    let (one, bytes) = good.find_map(|one| Some((one, form.bytes(one)?))).ok_or(Problem::NotFound)?;
    let mut answer = cached(&request, form.content_type(), bytes);
    let (header, value) = attachment(&file_name(one, form));
    answer.headers_mut().insert(header, value);
    Ok(answer)
}

/// `insurer.example-3FA1B2C3.cer`: distinguishable in a downloads folder.
fn file_name(one: &Shown, form: Form) -> String {
    let domain = one.key.domains.first().map_or("key", |domain| domain.as_str());
    let hex = one.key.key.facts().fingerprint.to_hex();
    format!("{domain}-{}.{}", hex.get(..8).unwrap_or_default(), form.ending())
}

/// The language of a page that caches may keep: as given in its URL, otherwise as the browser requests.
pub(crate) fn wanted(site: &Site, request: &HttpRequest, asked: Option<&str>) -> Language {
    let asked = asked.and_then(Language::parse).filter(|one| site.languages.contains(one));
    asked.unwrap_or_else(|| spoken(site, request))
}
