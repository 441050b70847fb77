//! `sealpost mailbox export-facts`: everything the operator can see about one mailbox, for its owner (GDPR Art. 15 and 20).
//! The letters themselves their owner takes along from the portal; nobody here can open them.

use sealpost_mail::{Address, Timestamp};
use sealpost_store::{MailboxRow, Store};
use sealpost_vault::Label;
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
    let withdrawn = store.withdrawn(&row.id, now).await?.len();
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
    let mut told = facts_json(plan, row, address.as_deref(), &facts, &letters, last, withdrawn);
    let profile =
        opened(Label::Profile, row.profile_sealed.as_ref()).and_then(|text| serde_json::from_str(&text).ok());
    let question = opened(Label::Question, row.question_sealed.as_ref());
    told.extend([
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
