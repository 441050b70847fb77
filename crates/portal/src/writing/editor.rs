//! The editor: a draft is begun, shown, saved, given files, sent or discarded. Everything by plain forms; the
//! script only submits the same forms.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sealpost_export::Format;
use sealpost_mail::{Address, Attachment, Letter, Parsed, Summary};
use sealpost_mailbox::{Content, Draft, MAX_FILES, Pending, Sent};
use sealpost_store::{SavedDraft, ThrownAway};
use serde::Deserialize;

use crate::access::session::SignedIn;
use crate::http::csrf::Protected;
use crate::http::download;
use crate::http::multipart::Sheet;
use crate::language::Values;
use crate::letters::archive;
use crate::links;
use crate::mailbox::OpenLetter;
use crate::page::{Page, display_name, redirect, show as render};
use crate::problem::HINT;
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};
use crate::writing::draft::push;
use crate::writing::gone_draft::{self, Fate};
use crate::writing::reply::{self, Kind};
use crate::writing::return_to::ReturnTo;
use crate::writing::{MAX_RECIPIENTS, addresses};

/// Bytes of too large files that are still read, so that the browser gets a response and not a broken
/// connection.
const PATIENCE_BYTES: u64 = 256 * 1024 * 1024;

/// An error, and its field.
struct Complaint {
    field: &'static str,
    text: String,
}

/// The last action.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    Saved,
    /// It was submitted after the session had expired.
    Late,
    /// The draft it was typed into is gone; this is another one.
    Anew,
    /// Not every file of a forwarded letter fitted.
    LeftOut,
    /// Nothing was discarded: the mailbox is under a hold.
    Held,
    /// The mailbox is under a hold and the draft is unchanged; this is another one.
    Beside,
}

#[derive(Template)]
#[template(path = "write.html")]
struct WritePage {
    page: Page,
    draft: Draft,
    complaints: Vec<Complaint>,
    note: Note,
    domains: String,
    book: Vec<String>,
    limit: u64,
    is_encrypted: bool,
    came: ReturnTo,
}

impl WritePage {
    fn is_wrong(&self, field: &str) -> bool {
        self.complaints.iter().any(|one| one.field == field)
    }

    fn size(&self, bytes: &u64) -> String {
        size(&self.page, *bytes)
    }

    fn limit_size(&self) -> String {
        room(&self.page, self.limit)
    }

    fn free(&self) -> u64 {
        self.limit.saturating_sub(self.draft.size())
    }

    fn free_size(&self) -> String {
        room(&self.page, self.free())
    }

    fn came_of(&self, one: &Pending) -> String {
        let values = Values::from([
            ("came".into(), size(&self.page, one.received).into()),
            ("all".into(), size(&self.page, one.size).into()),
        ]);
        self.page.language.say_with("write-came", Some(&values))
    }

    fn icon_of(content_type: &str) -> &'static str {
        crate::reading::message::kind(content_type)
    }
}

/// Decimal: 1 MB is a million bytes.
fn size(page: &Page, bytes: u64) -> String {
    page.size(&bytes)
}

/// The remaining room in whole megabytes, so that what is promised fits.
fn room(page: &Page, bytes: u64) -> String {
    let whole = bytes - bytes % 1_000_000;
    page.size(if whole == 0 { &bytes } else { &whole })
}

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    letter: String,
    /// The folder from which the letter was begun.
    #[serde(default)]
    came: String,
}

