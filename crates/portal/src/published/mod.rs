//! What anybody may fetch: our keys for partners, and whom to tell of a vulnerability. Has public parts only.

pub(crate) mod administrator;
pub(crate) mod directory;
pub(crate) mod files;
pub(crate) mod form;
pub(crate) mod page;
pub(crate) mod security;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use actix_web::http::header::{self, EntityTag, IfNoneMatch};
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use sealpost_partner::{PublicKeys, Shown};

use crate::problem::Problem;
use crate::state::Site;

/// Proves that a public part is ours; opens no private one.
fn keys(site: &Site) -> PublicKeys<'_> {
    PublicKeys { store: &site.store, rows: &site.keys.rows }
}

/// Our current keys, if they are published at all.
async fn shown(site: &Site) -> Result<Arc<Vec<Shown>>, Problem> {
    if !site.config.partner_page {
        return Err(Problem::NotFound);
    }
    site.window.look(keys(site)).await.map_err(|error| Problem::fault("our keys", error))
}

/// A response that caches keep but revalidate each time: a retired key is gone at once.
fn cached(request: &HttpRequest, content_type: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let body = body.into();
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = EntityTag::new_strong(format!("{:016x}", hasher.finish()));
    let known = match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        None => false,
    };
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::CACHE_CONTROL, "public, no-cache")).insert_header(header::ETag(tag));
    if known { answer.finish() } else { answer.content_type(content_type).body(body) }
}
