//! Quotas for sending and storing: per mailbox for letters from the portal, per sender and login for incoming ones.
//! Knows no page and no other reply texts.

use sealpost_mail::{Address, Envelope, Origin, Reply, Timestamp};
use sealpost_store::{Allowance, NewUse, Store, StoreError, UseLimits};
use sealpost_vault::TagKey;

use crate::settings::Quotas;

/// A portal letter's use of its mailbox's quota. Counted by address: a mailbox that was deleted and created again keeps
/// its use.
pub(crate) fn of_writer(
    most: Option<UseLimits>,
    tags: &TagKey,
    writer: &Address,
    recipients: usize,
    at: Timestamp,
) -> Option<NewUse> {
    most.map(|most| NewUse {
        whose: tags.count_tag("written", writer.identity().as_bytes()),
        at,
        recipients: count(recipients),
        most,
    })
}

/// An incoming letter's uses of its sender's and its login's quota. Reports have no sender.
pub(crate) fn of_arrival(
    quotas: &Quotas,
    tags: &TagKey,
    (envelope, origin): (&Envelope, &Origin),
    at: Timestamp,
) -> Vec<NewUse> {
    let recipients = count(envelope.recipients.len());
    let tag = |kind, of: &str| tags.count_tag(kind, of.as_bytes());
    let sender = quotas.sender.zip(envelope.reverse_path.address()).map(|(most, sender)| NewUse {
        whose: tag("sender", &sender.identity()),
        at,
        recipients,
        most,
    });
    let login = quotas.login.zip(origin.login.as_deref()).map(|(most, login)| NewUse {
        whose: tag("login", login),
        at,
        recipients,
        most,
    });
    sender.into_iter().chain(login).collect()
}

/// Whether all of the uses are allowed now; the worst result counts.
pub(crate) async fn ask(store: &Store, uses: &[NewUse]) -> Result<Allowance, StoreError> {
    let mut answer = Allowance::Now;
    for one in uses {
        let used = store.used_lately(&one.whose, one.at).await?;
        answer = match (answer, one.most.allows(&used, one.recipients, one.at)) {
            (Allowance::Never, _) | (_, Allowance::Never) => Allowance::Never,
            (Allowance::From(one), Allowance::From(other)) => Allowance::From(one.max(other)),
            (Allowance::From(from), Allowance::Now) | (Allowance::Now, Allowance::From(from)) => {
                Allowance::From(from)
            }
            (Allowance::Now, Allowance::Now) => Allowance::Now,
        };
    }
    Ok(answer)
}

/// The reply to the client; `Ok`: allowed.
pub(crate) fn reply(answer: Allowance) -> Result<(), Reply> {
    match answer {
        Allowance::Now => Ok(()),
        // RFC 3463 §3.8: X.7.1 is about permission; a rate limit is a temporary one.
        Allowance::From(from) => Err(Reply::later(
            451,
            7,
            1,
            &format!("This sender has sent as much as it may for now; come back after {} UTC", clock(from)),
        )
        .because("over its quota ([limits])")),
        // RFC 3463 §3.6: X.5.3 is "too many recipients".
        Allowance::Never => Err(Reply::refuse(
            550,
            5,
            3,
            "These are more recipients than this sender may have within an hour or a day",
        )
        .because("over its quota ([limits])")),
    }
}

/// The reply to the sender of a letter for a full mailbox (RFC 3463 §3.3: X.2.2 is "mailbox full"). Permanent: a
/// recipient who does not read must not keep a letter waiting in silence for days.
pub(crate) fn full() -> Reply {
    Reply::refuse(552, 2, 2, "The recipient's mailbox is full; the message was not put into it")
}

fn count(recipients: usize) -> i64 {
    i64::try_from(recipients).unwrap_or(i64::MAX)
}

/// Hour and minute, rounded up to the next minute.
fn clock(at: Timestamp) -> String {
    let minutes = at.0.saturating_add(59_999).div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_when_to_come_back() {
        let told = reply(Allowance::From(Timestamp(1_795_280_400_001))).unwrap_err();
        assert!(
            told.to_line().starts_with("451 4.7.1 ") && told.text().contains("17:01 UTC"),
            "{}",
            told.text()
        );
        assert_eq!(reply(Allowance::Never).unwrap_err().code(), 550);
        assert!(reply(Allowance::Now).is_ok());
    }
}