/// POST /write: begins a draft. A form and not a link, because it creates something.
pub(crate) async fn begin(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    form: Protected<Start>,
) -> Result<HttpResponse, Problem> {
    let Start { kind, letter, came } = form.verify(owner.token())?;
    if !site.config.write.is_on() {
        return Err(Problem::NotFound);
    }
    let kind = Kind::parse(&kind);
    let page = Page::owned(&site, &request, &owner);
    if kind == Kind::New {
        let content = Content { came_from: ReturnTo::parse(&came).word(), ..Content::default() };
        return Ok(match owner.begin_draft(&site, content).await? {
            Some(draft) => redirect(&links::draft(&draft.id)),
            None => no_room_for_one(),
        });
    }
    let deposit = owner.opened(&site, &letter).await?;
    let (listed, row) = (deposit.summary.clone(), deposit.row.clone());
    let received = row.received_at;
    let open = Arc::new(deposit.open(&site).await?);
    let looked = Arc::clone(&open);
    let (parsed, text, files) = off_the_loop((), move || match Letter::parse_some(&looked.bytes) {
        Ok((letter, Parsed::Whole)) => {
            (Some(letter.summary()), letter.text().unwrap_or_default(), Some(letter.attachments()))
        }
        Ok((letter, Parsed::Partly)) => (Some(letter.summary()), letter.text().unwrap_or_default(), None),
        Err(_unreadable) => (None, String::new(), None),
    })
    .await?;
    let summary = listed.or(parsed).ok_or(Problem::NotFound)?;
    let words = words(&page, kind, &summary, received);
    let mut content = reply::content(kind, &summary, &text, owner.address(), &site.config.write, &words);
    content.came_from = ReturnTo::Letter(row.id.clone()).word();
    let Some(draft) = owner.begin_draft(&site, content).await? else {
        return Ok(no_room_for_one());
    };
    let mut to = links::draft(&draft.id);
    if kind == Kind::Forward {
        let complete = match files {
            Some(files) => carry(&site, &page, &owner, &draft, &open, files).await?,
            None => {
                let name = archive::name(&site, &row, Some(&summary), Format::Eml);
                carry_original(&site, &owner, &draft, &open, name).await?
            }
        };
        if !complete {
            to = links::saying(&to, ("note", "left-out"));
        }
    }
    Ok(redirect(&to))
}

/// The maximum number of drafts is reached.
fn no_room_for_one() -> HttpResponse {
    redirect(&links::saying(links::DRAFTS, ("note", "full")))
}

fn words(page: &Page, kind: Kind, summary: &Summary, received: sealpost_mail::Timestamp) -> reply::Words {
    let who =
        summary.from.first().and_then(display_name).map_or_else(|| page.t("sender-unknown"), str::to_owned);
    let date = page.date_long(&summary.date.unwrap_or(received));
    let values = Values::from([
        ("who".into(), who.into()),
        ("date".into(), date.into()),
        ("subject".into(), summary.subject.clone().unwrap_or_default().into()),
    ]);
    let above = match kind {
        Kind::Forward => page.language.say_with("write-forwarded", Some(&values)),
        Kind::New | Kind::Reply | Kind::All => page.language.say_with("write-quoted", Some(&values)),
    };
    reply::Words { re: page.t("write-re"), forwarded: page.t("write-fwd"), above }
}

/// A letter that cannot be parsed completely is attached as it is, so that nothing of it is missing.
async fn carry_original(
    site: &web::Data<Site>,
    owner: &SignedIn,
    draft: &Draft,
    letter: &OpenLetter,
    name: String,
) -> Result<bool, Problem> {
    if letter.bytes.len() as u64 > site.config.write.max_size {
        return Ok(false);
    }
    let mut upload = owner.new_file(site, draft, letter.bytes.len() as u64)?;
    push(&mut upload, &letter.bytes).await?;
    owner.add_file(site, draft, upload, name, "message/rfc822".to_owned()).await
}

/// Copies a letter's files, including pictures in its text, into a draft, as far as they fit.
async fn carry(
    site: &web::Data<Site>,
    page: &Page,
    owner: &SignedIn,
    draft: &Draft,
    letter: &Arc<OpenLetter>,
    files: Vec<Attachment>,
) -> Result<bool, Problem> {
    let words = page.language.file_words();
    let mut free = site.config.write.max_size;
    let mut complete = true;
    for file in files {
        if file.size > free {
            complete = false;
            continue;
        }
        let letter = Arc::clone(letter);
        let bytes = off_the_loop((), move || {
            let (parsed, _) = Letter::parse_some(&letter.bytes).ok()?;
            parsed.attachment_bytes(file.index).map(std::borrow::Cow::into_owned)
        })
        .await?;
        let Some(bytes) = bytes else { continue };
        free = free.saturating_sub(bytes.len() as u64);
        let mut upload = owner.new_file(site, draft, bytes.len() as u64)?;
        push(&mut upload, &bytes).await?;
        let name = file.name.in_words(&words);
        complete &= owner.add_file(site, draft, upload, name, file.content_type).await?;
    }
    Ok(complete)
}

#[derive(Deserialize)]
pub(crate) struct EditorQuery {
    #[serde(default)]
    note: String,
}

