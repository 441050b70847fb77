//! Files in the editor's form, added to its draft as they arrive. Shows no page, and knows no other field.

use actix_web::web;
use sealpost_mailbox::{Content, Draft, MAX_FILES};

use crate::access::session::SignedIn;
use crate::http::download;
use crate::http::multipart::Sheet;
use crate::language::Values;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::draft::push;

/// Bytes of too large files that are still read, so that the browser gets a response and not a broken
/// connection.
const PATIENCE_BYTES: u64 = 256 * 1024 * 1024;

/// Takes the files of a form, sealing them as they arrive; the reasons of those that do not fit are added to `refused`.
/// For a deleted draft they begin another one, which is returned.
pub(super) async fn take_files(
    site: &web::Data<Site>,
    owner: &SignedIn,
    page: &Page,
    id: &str,
    sheet: &mut Sheet,
    refused: &mut Vec<String>,
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
        refused.push(match &known {
            Some(draft) => no_room(site, page, draft, &name, came),
            None => page.t("problem-missing-text"),
        });
    }
    Ok(begun)
}

/// Why a file was refused, for its owner.
pub(crate) fn no_room(site: &Site, page: &Page, draft: &Draft, name: &str, bytes: u64) -> String {
    let limit = site.config.write.max_size;
    let values = Values::from([
        ("name".into(), name.to_owned().into()),
        ("limit".into(), remaining_size(page, limit).into()),
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

/// The remaining space in whole megabytes, so that what is promised fits.
pub(super) fn remaining_size(page: &Page, bytes: u64) -> String {
    let whole = bytes - bytes % 1_000_000;
    page.size(if whole == 0 { &bytes } else { &whole })
}
