//! Letters in a mailbox, as the gateway would deposit them: for looking at pages, and for the tests.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{Address, Clock, Head, Letter, Random, SystemRandom};
use sealpost_portal::PortalKeys;
use sealpost_store::{
    ArrivalRows, Committed, Folder, NewDeposit, NewMailbox, NewToken, NewWrap, Reissued, Store, StoreOptions,
    TokenPurpose, WrapKind,
};
use sealpost_vault::{
    Argon2Cost, EscrowSecret, InitialPassword, Label, MailboxKeys, MailboxPublic, MailboxSecret, MessageKey,
    Part, ServerKey, StreamSealer, Token, TokenPurpose as VaultPurpose, Unwrapped,
};

/// A store and its keys in a folder.
pub(crate) struct World {
    /// The store.
    pub(crate) store: Store,
    /// The portal's keys.
    pub(crate) keys: PortalKeys,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// A mailbox that was created.
#[derive(Clone)]
pub(crate) struct Made {
    /// Its id.
    pub(crate) id: String,
    /// The token of its activation link.
    pub(crate) token: String,
}

impl World {
    /// Opens a store in `folder`.
    pub(crate) fn new(folder: &std::path::Path, clock: Arc<dyn Clock>) -> Self {
        let server = ServerKey::generate(&SystemRandom).keys();
        let keys = PortalKeys {
            tags: server.tags,
            tokens: server.tokens,
            rows: server.rows,
            pepper: server.pepper,
            deposits: server.deposits,
            sessions: server.sessions,
            escrow_public: Some(EscrowSecret::generate(&SystemRandom).public()),
        };
        let store = Store::open(StoreOptions::new(folder)).expect("a fresh store opens");
        Self { store, keys, clock }
    }

    /// Creates a pending mailbox.
    pub(crate) async fn mailbox(&self, address: &str, language: &str) -> Made {
        let id = SystemRandom.id();
        let address = Address::parse(address).expect("a good address");
        let (public, secret) = MailboxKeys::generate(&SystemRandom);
        let (token, hash) = self.keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
        let now = self.clock.now();
        let mut rows = ArrivalRows::new(now);
        rows.mailboxes.push(NewMailbox {
            id: id.clone(),
            tag: self.keys.tags.address_tag(&address.identity()),
            address_sealed: self.keys.rows.seal(
                Label::Address,
                &public.bound_to(&id),
                address.to_path().as_bytes(),
                &SystemRandom,
            ),
            public_key: public.to_bytes(),
            language: language.to_owned(),
            created_at: now,
            wraps: vec![NewWrap {
                kind: WrapKind::Activation,
                sealed: secret.wrap_activation(&id, &token, &self.keys.pepper, &SystemRandom),
            }],
            token: Some(NewToken {
                hash,
                purpose: TokenPurpose::Activation,
                created_at: now,
                expires_at: now.plus(Duration::from_secs(40 * 24 * 3600)),
                deposit_id: None,
            }),
        });
        let Ok(Committed::New(_)) = self.store.commit_arrival(rows).await else {
            panic!("mailbox not stored")
        };
        Made { id, token: token.text().expose().clone() }
    }

    /// Gives a pending mailbox an initial password, as the gateway would; returns it.
    pub(crate) async fn initial_password(&self, made: &Made) -> String {
        let token = Token::parse(&made.token).expect("a token");
        let wrap = self.store.wrap(&made.id, WrapKind::Activation).await;
        let wrap = wrap.expect("a store").expect("a pending mailbox");
        let opened = MailboxSecret::unwrap_activation(&wrap, &made.id, &token, &self.keys.pepper);
        let Ok(Unwrapped::Opened(secret)) = opened else { panic!("the token opens it") };
        let (new, hash) = self.keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
        let initial = InitialPassword::generate(&SystemRandom);
        let (pepper, cost) = (&self.keys.pepper, Argon2Cost::standard());
        let sealed = secret.wrap_initial(&made.id, &initial, pepper, &cost, &SystemRandom);
        let wraps = vec![
            NewWrap {
                kind: WrapKind::Activation,
                sealed: secret.wrap_activation(&made.id, &new, pepper, &SystemRandom),
            },
            NewWrap { kind: WrapKind::Initial, sealed: sealed.expect("a wrap") },
        ];
        let now = self.clock.now();
        let token = NewToken {
            hash,
            purpose: TokenPurpose::Activation,
            created_at: now,
            expires_at: now.plus(Duration::from_secs(40 * 24 * 3600)),
            deposit_id: None,
        };
        let given = self.store.renew_activation(&made.id, token, wraps, None).await;
        assert!(matches!(given, Ok(Reissued::Done)), "given");
        initial.text().expose().clone()
    }

