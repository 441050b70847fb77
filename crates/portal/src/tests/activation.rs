//! The link in the first mail: viewed as often as scanners like, used once (CVE-2026-29139 class).

use std::time::Duration;

use sealpost_mail::SystemRandom;
use sealpost_store::{MailboxState, NewToken, NewWrap, Reissued, TokenPurpose, WrapKind};
use sealpost_vault::Label;
use sealpost_vault::TokenPurpose as VaultPurpose;

use super::rig::{HOUR, PASSWORD, Rig, good_activation, sample};

async fn state(rig: &Rig, id: &str) -> MailboxState {
    rig.world.store.mailbox(id).await.unwrap().unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_nothing() {
    let rig = Rig::start().await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    rig.world.letter(&made, &sample::rich(), HOUR, 40).await;
    let path = format!("/a/{}", made.token);
    let mut scanner = rig.browser();
    for method in ["GET", "HEAD", "GET"] {
        assert_eq!(scanner.request(method, &path, &[], b"").await.status, 200, "{method}");
    }
    let page = scanner.get(&path).await;
    for shown in [
        "Sabine Krüger",
        "sabine.krueger@unfall.insurer.example",
        "Kostenübernahme",
        "21. November 2026, 17:00",
    ] {
        assert!(page.text().contains(shown), "{shown}");
    }
    // A scanner that submits the form unchanged.
    let blank = scanner.send(&path, &[("form_token", page.form_token())]).await;
    assert_eq!(blank.status, 422);
    assert!(blank.text().contains("role=\"alert\""));
    assert_eq!(state(&rig, &made.id).await, MailboxState::Pending);
    assert_eq!(scanner.get(&path).await.status, 200, "the link is still good");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subject_is_shown_only_if_the_operator_allows() {
    let rig = Rig::start_with(|config| config.show_subject = false).await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    rig.world.letter(&made, &sample::rich(), HOUR, 40).await;
    let page = rig.browser().get(&format!("/a/{}", made.token)).await.text();
    assert!(page.contains("Sabine Krüger") && !page.contains("Kosten"), "the subject is withheld");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_form_opens_the_mailbox_once() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    assert_eq!(state(&rig, &made.id).await, MailboxState::Active);
    assert_eq!(browser.get("/inbox?welcome=1").await.status, 200);
    assert!(
        browser.cookies.contains_key("sealpost-session") && !browser.cookies.contains_key("sealpost-visit")
    );
    // Neither the link nor its form has an effect any more.
    let path = format!("/a/{}", made.token);
    let mut thief = rig.browser();
    let page = thief.get(&path).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("href=\"/\""), "it leads to the log-in");
    let mut form = good_activation(&page.form_token());
    form[1].1 = "Gestohlen-Kennwort-Nebel9".into();
    form[2].1 = "Gestohlen-Kennwort-Nebel9".into();
    assert_eq!(thief.send(&path, &form).await.status, 410);
    assert!(!thief.cookies.contains_key("sealpost-session"));
    // The password is still the owner's.
    let mut again = rig.browser();
    let token = again.get("/").await.form_token();
    let fields = [("form_token", token.as_str()), ("address", "Max@Web.example"), ("password", PASSWORD)];
    assert_eq!(again.send("/login", &fields).await.header("location"), "/inbox");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_forms_at_once_one_wins() {
    let rig = Rig::start().await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    let path = format!("/a/{}", made.token);
    let (mut a, mut b) = (rig.browser(), rig.browser());
    let (token_a, token_b) = (a.get(&path).await.form_token(), b.get(&path).await.form_token());
    let (form_a, form_b) = (good_activation(&token_a), good_activation(&token_b));
    let (one, two) = tokio::join!(a.send(&path, &form_a), b.send(&path, &form_b));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_and_broken_links_explain_themselves() {
    let rig = Rig::start().await;
    let made = rig.world.mailbox("max@web.example", "de").await;
    let path = format!("/a/{}", made.token);
    let broken = rig.browser().get(&path[..path.len() - 2]).await;
    assert_eq!(broken.status, 404);
    assert!(broken.text().contains("nicht vollständig"));
    let unknown = rig.browser().get(&format!("/a/{}", "A".repeat(43))).await;
    assert_eq!(unknown.status, 404);
    // A newer link replaces the first.
    let (token, hash) = rig.world.keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
    let new = NewToken {
        hash,
        purpose: TokenPurpose::Activation,
        created_at: rig.now(),
        expires_at: rig.now().plus(HOUR),
        deposit_id: None,
    };
    let wrap = NewWrap { kind: WrapKind::Activation, sealed: vec![0; 40] };
    let done = rig.world.store.add_token_and_wrap(&made.id, new, wrap).await.unwrap();
    assert_eq!(done, Reissued::Done);
    assert_eq!(rig.browser().get(&path).await.status, 410);
    // And every link expires.
    rig.clock.advance(HOUR * 2);
    let late = rig.browser().get(&format!("/a/{}", token.text().expose())).await;
    assert_eq!(late.status, 410);
    assert!(late.text().contains("abgelaufen"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_named_and_nothing_typed_is_lost() {
    let rig = Rig::start().await;
    let made = rig.world.mailbox("max.muster@web.example", "de").await;
    let path = format!("/a/{}", made.token);
    let mut browser = rig.browser();
    let token = browser.get(&path).await.form_token();
    let good = good_activation(&token);
    let with = |changes: &[(&str, &str)]| {
        let mut form = good.clone();
        for (name, value) in changes {
            form.iter_mut().find(|(n, _)| n == name).unwrap().1 = (*value).to_owned();
        }
        form
    };
    for (changes, said) in [
        (&[("password", "kurz"), ("repeat", "kurz")][..], "class=\"unmet\""),
        (&[("password", "Max.Muster7!"), ("repeat", "Max.Muster7!")], "ähnelt zu sehr Ihrer E‑Mail-Adresse"),
        (&[("password", "Passwort1!"), ("repeat", "Passwort1!")], "benutzen sehr viele"),
        (&[("repeat", "anders")], "verschieden"),
        (&[("question", "")], "wählen Sie eine Frage"),
        (&[("question", "own")], "wählen Sie eine Frage"),
        (&[("question", "99")], "wählen Sie eine Frage"),
        (&[("answer", " ?! ")], "Antwort ist zu kurz"),
        (&[("answer", PASSWORD)], "nicht Ihr Passwort"),
    ] {
        let page = browser.send(&path, &with(changes)).await;
        let text = page.text();
        assert_eq!(page.status, 422, "{changes:?}");
        assert!(text.contains(said), "{changes:?}: {said}");
        assert!(text.contains("aria-invalid=\"true\"") && text.contains("role=\"alert\""), "{changes:?}");
        assert!(
            !text.contains(&format!("value=\"{PASSWORD}\"")) || changes[0].0 == "answer",
            "no password comes back"
        );
        assert!(changes[0].0 == "answer" || text.contains("value=\"Lindenstraße\""), "the answer is kept");
        rig.clock.advance(Duration::from_secs(6));
    }
    assert_eq!(state(&rig, &made.id).await, MailboxState::Pending);
    let own =
        with(&[("question", "own"), ("own_question", "Wie heißt <b>mein</b> Boot?"), ("language", "en")]);
    assert_eq!(browser.send(&path, &own).await.status, 303);
    let row = rig.world.store.mailbox(&made.id).await.unwrap().unwrap();
    let question =
        rig.world.keys.rows.open(Label::Question, &made.id, &row.question_sealed.unwrap()).unwrap();
    assert_eq!(question.expose(), "Wie heißt <b>mein</b> Boot?".as_bytes());
    assert_eq!(row.language, "en");
    assert!(
        browser.get("/inbox").await.text().contains("lang=\"en\""),
        "the chosen language is spoken at once"
    );
    rig.stop().await;
}
