//! A report on one of our notices has come back to its VERP address: find the letter it was about and tell
//! its sender. Knows no mailbox key; the letter itself stays where it is.

use sealpost_mail::{EnhancedCode, Letter, Reply, Secret};
use sealpost_store::ArrivalRows;

use super::announce::NoticeMemo;
use super::carry::Cut;
use super::report;

/// What a returned mail says of our notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// RFC 3464 §2.3.3: failed, with this status.
    Failed(EnhancedCode),
    /// Delayed, delivered, an automatic answer: nothing to tell.
    Nothing,
}

/// Adds the report to the letter's sender, if the notice is known and has failed.
pub(super) async fn rows(cut: &Cut<'_>, token: &str, rows: &mut ArrivalRows) -> Result<(), Reply> {
    let unknown = || Reply::refuse(550, 1, 1, "No such address");
    let front = cut.front;
    let hash = front.keys.tags.notice_tag(token);
    let notice =
        front.store.notice(&hash).await.map_err(|error| super::unavailable(&error))?.ok_or_else(unknown)?;
    let whole = cut.spooled.whole().await?;
    match read(&whole.bytes) {
        Said::Nothing => {
            tracing::info!(arrival.id = %cut.arrival_id, "mail to a notice's return address; nothing failed")
        }
        Said::Failed(status) => {
            let later = |error: &dyn std::fmt::Display| {
                Reply::later(451, 3, 0, "Please try again later").because(error)
            };
            let plain: Secret<Vec<u8>> = front
                .keys
                .rows
                .open("notice", &notice.deposit_id, &notice.ticket_sealed)
                .map_err(|error| later(&error))?;
            let memo: NoticeMemo = serde_json::from_slice(plain.expose()).map_err(|error| later(&error))?;
            tracing::warn!(mailbox.id = %notice.mailbox_id, "a notice could not be delivered");
            report::unannounced(cut, &memo.sender, &memo.recipient, status, rows).await?;
        }
    }
    Ok(())
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
