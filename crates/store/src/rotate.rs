//! Everything in rows that depends on the server key, read page by page and replaced, while no other process has the
//! store open. A file in the folder marks an unfinished change: until it is removed no service starts. Opaque bytes;
//! knows no key.

use std::path::PathBuf;

use crate::column_values::{ColumnWord as _, WrapKind};
use crate::error::StoreError;
use crate::mailbox::MailboxRow;
use crate::node_row::ROTATING;
use crate::partner::{OwnKeyRow, PartnerKeyRow, PartnerRow};
use crate::proven_facts::{AskedRow, FactKind, ProvenFact};
use crate::rotation_mark::{Rotating, remove_mark};
use crate::row_proof::request_words;
use crate::statement::{Batch, Row, Statement, sql};
use crate::store::Store;
use crate::withdrawn_row::{WithdrawnRow, withdrawn_columns};
use crate::wrap_row::NewWrap;

/// Rows replaced per transaction.
const PAGE: i64 = 200;

/// Kinds of rows with a single sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// A ticket in the queue.
    Ticket,
    /// Whom to inform of a bounce.
    BounceMemo,
    /// The listing of a letter, preceded by its proof.
    Letter,
    /// The text of a draft, preceded by its proof.
    Draft,
    /// Who recalled a letter.
    Withdrawn,
    /// Whom to inform of a letter that went unread.
    Unread,
}

impl Keyed {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Ticket, Self::BounceMemo, Self::Letter, Self::Draft, Self::Withdrawn, Self::Unread];
}

/// A row with a sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRow {
    /// The kind.
    pub what: Keyed,
    /// Its id.
    pub id: String,
    /// What the seal is bound to: the mailbox of a letter or draft, the letter of a notice, all fields of a recalled
    /// letter, nothing for a ticket.
    pub whose: String,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// A request with its sealed notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Its fields.
    pub asked: AskedRow,
    /// Their proof; empty if there is none.
    pub proof: Vec<u8>,
}

/// A mailbox with everything sealed that belongs to it.
#[derive(Clone, Debug)]
pub struct KeyedMailbox {
    /// Its row.
    pub row: MailboxRow,
    /// Its wraps.
    pub wraps: Vec<(WrapKind, Vec<u8>)>,
    /// Its support requests.
    pub requests: Vec<KeyedRequest>,
}

impl KeyedMailbox {
    /// Its wrap of this kind.
    #[must_use]
    pub fn wrap(&self, kind: WrapKind) -> Option<&[u8]> {
        self.wraps.iter().find(|(of, _)| *of == kind).map(|(_, sealed)| sealed.as_slice())
    }
}

/// Its replacement.
#[derive(Clone, Debug)]
pub struct RotatedMailbox {
    /// The mailbox.
    pub id: String,
    /// Its old tag, under which failed passwords are counted.
    pub tag_before: [u8; 32],
    /// Its new tag.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// The question, sealed.
    pub question_sealed: Option<Vec<u8>>,
    /// Name and time zone, sealed.
    pub profile_sealed: Option<Vec<u8>>,
    /// New wraps; other kinds are kept.
    pub wraps: Vec<NewWrap>,
    /// Old and new hash of its link's token.
    pub token: Option<([u8; 32], [u8; 32])>,
    /// Newly sealed requests.
    pub requests: Vec<KeyedRequest>,
}

/// How many rows of a kind were sealed under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The kind.
    pub what: String,
    /// The key's id, as in the row.
    pub key_id: u8,
    /// How many.
    pub rows: u64,
}

impl Store {
    /// Marks in the folder that the key is being changed. From now on only a process that opens the store alone may use
    /// it.
    pub async fn begin_rotation(&self, rotating: Rotating) -> Result<(), StoreError> {
        self.beside(move |folder| rotating.write(&folder)).await?;
        // For processes with another data folder.
        let mark = sql!(
            "INSERT INTO nodes (incarnation, name, roles, version, silence, begun_at, seen_at)
             VALUES (?1, '', '', '', 0, 0, 0) ON CONFLICT DO NOTHING",
            ROTATING
        );
        self.change(vec![mark]).await.map(drop)
    }

