//! An expired link: its page offers a new one, which is sent to the mailbox's own address, or to support.

use std::time::Duration;

use sealpost_mail::SystemRandom;
use sealpost_mailbox::About;
use sealpost_store::{NewToken, NewWrap, Reissued, RequestKind, RequestSelection, TokenPurpose, WrapKind};
use sealpost_vault::{MailboxSecret, Token, TokenPurpose as VaultPurpose, Unwrapped};

use super::rig::{HOUR, Rig, good_activation, sample};
use crate::config::Renewal;

/// A mailbox as created by the gateway: with the link stored for further notices.
pub(super) async fn with_link(rig: &Rig, address: &str) -> sample::Made {
    let mut made = rig.world.mailbox(address, "de").await;
    let (store, keys) = (&rig.world.store, &rig.world.keys);
    let wrap = store.wrap(&made.id, WrapKind::Activation).await.unwrap().unwrap();
    let old = Token::parse(&made.token).unwrap();
    let Ok(Unwrapped::Opened(secret)) = MailboxSecret::unwrap_activation(&wrap, &made.id, &old, &keys.pepper)
    else {
        panic!("no activation")
    };
    let (token, hash) = keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
    let wraps = vec![
        NewWrap {
            kind: WrapKind::Activation,
            sealed: secret.wrap_activation(&made.id, &token, &keys.pepper, &SystemRandom),
        },
        NewWrap { kind: WrapKind::Link, sealed: token.keep(&keys.rows, &made.id, &SystemRandom) },
    ];
    let new = NewToken {
        hash,
        purpose: TokenPurpose::Activation,
        created_at: rig.now(),
        expires_at: rig.now().plus(HOUR * 24),
        deposit_id: None,
    };
    assert_eq!(store.renew_activation(&made.id, new, wraps, None).await.unwrap(), Reissued::Done);
    made.token = token.text().expose().clone();
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_is_mailed_and_opens_the_same_letters() {
    let rig = Rig::start().await;
    let made = with_link(&rig, "max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 1).await;
    rig.clock.advance(HOUR * 25);
    let link = format!("/a/{}", made.token);
    let mut browser = rig.browser();
    let page = browser.get(&link).await;
    assert_eq!(page.status, 410);
    let token = page.form_token();
    for _ in 0..3 {
        let sent = browser.send(&format!("{link}/renew"), &[("form_token", token.as_str())]).await;
        assert_eq!(sent.status, 200);
        assert!(!sent.text().contains("max@web.example"), "the page says no address");
    }
    let fresh = {
        let posted = rig.posted.0.lock().unwrap();
        let [mail] = posted.as_slice() else { panic!("one mail, not {}", posted.len()) };
        assert_eq!(mail.to.to_path(), "max@web.example");
        let About::Activation { token, from_name, .. } = &mail.about else { panic!("{:?}", mail.about) };
        assert_eq!(from_name.as_deref(), Some("Sabine Krüger"));
        format!("/a/{}", token.expose())
    };
    assert_eq!(browser.get(&link).await.status, 410, "the old one stays dead");
    let token = browser.get(&fresh).await.form_token();
    assert_eq!(browser.send(&fresh, &good_activation(&token)).await.status, 303);
    assert_eq!(browser.get(&format!("/m/{letter}")).await.status, 200);
    // From now on no new one is sent.
    rig.clock.advance(Duration::from_secs(600));
    let mut thief = rig.browser();
    let token = thief.get("/").await.form_token();
    for dead in [&link, &fresh] {
        thief.send(&format!("{dead}/renew"), &[("form_token", token.as_str())]).await;
    }
    assert_eq!(rig.posted.0.lock().unwrap().len(), 1);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_support_decides_a_request_is_kept_and_nothing_is_mailed() {
    let rig = Rig::start_with(|config| config.renewal = Renewal::Request).await;
    let made = with_link(&rig, "max@web.example").await;
    rig.clock.advance(HOUR * 25);
    let link = format!("/a/{}", made.token);
    let mut browser = rig.browser();
    let token = browser.get(&link).await.form_token();
    for _ in 0..2 {
        let sent = browser.send(&format!("{link}/renew"), &[("form_token", token.as_str())]).await;
        assert!(sent.text().contains("weitergegeben"));
    }
    assert!(rig.posted.0.lock().unwrap().is_empty());
    let requests = rig.world.store.requests(RequestSelection::Open).await.unwrap();
    assert_eq!((requests.len(), requests[0].kind), (1, RequestKind::Renewal));
    rig.stop().await;
}
