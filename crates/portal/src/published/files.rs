//! Our public keys as files. Under its fingerprint a key's, under a domain's name the one that counts now.

use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_partner::{Method, Shown};

use super::{administrator, cached, shown};
use crate::http::download::attachment;
use crate::language::Language;
use crate::page::spoken;
use crate::problem::Problem;
use crate::state::Site;

/// The forms a key is given out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A certificate, binary.
    Cer,
    /// The same as text.
    Pem,
    /// With those that lead to its root.
    P7c,
    /// An OpenPGP key.
    Asc,
}

impl Form {
    /// Those that a key of this kind has.
    pub(crate) fn of(method: Method) -> &'static [Self] {
        match method {
            Method::Smime => &[Self::Cer, Self::Pem, Self::P7c],
            Method::OpenPgp => &[Self::Asc],
        }
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Cer => "cer",
            Self::Pem => "pem",
            Self::P7c => "p7c",
            Self::Asc => "asc",
        }
    }

    /// RFC 2585 §4, RFC 8551 §3.2.2, RFC 3156 §7.
    fn content_type(self) -> &'static str {
        match self {
            Self::Cer => "application/pkix-cert",
            Self::Pem => "application/x-pem-file",
            Self::P7c => "application/pkcs7-mime; smime-type=certs-only",
            Self::Asc => "application/pgp-keys",
        }
    }

    fn parse(ending: &str) -> Option<Self> {
        [Self::Cer, Self::Pem, Self::P7c, Self::Asc].into_iter().find(|form| form.ending() == ending)
    }

    fn bytes(self, shown: &Shown) -> Option<Vec<u8>> {
        match (self, shown.method()) {
            (Self::Cer, Method::Smime) => Some(shown.key.key.as_bytes().to_vec()),
            (Self::Pem, Method::Smime) | (Self::Asc, Method::OpenPgp) => {
                Some(shown.text.clone().into_bytes())
            }
            (Self::P7c, Method::Smime) => shown.certificates_only.clone(),
            (Self::Cer | Self::Pem | Self::P7c, Method::OpenPgp) | (Self::Asc, Method::Smime) => None,
        }
    }
}

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

/// `insurer.example-3FA1B2C3.cer`: still told apart in a folder of downloads.
fn file_name(one: &Shown, form: Form) -> String {
    let domain = one.key.domains.first().map_or("key", |domain| domain.as_str());
    let hex = one.key.key.facts().fingerprint.to_hex();
    format!("{domain}-{}.{}", hex.get(..8).unwrap_or_default(), form.ending())
}

/// The language of a page that caches may keep: as asked for in its address, else as the browser wishes.
pub(crate) fn wanted(site: &Site, request: &HttpRequest, asked: Option<&str>) -> Language {
    let asked = asked.and_then(Language::parse).filter(|one| site.languages.contains(one));
    asked.unwrap_or_else(|| spoken(site, request))
}