    /// Removes the mark when all is done.
    pub async fn end_rotation(&self) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM nodes WHERE incarnation = ?1", ROTATING)]).await?;
        self.beside(|folder| remove_mark(&folder)).await
    }

    async fn beside(
        &self,
        work: impl FnOnce(PathBuf) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let folder = self.folder().to_owned();
        tokio::task::spawn_blocking(move || work(folder)).await.map_err(|_gone| StoreError::Closed)?
    }

    /// The next rows of a kind after the id `after`.
    pub async fn keyed_rows(&self, what: Keyed, after: &str) -> Result<Vec<KeyedRow>, StoreError> {
        let question = match what {
            Keyed::Ticket => {
                sql!("SELECT id, '', ticket_sealed FROM legs WHERE id > ?1 ORDER BY id LIMIT ?2", after, PAGE)
            }
            Keyed::BounceMemo => sql!(
                "SELECT token, deposit_id, memo_sealed FROM bounce_memos WHERE token > ?1 ORDER BY token LIMIT ?2",
                after,
                PAGE
            ),
            Keyed::Letter => sql!(
                "SELECT id, mailbox_id, listing_sealed FROM deposits WHERE id > ?1 ORDER BY id LIMIT ?2",
                after,
                PAGE
            ),
            Keyed::Draft => sql!(
                "SELECT id, mailbox_id, content_sealed FROM drafts WHERE id > ?1 ORDER BY id LIMIT ?2",
                after,
                PAGE
            ),
            Keyed::Withdrawn => sql!(
                concat!(
                    "SELECT ",
                    withdrawn_columns!(),
                    " FROM withdrawn WHERE deposit_id > ?1 ORDER BY deposit_id LIMIT ?2"
                ),
                after,
                PAGE
            ),
            Keyed::Unread => sql!(
                "SELECT deposit_id, deposit_id, memo_sealed FROM gone_unread WHERE deposit_id > ?1
                 ORDER BY deposit_id LIMIT ?2",
                after,
                PAGE
            ),
        };
        let row = |mut row: Row| match what {
            Keyed::Withdrawn => {
                let WithdrawnRow { standing, by_sealed } = WithdrawnRow::read(row)?;
                Ok(KeyedRow { what, whose: standing.bound(), id: standing.deposit_id, sealed: by_sealed })
            }
            Keyed::Ticket | Keyed::BounceMemo | Keyed::Letter | Keyed::Draft | Keyed::Unread => {
                // A row that cannot be read opens with no key: verification names it, and a new key leaves it as it is.
                let (id, whose) = (row.text()?, row.text().unwrap_or_default());
                Ok(KeyedRow { what, id, whose, sealed: row.blob().unwrap_or_default() })
            }
        };
        let named = |found: Row| {
            let id = found.first();
            row(found).inspect_err(|error: &StoreError| {
                tracing::error!(row.kind = ?what, row.id = %id.shown(), %error, "a row cannot be read and is skipped");
            })
        };
        Ok(self.read_rows(question).await?.into_iter().filter_map(|row| named(row).ok()).collect())
    }

    /// Replaces the sealed values, all in one transaction.
    pub async fn replace_keyed(&self, rows: Vec<(KeyedRow, Vec<u8>)>) -> Result<(), StoreError> {
        let change = |(row, sealed): (KeyedRow, Vec<u8>)| match row.what {
            Keyed::Ticket => sql!("UPDATE legs SET ticket_sealed = ?2 WHERE id = ?1", row.id, sealed),
            Keyed::BounceMemo => {
                sql!("UPDATE bounce_memos SET memo_sealed = ?2 WHERE token = ?1", row.id, sealed)
            }
            Keyed::Letter => sql!("UPDATE deposits SET listing_sealed = ?2 WHERE id = ?1", row.id, sealed),
            Keyed::Draft => sql!("UPDATE drafts SET content_sealed = ?2 WHERE id = ?1", row.id, sealed),
            Keyed::Withdrawn => {
                sql!("UPDATE withdrawn SET by_sealed = ?2 WHERE deposit_id = ?1", row.id, sealed)
            }
            Keyed::Unread => {
                sql!("UPDATE gone_unread SET memo_sealed = ?2 WHERE deposit_id = ?1", row.id, sealed)
            }
        };
        if rows.is_empty() {
            return Ok(());
        }
        self.change(rows.into_iter().map(change).collect()).await.map(drop)
    }

    /// The next mailboxes after the id `after`, with what belongs to them. Deleted ones have nothing left.
    pub async fn keyed_mailboxes(&self, after: &str) -> Result<Vec<KeyedMailbox>, StoreError> {
        let rows = self.mailboxes_after(after, PAGE).await?;
        let questions = rows.iter().flat_map(|row| {
            [
                sql!("SELECT kind, sealed FROM wraps WHERE mailbox_id = ?1", row.id.as_str()),
                sql!(
                    concat!("SELECT ", request_words!(), " FROM requests WHERE mailbox_id = ?1"),
                    row.id.as_str()
                ),
            ]
        });
        let mut answers = self.read(questions.collect()).await?.into_iter();
        let mut found = Vec::new();
        for row in rows {
            let wrap = |mut row: Row| Ok((WrapKind::parse(&row.text()?)?, row.blob()?));
            // A row that cannot be read is not ours.
            let request = |mut row: Row| match ProvenFact::read(FactKind::Request, &mut row) {
                Ok((ProvenFact::Request(asked), proof)) => Some(KeyedRequest { asked, proof }),
                Ok((
                    ProvenFact::GoneUnread { .. }
                    | ProvenFact::CameBack { .. }
                    | ProvenFact::SessionEnded { .. },
                    _,
                ))
                | Err(_) => None,
            };
            let wraps = answers.next().unwrap_or_default().into_iter().map(wrap);
            let wraps = wraps.collect::<Result<_, StoreError>>()?;
            let requests = answers.next().unwrap_or_default().into_iter().filter_map(request).collect();
            found.push(KeyedMailbox { row, wraps, requests });
        }
        Ok(found)
    }

    /// Replaces what belongs to these mailboxes, all in one transaction.
    pub async fn replace_mailboxes(&self, mailboxes: Vec<RotatedMailbox>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for mailbox in mailboxes {
            mailbox.add_to(&mut batch);
        }
        if batch.statements.is_empty() {
            return Ok(());
        }
        self.write(batch).await.map(drop)
    }

    /// Replaces partners with the tags of their domains and addresses, their keys and our own, all in one transaction.
    pub async fn replace_partners(
        &self,
        partners: Vec<(PartnerRow, Vec<[u8; 32]>)>,
        keys: Vec<PartnerKeyRow>,
        own: Vec<OwnKeyRow>,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (partner, places) in partners {
            let id = partner.id.as_str();
            batch.add(sql!(
                "UPDATE partners SET tag = ?2, sealed = ?3 WHERE id = ?1",
                id,
                &partner.tag,
                partner.sealed
            ));
            batch.add(sql!("DELETE FROM partner_places WHERE partner_id = ?1", id));
            for place in &places {
                batch.add(sql!("INSERT INTO partner_places (tag, partner_id) VALUES (?1, ?2)", place, id));
            }
        }
        for key in keys {
            batch.add(sql!("UPDATE partner_keys SET sealed = ?2 WHERE id = ?1", key.id, key.sealed));
        }
        for key in own {
            batch.add(sql!(
                "UPDATE own_keys SET public_sealed = ?2, secret_sealed = ?3 WHERE id = ?1",
                key.id,
                key.public_sealed,
                key.secret_sealed
            ));
        }
        if batch.statements.is_empty() {
            return Ok(());
        }
        self.write(batch).await.map(drop)
    }

    /// Removes what cannot be carried over: sessions, newcomer sessions, reset links, and counts by tags that cannot be
    /// recomputed.
    pub async fn forget_before_rotation(&self) -> Result<(), StoreError> {
        let gone: Vec<Statement> = vec![
            sql!("DELETE FROM sessions"),
            sql!("DELETE FROM newcomers"),
            sql!("DELETE FROM tokens WHERE purpose = 'reset'"),
            sql!("DELETE FROM tries WHERE whose NOT IN (SELECT tag FROM mailboxes)"),
            // Rate limits of senders and logins start again.
            sql!("DELETE FROM sent_lately"),
            // Key lookups are repeated.
            sql!("DELETE FROM key_lookups"),
            // Proven under the old key; lists are fetched, and authorities asked, again within the hour.
            sql!("DELETE FROM revocation_lists"),
            sql!("DELETE FROM ocsp_answers"),
            // Policies are fetched again.
            sql!("DELETE FROM mta_sts_policies"),
            // Today's counts start again; reports are a courtesy.
            sql!("DELETE FROM tls_sessions"),
            sql!("DELETE FROM tls_reported"),
            sql!("DELETE FROM tls_submissions"),
        ];
        self.change(gone).await.map(drop)
    }

    /// How many rows are sealed under which key: the key id is the sixth byte of each.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreError> {
        let question = sql!(
            "SELECT what, key_id, count(*) FROM (
                 SELECT 'address' AS what, substr(address_sealed, 6, 1) AS key_id FROM mailboxes
                     WHERE length(address_sealed) > 0
                 UNION ALL SELECT 'question', substr(question_sealed, 6, 1) FROM mailboxes
                     WHERE question_sealed IS NOT NULL
                 UNION ALL SELECT 'profile', substr(profile_sealed, 6, 1) FROM mailboxes
                     WHERE profile_sealed IS NOT NULL
                 UNION ALL SELECT kind, substr(sealed, 6, 1) FROM wraps
                 UNION ALL SELECT 'ticket', substr(ticket_sealed, 6, 1) FROM legs
                 UNION ALL SELECT 'bounce memo', substr(memo_sealed, 6, 1) FROM bounce_memos
                 UNION ALL SELECT 'request', substr(note_sealed, 6, 1) FROM requests
                     WHERE note_sealed IS NOT NULL
                 UNION ALL SELECT 'decision', substr(decision_sealed, 6, 1) FROM requests
                     WHERE decision_sealed IS NOT NULL
                 UNION ALL SELECT 'withdrawn', substr(by_sealed, 6, 1) FROM withdrawn
                 UNION ALL SELECT 'unread', substr(memo_sealed, 6, 1) FROM gone_unread
                 UNION ALL SELECT 'partner', substr(sealed, 6, 1) FROM partners
                 UNION ALL SELECT 'partner key', substr(sealed, 6, 1) FROM partner_keys
                 UNION ALL SELECT 'own key', substr(secret_sealed, 6, 1) FROM own_keys
                 UNION ALL SELECT 'original', substr(sealed, 6, 1) FROM originals) AS used
             GROUP BY what, key_id ORDER BY what, key_id"
        );
        let used = |mut row: Row| {
            let what = row.text()?;
            let key_id = row.blob()?.first().copied().unwrap_or_default();
            Ok(KeyUse { what, key_id, rows: row.count()? })
        };
        self.read_rows(question).await?.into_iter().map(used).collect()
    }

    /// Whether the store uses another key: it has addresses or queued mail, and none of them is sealed under the key
    /// with this id.
    pub async fn is_of_another_key(&self, key_id: u8) -> Result<bool, StoreError> {
        let question = sql!(
            "WITH sealed AS (
                 SELECT substr(address_sealed, 6, 1) AS key_id FROM mailboxes WHERE length(address_sealed) > 0
                 UNION ALL SELECT substr(ticket_sealed, 6, 1) FROM legs)
             SELECT EXISTS (SELECT 1 FROM sealed) AND NOT EXISTS (SELECT 1 FROM sealed WHERE key_id = ?1)",
            vec![key_id]
        );
        Ok(self.read_one(question).await?.map(|mut row| row.int()).transpose()?.unwrap_or_default() != 0)
    }

    /// Replaces a wrap by a new one of the same secret, unless it has changed meanwhile. Returns whether it was
    /// replaced.
    pub async fn replace_wrap(
        &self,
        mailbox_id: &str,
        kind: WrapKind,
        before: Vec<u8>,
        now: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let change = sql!(
            "UPDATE wraps SET sealed = ?4 WHERE mailbox_id = ?1 AND kind = ?2 AND sealed = ?3",
            mailbox_id,
            kind.as_str(),
            before,
            now
        );
        Ok(self.change(vec![change]).await?.iter().sum::<usize>() == 1)
    }
}

