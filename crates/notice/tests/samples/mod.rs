//! Every kind of notice with plain and with hostile facts; shared by the tests and the preview.

use sealpost_mail::{ActivateBy, Brand, Colour, EnhancedCode, Logo, Secret, Timestamp};
use sealpost_notice::{
    Access, DeletedBy, ExpiringKey, KeyOwner, LetterClock, Notice, OldMessages, PasswordReplaced, Reached,
    ReplyState, SupportDid, WentUnread, Wrote,
};

/// 2020-01-15T11:49:00Z.
pub(crate) const DATE: Timestamp = Timestamp(1_579_088_940_000);
/// Forty days later.
pub(crate) const EXPIRES: Timestamp = Timestamp(1_579_088_940_000 + 40 * 86_400_000);
/// The link of every sample.
pub(crate) const LINK: &str =
    "https://securemail.insurer.example/a/3q2-7wABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk";

/// What outsiders may put into a letter.
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) subject: String,
    pub(crate) reason: &'static str,
}

pub(crate) fn plain() -> Facts {
    Facts {
        name: "Maximiliane Mustermann",
        address: "Max.Mustermann@insurer.example",
        subject: "Ihr Unfall vom 8. Januar – Rückfragen zur Heilbehandlung".to_owned(),
        reason: "550 5.1.1 mailbox unavailable",
    }
}

pub(crate) fn hostile() -> Facts {
    Facts {
        name: "</title><script>alert(1)</script> \"Chef\" <boss@bank.example>\r\nBcc: victim@x.example",
        address: "\"https://evil.example \"@insurer.example",
        subject: format!(
            "\u{202e}gnurhaM etzteL\u{202c} <img src=x onerror=alert(1)> {{{{7*7}}}} {{ $brand }} https://evil.example/login \
             www.evil.example evil.com &amp; '\"><a href=//evil.example>hier</a>\r\nX-Evil: 1 {}",
            "ß".repeat(5000)
        ),
        reason: "550-<script>x</script>\r\n550 see http://evil.example/?u=max@web.example \u{1b}[31m",
    }
}