    /// Puts a letter into a mailbox, received `ago` before now and deleted `days` from now.
    pub(crate) async fn letter(&self, made: &Made, letter: &[u8], ago: Duration, days: u64) -> String {
        self.letter_in(made, Folder::Inbox, letter, ago, days).await
    }

    /// The same, into any folder.
    pub(crate) async fn letter_in(
        &self,
        made: &Made,
        folder: Folder,
        letter: &[u8],
        ago: Duration,
        days: u64,
    ) -> String {
        let id = SystemRandom.id();
        let (now, key) = (self.clock.now(), MessageKey::generate(&SystemRandom));
        let head = Head::split(letter).expect("a letter with a head");
        // What cannot be parsed is listed by its head, as the gateway does.
        let parsed = Letter::parse(letter).or_else(|_broken| Letter::parse(&letter[..head]));
        let mut summary = match parsed {
            Ok(parsed) => parsed.summary(),
            Err(error) => panic!("the sample cannot be parsed: {error}"),
        };
        summary.size = letter.len() as u64;
        let mut writer = self.store.body_writer(SystemRandom.id());
        let mut sealer = StreamSealer::new(&key, &SystemRandom);
        let mut sealed = Vec::new();
        sealer.push(&letter[head..], &mut sealed);
        sealer.finish(&mut sealed);
        writer.push(&sealed).await.expect("body taken");
        let body = writer.finish().await.expect("body stored");
        // Its owner may have activated it meanwhile, which gives it a new key pair.
        let row = self.store.mailbox(&made.id).await.expect("a mailbox read").expect("a mailbox");
        let public = MailboxPublic::from_bytes(&row.public_key).expect("a public key");
        let mut rows = ArrivalRows::new(now);
        let json = serde_json::to_vec(&summary).expect("a listing");
        rows.deposits.push(NewDeposit {
            id: id.clone(),
            mailbox_id: made.id.clone(),
            body_id: body.id().to_owned(),
            folder,
            key_sealed: public.seal_key(&made.id, &id, &key, &SystemRandom).unwrap(),
            sealed_to: public.to_bytes(),
            head_sealed: key.seal_part(Part::Head(&id), &letter[..head], &SystemRandom),
            listing_sealed: self.keys.deposits.prove(
                &made.id,
                &id,
                &key.seal_part(Part::Listing(&id), &json, &SystemRandom),
            ),
            size: letter.len() as i64,
            received_at: now.minus(ago),
            expires_at: Some(now.plus(Duration::from_secs(days * 24 * 3600))),
            requested_until: None,
            thread_tags: Vec::new(),
        });
        rows.body = Some(body);
        let Ok(Committed::New(_)) = self.store.commit_arrival(rows).await else {
            panic!("letter not stored")
        };
        id
    }
}

/// A plain letter.
pub(crate) fn plain(from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: Max Muster <max.muster@web.example>\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 09:12:00 +0100\r\nMessage-ID: <{}@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
        SystemRandom.id(),
        text.replace('\n', "\r\n")
    )
    .into_bytes()
}

