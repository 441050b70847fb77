//! The language switch in every page's footer. A visitor's choice is kept in a cookie; an owner's in the
//! mailbox, and our mails follow it.

use actix_web::cookie::time::Duration;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::access::session;
use crate::http::cookies::{cookie, cookie_name};
use crate::http::csrf::{Protected, Visitor};
use crate::language::Language;
use crate::links;
use crate::page::{redirect, set};
use crate::problem::Problem;
use crate::state::Site;

#[derive(Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    language: String,
    #[serde(default)]
    back: String,
}

/// POST /language
pub(crate) async fn choose(
    site: web::Data<Site>,
    request: HttpRequest,
    visitor: Visitor,
    form: Protected<Choice>,
) -> Result<HttpResponse, Problem> {
    let owner = match session::find(&site, &request).await {
        Ok(owner) => Some(owner),
        Err(Problem::SignIn | Problem::SessionOver) => None,
        Err(other) => return Err(other),
    };
    let token = owner.as_ref().map_or_else(|| visitor.token(), |owner| owner.token());
    let Choice { language, back } = form.verify(token)?;
    let mut response = redirect(own_path(&back).unwrap_or(links::LOGIN));
    let Some(language) = Language::parse(&language).filter(|language| site.languages.contains(language))
    else {
        return Ok(response);
    };
    if let Some(owner) = owner {
        let changed = site.store.set_language(owner.mailbox_id(), language.tag()).await;
        changed.map_err(|error| Problem::fault("changing a mailbox's language", error))?;
    }
    let mut cookie = cookie(&site.origin, cookie_name(&site.origin, "language"), language.tag().to_owned());
    cookie.set_max_age(Duration::days(365));
    set(&mut response, &cookie)?;
    Ok(response)
}

/// A path of ours that no browser could read as another host.
pub(crate) fn own_path(back: &str) -> Option<&str> {
    let rest = back.strip_prefix('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    (!rest.starts_with('/') && rest.chars().all(plain)).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn the_way_back_stays_here() {
        assert_eq!(own_path("/"), Some("/"));
        assert_eq!(own_path("/a/Ab_-9"), Some("/a/Ab_-9"));
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a?b",
            "/a\r\nb",
            "/a%0a",
            "/a:b",
        ] {
            assert_eq!(own_path(bad), None, "{bad:?}");
        }
    }
}
