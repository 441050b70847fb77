//! What happens to every request and response: limits, headers, problem pages, the access log. The log has
//! route, status and time; never a path, a token or an address.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use askama::Template;

use crate::access::expired_form;
use crate::access::first_login_session;
use crate::access::login;
use crate::access::session::{self, SignedIn};
use crate::http::awaited_body;
use crate::http::client::Client;
use crate::http::connections::Slot;
use crate::http::cookies::no_cookie;
use crate::http::problem::HttpProblem;
use crate::language::OwnersLanguage;
use crate::links;
use crate::page::{self, Page};
use crate::problem::Problem;
use crate::state::Site;

/// Everything a page may load comes from here; only our own files may run.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";

/// The same for every response; a handler may set its own policy and caching beforehand.
const HEADERS: [(&str, &str); 9] = [
    ("content-security-policy", POLICY),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), \
         payment=(), usb=(), browsing-topics=()",
    ),
    ("x-robots-tag", "noindex, nofollow"),
];

/// The outermost middleware of every request.
pub(crate) async fn outermost(
    site: web::Data<Site>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = site.now();
    detach(&mut request);
    let place = request.request().conn_data::<Arc<Slot>>().cloned();
    // A busy connection is not evicted, unless it is waiting for its client.
    let _work = place.as_ref().map(|place| place.work());
    if let Some(place) = place {
        let body = request.take_payload();
        request.set_payload(awaited_body::counted(body, place));
    }
    let response = match counted(&site, &request) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.error_response(problem),
    };
    let mut response = explained(&site, response);
    protect(&site, response.headers_mut());
    if response.request().match_name().is_some_and(|name| SECRET_FORMS.contains(&name)) {
        // What was read is discarded with the connection.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let status = response.status().as_u16();
    let route = response.request().match_name().unwrap_or("-").to_owned();
    let method = known(response.request().method());
    let ms = site.now().since(began).as_millis();
    tracing::info!(http.route = %route, http.method = %method, http.status = status, http.ms = %ms, "request");
    Ok(response)
}

/// Forms with passwords or answers in them.
const SECRET_FORMS: [&str; 7] =
    ["login", "activate", "first", "reset", "account.password", "account.question", "account.delete"];

/// The web server keeps used requests for reuse; their heads are in the very buffer into which the form was
/// read. Copied out of it they keep no password in memory.
fn detach(request: &mut ServiceRequest) {
    if request.method() != Method::POST {
        return;
    }
    let copied = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?)));
    let copied: HeaderMap = copied.collect();
    let Ok(uri) = request.uri().to_string().parse::<Uri>() else { return };
    let head = request.head_mut();
    head.headers = copied;
    head.uri = uri.clone();
    request.match_info_mut().get_mut().update(&uri);
}

/// Counts a request. Static files cost nothing and change nothing: every page requests some.
fn counted(site: &Site, request: &ServiceRequest) -> Result<(), Problem> {
    let file = links::asset_of(request.path());
    if file.is_some_and(|name| site.assets.get(name).is_some()) {
        return Ok(());
    }
    let client = Client::of(request.request(), &site.config.trusted_proxies);
    site.limits.page(client, session::claimed(site, request.request()))
}

/// A method is a word chosen by the client; we have three.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