impl RotatedMailbox {
    fn add_to(self, batch: &mut Batch) {
        let id = self.id.as_str();
        batch.add(sql!(
            "UPDATE mailboxes SET tag = ?2, address_sealed = ?3, question_sealed = ?4, profile_sealed = ?5
             WHERE id = ?1",
            id,
            &self.tag,
            self.address_sealed,
            self.question_sealed,
            self.profile_sealed
        ));
        batch.add(sql!("UPDATE tries SET whose = ?2 WHERE whose = ?1", &self.tag_before, &self.tag));
        for wrap in self.wraps {
            batch.add(sql!(
                "UPDATE wraps SET sealed = ?3 WHERE mailbox_id = ?1 AND kind = ?2",
                id,
                wrap.kind.as_str(),
                wrap.sealed
            ));
        }
        if let Some((before, now)) = self.token {
            batch.add(sql!("UPDATE tokens SET hash = ?2 WHERE hash = ?1", &before, &now));
        }
        for request in self.requests {
            let KeyedRequest { asked, proof } = request;
            batch.add(sql!(
                "UPDATE requests SET note_sealed = ?2, decision_sealed = ?3, proof = ?4 WHERE number = ?1",
                asked.number,
                asked.note,
                asked.decision,
                proof
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{empty, run};
    use crate::statement::sql;

    /// What depends on the server key is resealed, removed, or kept (decision 0027). A column that is missing here
    /// would be lost with the next change of keys: say in [`super::Keyed`], [`super::KeyedMailbox`],
    /// [`crate::Store::replace_events`] or [`crate::Store::forget_before_rotation`] what becomes of it, count it in
    /// [`crate::Store::key_uses`], and add it.
    #[test]
    fn every_sealed_column_is_known_to_a_change_of_keys() {
        let connection = empty();
        let question = sql!(
            "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.name LIKE '%sealed' ORDER BY 1"
        );
        let found: Vec<String> = run(&connection, &question)
            .unwrap()
            .rows
            .into_iter()
            .map(|mut row| row.text().unwrap())
            .collect();
        let own_key = [
            "deposits.head_sealed",
            "deposits.key_sealed",
            "draft_files.facts_sealed",
            "drafts.key_sealed",
            "own_folders.key_sealed",
            "own_folders.name_sealed",
            "upload_pieces.key_sealed",
            "uploads.facts_sealed",
            "words.sealed",
        ];
        let server_key = [
            "deposits.listing_sealed",
            "drafts.content_sealed",
            "gone_unread.memo_sealed",
            "hook_events.memo_sealed",
            "key_lookups.answer_sealed",
            "legs.ticket_sealed",
            "mailboxes.address_sealed",
            "mailboxes.profile_sealed",
            "mailboxes.question_sealed",
            "mta_sts_policies.policy_sealed",
            "newcomers.secret_sealed",
            "bounce_memos.memo_sealed",
            "originals.sealed",
            "own_keys.public_sealed",
            "own_keys.secret_sealed",
            "partner_keys.sealed",
            "partners.sealed",
            "requests.decision_sealed",
            "requests.note_sealed",
            "sessions.device_sealed",
            "sessions.secret_sealed",
            "tls_sessions.facts_sealed",
            "tls_submissions.report_sealed",
            "withdrawn.by_sealed",
            "wraps.sealed",
        ];
        let mut known: Vec<&str> = own_key.into_iter().chain(server_key).collect();
        known.sort_unstable();
        assert_eq!(found, known);
    }
}
