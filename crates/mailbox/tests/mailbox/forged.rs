//! Rows that somebody else wrote, changed or moved: having the disk but no key gives access to no letter, and
//! forges none.

use sealpost_mail::SystemRandom;
use sealpost_mailbox::{
    AddressRecord, Resident, is_id, open_head, opened, proven_listing, rewrapped, seal_address,
};
use sealpost_store::{DepositRow, MailboxRow};
use sealpost_vault::{MailboxKeys, MailboxSecret, ServerKey};

use crate::rig::{ADDRESS, Rig};

struct Rows {
    rig: Rig,
    id: String,
    secret: MailboxSecret,
}

impl Rows {
    async fn new() -> Self {
        let rig = Rig::new();
        let (id, secret) = rig.pending_open().await;
        Self { rig, id, secret }
    }

    async fn mailbox(&self) -> MailboxRow {
        self.rig.store.mailbox(&self.id).await.unwrap().unwrap()
    }

    async fn letter(&self) -> DepositRow {
        self.rig.inbox(&self.id).await.pop().unwrap()
    }

    fn is_ours(&self, row: &MailboxRow) -> bool {
        Resident::of(row, &self.rig.keys.rows, &self.rig.keys.tags).is_ok()
    }

    fn opens(&self, row: &DepositRow) -> bool {
        opened(&self.rig.keys.deposits, &self.id, &self.secret, row).is_some()
    }
}

#[tokio::test]
async fn a_mailbox_s_row_is_ours_as_a_whole_or_not_at_all() {
    let rows = Rows::new().await;
    let row = rows.mailbox().await;
    assert!(rows.is_ours(&row));
    let (other, _) = MailboxKeys::generate(&SystemRandom);
    type Change = fn(&mut MailboxRow, &[u8]);
    let changes: [(&str, Change); 6] = [
        ("another id", |row, _| row.id.push('0')),
        ("another tag", |row, _| row.tag[0] ^= 1),
        ("another key", |row, key| row.public_key = key.to_vec()),
        ("another time", |row, _| row.epochs.push('x')),
        ("no address", |row, _| row.address_sealed.clear()),
        ("a changed address", |row, _| {
            if let Some(last) = row.address_sealed.last_mut() {
                *last ^= 1;
            }
        }),
    ];
    for (what, change) in changes {
        let mut forged = row.clone();
        change(&mut forged, &other.to_bytes());
        assert!(!rows.is_ours(&forged), "{what}");
    }
}

#[tokio::test]
async fn an_address_that_another_server_key_sealed_is_not_believed() {
    let rows = Rows::new().await;
    let mut row = rows.mailbox().await;
    let strange = ServerKey::generate(&SystemRandom).keys();
    let public = rows.rig.resident(&rows.id).await.public().clone();
    row.address_sealed = seal_address(&strange.rows, &public, &row.id, &row.epochs, ADDRESS, &SystemRandom);
    assert!(!rows.is_ours(&row));
    // Our own seal over another address is under the wrong tag.
    let mallory = "mallory@web.example";
    let ours = &rows.rig.keys.rows;
    row.address_sealed = seal_address(ours, &public, &row.id, &row.epochs, mallory, &SystemRandom);
    assert!(!rows.is_ours(&row));
    let record = AddressRecord { tag: &rows.rig.tag(mallory), ..AddressRecord::from(&row) };
    let resident = Resident::of(record, ours, &rows.rig.keys.tags).unwrap();
    assert_eq!(resident.address_text(), mallory);
}

#[tokio::test]
async fn a_letter_s_row_opens_in_its_place_only() {
    let rows = Rows::new().await;
    rows.rig.deposit(&rows.id, "letter-2", sealpost_mailbox::Going::default()).await;
    let inbox = rows.rig.inbox(&rows.id).await;
    let [one, two] = inbox.as_slice() else { panic!("two letters") };
    assert!(rows.opens(one) && rows.opens(two));
    let swapped = [
        ("its list", DepositRow { listing_sealed: two.listing_sealed.clone(), ..one.clone() }),
        ("its key", DepositRow { key_sealed: two.key_sealed.clone(), ..one.clone() }),
        ("its id", DepositRow { id: two.id.clone(), ..one.clone() }),
        ("its mailbox", DepositRow { mailbox_id: "another".to_owned(), ..one.clone() }),
    ];
    for (what, row) in swapped {
        assert!(!rows.opens(&row), "{what}");
    }
    let both = DepositRow {
        listing_sealed: two.listing_sealed.clone(),
        key_sealed: two.key_sealed.clone(),
        ..one.clone()
    };
    assert!(!rows.opens(&both), "a whole letter under another id");
}

#[tokio::test]
async fn who_can_seal_to_a_mailbox_cannot_put_a_letter_into_it() {
    let rows = Rows::new().await;
    let row = rows.letter().await;
    let key = rows.secret.open_key(&rows.id, &row.id, &row.key_sealed).unwrap();
    assert!(proven_listing(&rows.rig.keys.deposits, &key, &row).is_ok());
    let strange = ServerKey::generate(&SystemRandom).keys();
    assert!(proven_listing(&strange.deposits, &key, &row).is_err(), "proven by another server");
    let mut bare = row.clone();
    bare.listing_sealed.drain(..32);
    assert!(proven_listing(&rows.rig.keys.deposits, &key, &bare).is_err(), "without its proof");
}

#[tokio::test]
async fn a_head_is_one_letter_s_and_a_key_is_wrapped_once() {
    let rows = Rows::new().await;
    let row = rows.letter().await;
    let key = rows.secret.open_key(&rows.id, &row.id, &row.key_sealed).unwrap();
    let letter = rows.rig.store.deposit(&rows.id, &row.id).await.unwrap().unwrap();
    let head = open_head(&key, &row.id, &letter.head_sealed).unwrap();
    assert_eq!(head, b"Subject: Befund\r\n\r\n");
    assert!(open_head(&key, "letter-2", &letter.head_sealed).is_err());
    assert!(open_head(&key, &row.id, &letter.head_sealed[1..]).is_err());

    let again = rewrapped(&rows.secret, &row, &key, &SystemRandom).unwrap();
    assert_eq!((again.id.as_str(), &again.old), (row.id.as_str(), &row.key_sealed));
    let wrapped = DepositRow { key_sealed: again.new, ..row };
    assert!(rows.opens(&wrapped));
    assert!(rewrapped(&rows.secret, &wrapped, &key, &SystemRandom).is_none(), "it is so already");
    let (_, stranger) = MailboxKeys::generate(&SystemRandom);
    assert!(stranger.open_key(&rows.id, &wrapped.id, &wrapped.key_sealed).is_err());
}

#[test]
fn what_cannot_be_an_id_is_never_asked_for() {
    assert!(is_id("0123456789abcdef0123456789abcdef"));
    for text in
        ["", "0123456789ABCDEF0123456789abcdef", "../../etc/passwd", "0123456789abcdef0123456789abcde"]
    {
        assert!(!is_id(text), "{text}");
    }
}