/// GET /w/{id}
pub(crate) async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    query: web::Query<EditorQuery>,
) -> Result<HttpResponse, Problem> {
    let draft = owner.draft(&site, &id).await?;
    let note = match query.note.as_str() {
        "saved" => Note::Saved,
        "left-out" => Note::LeftOut,
        "late" => Note::Late,
        "anew" => Note::Anew,
        "held" => Note::Held,
        "beside" => Note::Beside,
        _ => Note::None,
    };
    editor(&site, &request, &owner, draft, Vec::new(), note)
}

fn editor(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    draft: Draft,
    complaints: Vec<Complaint>,
    note: Note,
) -> Result<HttpResponse, Problem> {
    let status = if complaints.is_empty() { StatusCode::OK } else { HINT };
    let rules = &site.config.write;
    let template = WritePage {
        page: Page::owned(site, request, owner),
        came: ReturnTo::parse(&draft.content.came_from),
        draft,
        complaints,
        note,
        domains: rules.domains.iter().map(|domain| domain.trim_start_matches("*.")).fold(
            String::new(),
            |mut all, domain| {
                if !all.split(", ").any(|known| known == domain) {
                    if !all.is_empty() {
                        all.push_str(", ");
                    }
                    all.push_str(domain);
                }
                all
            },
        ),
        book: rules.addresses.iter().map(Address::to_path).collect(),
        limit: rules.max_size,
        is_encrypted: rules.is_encrypted,
    };
    render(status, &template)
}

/// The button that was pressed.
enum EditorAction {
    Save,
    /// Save without a page: by the script, while writing.
    Keep,
    Attach,
    Remove(String),
    Send,
    Discard,
}

impl EditorAction {
    /// Whether a deleted draft is recreated with the text. The script, which saves automatically, reports the
    /// failure instead.
    fn keeps_what_is_typed(&self) -> bool {
        match self {
            Self::Save | Self::Attach | Self::Send | Self::Remove(_) => true,
            Self::Keep | Self::Discard => false,
        }
    }

    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("remove", id)) => Self::Remove(id.to_owned()),
            Some(_) | None => match text {
                "keep" => Self::Keep,
                "attach" => Self::Attach,
                "send" => Self::Send,
                "discard" => Self::Discard,
                _ => Self::Save,
            },
        }
    }
}

/// POST /w/{id}: whatever the button, the text is saved first.
pub(crate) async fn act(
    site: web::Data<Site>,
    request: HttpRequest,
    owner: SignedIn,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut sheet = Sheet::open(&request, payload, owner.token()).await?;
    let page = Page::owned(&site, &request, &owner);
    let mut complaints = Vec::new();
    let begun = take_files(&site, &owner, &page, &id, &mut sheet, &mut complaints).await?;
    let mut fields = sheet.finish()?;
    let wanted = EditorAction::parse(&fields.take("do").unwrap_or_default());
    let mut field = |name| fields.take(name);
    let typed = [field("to"), field("cc"), field("subject"), field("text")];
    let mut draft = match owner.draft(&site, &id).await {
        Err(Problem::NotFound) if wanted.keeps_what_is_typed() => {
            let mut content = Content::default();
            let [to, cc, subject, text] = typed;
            content.type_in(to, cc, subject, text);
            return gone(&site, &owner, content, begun).await;
        }
        found => found?,
    };
    let [to, cc, subject, text] = typed;
    let before = draft.content.clone();
    draft.content.type_in(to, cc, subject, text);
    let here = links::draft(&draft.id);
    let kept = links::saying(&here, ("note", "held"));
    if let EditorAction::Discard = wanted {
        return Ok(match owner.discard(&site, &draft).await? {
            ThrownAway::Gone | ThrownAway::NotThere => {
                redirect(&links::saying(links::DRAFTS, ("note", "gone")))
            }
            ThrownAway::Held => redirect(&kept),
        });
    }
    match (owner.save_draft(&site, &draft).await?, wanted.keeps_what_is_typed()) {
        (SavedDraft::Saved, _) => {}
        // Nothing would change.
        (SavedDraft::Held, _) if draft.content == before => {}
        (SavedDraft::Held, true) => return beside(&site, &owner, draft.content).await,
        (SavedDraft::Gone, true) => return gone(&site, &owner, draft.content, None).await,
        (SavedDraft::Held | SavedDraft::Gone, false) => return Err(Problem::NotFound),
    }
    match wanted {
        EditorAction::Keep => Ok(HttpResponse::NoContent().finish()),
        EditorAction::Send if complaints.is_empty() => send(&site, &request, &owner, &page, draft).await,
        EditorAction::Save
        | EditorAction::Attach
        | EditorAction::Remove(_)
        | EditorAction::Send
        | EditorAction::Discard
            if !complaints.is_empty() =>
        {
            editor(&site, &request, &owner, draft, complaints, Note::None)
        }
        EditorAction::Remove(file) => {
            // It is a complete file or an unfinished upload.
            let is_held = owner.remove_file(&site, &draft, &file).await? == ThrownAway::Held
                || owner.give_up(&site, &draft, &file).await? == ThrownAway::Held;
            Ok(redirect(&if is_held { kept } else { format!("{here}#files") }))
        }
        EditorAction::Attach => Ok(redirect(&format!("{here}#files"))),
        EditorAction::Save | EditorAction::Send | EditorAction::Discard => {
            Ok(redirect(&links::saying(&here, ("note", "saved"))))
        }
    }
}