/// A letter with HTML, an inline picture, a tracking picture and two attachments.
pub(crate) fn rich() -> Vec<u8> {
    let html = "<div style=\"font-family:Arial,sans-serif;font-size:15px\"><p><img src=\"cid:logo@insurer\" alt=\"Insurer\" width=\"120\"></p>\
<p>Sehr geehrter Herr Muster,</p><p>vielen Dank für Ihre <b>Schadenmeldung</b> vom 12.&nbsp;November. Nach Prüfung der Unterlagen \
übernehmen wir die folgenden Kosten:</p><table border=\"1\" cellpadding=\"8\" cellspacing=\"0\" style=\"border-collapse:collapse\">\
<tr style=\"background-color:#eef2f4\"><th align=\"left\">Position</th><th align=\"right\">Betrag</th></tr>\
<tr><td>Ambulante Behandlung</td><td align=\"right\">1.284,50 €</td></tr><tr><td>Physiotherapie</td><td align=\"right\">640,00 €</td></tr>\
<tr><td><b>Summe</b></td><td align=\"right\"><b>1.924,50 €</b></td></tr></table>\
<p>Das Gutachten von Frau Dr. Weiß finden Sie im Anhang. Einzelheiten zum Ablauf stehen auf \
<a href=\"https://www.insurer.example/unfall?kunde=1\">unserer Seite zur Unfallversicherung</a>.</p>\
<p style=\"color:#555\">Mit freundlichen Grüßen<br>Sabine Krüger<br><i>Leistung Unfall</i></p>\
<img src=\"https://track.example/pixel.gif\" width=1 height=1><script>document.title='x'</script></div>";
    let png = "iVBORw0KGgoAAAANSUhEUgAAAPAAAABICAIAAABHru/dAAABa0lEQVR42u3dwRHCMAwAQf60SBnUQhG86U9UAEPAloS9N2og0T4T+xTSQp28AgEtAS0BLQEtoCWg33S+XD8fa1BT0Icck62moH90TLYagR6umWnVgJ5EGWsVgE7QzLQyQKdRxlrTQZdoZlpTQBdqZlqDQZdrZlrDQDfRzLSAFtCNNTOtn0A31My0gBbQjTUzrcOgm2seYvovnnG3ARpooIEGeivQmzw/PUADbYAG2hSC3ucV0AM00AZooA3QQAMNNNBAbwxaW3zLAbSABlpAAy2ggRbQAhpoAQ20gAZaQI8Afbs/zKtZB3Rs8z00tUADDTTQQANdCzr2+OubWqCBBhpooIEuBx3OttNioMPpowIaaPUFHU7w12Kgwx0rAhpo9QUd7inUYqDDTbJaDHS461uLga4ybVWaBTqZtSUpA3SOaRtSHuiprO1GNaBnmLYYVYIeJds+1Av0d7KtQd1BS0BLQEtAC2gJaCm3J4HYSGH2KVF0AAAAAElFTkSuQmCC";
    format!(
        "From: =?utf-8?Q?Sabine_Kr=C3=BCger?= <sabine.krueger@unfall.insurer.example>\r\n\
         To: Max Muster <max.muster@web.example>\r\nCc: Leistung Unfall <leistung@unfall.insurer.example>\r\n\
         Subject: =?utf-8?Q?Ihre_Schadenmeldung_vom_12=2E_November_=E2=80=93_Kosten=C3=BCbernahme?=\r\n\
         Date: Sat, 21 Nov 2026 16:40:00 +0100\r\nMessage-ID: <rich@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n--outer\r\n\
         Content-Type: multipart/related; boundary=\"inner\"\r\n\r\n--inner\r\n\
         Content-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n--alt\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Sehr geehrter Herr Muster,\r\n\r\nvielen Dank für Ihre Schadenmeldung vom 12. November. Wir übernehmen 1.924,50 €.\r\n\
         Mehr unter https://www.insurer.example/unfall.\r\n\r\n> Ihre Nachricht vom 12. November\r\n> Guten Tag,\r\n>> anbei die Rechnungen.\r\n\r\n\
         Mit freundlichen Grüßen\r\nSabine Krüger\r\n--alt\r\n\
         Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n--alt--\r\n--inner\r\n\
         Content-Type: image/png; name=\"logo.png\"\r\nContent-ID: <logo@insurer>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{png}\r\n--inner--\r\n--outer\r\n\
         Content-Type: application/pdf; name=\"=?utf-8?Q?Gutachten_Dr=2E_Wei=C3=9F=2Epdf?=\"\r\n\
         Content-Disposition: attachment; filename=\"=?utf-8?Q?Gutachten_Dr=2E_Wei=C3=9F=2Epdf?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{pdf}\r\n\
         --outer\r\nContent-Type: text/html; name=\"..\\\\..\\\\evil.html\"\r\nContent-Disposition: attachment; filename=\"../../evil.html\"\r\n\r\n\
         <script>alert(1)</script>\r\n--outer--\r\n",
        pdf = "JVBERi0xLjQKJeLjz9MK".repeat(2000)
    )
    .into_bytes()
}
