//! Web Key Directory (draft-koch-openpgp-webkey-service): our OpenPGP keys by address, where mail programs look for
//! them automatically. Both methods: with the domain in the path, and in the host.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use sealpost_mail::Domain;

use super::{cached, keys};
use crate::problem::Problem;
use crate::state::Site;

/// GET /.well-known/openpgpkey/{domain}/hu/{name}
pub(crate) async fn advanced(
    site: web::Data<Site>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (domain, name) = path.into_inner();
    let domain = Domain::parse(&domain).map_err(|_no_domain| Problem::NotFound)?;
    key(&site, &request, Some(&domain), &name).await
}

/// GET /.well-known/openpgpkey/hu/{name}
pub(crate) async fn direct(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let domain = asked_host(&site, &request).await?;
    key(&site, &request, domain.as_ref(), &name).await
}

/// GET /.well-known/openpgpkey/{domain}/policy
pub(crate) async fn advanced_policy(
    site: web::Data<Site>,
    request: HttpRequest,
    domain: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let domain = Domain::parse(&domain).map_err(|_no_domain| Problem::NotFound)?;
    policy(&site, &request, Some(&domain)).await
}

/// GET /.well-known/openpgpkey/policy
pub(crate) async fn direct_policy(
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let domain = asked_host(&site, &request).await?;
    policy(&site, &request, domain.as_ref()).await
}

async fn key(
    site: &Site,
    request: &HttpRequest,
    domain: Option<&Domain>,
    name: &str,
) -> Result<HttpResponse, Problem> {
    if !site.config.partner_page {
        return Err(Problem::NotFound);
    }
    let found = site.window.in_directory(keys(site), domain, name, site.now()).await;
    let found = found.map_err(|error| Problem::fault("our keys", error))?.ok_or(Problem::NotFound)?;
    Ok(for_every_program(cached(request, "application/octet-stream", found)))
}

/// A directory without a policy file is invalid (4.5). It is empty: keys get here by our command alone.
async fn policy(
    site: &Site,
    request: &HttpRequest,
    domain: Option<&Domain>,
) -> Result<HttpResponse, Problem> {
    if !has(site, domain).await? {
        return Err(Problem::NotFound);
    }
    let text = "# Keys are published here; there is no protocol to change them.\n";
    Ok(for_every_program(cached(request, "text/plain; charset=utf-8", text)))
}

async fn has(site: &Site, domain: Option<&Domain>) -> Result<bool, Problem> {
    let has = site.window.has_directory(keys(site), domain, site.now()).await;
    Ok(site.config.partner_page && has.map_err(|error| Problem::fault("our keys", error))?)
}

/// The domain of a request by the direct method; `None` if a proxy has put its own name there.
async fn asked_host(site: &Site, request: &HttpRequest) -> Result<Option<Domain>, Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _port)| host);
    match Domain::parse(host) {
        Ok(domain) if has(site, Some(&domain)).await? => Ok(Some(domain)),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Mail programs in browsers ask too (4.1): any page may read what is public.
fn for_every_program(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    answer
}
