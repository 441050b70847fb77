//! Forms that only our own pages can submit: a type whose content is accessible only after two proofs. Knows
//! no route.

use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::{LocalBoxFuture, Ready, ready};
use sealpost_vault::SessionSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use crate::http::cookies::{cookie, cookie_name};
use crate::http::origin::FormProofs;
use crate::http::problem::HttpProblem;

/// The longest form in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Time limit for receiving it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The token that a page writes into its forms and expects back.
#[derive(Clone)]
pub(crate) struct FormToken(String);

impl FormToken {
    pub(crate) fn new(token: String) -> Self {
        Self(token)
    }

    /// For the hidden field.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A received form. First proof, in the extractor: the browser says that the request comes from our own
/// pages. Second proof, in [`Protected::verify`]: it carries the token bound to the client's cookie.
pub(crate) struct Protected<T> {
    token: String,
    form: T,
}

impl<T> Protected<T> {
    /// The form, if its token is the expected one.
    pub(crate) fn verify(self, expected: &FormToken) -> Result<T, HttpProblem> {
        let same: bool = self.token.as_bytes().ct_eq(expected.0.as_bytes()).into();
        if same && !expected.0.is_empty() { Ok(self.form) } else { Err(HttpProblem::Forged("form token")) }
    }
}

#[derive(Deserialize)]
struct TokenField {
    #[serde(default)]
    form_token: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Protected<T> {
    type Error = HttpProblem;
    type Future = LocalBoxFuture<'static, Result<Self, HttpProblem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            comes_from_us(&request)?;
            if request.content_type() != "application/x-www-form-urlencoded" {
                return Err(HttpProblem::BadForm("content type"));
            }
            let mut body = BytesMut::new();
            let reading = async {
                while let Some(piece) = payload.next().await {
                    let piece = piece.map_err(|_broken| HttpProblem::BadForm("broken off"))?;
                    if body.len() + piece.len() > MAX_BYTES {
                        return Err(HttpProblem::BadForm("too long"));
                    }
                    body.extend_from_slice(&piece);
                }
                Ok(())
            };
            tokio::time::timeout(PATIENCE, reading)
                .await
                .map_err(|_elapsed| HttpProblem::BadForm("too slow"))??;
            let text = std::str::from_utf8(&body).map_err(|_not_text| HttpProblem::BadForm("not UTF-8"))?;
            let read = |_unreadable| HttpProblem::BadForm("fields");
            let TokenField { form_token } =
                web::Query::<TokenField>::from_query(text).map_err(read)?.into_inner();
            let form = web::Query::<T>::from_query(text).map_err(read)?.into_inner();
            Ok(Self { token: form_token, form })
        })
    }
}

/// Fetch Metadata if the browser sends it, `Origin` otherwise. Our pages say `no-referrer`, which makes a
/// browser send `Origin: null` even to ourselves (Fetch §3.2), so that alone proves nothing.
pub(crate) fn comes_from_us(request: &HttpRequest) -> Result<(), HttpProblem> {
    let value = |name| request.headers().get(name).map(|v: &header::HeaderValue| v.as_bytes());
    if let Some(site) = value("sec-fetch-site") {
        return if site == b"same-origin" { Ok(()) } else { Err(HttpProblem::Forged("sec-fetch-site")) };
    }
    let ours = proofs(request).map(|proofs| proofs.origin.text.as_bytes());
    match value("origin") {
        Some(b"null") | None => Ok(()),
        Some(origin) if Some(origin) == ours => Ok(()),
        Some(_) => Err(HttpProblem::Forged("origin")),
    }
}

/// A client without a session: has the cookie that binds the forms of the pages before the log-in.
pub(crate) struct Visitor {
    token: FormToken,
    fresh: Option<Cookie<'static>>,
}

impl Visitor {
    /// For the forms of this visitor's pages.
    pub(crate) fn token(&self) -> &FormToken {
        &self.token
    }

    /// The cookie to set, if this visitor has none yet.
    pub(crate) fn cookie(&self) -> Option<Cookie<'static>> {
        self.fresh.clone()
    }
}

impl FromRequest for Visitor {
    type Error = HttpProblem;
    type Future = Ready<Result<Self, HttpProblem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(request))
    }
}

fn proofs(request: &HttpRequest) -> Option<&FormProofs> {
    request.app_data::<web::Data<FormProofs>>().map(|proofs| proofs.get_ref())
}

fn visitor(request: &HttpRequest) -> Result<Visitor, HttpProblem> {
    let FormProofs { origin, random } = proofs(request).ok_or(HttpProblem::Fault("no proofs of forms"))?;
    let name = cookie_name(origin, "visit");
    if let Some(cookie) = request.cookie(&name)
        && let Some(secret) = SessionSecret::parse(cookie.value())
    {
        return Ok(Visitor { token: FormToken::new(secret.csrf()), fresh: None });
    }
    let (text, _) = SessionSecret::issue(random.as_ref());
    let secret = SessionSecret::parse(text.expose()).ok_or(HttpProblem::Fault("visit cookie"))?;
    let cookie = cookie(origin, name, text.expose().clone());
    Ok(Visitor { token: FormToken::new(secret.csrf()), fresh: Some(cookie) })
}
