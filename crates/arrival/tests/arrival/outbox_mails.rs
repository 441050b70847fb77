//! Mails that the portal asks for: each kind to the owner alone, in the owner's language, with a null
//! reverse-path and no more access than needed.

use sealpost_mail::Secret;
use sealpost_mailbox::{About, Outbox as _, Outgoing};
use sealpost_notice::{Notice, OldMessages, PasswordReplaced};
use sealpost_store::LegPurpose;

use crate::rig::{DAY, NOW, PORTAL, Rig, address};

const OWNER: &str = "max@a.web.example";

fn token() -> Secret<String> {
    Secret::new("TOKEN-4711".to_owned())
}

fn network() -> String {
    "192.0.2.x".to_owned()
}

async fn mailed(rig: &Rig, about: About, language: &str) -> (Notice, String) {
    let outgoing =
        Outgoing { mailbox_id: "m".to_owned(), to: address(OWNER), language: language.to_owned(), about };
    rig.outbox.post(outgoing).await.unwrap();
    let leg = rig.leg_to(OWNER).await;
    assert_eq!((leg.from().as_str(), leg.row.purpose), ("<>", LegPurpose::Notice));
    assert_eq!((leg.row.destination.as_str(), leg.row.due_at), ("notices", NOW));
    let said = (leg.notice(), rig.written(&leg));
    rig.let_go().await;
    said
}

#[tokio::test]
async fn each_mail_says_what_happened_and_when() {
    let rig = Rig::new();
    let until = NOW.plus(DAY);
    let (notice, _) = mailed(&rig, About::MailboxLocked { until }, "de").await;
    assert!(matches!(notice, Notice::MailboxLocked { at, until: end } if (at, end) == (NOW, until)));
    let (notice, _) = mailed(&rig, About::AnswersUsedUp { until }, "de").await;
    assert!(matches!(notice, Notice::AnswersUsedUp { at: NOW, until: Some(end) } if end == until));
    let changed = About::PasswordReset { network: network() };
    let (notice, text) = mailed(&rig, changed, "de").await;
    assert!(matches!(notice, Notice::PasswordChanged { at: NOW, how: PasswordReplaced::Forgotten, .. }));
    assert!(text.contains("192.0.2.x"), "{text}");
    let (notice, _) = mailed(&rig, About::QuestionChanged { network: network() }, "de").await;
    assert!(matches!(notice, Notice::QuestionChanged { at: NOW, .. }));
    let (notice, _) = mailed(&rig, About::MailboxDeleted { network: network() }, "de").await;
    assert!(matches!(notice, Notice::MailboxDeleted { at: NOW, .. }));
    let (notice, _) = mailed(&rig, About::NewBrowser { network: network() }, "de").await;
    assert!(matches!(notice, Notice::NewBrowser { at: NOW, .. }));
}

#[tokio::test]
async fn a_link_leads_to_the_portal_and_holds_its_token_and_no_address() {
    let rig = Rig::new();
    let expires = NOW.plus(DAY);
    let (notice, text) = mailed(&rig, About::ResetLink { token: token(), expires }, "en").await;
    let Notice::ResetLink { link, .. } = notice else { panic!("no link") };
    assert_eq!(link.expose(), &format!("{PORTAL}/r/TOKEN-4711"));
    assert!(text.contains(link.expose()), "{text}");
    let (notice, _) = mailed(&rig, About::Reactivation { token: token(), expires }, "en").await;
    let Notice::Reactivation { link, days, messages, .. } = notice else { panic!("no link") };
    let expected = (&format!("{PORTAL}/a/TOKEN-4711"), 1, OldMessages::Kept);
    assert_eq!((link.expose(), days, messages), expected);
}

#[tokio::test]
async fn a_new_activation_link_shows_the_subject_only_where_the_operator_wants_it() {
    let about = || About::Activation {
        from_name: Some("Erika".to_owned()),
        from_address: "erika@insurer.example".to_owned(),
        subject: Some("Geheim-1".to_owned()),
        date: NOW,
        token: token(),
        expires: NOW.plus(DAY),
    };
    for shown in [false, true] {
        let rig = Rig::with(|set| set.announcer.show_subject = shown);
        let (notice, text) = mailed(&rig, about(), "de").await;
        let Notice::Activation { subject, link, .. } = notice else { panic!("no activation") };
        assert_eq!((subject.is_some(), text.contains("Geheim-1")), (shown, shown));
        assert!(link.expose().ends_with("/a/TOKEN-4711"));
    }
}

#[tokio::test]
async fn the_owner_s_language_counts_and_one_that_is_gone_is_the_operator_s() {
    let rig = Rig::new();
    let about = || About::NewBrowser { network: network() };
    let (_, german) = mailed(&rig, about(), "de").await;
    let (_, english) = mailed(&rig, about(), "en").await;
    let (_, unknown) = mailed(&rig, about(), "tlh").await;
    assert!(german != english);
    let words = |text: &str| {
        text.lines().filter(|line| line.starts_with("Subject:")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(words(&unknown), words(&german));
}