fn protect(site: &Site, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if site.origin.https {
        let two_years = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
}

/// Requires a live session; the handler gets its `SignedIn`.
pub(crate) async fn owners_only(
    site: web::Data<Site>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match session::find(&site, request.request()).await {
        Ok(owner) => {
            speak(request.request(), &owner);
            if let Some(place) = request.request().conn_data::<Arc<Slot>>() {
                place.is_known(owner.mailbox_id());
            }
            site.limits.alive(*owner.session(), owner.ends());
            request.extensions_mut().insert(owner);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem @ (Problem::SignIn | Problem::SessionOver | Problem::SessionEnded(_)))
            if is_editor(&request) =>
        {
            let (request, payload) = request.into_parts();
            Ok(match expired_form::typed(&site, &request, payload).await {
                Some(response) => ServiceResponse::new(request, response),
                None => ServiceResponse::from_err(problem, request),
            })
        }
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// For pages that everybody may open: with a live session they speak the owner's language.
pub(crate) async fn in_own_language(
    site: web::Data<Site>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if links::asset_of(request.path()).is_none() {
        speak_as_owner(&site, request.request()).await;
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn speak_as_owner(site: &Site, request: &HttpRequest) {
    // Without a session, or with one that has ended, the browser's language counts.
    if let Ok(owner) = session::find(site, request).await {
        speak(request, &owner);
    }
}

fn speak(request: &HttpRequest, owner: &SignedIn) {
    if let Some(language) = owner.language() {
        request.extensions_mut().insert(OwnersLanguage(language));
    }
}

/// Requires a newcomer session; the handler gets its `Newcomer`.
pub(crate) async fn newcomers_only(
    site: web::Data<Site>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match first_login_session::find(&site, request.request()).await {
        Ok(newcomer) => {
            request.extensions_mut().insert(newcomer);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// It may contain half a letter, which must not be lost with the session.
fn is_editor(request: &ServiceRequest) -> bool {
    request.method() == Method::POST && request.request().match_name() == Some("draft")
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    title: &'static str,
    text: &'static str,
    seconds: u64,
}

/// Turns a problem into a page that says what is wrong and how to continue.
fn explained(site: &web::Data<Site>, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let Some(error) = response.response().error() else { return response };
    let before = error.as_error::<HttpProblem>().map(|problem| Problem::from(*problem));
    let (title, text, seconds) = match error.as_error::<Problem>().or(before.as_ref()) {
        Some(Problem::SignIn) => return to_log_in(site, response, ""),
        Some(Problem::SessionOver) => return to_log_in(site, response, "over"),
        Some(Problem::SessionEnded(why)) => {
            let note = format!("{}{}", login::ENDED, why.as_str());
            return to_log_in(site, response, &note);
        }
        Some(Problem::NotFound) => ("problem-missing-title", "problem-missing-text", 0),
        Some(problem @ Problem::Forged(_)) => {
            tracing::warn!(http.problem = %problem, "request refused");
            ("problem-forged-title", "problem-forged-text", 0)
        }
        Some(problem @ Problem::BadForm(_)) => {
            tracing::info!(http.problem = %problem, "form refused");
            ("problem-form-title", "problem-form-text", 0)
        }
        Some(Problem::TooMany { seconds }) => ("problem-many-title", "problem-many-text", *seconds),
        Some(problem @ Problem::Busy(_)) => {
            tracing::warn!(http.problem = %problem, "too busy");
            ("problem-busy-title", "problem-busy-text", 10)
        }
        Some(problem @ Problem::Damaged(_)) => {
            tracing::error!(http.problem = %problem, "a letter is damaged");
            ("problem-damaged-title", "problem-damaged-text", 0)
        }
        Some(problem @ Problem::Fault(_)) => {
            tracing::error!(http.problem = %problem, "fault");
            ("problem-fault-title", "problem-fault-text", 0)
        }
        None if status.is_client_error() => ("problem-form-title", "problem-form-text", 0),
        None => {
            tracing::error!("fault in the web server");
            ("problem-fault-title", "problem-fault-text", 0)
        }
    };
    let language = page::spoken(site, response.request());
    let template = ProblemPage { page: Page::bare(site, language), title, text, seconds };
    let mut fresh = page::show(status, &template).unwrap_or_else(|_unrenderable| HttpResponse::new(status));
    if seconds > 0 {
        fresh.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.into_response(fresh)
}

/// Redirects to the log-in page, and afterwards back to where the reader wanted to go.
fn to_log_in(site: &Site, response: ServiceResponse<BoxBody>, note: &str) -> ServiceResponse<BoxBody> {
    let mut to = links::LOGIN.to_owned();
    let path = response.request().path();
    let target =
        (response.request().method() == Method::GET).then(|| crate::access::login::target(path)).flatten();
    for (name, value) in [("note", note), ("to", target.unwrap_or_default())] {
        if !value.is_empty() {
            to = links::saying(&to, (name, value));
        }
    }
    let mut fresh = page::redirect(&to);
    if !note.is_empty() {
        // The browser's cookies open nothing any more.
        for what in ["session", first_login_session::COOKIE] {
            let _ = page::set(&mut fresh, &no_cookie(&site.origin, what));
        }
    }
    response.into_response(fresh)
}

/// The response for routes that do not exist.
pub(crate) async fn nothing_here(
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    speak_as_owner(&site, &request).await;
    Err(Problem::NotFound)
}
