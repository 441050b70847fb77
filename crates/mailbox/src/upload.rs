//! Files that come in pieces: each piece is sealed at once, under a key of its own, and when all are there they
//! become one file of the draft. What has come survives a lost connection and a closed page. Knows no page.

use sealpost_mail::Secret;
use sealpost_mailbox::{BodyOpener, BodySealer};
use sealpost_store::{NewPiece, NewUpload, PieceRow};
use sealpost_vault::{MessageKey, Part};

use crate::access::session::SignedIn;
use crate::mailbox::is_id;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::draft::{Draft, Facts, Pending, broken, lost, new_body};

/// A piece, but for a file's last one. Small enough that a lost connection costs little, large enough that a file
/// of 20 MB is not many rows.
pub(crate) const PIECE: u64 = 1024 * 1024;

/// How far a file has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) id: String,
    pub(crate) offset: u64,
    pub(crate) complete: bool,
}

impl SignedIn {
    /// Announces a file, or finds how far it has come already: whoever has lost the thread asks again. Nothing:
    /// there is no room.
    pub(crate) async fn announce(
        &self,
        site: &Site,
        draft: &Draft,
        facts: Facts,
        size: u64,
    ) -> Result<Option<Progress>, Problem> {
        if let Some(file) = draft.files.iter().find(|file| file.size == size && file.facts == facts) {
            return Ok(Some(Progress { id: file.id.clone(), offset: size, complete: true }));
        }
        let known = draft.pending.iter().find(|one| one.size == size && one.facts == facts);
        let (id, offset) = match known {
            Some(one) => (one.id.clone(), one.received),
            None => {
                site.room_on_disk(size)?;
                let id = site.random.id();
                let new = NewUpload {
                    facts_sealed: facts.seal(site, draft, &id)?,
                    id: id.clone(),
                    mailbox_id: self.mailbox_id().to_owned(),
                    draft_id: draft.id.clone(),
                    size,
                    now: site.now(),
                    room: site.config.write.room(),
                };
                if !site.store.begin_upload(new).await.map_err(lost)? {
                    return Ok(None);
                }
                (id, 0)
            }
        };
        let complete = offset == size && self.whole(site, draft, &id).await?;
        Ok(Some(Progress { id, offset, complete }))
    }

    /// How far a file has come.
    pub(crate) async fn progress(&self, site: &Site, draft: &Draft, id: &str) -> Result<Progress, Problem> {
        if let Some(file) = draft.files.iter().find(|file| file.id == id) {
            return Ok(Progress { id: id.to_owned(), offset: file.size, complete: true });
        }
        let one = draft.pending.iter().find(|one| one.id == id).ok_or(Problem::NotFound)?;
        let complete = one.received == one.size && self.whole(site, draft, id).await?;
        Ok(Progress { id: id.to_owned(), offset: one.received, complete })
    }

    /// Keeps a piece that has come whole. `false`: it is not the next one any more.
    pub(crate) async fn keep_piece(
        &self,
        site: &Site,
        draft: &Draft,
        upload_id: &str,
        place: u64,
        piece: Piece,
    ) -> Result<bool, Problem> {
        let Piece { key, upload } = piece;
        let len = upload.len();
        let row = NewPiece {
            mailbox_id: self.mailbox_id().to_owned(),
            draft_id: draft.id.clone(),
            upload_id: upload_id.to_owned(),
            place,
            len,
            body: upload.finish().await.map_err(lost)?,
            key_sealed: draft.key().seal_part(
                Part::Piece { file: upload_id, offset: place },
                key.to_bytes().expose(),
                site.random.as_ref(),
            ),
            now: site.now(),
        };
        site.store.add_piece(row).await.map_err(lost)
    }

    /// Makes one file of all pieces, sealed anew as they are opened one after the other. `false`: somebody else
    /// has done it, or not all are there.
    async fn whole(&self, site: &Site, draft: &Draft, id: &str) -> Result<bool, Problem> {
        // Read only when its turn has come: whoever asked the same a moment later then finds that it is done.
        let _turn = site.assembling().await?;
        let found = site.store.upload(self.mailbox_id(), &draft.id, id).await.map_err(lost)?;
        let Some((row, pieces)) = found else { return Ok(false) };
        let facts = Facts::open(draft.key(), id, &row.facts_sealed)?;
        let mut whole = new_body(site, draft.key(), row.size)?;
        for piece in &pieces {
            // A gap, or a piece that is not where it belongs, does not open or does not fit.
            if piece.place != whole.len() {
                return Err(broken("the pieces of a file do not fit together"));
            }
            copy(site, draft.key(), id, piece, &mut whole).await?;
        }
        let file = self.new_file(site, draft, whole, id.to_owned(), &facts).await?;
        site.store.finish_upload(file, &pieces).await.map_err(lost)
    }

    /// Takes away a file that has not come whole. Gone already is gone, too.
    pub(crate) async fn give_up(&self, site: &Site, draft: &Draft, id: &str) -> Result<(), Problem> {
        if !is_id(id) {
            return Ok(());
        }
        site.store.remove_upload(self.mailbox_id(), &draft.id, id).await.map(drop).map_err(lost)
    }
}

/// Opens a piece chunk by chunk into the file that it is part of.
async fn copy(
    site: &Site,
    draft_key: &MessageKey,
    upload_id: &str,
    piece: &PieceRow,
    whole: &mut BodySealer,
) -> Result<(), Problem> {
    let plain = draft_key
        .open_part(Part::Piece { file: upload_id, offset: piece.place }, &piece.key_sealed)
        .map_err(lost)?;
    let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_size| broken("a key of another size"))?;
    let key = MessageKey::from_bytes(&Secret::new(bytes));
    let body = site.store.body(&piece.body_id).await.map_err(lost)?;
    let body = body.ok_or_else(|| broken("a piece's body is missing"))?;
    let opener = BodyOpener::new(&key, body).await.map_err(lost)?;
    for index in 0_u64.. {
        let Some(plain) = opener.chunk(index).await.map_err(lost)? else { break };
        whole.push(&plain).await.map_err(lost)?;
    }
    Ok(())
}

/// A piece on its way in.
pub(crate) struct Piece {
    key: MessageKey,
    upload: BodySealer,
}

impl Piece {
    pub(crate) fn new(site: &Site, octets: u64) -> Result<Self, Problem> {
        let key = MessageKey::generate(site.random.as_ref());
        Ok(Self { upload: new_body(site, &key, octets)?, key })
    }

    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.upload.push(bytes).await.map_err(lost)
    }

    pub(crate) fn len(&self) -> u64 {
        self.upload.len()
    }
}

impl Pending {
    /// How long the next piece must be.
    pub(crate) fn next_len(&self) -> u64 {
        self.size.saturating_sub(self.received).min(PIECE)
    }
}
