//! `sealpost mailbox export-facts`: everything the operator can see about one mailbox, for its owner (GDPR Art. 15 and 20).
//! The letters themselves their owner takes along from the portal; nobody here can open them.

use std::collections::HashMap;

use sealpost_arrival::{EventFacts, memo_facts};
use sealpost_mail::{Address, Timestamp};
use sealpost_store::{MailboxRow, Pace, Store, StoreError, WithdrawnRow};
use sealpost_vault::{Label, RowKey};
use serde_json::{Value, json};

use super::support::{SupportError, address, facts_json, instant, last_letter};
use crate::config::checked::{Plan, SupportKeys};

/// One object.
pub(super) async fn export(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    row: &MailboxRow,
    now: Timestamp,
) -> Result<Value, SupportError> {
    let rows = &keys.role.queue.rows;
    let opened = |label: Label, sealed: Option<&Vec<u8>>| {
        let plain = rows.open(label, &row.id, sealed?).ok()?;
        Some(String::from_utf8_lossy(plain.expose()).into_owned())
    };
    let address = address(keys, row)?.as_ref().map(Address::to_path);
    let facts = store.mailbox_facts(&row.id, now).await?;
    let letters = store.letters_of(&row.id).await?;
    let senders = senders(store, rows, &row.id).await?;
    let withdrawn: Vec<Value> = store
        .withdrawn_of(&row.id)
        .await?
        .iter()
        .map(|WithdrawnRow { standing, by_sealed }| {
            let by = rows.open(Label::Withdrawn, &standing.bound(), by_sealed).ok();
            json!({
                "letter": standing.deposit_id,
                "came": instant(Some(standing.received_at)),
                "withdrawn": instant(Some(standing.withdrawn_at)),
                "by": by.map(|by| String::from_utf8_lossy(by.expose()).into_owned()),
                "told_until": instant(Some(standing.forget_at)),
            })
        })
        .collect();
    let wish = store.pace(&row.id).await?;
    let sessions: Vec<Value> = store
        .sessions(&row.id, now)
        .await?
        .iter()
        .map(|session| {
            json!({
                "began": instant(Some(session.created_at)),
                "last_seen": instant(Some(session.last_seen_at)),
                "browser": opened(Label::Device, Some(&session.device_sealed)),
            })
        })
        .collect();
    let requests: Vec<Value> = store
        .requests_of(&row.id)
        .await?
        .iter()
        .map(|request| {
            json!({
                "number": request.number,
                "kind": request.kind.as_str(),
                "state": request.state.as_str(),
                "made": instant(Some(request.created_at)),
                "decided": instant(request.decided_at),
                "contact": opened(Label::Request, request.note_sealed.as_ref()),
                "decision": opened(Label::RequestDecision, request.decision_sealed.as_ref()),
            })
        })
        .collect();
    let noted = store.audit_of(&row.id).await?;
    let last = last_letter(&noted, &letters);
    let trail: Vec<Value> = noted
        .iter()
        .map(|line| {
            json!({ "at": instant(Some(line.at)), "actor": line.actor, "action": line.action, "detail": line.detail })
        })
        .collect();
    let mut told = facts_json(plan, row, address.as_deref(), &facts, &letters, last, withdrawn.len());
    if let Some(Value::Array(letters)) = told.get_mut("letters") {
        letters.iter_mut().for_each(|letter| name_sender(letter, &senders));
    }
    let profile =
        opened(Label::Profile, row.profile_sealed.as_ref()).and_then(|text| serde_json::from_str(&text).ok());
    let question = opened(Label::Question, row.question_sealed.as_ref());
    told.extend([
        (
            "notices".to_owned(),
            json!({
                "wished": wish.map(Pace::as_str),
                "in_force": plan.announcer.pace_of(row.state, wish).as_str(),
            }),
        ),
        ("withdrawn_letters".to_owned(), Value::Array(withdrawn)),
        ("profile".to_owned(), profile.unwrap_or(Value::Null)),
        ("security_question".to_owned(), json!(question)),
        ("logged_in_browsers".to_owned(), Value::Array(sessions)),
        ("requests".to_owned(), Value::Array(requests)),
        ("trail".to_owned(), Value::Array(trail)),
    ]);
    if let Some(bounced) = store.unreachable(&row.id).await? {
        let bounced = json!({
            "times": bounced.bounces,
            "last": instant(Some(bounced.last_at)),
            "status": bounced.status,
        });
        told.insert("mail_came_back".to_owned(), bounced);
    }
    Ok(Value::Object(told))
}

/// Who sent which letter, as it is kept beside the letters' first notices.
async fn senders(
    store: &Store,
    rows: &RowKey,
    mailbox_id: &str,
) -> Result<HashMap<String, EventFacts>, StoreError> {
    let memos = store.memos_of(mailbox_id).await?;
    let opened =
        |(letter, sealed): (String, Vec<u8>)| memo_facts(rows, &letter, &sealed).map(|facts| (letter, facts));
    Ok(memos.into_iter().filter_map(opened).collect())
}

/// Null where nothing is kept, as of what the owner wrote.
fn name_sender(letter: &mut Value, senders: &HashMap<String, EventFacts>) {
    let Value::Object(letter) = letter else { return };
    let known = letter.get("letter").and_then(Value::as_str).and_then(|id| senders.get(id));
    let sender = known.and_then(|facts| facts.sender.as_ref()).map(Address::to_path);
    letter.insert("sender".to_owned(), json!(sender));
    letter.insert("message_id".to_owned(), json!(known.and_then(|facts| facts.message_id.as_ref())));
}
