//! Bodies of every size, whole and in pieces, and tampered ones.

use sealpost_mail::{Random as _, SystemRandom};
use sealpost_mailbox::{BodyOpener, BodySealer, MailboxError, seal_body};
use sealpost_vault::{CHUNK, MessageKey};

use crate::rig::Rig;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

#[tokio::test]
async fn what_went_in_comes_out_at_every_size() {
    let rig = Rig::new();
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 17] {
        let key = MessageKey::generate(&SystemRandom);
        let mut sealer = BodySealer::new(&rig.store, &key, 0, &SystemRandom).unwrap();
        assert!(sealer.is_empty());
        for piece in bytes(len).chunks(10_007) {
            sealer.push(piece).await.unwrap();
        }
        assert_eq!(sealer.len(), len as u64);
        let body = sealer.finish().await.unwrap();
        let opener = BodyOpener::new(&key, body.body()).await.unwrap();
        assert_eq!(opener.plain_len().unwrap(), len as u64);
        let mut whole = b"before".to_vec();
        opener.read_to_end(&mut whole).await.unwrap();
        assert_eq!(&whole[6..], bytes(len), "{len}");
        let mut pieces = Vec::new();
        for index in 0..opener.chunks().unwrap() {
            pieces.extend_from_slice(&opener.chunk(index).await.unwrap().unwrap());
        }
        assert_eq!(pieces, bytes(len), "{len}");
        assert!(opener.chunk(opener.chunks().unwrap()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn another_key_and_another_body_are_damage_and_no_content() {
    let rig = Rig::new();
    let key = MessageKey::generate(&SystemRandom);
    let body = seal_body(&rig.store, &key, &bytes(CHUNK * 2), &SystemRandom).await.unwrap();
    let other = MessageKey::generate(&SystemRandom);
    let mut out = Vec::new();
    let opened = match BodyOpener::new(&other, body.body()).await {
        Ok(opener) => opener.read_to_end(&mut out).await,
        Err(error) => Err(error),
    };
    assert!(matches!(opened, Err(MailboxError::Vault(_) | MailboxError::Damaged { .. })), "{opened:?}");
    assert!(out.is_empty(), "nothing of it is given out");

    let mut writer = rig.store.body_writer(SystemRandom.id());
    writer.push(b"no sealed body").await.unwrap();
    let body = writer.finish().await.unwrap();
    assert!(BodyOpener::new(&key, body.body()).await.is_err());
}
