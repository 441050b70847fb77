//! A message to a receiver: the body as JSON, and the headers of Standard Webhooks that authenticate it.
//! Pure; knows no socket.

use jiff::Timestamp as Instant;
use sealpost_mail::Timestamp;
use sealpost_store::{EventRow, LetterEvent};
use sealpost_vault::WebhookSecret;
use serde_json::{Map, Value, json};

/// Sender, recipient and Message-ID of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The sender's address; for a reply, its author's.
    pub sender: Option<String>,
    /// The recipient's address.
    pub recipient: Option<String>,
    /// The letter's Message-ID; for a reply, that of the letter it answers.
    pub message_id: Option<String>,
}

/// Whether a receiver is sent addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// It is.
    Told,
    /// It is sent ids only.
    Withheld,
}

/// A message ready to go.
pub(crate) struct Message {
    pub(crate) body: Vec<u8>,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    pub(crate) headers: [(&'static str, String); 3],
}

/// The message of an event, sent at `now`.
pub(crate) fn message(
    event: &EventRow,
    about: Option<&About>,
    addresses: Addresses,
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> Message {
    let mut data = Map::new();
    data.insert("letter".to_owned(), json!(event.letter));
    data.insert("mailbox".to_owned(), json!(event.mailbox));
    if let Some(about) = about {
        if let Some(id) = &about.message_id {
            let name = if event.kind == LetterEvent::Answered { "answers_message_id" } else { "message_id" };
            data.insert(name.to_owned(), json!(id));
        }
        match addresses {
            Addresses::Told => {
                data.insert("sender".to_owned(), json!(about.sender));
                data.insert("recipient".to_owned(), json!(about.recipient));
            }
            Addresses::Withheld => {}
        }
    }
    match event.kind {
        LetterEvent::NoticeBounced if !event.detail.is_empty() => {
            data.insert("status".to_owned(), json!(event.detail));
        }
        LetterEvent::Expired | LetterEvent::Deleted => {
            data.insert("opened".to_owned(), json!(event.detail == "read"));
        }
        LetterEvent::NoticeBounced
        | LetterEvent::Deposited
        | LetterEvent::Notified
        | LetterEvent::Activated
        | LetterEvent::Opened
        | LetterEvent::Answered
        | LetterEvent::Recalled => {}
    }
    let at = Instant::from_millisecond(event.at.0).map(|at| at.to_string()).unwrap_or_default();
    let body = json!({ "type": event.kind.as_str(), "timestamp": at, "data": Value::Object(data) });
    let body = body.to_string().into_bytes();
    // The time of this attempt: a captured message soon becomes useless.
    let seconds = now.0.div_euclid(1000).to_string();
    let signed = [event.id.as_bytes(), b".", seconds.as_bytes(), b".", &body];
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.signature(&signed)).collect();
    Message {
        headers: [
            ("webhook-id", event.id.clone()),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signatures.join(" ")),
        ],
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: LetterEvent, detail: &str) -> EventRow {
        EventRow {
            id: "l1-x-crm".to_owned(),
            hook: "crm".to_owned(),
            kind,
            at: Timestamp(1_795_860_000_000),
            letter: "l1".to_owned(),
            mailbox: "m1".to_owned(),
            detail: detail.to_owned(),
            attempts: 0,
            due_at: Timestamp(0),
            last_error: None,
            memo_sealed: None,
            proof: Vec::new(),
        }
    }

    #[test]
    fn addresses_are_told_only_where_the_operator_says_so() {
        let about = About {
            sender: Some("e@insurer.example".to_owned()),
            recipient: Some("max@web.example".to_owned()),
            message_id: Some("1@insurer.example".to_owned()),
        };
        let secrets = [WebhookSecret::parse("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap()];
        let said = |kind, detail, addresses| {
            let made = message(&event(kind, detail), Some(&about), addresses, &secrets, Timestamp(5_000));
            String::from_utf8(made.body).unwrap()
        };
        let shy = said(LetterEvent::Opened, "", Addresses::Withheld);
        assert!(
            !shy.contains("e@insurer") && !shy.contains("max@") && shy.contains("1@insurer.example"),
            "{shy}"
        );
        assert!(
            shy.contains(r#""timestamp":"2026-11-"#) && shy.contains(r#""type":"letter.opened""#),
            "{shy}"
        );
        assert!(said(LetterEvent::Opened, "", Addresses::Told).contains(r#""recipient":"max@web.example""#));
        assert!(
            said(LetterEvent::NoticeBounced, "5.1.1", Addresses::Withheld).contains(r#""status":"5.1.1""#)
        );
        assert!(said(LetterEvent::Expired, "unread", Addresses::Withheld).contains(r#""opened":false"#));
        assert!(said(LetterEvent::Deleted, "read", Addresses::Withheld).contains(r#""opened":true"#));
        assert!(said(LetterEvent::Answered, "", Addresses::Withheld).contains("answers_message_id"));
    }
}
