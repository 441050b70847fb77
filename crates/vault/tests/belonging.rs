//! A seal opens where it belongs and nowhere else; a wrong secret is a verdict, a damaged wrap an error.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use sealpost_mail::{Secret, SequenceRandom};
use sealpost_vault::{
    Argon2Cost, EscrowPublic, EscrowSecret, Keys, Label, MailboxKeys, MailboxPublic, MailboxSecret,
    MessageKey, Part, Pepper, ServerKey, Token, TokenPurpose, Unwrapped, VaultError,
};

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn cheap() -> Argon2Cost {
    Argon2Cost::new(8, 1, 1).unwrap()
}

struct World {
    random: SequenceRandom,
    keys: Keys,
    other_keys: Keys,
    public: MailboxPublic,
    secret: MailboxSecret,
}

fn world() -> World {
    let random = SequenceRandom::default();
    let keys = ServerKey::generate(&random).keys();
    let other_keys = ServerKey::generate(&random).keys();
    let (public, secret) = MailboxKeys::generate(&random);
    World { random, keys, other_keys, public, secret }
}

#[track_caller]
fn opened(verdict: Result<Unwrapped, VaultError>, expected: &MailboxPublic) {
    match verdict {
        Ok(Unwrapped::Opened(secret)) => assert!(secret.public() == *expected),
        Ok(Unwrapped::Wrong) => panic!("the right secret was called wrong"),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn wrong(verdict: Result<Unwrapped, VaultError>) {
    assert!(matches!(verdict, Ok(Unwrapped::Wrong)), "{verdict:?}");
}

#[test]
fn a_record_opens_under_its_key_label_and_id_only() {
    let w = world();
    let sealed = w.keys.spool.seal(Label::Ticket, "leg1", b"plain", &w.random);
    assert_eq!(w.keys.spool.open(Label::Ticket, "leg1", &sealed).unwrap().expose(), b"plain");
    assert!(w.keys.spool.open(Label::Ticket, "leg2", &sealed).is_err());
    assert!(w.keys.spool.open(Label::Address, "leg1", &sealed).is_err());
    assert!(w.keys.spool.open(Label::TicketHeld, "leg1", &sealed).is_err());
    assert!(w.keys.rows.open(Label::Ticket, "leg1", &sealed).is_err());
    assert!(
        w.keys.spool.seal(Label::Ticket, "leg1", b"plain", &w.random) != sealed,
        "no two seals are alike"
    );
}

#[test]
fn another_server_key_is_named_and_not_called_damage() {
    let w = world();
    let sealed = w.keys.rows.seal(Label::Address, "m1", b"plain", &w.random);
    let error = w.other_keys.rows.open(Label::Address, "m1", &sealed).unwrap_err();
    assert!(matches!(error, VaultError::OtherKey { .. }), "{error}");
    let wrap = w.secret.wrap_password("m1", &secret("x"), &w.keys.pepper, &cheap(), &w.random).unwrap();
    let error = MailboxSecret::unwrap_password(&wrap, "m1", &secret("x"), &w.other_keys.pepper).unwrap_err();
    assert!(matches!(error, VaultError::OtherKey { .. }), "a wrong key file is not a wrong password");
    let wrap = w.secret.wrap_escrow("m1", &w.keys.escrow.public(), &w.random).unwrap();
    let error = MailboxSecret::unwrap_escrow(&wrap, "m1", &w.other_keys.escrow).unwrap_err();
    assert!(matches!(error, VaultError::OtherKey { .. }), "{error}");
}

#[test]
fn a_message_key_opens_for_its_mailbox_and_message_only() {
    let w = world();
    let key = MessageKey::generate(&w.random);
    let part = key.seal_part(Part::Head("b1"), b"plain", &w.random);
    let sealed = w.public.seal_key("m1", "b1", &key, &w.random).unwrap();
    let back = w.secret.open_key("m1", "b1", &sealed).unwrap();
    assert_eq!(back.open_part(Part::Head("b1"), &part).unwrap(), b"plain");
    assert!(back.open_part(Part::Head("b2"), &part).is_err());
    assert!(w.secret.open_key("m2", "b1", &sealed).is_err());
    assert!(w.secret.open_key("m1", "b2", &sealed).is_err());
    assert!(w.secret.open_key("m", "1b1", &sealed).is_err());
    assert!(MailboxKeys::generate(&w.random).1.open_key("m1", "b1", &sealed).is_err());
}

#[test]
fn the_public_key_comes_back_from_its_row() {
    let w = world();
    assert!(MailboxPublic::from_bytes(&w.public.to_bytes()).unwrap() == w.public);
    assert!(w.secret.public() == w.public);
    // A key refused by ML-KEM's check (FIPS 203 §7.2): coefficients above q.
    let mut bad = w.public.to_bytes();
    bad[5..1000].fill(0xff);
    assert!(MailboxPublic::from_bytes(&bad).is_err());
}

#[test]
fn the_activation_wrap_opens_for_its_token() {
    let w = world();
    let (token, _) = w.keys.tokens.issue(TokenPurpose::Activation, &w.random);
    let (other, _) = w.keys.tokens.issue(TokenPurpose::Activation, &w.random);
    let wrap = w.secret.wrap_activation("m1", &token, &w.keys.pepper, &w.random);
    let from_link = Token::parse(token.text().expose()).unwrap();
    opened(MailboxSecret::unwrap_activation(&wrap, "m1", &from_link, &w.keys.pepper), &w.public);
    wrong(MailboxSecret::unwrap_activation(&wrap, "m1", &other, &w.keys.pepper));
    wrong(MailboxSecret::unwrap_activation(&wrap, "m2", &token, &w.keys.pepper));
}

#[test]
fn the_password_wrap_opens_for_its_password() {
    let w = world();
    let pepper: &Pepper = &w.keys.pepper;
    let wrap = w.secret.wrap_password("m1", &secret("Grüße 7"), pepper, &cheap(), &w.random).unwrap();
    opened(MailboxSecret::unwrap_password(&wrap, "m1", &secret("Grüße 7"), pepper), &w.public);
    opened(MailboxSecret::unwrap_password(&wrap, "m1", &secret("Gru\u{308}ße 7"), pepper), &w.public);
    for other in ["grüße 7", "Grüße 7 ", "Grüße  7", ""] {
        wrong(MailboxSecret::unwrap_password(&wrap, "m1", &secret(other), pepper));
    }
    wrong(MailboxSecret::unwrap_password(&wrap, "m2", &secret("Grüße 7"), pepper));
}

#[test]
fn the_standard_cost_works_and_stands_in_the_wrap() {
    let w = world();
    let pepper = &w.keys.pepper;
    let standard = Argon2Cost::standard();
    let wrap = w.secret.wrap_password("m1", &secret("x"), pepper, &standard, &w.random).unwrap();
    assert_eq!(wrap[6..18], [0, 0, 0x4c, 0, 0, 0, 0, 2, 0, 0, 0, 1]);
    opened(MailboxSecret::unwrap_password(&wrap, "m1", &secret("x"), pepper), &w.public);
}

#[test]
fn the_answer_wrap_opens_for_the_answer_as_people_type_it() {
    let w = world();
    let pepper = &w.keys.pepper;
    let wrap = w.secret.wrap_answer("m1", &secret("St. Pölten"), pepper, &cheap(), &w.random).unwrap();
    for same in ["st pölten", " ST.PÖLTEN! ", "St.\u{a0}Po\u{308}lten"] {
        opened(MailboxSecret::unwrap_answer(&wrap, "m1", &secret(same), pepper), &w.public);
    }
    for other in ["stpölten", "St. Polten", "", "?"] {
        wrong(MailboxSecret::unwrap_answer(&wrap, "m1", &secret(other), pepper));
    }
    let empty = w.secret.wrap_answer("m1", &secret(" ?! "), pepper, &cheap(), &w.random);
    assert_eq!(empty, Err(VaultError::EmptyAnswer));
}

#[test]
fn a_password_does_not_open_an_answer_wrap() {
    let w = world();
    let pepper = &w.keys.pepper;
    let mut wrap = w.secret.wrap_answer("m1", &secret("x"), pepper, &cheap(), &w.random).unwrap();
    assert!(MailboxSecret::unwrap_password(&wrap, "m1", &secret("x"), pepper).is_err());
    wrap[..4].copy_from_slice(b"SPWP");
    wrong(MailboxSecret::unwrap_password(&wrap, "m1", &secret("x"), pepper));
}

#[test]
fn a_damaged_wrap_is_an_error_and_costs_nobody_a_try() {
    let w = world();
    let pepper = &w.keys.pepper;
    let wrap = w.secret.wrap_password("m1", &secret("x"), pepper, &cheap(), &w.random).unwrap();
    let tried = |wrap: &[u8]| MailboxSecret::unwrap_password(wrap, "m1", &secret("x"), pepper);
    for (at, value) in [(0, 0), (4, 9), (5, wrap[5] ^ 1)] {
        let mut bad = wrap.clone();
        bad[at] = value;
        assert!(tried(&bad).is_err(), "byte {at}");
    }
    assert!(tried(&wrap[..wrap.len() - 1]).is_err());
    assert!(tried(&[]).is_err());
    // One gigabyte of memory: refused before anything is allocated.
    let mut hungry = wrap.clone();
    hungry[6..10].copy_from_slice(&(1_u32 << 20).to_be_bytes());
    assert_eq!(tried(&hungry).unwrap_err(), VaultError::Cost);
}

#[test]
fn an_unknown_address_is_always_wrong() {
    let w = world();
    let verdict = MailboxSecret::dummy_unwrap_password(&secret("x"), &w.keys.pepper, &Argon2Cost::standard());
    wrong(verdict);
}

#[test]
fn escrow_opens_with_the_key_from_the_safe() {
    let w = world();
    let escrow = EscrowSecret::generate(&w.random);
    let public = EscrowPublic::parse(&escrow.public().to_file_text()).unwrap();
    assert!(EscrowPublic::from_bytes(&public.to_bytes()).unwrap() == public);
    let wrap = w.secret.wrap_escrow("m1", &public, &w.random).unwrap();
    let from_safe = EscrowSecret::parse(escrow.to_file_text().expose()).unwrap();
    assert!(MailboxSecret::unwrap_escrow(&wrap, "m1", &from_safe).unwrap().public() == w.public);
    assert!(MailboxSecret::unwrap_escrow(&wrap, "m2", &from_safe).is_err());
    assert!(MailboxSecret::unwrap_escrow(&wrap, "m1", &w.keys.escrow).is_err());
}

#[test]
fn nothing_secret_prints() {
    let w = world();
    let (token, _) = w.keys.tokens.issue(TokenPurpose::Activation, &w.random);
    let text = token.text();
    let printed = format!("{:?} {:?} {:?} {:?} {token:?}", w.keys, w.secret, w.public, text);
    assert!(!printed.contains(text.expose().as_str()));
    assert!(printed.len() < 600, "{printed}");
}
