//! Everything that the operator can see about one mailbox, for its owner (GDPR Art. 15 and 20). The owner
//! exports the letters themselves from the portal; they cannot be decrypted here.

use std::collections::HashMap;

use sealpost_arrival::{EventFacts, notice_facts};
use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::audit::Event;
use sealpost_store::{
    AuditRow, BounceMemo, MailboxRow, OtherTime, Pace, RequestRow, SessionRow, Store, StoreError,
    WithdrawnRow,
};
use sealpost_vault::{Label, RowKey};
use serde_json::{Value, json};

use crate::desk::SupportDesk;
use crate::error::SupportError;
use crate::mailbox_facts::{address, facts_json, goes, instant, last_letter};

impl SupportDesk<'_> {
    /// One JSON object. Recorded in the audit trail before it is returned, like every other look.
    ///
    /// # Errors
    /// The store failed, or a row is invalid.
    pub async fn export_facts(&self, row: &MailboxRow, now: Timestamp) -> Result<Value, SupportError> {
        let (store, rows) = (self.store, &self.keys.queue.rows);
        let opened = |label: Label, sealed: Option<&Vec<u8>>| opened(rows, label, &row.id, sealed);
        let address = address(self.keys, row)?.as_ref().map(Address::to_path);
        let facts = store.mailbox_facts(&row.id, now).await?;
        let letters = store.letters_of(&row.id).await?;
        let senders = senders(store, rows, &row.id).await?;
        let withdrawn = store.withdrawn_of(&row.id).await?;
        let pace = store.pace(&row.id).await?;
        let sessions = store.sessions(&row.id, now).await?;
        let requests = store.requests_of(&row.id).await?;
        let noted = store.audit_of(&row.id).await?;
        let last = last_letter(&noted, &letters);
        let goes = goes(store, self.retention, row).await?;
        let others = store.other_times(&row.id).await?;
        let mut told = facts_json(goes, row, address.as_deref(), &facts, &letters, last, withdrawn.len());
        if let Some(Value::Array(letters)) = told.get_mut("letters") {
            letters.iter_mut().for_each(|letter| name_sender(letter, &senders));
        }
        let profile = opened(Label::Profile, row.profile_sealed.as_ref())
            .and_then(|text| serde_json::from_str(&text).ok());
        let question = opened(Label::Question, row.question_sealed.as_ref());
        let notices = json!({
            "wished": pace.map(Pace::as_str),
            "in_force": self.announcer.pace_of(row.state, pace).as_str(),
        });
        told.extend([
            ("notices".to_owned(), notices),
            ("withdrawn_letters".to_owned(), withdrawn.iter().map(|row| withdrawn_json(rows, row)).collect()),
            ("profile".to_owned(), profile.unwrap_or(Value::Null)),
            ("security_question".to_owned(), json!(question)),
            (
                "logged_in_browsers".to_owned(),
                sessions.iter().map(|session| session_json(rows, &row.id, session)).collect(),
            ),
            (
                "requests".to_owned(),
                requests.iter().map(|request| request_json(rows, &row.id, request)).collect(),
            ),
            ("other_times".to_owned(), others.iter().map(other_json).collect()),
            ("trail".to_owned(), noted.iter().map(trail_json).collect()),
        ]);
        if let Some(bounced) = store.unreachable(&row.id).await? {
            let bounced = json!({
                "times": bounced.bounces,
                "last": instant(Some(bounced.last_at)),
                "status": bounced.status,
            });
            told.insert("mail_came_back".to_owned(), bounced);
        }
        let taken = Event::FactsExported { mailbox: &row.id };
        store.append_audit(vec![taken.row(now, &self.actor, None)]).await?;
        Ok(Value::Object(told))
    }
}

/// `None` if it cannot be decrypted: a damaged row must not hide others.
fn opened(rows: &RowKey, label: Label, mailbox: &str, sealed: Option<&Vec<u8>>) -> Option<String> {
    let plain = rows.open(label, mailbox, sealed?).ok()?;
    Some(String::from_utf8_lossy(plain.expose()).into_owned())
}

fn withdrawn_json(rows: &RowKey, WithdrawnRow { standing, by_sealed }: &WithdrawnRow) -> Value {
    let by = rows.open(Label::Withdrawn, &standing.bound(), by_sealed).ok();
    json!({
        "letter": standing.deposit_id,
        "came": instant(Some(standing.received_at)),
        "withdrawn": instant(Some(standing.withdrawn_at)),
        "by": by.map(|by| String::from_utf8_lossy(by.expose()).into_owned()),
        "told_until": instant(Some(standing.forget_at)),
    })
}

fn session_json(rows: &RowKey, mailbox: &str, session: &SessionRow) -> Value {
    json!({
        "began": instant(Some(session.created_at)),
        "last_seen": instant(Some(session.last_seen_at)),
        "browser": opened(rows, Label::Device, mailbox, Some(&session.device_sealed)),
    })
}

fn request_json(rows: &RowKey, mailbox: &str, request: &RequestRow) -> Value {
    json!({
        "number": request.number,
        "kind": request.kind.as_str(),
        "state": request.state.as_str(),
        "made": instant(Some(request.created_at)),
        "decided": instant(request.decided_at),
        "contact": opened(rows, Label::Request, mailbox, request.note_sealed.as_ref()),
        "decision": opened(rows, Label::RequestDecision, mailbox, request.decision_sealed.as_ref()),
    })
}

/// The whole row: its subject, outcome and network.
fn trail_json(line: &AuditRow) -> Value {
    let AuditRow { at, actor, action, object, mailbox: _, network, outcome, detail } = line;
    json!({
        "at": instant(Some(*at)), "actor": actor, "action": action, "object": object, "outcome": outcome,
        "network": network, "detail": detail,
    })
}

fn other_json(OtherTime { what, id, first, last }: &OtherTime) -> Value {
    json!({ "what": what, "id": id, "first": instant(*first), "last": instant(*last) })
}

/// The sender of each letter, as stored with the letter's first notice.
async fn senders(
    store: &Store,
    rows: &RowKey,
    mailbox_id: &str,
) -> Result<HashMap<String, EventFacts>, StoreError> {
    let memos = store.memos_of(mailbox_id).await?;
    let opened = |row: BounceMemo| notice_facts(rows, &row).map(|facts| (row.deposit_id, facts));
    Ok(memos.into_iter().filter_map(opened).collect())
}

/// Null where no sender is stored, as for letters that the owner wrote.
fn name_sender(letter: &mut Value, senders: &HashMap<String, EventFacts>) {
    let Value::Object(letter) = letter else { return };
    let known = letter.get("letter").and_then(Value::as_str).and_then(|id| senders.get(id));
    let sender = known.and_then(|facts| facts.sender.as_ref()).map(Address::to_path);
    letter.insert("sender".to_owned(), json!(sender));
    letter.insert("message_id".to_owned(), json!(known.and_then(|facts| facts.message_id.as_ref())));
}
