//! Actions on one or many letters: moving to the trash, restoring, deleting permanently, marking as read or
//! unread, exporting.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Event, LetterGone};

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::letters::export;
use crate::letters::folder_page::FolderPage;
use crate::letters::inbox::trash_days;
use crate::letters::list_page::ListPage;
use crate::letters::moving::{self, Moved};
use crate::letters::repeated_fields::{Fields, MAX_CHOSEN};
use crate::letters::selection::{MAX_ALL, Meant, carried, chosen};
use crate::mailbox::profile::Profile;
use crate::page::{Page, redirect, show};
use crate::problem::Problem;
use crate::state::Site;

/// Letters per transaction, so that others do not wait long.
const AT_ONCE: usize = 200;

/// Actions that require a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Trash,
    Destroy,
    Empty,
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Trash => "trash",
            Self::Destroy => "destroy",
            Self::Empty => "empty",
        }
    }
}

#[derive(Template)]
#[template(path = "destroy.html")]
struct SurePage {
    page: Page,
    deed: Deed,
    place: FolderPage,
    /// Empty if all letters are meant.
    ids: Vec<String>,
    all: bool,
    carried: Vec<(&'static str, String)>,
    count: u64,
    trash_days: u64,
}

/// POST /letters
pub(crate) async fn act(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let fields = Fields::new(form.verify(owner.token())?);
    let place = FolderPage::parse(fields.one("folder"));
    let what = fields.one("do");
    let lost = |error| Problem::fault("moving letters", error);
    if what == "undo" {
        let at = fields.one("at").parse().map_err(|_none| Problem::BadForm("no moment"))?;
        let ids = site.store.trashed_at(owner.mailbox_id(), Timestamp(at)).await.map_err(lost)?;
        let (noting, mut n) = (owner.noting(&site, &Event::LetterRestored), 0);
        for part in ids.chunks(AT_ONCE) {
            n += noting.restore_deposits(owner.mailbox_id(), part).await.map_err(lost)?;
        }
        return Ok(redirect(&back(place, &fields, "restored", Some(n), None)));
    }
    if what == "move-back" {
        let at = fields.one("at").parse().map_err(|_none| Problem::BadForm("no moment"))?;
        let n = moving::back(&site, &owner, Timestamp(at)).await?;
        return Ok(redirect(&back(place, &fields, "back", Some(n), None)));
    }
    if let "group" | "apart" = what {
        let profile = Profile { grouped: what == "group", ..owner.profile().clone() };
        profile.save(&site, owner.mailbox_id()).await?;
        return Ok(redirect(&place.path()));
    }
    let ids = chosen(&site, &request, &owner, place, &fields).await?;
    if ids.is_empty() && what != "empty" {
        return Ok(redirect(&back(place, &fields, "none", None, None)));
    }
    let (all, sure) = (matches!(Meant::of(&fields), Meant::All), fields.one("sure") == "yes");
    let ask = |deed, ids: Vec<String>| ask(&site, &request, &owner, place, &fields, deed, ids);
    let (mailbox, now) = (owner.mailbox_id(), site.now());
    let mut n = 0;
    match what {
        "trash" if all && !sure => ask(Deed::Trash, ids),
        "trash" => {
            let noting = owner.noting(&site, &Event::LetterTrashed);
            for part in ids.chunks(AT_ONCE) {
                n += noting.trash_deposits(mailbox, part, now).await.map_err(lost)?;
            }
            Ok(redirect(&back(place, &fields, "trashed", Some(n), (n > 0).then_some(now))))
        }
        "move" => match moving::moved(&site, &request, &owner, place, &fields, ids).await? {
            Moved::Asked(page) => Ok(page),
            Moved::Done { letters, at } => {
                Ok(redirect(&back(place, &fields, "moved", Some(letters), (letters > 0).then_some(at))))
            }
        },
        "restore" => {
            let noting = owner.noting(&site, &Event::LetterRestored);
            for part in ids.chunks(AT_ONCE) {
                n += noting.restore_deposits(mailbox, part).await.map_err(lost)?;
            }
            Ok(redirect(&back(place, &fields, "restored", Some(n), None)))
        }
        "read" => {
            for part in ids.chunks(AT_ONCE) {
                n += site.store.mark_all_read(mailbox, part).await.map_err(lost)?;
            }
            Ok(redirect(&back(place, &fields, "read", Some(n), None)))
        }
        "unread" => {
            for part in ids.chunks(AT_ONCE) {
                n += site.store.mark_all_unread(mailbox, part).await.map_err(lost)?;
            }
            Ok(redirect(&back(place, &fields, "unread", Some(n), None)))
        }
        "destroy" | "empty" => {
            if owner.is_held() {
                return Ok(redirect(&format!("{}?done=held", FolderPage::Trash.path())));
            }
            let (deed, ids) = if what == "empty" {
                (Deed::Empty, in_trash(&site, &owner).await?)
            } else {
                (Deed::Destroy, ids)
            };
            if !sure {
                return ask(deed, ids);
            }
            let noting = owner.noting(&site, &Event::LetterGone { why: LetterGone::Deleted });
            for part in ids.chunks(AT_ONCE) {
                n += noting.delete_trashed(mailbox, part, site.config.unread, now).await.map_err(lost)?;
            }
            Ok(redirect(&back(place, &fields, "destroyed", Some(n), None)))
        }
        "export" if ids.len() > MAX_CHOSEN => Ok(redirect(&back(place, &fields, "many", None, None))),
        "export" => export::choose(&site, &request, &owner, place, ids).await,
        _ => Err(Problem::BadForm("unknown action")),
    }
}

/// Redirects to the list the request came from, with the result.
fn back(place: FolderPage, fields: &Fields, done: &str, n: Option<usize>, at: Option<Timestamp>) -> String {
    let list = ListPage::parse(fields.one("sort"), fields.one("page").parse().ok());
    let mut to = format!("{}?done={done}", place.path());
    let more = [("n", n.map(|n| n.to_string())), ("at", at.map(|at| at.0.to_string()))];
    let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in more.chain(list.pairs()) {
        to.push_str(&format!("&{name}={value}"));
    }
    to
}

fn ask(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    place: FolderPage,
    fields: &Fields,
    deed: Deed,
    ids: Vec<String>,
) -> Result<HttpResponse, Problem> {
    let mut page = Page::owned(site, request, owner);
    page.here = place.path();
    let all = match (deed, Meant::of(fields)) {
        (Deed::Empty, _) | (Deed::Trash | Deed::Destroy, Meant::All) => true,
        (Deed::Trash | Deed::Destroy, Meant::Ticked) => false,
    };
    let template = SurePage {
        page,
        deed,
        place,
        count: ids.len() as u64,
        ids: if all { Vec::new() } else { fields.ids() },
        all,
        carried: carried(fields),
        trash_days: trash_days(site),
    };
    show(StatusCode::OK, &template)
}

async fn in_trash(site: &Site, owner: &SignedIn) -> Result<Vec<String>, Problem> {
    let ids =
        site.store.deposit_ids(owner.mailbox_id(), FolderPage::Trash.folder_ref(), site.now(), MAX_ALL).await;
    ids.map_err(|error| Problem::fault("reading the trash", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_chosen_and_each_once() {
        let id = "0123456789abcdef0123456789abcdef";
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let fields =
            Fields::new(vec![pair("id", id), pair("id", id), pair("id", "../x"), pair("do", "trash")]);
        assert_eq!(fields.ids(), [id]);
        assert_eq!((fields.one("do"), fields.one("none")), ("trash", ""));
    }
}