/// Every kind in all its variants.
pub(crate) fn notices(facts: &Facts) -> Vec<(&'static str, Notice)> {
    let from_name = Some(facts.name.to_owned());
    let from_address = facts.address.to_owned();
    let subject = Some(facts.subject.clone());
    let recipient = "erika.musterfrau@web.example".to_owned();
    let link = || Secret::new(LINK.to_owned());
    let (date, expires) = (DATE, EXPIRES);
    let mut all = Vec::new();
    for (name, days, clock) in [
        ("activation", 40, LetterClock::Runs),
        ("activation-last-day", 0, LetterClock::Runs),
        ("activation-one-day", 1, LetterClock::Runs),
        ("activation-held", 40, LetterClock::Stopped),
    ] {
        all.push((
            name,
            Notice::Activation {
                from_name: from_name.clone(),
                from_address: from_address.clone(),
                subject: subject.clone(),
                date,
                link: link(),
                expires,
                days,
                clock,
            },
        ));
    }
    for (name, days) in [("reminder", 7), ("reminder-tomorrow", 1), ("reminder-today", 0)] {
        all.push((
            name,
            Notice::ActivationReminder {
                letters: 1 + days,
                date,
                link: link(),
                expires,
                days,
                by: ActivateBy::Link,
            },
        ));
    }
    all.push((
        "reminder-password",
        Notice::ActivationReminder {
            letters: 2,
            date,
            link: link(),
            expires,
            days: 7,
            by: ActivateBy::InitialPassword,
        },
    ));
    for (name, letters, days, newcomer) in [
        ("digest", 3, 7, None),
        ("digest-one", 1, 1, None),
        ("digest-today", 2, 0, Some(ActivateBy::Link)),
        ("digest-password", 300, 7, Some(ActivateBy::InitialPassword)),
    ] {
        let deletion = Some((expires, days));
        all.push((name, Notice::Digest { letters, date, link: link(), deletion, newcomer }));
    }
    for (name, letters, days) in [("unread", 3, 7), ("unread-tomorrow", 1, 1), ("unread-today", 1, 0)] {
        all.push((name, Notice::UnreadReminder { letters, link: link(), expires, days }));
    }
    for (name, days) in [("idle", 30), ("idle-tomorrow", 1), ("idle-today", 0)] {
        all.push((name, Notice::MailboxReminder { link: link(), expires, days }));
    }
    let by_password = Some(ActivateBy::InitialPassword);
    for (name, waiting, deletion, reached, newcomer) in [
        ("unfetched", 14, Some((expires, 26)), Reached::Notified, by_password),
        ("unfetched-kept", 1, None, Reached::CameBack, None),
    ] {
        let recipient = recipient.clone();
        all.push((name, Notice::NotFetched { recipient, date, waiting, deletion, reached, newcomer }));
    }
    for (name, how) in [
        ("unread-gone", WentUnread::Expired),
        ("unread-gone-deleted", WentUnread::Deleted),
        ("unread-gone-mailbox", WentUnread::WithMailbox),
    ] {
        all.push((name, Notice::GoneUnread { recipient: recipient.clone(), date, at: expires, how }));
    }
    all.push(("safely", Notice::ReplySafely { link: link(), wrote: Wrote::Reply }));
    all.push(("safely-afresh", Notice::ReplySafely { link: link(), wrote: Wrote::Afresh }));
    all.push(("deletion-request", Notice::DeletionRequest { link: link(), expires }));
    all.push(("deletion-held", Notice::DeletionHeld));
    all.push(("deletion-nothing", Notice::DeletionNothing));
    all.push(("deletion-unproven", Notice::DeletionUnproven { link: link() }));
    for (name, subject, days) in [
        ("message", subject.clone(), Some(60)),
        ("message-withheld", None, None),
        ("message-1", None, Some(1)),
    ] {
        all.push((
            name,
            Notice::NewMessage {
                from_name: from_name.clone(),
                from_address: from_address.clone(),
                subject,
                date,
                link: link(),
                deletion: days.map(|days| (expires, days)),
                access: if days == Some(1) { Access::Locked } else { Access::Open },
            },
        ));
    }
    all.push((
        "initial-password",
        Notice::InitialPassword {
            from_name,
            from_address,
            subject: subject.clone(),
            date,
            link: link(),
            expires,
            days: 60,
            clock: LetterClock::Runs,
        },
    ));
    all.push((
        "password-for-sender",
        Notice::PasswordForSender {
            recipient: recipient.clone(),
            password: Secret::new("KXCM-7RTW-HW93-YC6F".to_owned()),
            subject: subject.clone(),
            date,
            expires,
            days: 60,
        },
    ));
    for (name, messages, by) in [
        ("reactivation-kept", OldMessages::Kept, ActivateBy::Link),
        ("reactivation-lost", OldMessages::Lost, ActivateBy::Link),
        ("reactivation-by-password", OldMessages::Kept, ActivateBy::InitialPassword),
    ] {
        let notice = Notice::Reactivation { link: link(), expires, days: 14, messages, by };
        all.push((name, notice));
    }
    all.push(("reset", Notice::ResetLink { link: link(), expires }));
    let network = || "192.0.2.x".to_owned();
    let changed = |how| Notice::PasswordChanged { at: date, how, network: Some(network()) };
    all.push(("password-reset", changed(PasswordReplaced::Forgotten)));
    all.push(("password-changed", changed(PasswordReplaced::ByOwner)));
    all.push(("question-changed", Notice::QuestionChanged { at: date, network: network() }));
    for (name, did) in [
        ("support-deleted", SupportDid::Deleted),
        ("support-locked", SupportDid::Locked),
        ("support-unlocked", SupportDid::Unlocked),
    ] {
        all.push((name, Notice::BySupport { did, at: date }));
    }
    for (name, by) in
        [("mailbox-deleted", DeletedBy::Password), ("mailbox-deleted-requested", DeletedBy::Link)]
    {
        all.push((name, Notice::MailboxDeleted { at: date, network: network(), by }));
    }
    all.push(("new-browser", Notice::NewBrowser { at: date, network: network() }));
    all.push(("locked", Notice::MailboxLocked { at: date, until: expires }));
    all.push(("answers-used-up", Notice::AnswersUsedUp { at: date, until: Some(date) }));
    for (name, state) in [("returned", ReplyState::Failed), ("waiting", ReplyState::Delayed)] {
        all.push((
            name,
            Notice::ReplyReturned {
                recipient: recipient.clone(),
                subject: subject.clone(),
                date,
                status: EnhancedCode(5, 1, 1),
                said: Some(facts.reason.to_owned()),
                state,
                link: link(),
            },
        ));
    }
    all.push(("came-back", Notice::ReplyCameBack { date, link: link() }));
    let key = |owner, name: &str| ExpiringKey {
        owner,
        name: name.to_owned(),
        key: "S/MIME 3FA1 0B2C 99D0".to_owned(),
        end: expires,
    };
    let keys = vec![key(KeyOwner::Ourselves, "insurer.example"), key(KeyOwner::Partner, "clinic.example")];
    all.push(("keys", Notice::KeysEnding { count: 2, keys: keys.clone() }));
    all.push(("keys-one", Notice::KeysEnding { count: 1, keys: keys.into_iter().take(1).collect() }));
    all
}

/// An operator with everything.
pub(crate) fn brand() -> Brand {
    Brand {
        name: "Musterversicherung".to_owned(),
        sentence_name: None,
        portal_name: "SecureMail".to_owned(),
        portal_url: "https://securemail.insurer.example/".to_owned(),
        colour: Colour::parse("#0b5c74").expect("a colour"),
        logo: None,
        contact: Some("securemail@insurer.example".to_owned()),
        phone: Some("Telefon 0123 4567-0, werktags 8 bis 18 Uhr".to_owned()),
        imprint: Some("Musterversicherung VVaG · Musterallee 1 · 12345 Musterstadt".to_owned()),
        privacy: Some("https://insurer.example/datenschutz".to_owned()),
    }
}

/// An operator whose names need escaping, with a logo.
pub(crate) fn odd_brand() -> Brand {
    Brand {
        name: "Müller & Söhne <VVaG>".to_owned(),
        sentence_name: None,
        portal_name: "\"Safe\" & 'Sound'".to_owned(),
        logo: Some(Logo {
            content_type: "image/png".to_owned(),
            bytes: vec![1, 2, 3],
            size: Some((120, 40)),
        }),
        imprint: Some("https://insurer.example/impressum".to_owned()),
        privacy: None,
        ..brand()
    }
}