/// Where the author of a deleted draft finds the text.
async fn gone(
    site: &web::Data<Site>,
    owner: &SignedIn,
    content: Content,
    begun: Option<Draft>,
) -> Result<HttpResponse, Problem> {
    Ok(match gone_draft::settle(site, owner, content, begun).await? {
        // Pressed twice: the first press has sent it.
        Fate::Sent => redirect(links::SENT),
        Fate::Kept(draft) => redirect(&links::saying(&links::draft(&draft), ("note", "anew"))),
        Fate::NoRoom => no_room_for_one(),
    })
}

/// Text typed into a draft that must not change begins another one.
async fn beside(site: &web::Data<Site>, owner: &SignedIn, content: Content) -> Result<HttpResponse, Problem> {
    Ok(match owner.begin_draft(site, content).await? {
        Some(draft) => redirect(&links::saying(&links::draft(&draft.id), ("note", "beside"))),
        None => no_room_for_one(),
    })
}

/// Takes the files of a form, sealing them as they arrive. For a deleted draft they begin another one, which
/// is returned.
async fn take_files(
    site: &web::Data<Site>,
    owner: &SignedIn,
    page: &Page,
    id: &str,
    sheet: &mut Sheet,
    complaints: &mut Vec<Complaint>,
) -> Result<Option<Draft>, Problem> {
    let limit = site.config.write.max_size;
    let mut begun = None;
    let mut known: Option<Draft> = None;
    let mut skipped = 0_u64;
    while let Some(mut file) = sheet.next_file().await? {
        // An empty file field is sent as a file without a name.
        let named = !file.name.trim().is_empty();
        if named && known.is_none() {
            known = match owner.draft(site, id).await {
                Err(Problem::NotFound) => {
                    let new = owner.begin_draft(site, Content::default()).await?;
                    let new = new.ok_or(Problem::NotFound)?;
                    let known = owner.draft(site, &new.id).await?;
                    begun = Some(new);
                    Some(known)
                }
                found => Some(found?),
            };
        }
        let mut upload =
            known.as_ref().filter(|_| named).map(|draft| owner.new_file(site, draft, 0)).transpose()?;
        let mut used = known.as_ref().map_or(0, Draft::size);
        let mut came = 0_u64;
        while let Some(bytes) = file.next().await? {
            used = used.saturating_add(bytes.len() as u64);
            came = came.saturating_add(bytes.len() as u64);
            match &mut upload {
                Some(upload) if used <= limit => push(upload, &bytes).await?,
                Some(_) | None => {
                    upload = None;
                    skipped = skipped.saturating_add(bytes.len() as u64);
                    if skipped > PATIENCE_BYTES {
                        return Err(Problem::BadForm("too long"));
                    }
                }
            }
        }
        if !named {
            continue;
        }
        let name = download::file_name(&file.name, "file");
        let added = match (upload, &known) {
            (Some(upload), Some(draft)) => {
                owner.add_file(site, draft, upload, name.clone(), file.content_type).await?
            }
            (_, _) => false,
        };
        if added {
            let id = begun.as_ref().map_or(id, |draft| draft.id.as_str());
            known = Some(owner.draft(site, id).await?);
            continue;
        }
        let text = match &known {
            Some(draft) => no_room(site, page, draft, &name, came),
            None => page.t("problem-missing-text"),
        };
        complaints.push(Complaint { field: "file", text });
    }
    Ok(begun)
}

