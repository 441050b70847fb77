//! A report on one of our notices has come back to its VERP address: find the letter it was about and tell
//! its sender. Knows no mailbox key; the letter itself stays where it is.

use sealpost_mail::{EnhancedCode, Letter, Reply, ReversePath};
use sealpost_store::{ArrivalRows, NoticeRow};

use super::announce::{self, NoticeMemo};
use super::carry::Cut;
use super::decide::{Decided, Way};
use super::report;
use crate::answer::{self, AnswerMemo};
use crate::returned::{self, Undelivered};

/// What a returned mail says of our notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// RFC 3464 §2.3.3: failed, with this status.
    Failed(EnhancedCode),
    /// Delayed, delivered, an automatic answer: nothing to tell.
    Nothing,
}

/// Adds the reports to the senders of the letters whose notices have failed. A notice is told of once: its
/// token is spent with the same commit.
pub(super) async fn rows(cut: &Cut<'_>, decided: &[Decided], rows: &mut ArrivalRows) -> Result<(), Reply> {
    let mut notices: Vec<(String, NoticeRow)> = Vec::new();
    for Decided { way, .. } in decided {
        let Way::Bounce(token) = way else { continue };
        if notices.iter().any(|(known, _)| known == token) {
            continue;
        }
        let found = cut.front.store.notice(token).await.map_err(|error| super::unavailable(&error))?;
        notices.push((token.clone(), found.ok_or_else(|| Reply::refuse(550, 1, 1, "No such address"))?));
    }
    if notices.is_empty() {
        return Ok(());
    }
    // Reports come with the null reverse-path (RFC 3464 §2); anything else is somebody who saw the address.
    let said = match &cut.envelope.reverse_path {
        ReversePath::Address(_) => Said::Nothing,
        ReversePath::Null => cut.spooled.whole(cut.front).await?.look(read).await?,
    };
    let Said::Failed(status) = said else {
        tracing::info!(arrival.id = %cut.arrival_id, "mail to a notice's return address; nothing failed");
        return Ok(());
    };
    for (token, notice) in notices {
        tell(cut, status, &notice, rows).await?;
        rows.spent_notices.push(token);
    }
    Ok(())
}

/// The letter's sender hears of a failed notice; the mailbox's owner of an answer that came back.
async fn tell(
    cut: &Cut<'_>,
    status: EnhancedCode,
    notice: &NoticeRow,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let open = |label| cut.front.keys.rows.open(label, &notice.deposit_id, &notice.ticket_sealed);
    if let Ok(plain) = open(answer::MEMO) {
        let memo: AnswerMemo = serde_json::from_slice(plain.expose()).map_err(super::later)?;
        let told = Undelivered {
            mailbox_id: &notice.mailbox_id,
            deposit_id: &notice.deposit_id,
            recipient: &memo.recipient,
            message_id: Some(memo.message_id),
            subject: None,
            date: memo.at,
            reason: status.to_string(),
            delayed: false,
        };
        let word = returned::rows(cut.front, &told).await.map_err(super::later)?;
        rows.deposits.extend(word.deposits);
        rows.legs.extend(word.legs);
        rows.more_bodies.extend(word.more_bodies);
        return Ok(());
    }
    let plain = open(announce::MEMO).map_err(super::later)?;
    let memo: NoticeMemo = serde_json::from_slice(plain.expose()).map_err(super::later)?;
    tracing::warn!(mailbox.id = %notice.mailbox_id, "a notice could not be delivered");
    report::unannounced(cut, &memo.sender, &memo.recipient, status, rows).await
}

fn read(bytes: &[u8]) -> Said {
    let Ok(letter) = Letter::parse(bytes) else { return Said::Nothing };
    let status = letter
        .attachments()
        .into_iter()
        .filter(|part| {
            ["message/delivery-status", "message/global-delivery-status"]
                .contains(&part.content_type.as_str())
        })
        .find_map(|part| letter.attachment_bytes(part.index).map(|bytes| bytes.into_owned()));
    let Some(status) = status else { return Said::Nothing };
    let text = String::from_utf8_lossy(&status);
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    if field("Action").is_none_or(|action| !action.eq_ignore_ascii_case("failed")) {
        return Said::Nothing;
    }
    let code = field("Status").and_then(|status| {
        let mut digits = status.split('.').map(str::trim).map(str::parse::<u16>);
        match (digits.next(), digits.next(), digits.next()) {
            (Some(Ok(5)), Some(Ok(subject)), Some(Ok(detail))) => Some(EnhancedCode(5, subject, detail)),
            (_, _, _) => None,
        }
    });
    Said::Failed(code.unwrap_or(EnhancedCode(5, 0, 0)))
}

#[cfg(test)]
mod tests {
    use super::{EnhancedCode, Said, read};

    const HEAD: &str = "From: mailer@post.example\r\nTo: bounce+x@insurer.example\r\nSubject: Undelivered\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; post.example\r\n\r\nFinal-Recipient: rfc822; a@post.example\r\n";

    #[test]
    fn a_failure_is_told_with_its_status() {
        let mail = format!("{HEAD}Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n");
        assert_eq!(read(mail.as_bytes()), Said::Failed(EnhancedCode(5, 1, 1)));
    }

    #[test]
    fn a_delay_or_an_answer_is_not_told() {
        let mail = format!("{HEAD}Action: delayed\r\nStatus: 4.4.1\r\n\r\n--b--\r\n");
        assert_eq!(read(mail.as_bytes()), Said::Nothing);
        assert_eq!(read(b"Subject: out of office\r\n\r\nback on Monday\r\n"), Said::Nothing);
    }
}
