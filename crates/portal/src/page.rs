//! What all pages have in common: texts in the reader's language, brand, form token. Knows nothing of single
//! routes.

use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::{Mailbox, Timestamp};

use crate::access::session::SignedIn;
use crate::http::cookies::cookie_name;
use crate::http::csrf::{FormToken, Visitor};
use crate::language::{Calendar, Language, OwnersLanguage, Values};
use crate::links;
use crate::mailbox::own_folder::OwnFolder;
use crate::problem::Problem;
use crate::state::Site;

/// The frame around a page's own content.
pub(crate) struct Page {
    site: web::Data<Site>,
    pub(crate) language: Language,
    /// The logged-in owner's own address.
    pub(crate) owner: Option<String>,
    /// For every form on the page; empty on pages that cannot have one.
    pub(crate) token: String,
    /// Where the language switch returns to.
    pub(crate) here: String,
    /// Its target on pages that are the same for everybody and have no form.
    pub(crate) switch: Option<&'static str>,
    /// Seconds until the session's expiry is announced.
    pub(crate) idle: Option<u64>,
    /// Whether the symbols are inlined in the page.
    symbols_within: bool,
    /// When the session expires.
    ends: Option<Timestamp>,
    pub(crate) calendar: Calendar,
    /// The mailbox is under a hold, and its owner is told so.
    pub(crate) is_held: bool,
    /// The owner's folders, if the page shows any.
    pub(crate) own_folders: Vec<OwnFolder>,
    /// Single-key shortcuts are enabled.
    pub(crate) keys: bool,
}

impl Page {
    /// A page for a client without a session.
    pub(crate) fn open(site: &web::Data<Site>, request: &HttpRequest, visitor: &Visitor) -> Self {
        Self::with(site, request, None, visitor.token())
    }

    /// A page for the owner of a mailbox.
    pub(crate) fn owned(site: &web::Data<Site>, request: &HttpRequest, owner: &SignedIn) -> Self {
        Self::with(site, request, Some(owner), owner.token())
    }

    /// The same with inlined symbols: for pages that already have much to fetch.
    pub(crate) fn with_symbols(self) -> Self {
        Self { symbols_within: true, ..self }
    }

    /// The same, with the owner's folders.
    pub(crate) fn with_folders(self, own_folders: Vec<OwnFolder>) -> Self {
        Self { own_folders, ..self }
    }

    /// Whether that is the URL of an owner's folder.
    pub(crate) fn is_own(&self, path: &str) -> bool {
        links::is_folder(path)
    }

    /// A page without a form, for problems.
    pub(crate) fn bare(site: &web::Data<Site>, language: Language) -> Self {
        Self {
            site: site.clone(),
            language,
            owner: None,
            token: String::new(),
            here: String::new(),
            switch: None,
            idle: None,
            symbols_within: false,
            ends: None,
            calendar: site.calendar.clone(),
            is_held: false,
            own_folders: Vec::new(),
            keys: false,
        }
    }

    /// A page without a form, with one URL per language: caches may keep it.
    pub(crate) fn for_everybody(site: &web::Data<Site>, language: Language, here: &'static str) -> Self {
        Self { switch: Some(here), ..Self::bare(site, language) }
    }

    fn with(
        site: &web::Data<Site>,
        request: &HttpRequest,
        owner: Option<&SignedIn>,
        token: &FormToken,
    ) -> Self {
        Self {
            site: site.clone(),
            language: owner.and_then(SignedIn::language).unwrap_or_else(|| spoken(site, request)),
            owner: owner.map(|o| o.address().to_owned()),
            token: token.as_str().to_owned(),
            here: request.path().to_owned(),
            switch: None,
            idle: owner.map(|o| o.quiet_for(site.now())),
            symbols_within: false,
            ends: owner.map(SignedIn::ends),
            is_held: owner.is_some_and(SignedIn::is_held),
            own_folders: Vec::new(),
            keys: owner.is_some_and(|owner| !owner.profile().no_keys),
            calendar: owner.and_then(own_calendar).unwrap_or_else(|| site.calendar.clone()),
        }
    }

    /// When the session expires, as a time of day.
    pub(crate) fn until(&self) -> Option<String> {
        self.ends.map(|ends| self.calendar.time(self.language, ends))
    }

    /// The text under `key`.
    pub(crate) fn t(&self, key: &str) -> String {
        self.language.say(key)
    }

    /// The text under `key` with a number `n` in it, for plurals.
    pub(crate) fn n(&self, key: &str, n: &u64) -> String {
        self.language.say_with(key, Some(&Values::from([("n".into(), (*n).into())])))
    }

    /// The text under `key` with one value.
    pub(crate) fn v(&self, key: &str, name: &'static str, value: &str) -> String {
        self.language.say_with(key, Some(&Values::from([(name.into(), value.to_owned().into())])))
    }

    /// The sentence that a message was recalled.
    pub(crate) fn withdrawn(&self, received: &Timestamp, at: &Timestamp, by: &str) -> String {
        let values = Values::from([
            ("received".into(), self.date_day(received).into()),
            ("at".into(), self.date_day(at).into()),
            ("by".into(), by.to_owned().into()),
        ]);
        self.language.say_with("inbox-withdrawn", Some(&values))
    }

    /// Whether owners may write their own question.
    pub(crate) fn own_questions(&self) -> bool {
        self.site.own_questions()
    }

    /// The operator's name.
    pub(crate) fn brand(&self) -> &str {
        &self.site.config.brand.name
    }

    /// The portal's name.
    pub(crate) fn portal(&self) -> &str {
        &self.site.config.brand.portal_name
    }

