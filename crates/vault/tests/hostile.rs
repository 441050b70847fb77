//! Every opener with arbitrary input: it returns, never panics, and opens only what was sealed for it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use sealpost_mail::{Secret, SequenceRandom};
use sealpost_vault::{
    Argon2Cost, Bearer, EscrowPublic, EscrowSecret, Held, Keys, Label, MailboxKeys, MailboxPublic,
    MailboxSecret, MessageKey, Part, ServerKey, SessionSecret, Token, TokenPurpose, Unwrapped, open_all,
    password_phc,
};

const HELD: Held<'static> = Held { bearer: Bearer::Owner, mailbox_id: "m1", since: 1, epochs: "" };

struct World {
    keys: Keys,
    public: MailboxPublic,
    secret: MailboxSecret,
    message: MessageKey,
    session: SessionSecret,
    token: Token,
    password: Secret<String>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let random = SequenceRandom::default();
    let keys = ServerKey::generate(&random).keys();
    let (public, secret) = MailboxKeys::generate(&random);
    let (token, _) = keys.tokens.issue(TokenPurpose::Activation, &random);
    World {
        public,
        secret,
        message: MessageKey::generate(&random),
        session: SessionSecret::parse(SessionSecret::issue(&random).0.expose()).unwrap(),
        token,
        password: Secret::new("Hafen-7".to_owned()),
        keys,
    }
});

/// Number of openers that accepted `bytes`.
fn opened(bytes: &[u8]) -> usize {
    let w = &*WORLD;
    let is_open = |verdict| matches!(verdict, Ok(Unwrapped::Opened(_)));
    [
        w.keys.spool.open(Label::Ticket, "id", bytes).is_ok(),
        w.keys.rows.open(Label::Ticket, "id", bytes).is_ok(),
        w.message.open_part(Part::Head("b1"), bytes).is_ok(),
        open_all(&w.message, bytes).is_ok(),
        MailboxPublic::from_bytes(bytes).is_ok(),
        EscrowPublic::from_bytes(bytes).is_ok(),
        w.secret.open_key("m1", "b1", bytes).is_ok(),
        is_open(MailboxSecret::unwrap_activation(bytes, "m1", &w.token, &w.keys.pepper)),
        is_open(MailboxSecret::unwrap_password(bytes, "m1", &w.password, &w.keys.pepper)),
        is_open(MailboxSecret::unwrap_initial(bytes, "m1", &w.password, &w.keys.pepper)),
        is_open(MailboxSecret::unwrap_answer(bytes, "m1", &w.password, &w.keys.pepper)),
        MailboxSecret::unwrap_escrow(bytes, "m1", &w.keys.escrow).is_ok(),
        w.session.open_mailbox_secret(bytes, &HELD, &w.keys.sessions).is_ok(),
    ]
    .into_iter()
    .filter(|open| *open)
    .count()
}

/// One of each kind that this crate writes; each opens in exactly one way.
static SEALED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let w = &*WORLD;
    let random = SequenceRandom::default();
    let cheap = Argon2Cost::new(8, 1, 1).unwrap();
    let mut body = Vec::new();
    let mut sealer = sealpost_vault::StreamSealer::new(&w.message, &random);
    sealer.push(b"body", &mut body);
    sealer.finish(&mut body);
    vec![
        w.keys.spool.seal(Label::Ticket, "id", b"ticket", &random),
        w.keys.rows.seal(Label::Ticket, "id", b"address", &random),
        w.message.seal_part(Part::Head("b1"), b"Subject: x\r\n\r\n", &random),
        body,
        w.public.to_bytes(),
        w.keys.escrow.public().to_bytes(),
        w.public.seal_key("m1", "b1", &w.message, &random).unwrap(),
        w.secret.wrap_key("m1", "b1", &w.message, &random),
        w.secret.wrap_activation("m1", &w.token, &w.keys.pepper, &random),
        w.secret.wrap_password("m1", &w.password, &w.keys.pepper, &cheap, &random).unwrap(),
        w.secret.wrap_answer("m1", &w.password, &w.keys.pepper, &cheap, &random).unwrap(),
        w.secret.wrap_escrow("m1", &w.keys.escrow.public(), &random).unwrap(),
        w.session.seal_mailbox_secret(&w.secret, &HELD, &w.keys.sessions, &random),
    ]
});

/// The formats covered completely by a seal; a public key has none.
fn is_seal(sealed: &[u8]) -> bool {
    !matches!(&sealed[..4], b"SPMP" | b"SPEP")
}

#[test]
fn everything_opens_in_exactly_one_way() {
    for sealed in &*SEALED {
        assert_eq!(opened(sealed), 1, "{:?}", &sealed[..4]);
    }
}

