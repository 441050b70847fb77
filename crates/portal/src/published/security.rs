//! GET /.well-known/security.txt (RFC 9116): whom to tell of a vulnerability, as configured by the operator.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{cached, shown};
use crate::language::Calendar;
use crate::problem::Problem;
use crate::state::Site;

/// GET /.well-known/security.txt
pub(crate) async fn text(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let now = site.now();
    // RFC 9116 §2.5.5: an expired file must not be used; then it is better not served.
    let security = site.config.security.as_ref().filter(|security| security.expires > now);
    let security = security.ok_or(Problem::NotFound)?;
    let mut text = String::new();
    let mut field = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
    for contact in &security.contacts {
        field("Contact", contact);
    }
    field("Expires", &Calendar::rfc3339(security.expires));
    match shown(&site).await {
        Ok(keys) if keys.iter().any(|key| key.is_good(now)) => {
            field("Encryption", &format!("{}/partner", site.origin.text));
        }
        Ok(_) | Err(Problem::NotFound) => {}
        Err(other) => return Err(other),
    }
    if let Some(policy) = &security.policy {
        field("Policy", policy);
    }
    if let Some(thanks) = &security.acknowledgments {
        field("Acknowledgments", thanks);
    }
    let languages: Vec<&str> = site.languages.iter().map(|language| language.tag()).collect();
    field("Preferred-Languages", &languages.join(", "));
    field("Canonical", &format!("{}/.well-known/security.txt", site.origin.text));
    // RFC 9116 §3: text/plain in UTF-8.
    Ok(cached(&request, "text/plain; charset=utf-8", text))
}