    pub(crate) fn contact(&self) -> Option<&str> {
        self.site.config.brand.contact.as_deref()
    }

    /// The contact as a mail link, if it is an address.
    pub(crate) fn contact_link(&self) -> Option<String> {
        let address = sealpost_mail::Address::parse(self.contact()?).ok()?;
        Some(format!("mailto:{}", address.to_path()))
    }

    /// A phone number for support.
    pub(crate) fn phone(&self) -> Option<&str> {
        self.site.config.brand.phone.as_deref()
    }

    /// RFC 3966: digits, with the plus before them.
    pub(crate) fn phone_link(&self, phone: &str) -> String {
        format!("tel:{}", phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>())
    }

    /// Whether support can reopen a mailbox: every promise depends on it.
    pub(crate) fn kept_by_support(&self) -> bool {
        self.site.keys.escrow_public.is_some()
    }

    pub(crate) fn imprint(&self) -> Option<&str> {
        self.site.config.brand.imprint.as_deref().filter(|link| is_web(link))
    }

    pub(crate) fn privacy(&self) -> Option<&str> {
        self.site.config.brand.privacy.as_deref().filter(|link| is_web(link))
    }

    pub(crate) fn app_css(&self) -> &str {
        &self.site.assets.app_css
    }

    pub(crate) fn letter_css(&self) -> &str {
        &self.site.assets.letter_css
    }

    pub(crate) fn app_js(&self) -> &str {
        &self.site.assets.app_js
    }

    pub(crate) fn write_js(&self) -> &str {
        &self.site.assets.write_js
    }

    /// Whether there is any recipient to write to.
    pub(crate) fn can_write(&self) -> bool {
        self.site.config.write.is_on()
    }

    pub(crate) fn logo(&self) -> &str {
        &self.site.assets.logo
    }

    /// All symbols, if they are inlined in the page.
    pub(crate) fn symbols(&self) -> &str {
        if self.symbols_within { &self.site.assets.symbols } else { "" }
    }

    /// The URL of one symbol.
    pub(crate) fn icon(&self, name: &str) -> String {
        if self.symbols_within { format!("#{name}") } else { format!("{}#{name}", self.site.assets.icons) }
    }

    /// Every language offered: tag, own name, whether it is this page's.
    pub(crate) fn languages(&self) -> Vec<(&'static str, String, bool)> {
        let one = |l: &Language| (l.tag(), l.say("language-name"), *l == self.language);
        self.site.languages.iter().map(one).collect()
    }

    pub(crate) fn size(&self, bytes: &u64) -> String {
        self.language.size(*bytes)
    }

    pub(crate) fn date_long(&self, at: &Timestamp) -> String {
        self.calendar.long(self.language, *at)
    }

    pub(crate) fn date_day(&self, at: &Timestamp) -> String {
        self.calendar.day(self.language, *at)
    }

    pub(crate) fn date_short(&self, at: &Timestamp) -> String {
        self.calendar.short(self.language, *at, self.site.now())
    }

    pub(crate) fn date_machine(&self, at: &Timestamp) -> String {
        self.calendar.machine(*at)
    }

    /// Days until `at` on the operator's calendar; zero if it is today or past.
    pub(crate) fn days_until(&self, at: &Timestamp) -> u64 {
        self.site.config.retention.days(self.site.now(), *at).into()
    }
}

/// Dates in the time zone the owner has chosen.
fn own_calendar(owner: &SignedIn) -> Option<Calendar> {
    jiff::tz::TimeZone::get(owner.profile().zone.as_deref()?).ok().map(Calendar)
}

/// In notices an imprint may be plain text; here only a URL becomes a link.
fn is_web(link: &str) -> bool {
    (link.starts_with("https://") || link.starts_with("http://")) && !link.contains(char::is_whitespace)
}

/// A person's name as a letter shows it, or that of their group, or their address.
pub(crate) fn display_name(mailbox: &Mailbox) -> Option<&str> {
    let texts = [&mailbox.name, &mailbox.group, &mailbox.address];
    texts.into_iter().filter_map(|text| text.as_deref()).find(|text| !text.trim().is_empty())
}

/// The owner's, if the request has a session; cookie, then Accept-Language, then the operator's first language.
pub(crate) fn spoken(site: &Site, request: &HttpRequest) -> Language {
    if let Some(OwnersLanguage(language)) = request.extensions().get() {
        return *language;
    }
    let chosen = request
        .cookie(&cookie_name(&site.origin, "language"))
        .and_then(|cookie| Language::parse(cookie.value()))
        .filter(|language| site.languages.contains(language));
    let accepted = || {
        let header = request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        Language::negotiate(header, &site.languages)
    };
    let first = || site.languages.first().copied().or_else(|| Language::all().next());
    // The locales are compiled in: there is at least one.
    chosen.or_else(accepted).or_else(first).unwrap_or_else(Language::last_resort)
}

/// Renders a page.
pub(crate) fn show(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let text = template.render().map_err(|error| Problem::fault("rendering a page", error))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text))
}

/// Renders a page for a client without a session, with the cookie that binds its forms.
pub(crate) fn show_to(
    visitor: &Visitor,
    status: StatusCode,
    template: &impl Template,
) -> Result<HttpResponse, Problem> {
    let mut response = show(status, template)?;
    if let Some(cookie) = visitor.cookie() {
        set(&mut response, &cookie)?;
    }
    Ok(response)
}

/// Redirects the browser to another page of ours, by GET.
pub(crate) fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to.to_owned())).finish()
}

pub(crate) fn set(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), Problem> {
    response.add_cookie(cookie).map_err(|error| Problem::fault("setting a cookie", error))
}