/// Why a file was refused, for its owner.
pub(crate) fn no_room(site: &Site, page: &Page, draft: &Draft, name: &str, bytes: u64) -> String {
    let limit = site.config.write.max_size;
    let values = Values::from([
        ("name".into(), name.to_owned().into()),
        ("limit".into(), room(page, limit).into()),
        ("n".into(), MAX_FILES.into()),
    ]);
    let key = if draft.file_count() >= MAX_FILES as usize {
        "write-too-many"
    } else if draft.size().saturating_add(bytes) > limit {
        "write-too-large"
    } else {
        "write-too-much"
    };
    page.language.say_with(key, Some(&values))
}

async fn send(
    site: &web::Data<Site>,
    request: &HttpRequest,
    owner: &SignedIn,
    page: &Page,
    draft: Draft,
) -> Result<HttpResponse, Problem> {
    let mut complaints = Vec::new();
    for one in &draft.pending {
        let text = page.v("write-unfinished", "name", &one.facts.name);
        complaints.push(Complaint { field: "file", text });
    }
    let to = recipients(site, page, "to", &draft.content.to, &mut complaints);
    let mut cc = recipients(site, page, "cc", &draft.content.cc, &mut complaints);
    if complaints.is_empty() && to.is_empty() {
        complaints.push(Complaint { field: "to", text: page.t("write-nobody") });
    }
    cc.retain(|one| !to.iter().any(|other| other.identity() == one.identity()));
    if to.len() + cc.len() > MAX_RECIPIENTS {
        let most = MAX_RECIPIENTS as u64;
        complaints.push(Complaint { field: "to", text: page.n("write-too-many-recipients", &most) });
    }
    if draft.content.text.trim().is_empty() && draft.files.is_empty() {
        complaints.push(Complaint { field: "text", text: page.t("write-empty") });
    }
    if !complaints.is_empty() {
        return editor(site, request, owner, draft, complaints, Note::None);
    }
    let (id, came) = (draft.id.clone(), ReturnTo::parse(&draft.content.came_from));
    let typed = draft.content.clone();
    match owner.send(site, draft, to, cc).await? {
        Sent::Queued(_) => {
            // The letter that was replied to may have been deleted meanwhile.
            let back = match &came {
                ReturnTo::Letter(letter) if owner.deposit(site, letter).await.is_err() => ReturnTo::Unknown,
                ReturnTo::Letter(_) | ReturnTo::Folder(_) | ReturnTo::Drafts | ReturnTo::Unknown => came,
            };
            Ok(redirect(&format!("{}?done=sent", back.after_sending())))
        }
        Sent::TooMany { from } => {
            let text = match from {
                Some(from) => page.v("write-later", "when", &page.date_long(&from)),
                None => page.t("write-fewer"),
            };
            let complaints = vec![Complaint { field: "send", text }];
            editor(site, request, owner, owner.draft(site, &id).await?, complaints, Note::None)
        }
        Sent::Full => {
            let complaints = vec![Complaint { field: "send", text: page.t("write-full") }];
            editor(site, request, owner, owner.draft(site, &id).await?, complaints, Note::None)
        }
        Sent::Stale => match owner.draft(site, &id).await {
            // A file was added or removed while it was being sent: its author looks again.
            Ok(draft) => editor(site, request, owner, draft, Vec::new(), Note::Saved),
            Err(Problem::NotFound) => gone(site, owner, typed, None).await,
            Err(problem) => Err(problem),
        },
    }
}

fn recipients(
    site: &Site,
    page: &Page,
    field: &'static str,
    text: &str,
    complaints: &mut Vec<Complaint>,
) -> Vec<Address> {
    let mut good: Vec<Address> = Vec::new();
    for one in addresses(text) {
        match one {
            Err(piece) => {
                complaints.push(Complaint { field, text: page.v("write-no-address", "name", &piece) })
            }
            Ok(address) if !site.config.write.allows(&address) => {
                let shown = address.to_path();
                complaints.push(Complaint { field, text: page.v("write-elsewhere", "name", &shown) });
            }
            Ok(address) if good.iter().any(|known| known.identity() == address.identity()) => {}
            Ok(address) => good.push(address),
        }
    }
    good
}