#[test]
fn every_format_has_its_own_magic() {
    let mut magics: Vec<_> = SEALED.iter().map(|sealed| sealed[..5].to_vec()).collect();
    magics.sort_unstable();
    magics.dedup();
    // Spool and rows share the record format; their keys differ.
    assert_eq!(magics.len(), SEALED.len() - 1);
    // The proof of a session is of the second version.
    let version = |magic: &[u8]| if magic.starts_with(b"SPAU") { 2 } else { 1 };
    assert!(magics.iter().all(|magic| magic.starts_with(b"SP") && magic[4] == version(magic)));
}

#[test]
fn a_cut_or_extended_seal_does_not_open() {
    for sealed in &*SEALED {
        for cut in [0, 3, 4, 5, 6, 37, sealed.len() / 2, sealed.len() - 1] {
            assert_eq!(opened(&sealed[..cut]), 0, "{:?} at {cut}", &sealed[..4]);
        }
        let mut longer = sealed.clone();
        longer.push(0);
        assert_eq!(opened(&longer), 0, "{:?}", &sealed[..4]);
    }
}

#[test]
fn another_version_does_not_open() {
    for sealed in &*SEALED {
        let mut other = sealed.clone();
        other[4] = 3 - other[4];
        assert_eq!(opened(&other), 0, "{:?}", &sealed[..4]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_open_nothing(bytes in prop::collection::vec(any::<u8>(), 0..1400)) {
        prop_assert_eq!(opened(&bytes), 0);
    }

    #[test]
    fn arbitrary_bytes_with_a_true_beginning_open_nothing(
        which in 0..SEALED.len(),
        keep in 5..60_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..1400),
    ) {
        let sealed = &SEALED[which];
        // A random row may be a well-formed public key; that is not tested here.
        if is_seal(sealed) {
            let dressed = [&sealed[..keep.min(sealed.len() - 1)], &bytes].concat();
            prop_assert_eq!(opened(&dressed), 0);
        }
    }

    #[test]
    fn one_changed_bit_opens_nothing(which in 0..SEALED.len(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut sealed = SEALED[which].clone();
        if is_seal(&sealed) {
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            // A wrap whose cost was changed to another allowed one may be slow, but does not open.
            prop_assert_eq!(opened(&sealed), 0);
        }
    }

    #[test]
    fn arbitrary_text_is_no_key_token_cookie_or_hash(text in "\\PC{0,90}") {
        prop_assert!(ServerKey::parse(&text).is_err());
        prop_assert!(EscrowSecret::parse(&text).is_err());
        prop_assert!(EscrowPublic::parse(&text).is_err());
        prop_assert!(password_phc::check(&text).is_err());
        let _ = (Token::parse(&text), SessionSecret::parse(&text));
    }

    #[test]
    fn what_was_sealed_comes_back(
        plain in prop::collection::vec(any::<u8>(), 0..300),
        label in prop::sample::select(vec![Label::Ticket, Label::Address, Label::Partner]),
        id in "\\PC{0,20}",
    ) {
        let w = &*WORLD;
        let random = SequenceRandom::default();
        let record = w.keys.spool.seal(label, &id, &plain, &random);
        prop_assert!(w.keys.spool.open(label, &id, &record).unwrap().expose() == &plain);
        let part = w.message.seal_part(Part::Words(&id), &plain, &random);
        prop_assert_eq!(&w.message.open_part(Part::Words(&id), &part).unwrap(), &plain);
    }

    #[test]
    fn any_password_opens_its_own_wrap_and_no_other(one in "\\PC{0,30}", other in "\\PC{0,30}") {
        let w = &*WORLD;
        let random = SequenceRandom::default();
        let cheap = Argon2Cost::new(8, 1, 1).unwrap();
        let pepper = &w.keys.pepper;
        let password = Secret::new(one.clone());
        let wrap = w.secret.wrap_password("m1", &password, pepper, &cheap, &random).unwrap();
        let right = MailboxSecret::unwrap_password(&wrap, "m1", &password, pepper);
        prop_assert!(matches!(right, Ok(Unwrapped::Opened(_))));
        // Only ASCII certainly has a single composition.
        if one != other && one.is_ascii() {
            let wrong = MailboxSecret::unwrap_password(&wrap, "m1", &Secret::new(other), pepper);
            prop_assert!(matches!(wrong, Ok(Unwrapped::Wrong)));
        }
        let answer = Secret::new(other_spelling(&one));
        if let Ok(wrap) = w.secret.wrap_answer("m1", &Secret::new(one), pepper, &cheap, &random) {
            let right = MailboxSecret::unwrap_answer(&wrap, "m1", &answer, pepper);
            prop_assert!(matches!(right, Ok(Unwrapped::Opened(_))));
        }
    }
}

/// The same answer, typed less carefully.
fn other_spelling(answer: &str) -> String {
    format!("  {} ! ", answer.replace(' ', " - "))
}
