//! Resumable uploads, in the spirit of draft-ietf-httpbis-resumable-upload but smaller: a file is announced
//! or queried, and its pieces follow, each a form like any other. For the script only; without it the
//! editor's own form carries files.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::http::download;
use crate::http::multipart::Sheet;
use crate::links;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::form_files::no_room;
use sealpost_mailbox::{FileFacts, PIECE, Progress, Stage};

/// What distinguishes a file from another one.
#[derive(Deserialize)]
pub(crate) struct Announced {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    size: u64,
    /// Its modification time, as reported by its owner's computer.
    #[serde(default)]
    changed: i64,
}

/// POST /w/{id}/u: begins, or returns the progress.
pub(crate) async fn announce(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    form: Protected<Announced>,
) -> Result<HttpResponse, Problem> {
    let Announced { name, kind, size, changed } = form.verify(owner.token())?;
    let draft = owner.draft(&site, &id).await?;
    let name = download::file_name(&name, "file");
    let content_type: String = kind.chars().filter(|c| !c.is_control()).take(100).collect();
    let facts = FileFacts { name: name.clone(), content_type, changed: Some(changed) };
    match owner.announce(&site, &draft, &facts, size).await? {
        Some(progress) => {
            let place = links::upload(&draft.id, &progress.id);
            let mut response = answer(StatusCode::OK, &progress);
            let place = HeaderValue::from_str(&place).map_err(|error| Problem::fault("a place", error))?;
            response.headers_mut().insert(header::LOCATION, place);
            Ok(response)
        }
        None => {
            let page = Page::owned(&site, &request, &owner);
            let text = no_room(&site, &page, &draft, &name, size);
            Ok(HttpResponse::PayloadTooLarge().content_type("text/plain; charset=utf-8").body(text))
        }
    }
}

/// POST /w/{id}/u/{file}: one piece. Fields first: the form's token, and `offset`.
pub(crate) async fn piece(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    place: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (id, upload_id) = place.into_inner();
    let mut sheet = Sheet::open(&request, payload, owner.token()).await?;
    let incoming = sheet.next_file().await?;
    sheet.check()?;
    let offset = sheet.field("offset").and_then(|text| text.parse::<u64>().ok());
    let draft = owner.draft(&site, &id).await?;
    let Some(mut incoming) = incoming else { return Err(Problem::BadForm("no piece")) };
    let known = draft.pending.iter().find(|one| one.id == upload_id && Some(one.received) == offset);
    let Some(pending) = known else {
        // The response to a piece was lost: return where to continue. Read to its end, so that the browser
        // gets a response and not a broken connection.
        let mut passed = 0;
        while let Some(bytes) = incoming.next().await? {
            passed += bytes.len() as u64;
            if passed > PIECE {
                return Err(Problem::BadForm("a piece too long"));
            }
        }
        return Ok(answer(StatusCode::CONFLICT, &owner.progress(&site, &draft, &upload_id).await?));
    };
    let wanted = pending.next_len();
    let mut piece = owner.new_piece(&site, wanted)?;
    while let Some(bytes) = incoming.next().await? {
        if piece.taken() + bytes.len() as u64 > wanted {
            return Err(Problem::BadForm("a piece too long"));
        }
        piece.push(&bytes).await.map_err(|error| Problem::fault("keeping a piece", error))?;
    }
    if piece.taken() != wanted || wanted == 0 {
        return Err(Problem::BadForm("a piece of another length"));
    }
    let kept = owner.keep_piece(&site, &draft, &upload_id, pending.received, piece).await?;
    let draft = owner.draft(&site, &id).await?;
    let progress = owner.progress(&site, &draft, &upload_id).await?;
    Ok(answer(if kept { StatusCode::OK } else { StatusCode::CONFLICT }, &progress))
}

fn answer(status: StatusCode, progress: &Progress) -> HttpResponse {
    let mut response = HttpResponse::build(status).finish();
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("upload-offset"), HeaderValue::from(progress.offset));
    headers.insert(HeaderName::from_static("upload-limit"), HeaderValue::from(PIECE));
    let complete = HeaderValue::from_static(if progress.stage == Stage::Whole { "?1" } else { "?0" });
    headers.insert(HeaderName::from_static("upload-complete"), complete);
    response
}
