//! Drafts and their files: what is stored opens only for its mailbox and in its place, and uploads are
//! complete or absent.

use futures_util::TryStreamExt as _;
use sealpost_mail::{Address, FakeClock, SystemRandom};
use sealpost_mailbox::{
    Announcement, Content, Draft, Drafts, FileFacts, MAX_SUBJECT, MailboxError, PIECE, Progress, Stage,
    WriteRules,
};
use sealpost_store::SavedDraft;
use sealpost_vault::{MailboxKeys, MailboxSecret};

use crate::rig::{ADDRESS, NOW, Rig};

struct DraftOwner {
    rig: Rig,
    clock: FakeClock,
    mailbox_id: String,
    secret: MailboxSecret,
    rules: WriteRules,
}

impl DraftOwner {
    async fn new() -> Self {
        let rig = Rig::new();
        let (mailbox_id, secret) = rig.pending_open().await;
        let rules = WriteRules { max_size: 3 * PIECE, ..WriteRules::default() };
        Self { rig, clock: FakeClock::at(NOW), mailbox_id, secret, rules }
    }

    fn drafts(&self) -> Drafts<'_> {
        Drafts {
            store: &self.rig.store,
            auth: &self.rig.keys.sessions,
            mailbox_id: &self.mailbox_id,
            secret: &self.secret,
            quota: self.rules.quota(),
            random: &SystemRandom,
            clock: &self.clock,
        }
    }

    async fn begun(&self) -> Draft {
        let content =
            Content { subject: "Rueckfrage".to_owned(), text: "Guten Tag".to_owned(), ..Content::default() };
        self.drafts().begin(content).await.unwrap().unwrap()
    }

    async fn again(&self, draft: &Draft) -> Draft {
        self.drafts().find(&draft.id).await.unwrap().unwrap()
    }

    async fn announce(&self, draft: &Draft, size: u64) -> Announcement {
        self.drafts().announce(&self.again(draft).await, &facts(), size).await.unwrap()
    }

    async fn piece(&self, draft: &Draft, id: &str, place: u64, bytes: &[u8]) -> bool {
        let mut piece = self.drafts().new_piece(bytes.len() as u64).unwrap();
        piece.push(bytes).await.unwrap();
        assert_eq!(piece.taken(), bytes.len() as u64);
        self.drafts().keep_piece(draft, id, place, piece).await.unwrap()
    }
}

fn facts() -> FileFacts {
    FileFacts { name: "befund.pdf".to_owned(), content_type: "application/pdf".to_owned(), changed: Some(7) }
}

fn known(announcement: Announcement) -> Progress {
    match announcement {
        Announcement::Known(progress) => progress,
        other @ (Announcement::NoRoom | Announcement::DiskLow) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_typed_is_kept_as_it_was_typed() {
    let owner = DraftOwner::new().await;
    let mut draft = owner.begun().await;
    assert_eq!(owner.again(&draft).await.content, draft.content);
    let long = "s".repeat(400);
    draft.content.type_in(
        Some("a@b.example\r\nBcc: x".to_owned()),
        None,
        Some(long),
        Some("eins\r\nzwei\rdrei\0".to_owned()),
    );
    assert_eq!(owner.drafts().save(&draft).await.unwrap(), SavedDraft::Saved);
    let found = owner.again(&draft).await;
    assert_eq!(found.content.subject.len(), MAX_SUBJECT);
    assert_eq!(found.content.text, "eins\nzwei\ndrei");
    assert!(!found.content.to.contains(['\r', '\n']));
    assert_eq!(owner.drafts().all().await.unwrap().len(), 1);
    owner.drafts().discard(&found).await.unwrap();
    assert_eq!(owner.drafts().save(&draft).await.unwrap(), SavedDraft::Gone);
    assert!(owner.drafts().find(&draft.id).await.unwrap().is_none());
    assert!(owner.drafts().find("no id").await.unwrap().is_none());
}

#[tokio::test]
async fn a_draft_opens_for_its_own_mailbox_only() {
    let owner = DraftOwner::new().await;
    let draft = owner.begun().await;
    let (_, stranger) = MailboxKeys::generate(&SystemRandom);
    let drafts = Drafts { secret: &stranger, ..owner.drafts() };
    assert!(matches!(drafts.find(&draft.id).await, Err(MailboxError::Damaged { .. })));
    assert!(drafts.all().await.unwrap().is_empty(), "one that does not open hides no other");
    let drafts = Drafts { mailbox_id: "another", ..owner.drafts() };
    assert!(drafts.find(&draft.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_letter_has_the_files_of_its_draft() {
    let owner = DraftOwner::new().await;
    let draft = owner.begun().await;
    for (name, bytes) in [("a.txt", &b"erste"[..]), ("b.txt", b"zweite"), ("c.txt", b"dritte")] {
        let mut upload = owner.drafts().new_file(&draft, bytes.len() as u64).unwrap();
        upload.push(bytes).await.unwrap();
        let kind = "text/plain".to_owned();
        assert!(owner.drafts().add_file(&draft, upload, name.to_owned(), kind).await.unwrap());
    }
    let found = owner.again(&draft).await;
    let second = found.files.iter().find(|file| file.facts.name == "b.txt").unwrap();
    owner.drafts().remove_file(&found, &second.id).await.unwrap();
    let found = owner.again(&draft).await;
    assert_eq!((found.file_count(), found.size()), (2, 11));
    let from = Address::parse(ADDRESS).unwrap();
    let letter = owner.drafts().letter(found, from, None, Vec::new(), Vec::new()).await.unwrap();
    assert_eq!(letter.subject, "Rueckfrage");
    let mut read = Vec::new();
    for file in letter.files {
        let bytes: Vec<_> = file.bytes.try_collect().await.unwrap();
        read.push((file.name, bytes.concat()));
    }
    read.sort();
    assert_eq!(read, [("a.txt".to_owned(), b"erste".to_vec()), ("c.txt".to_owned(), b"dritte".to_vec())]);
}

#[tokio::test]
async fn a_file_that_comes_in_pieces_is_whole_or_not_there() {
    let owner = DraftOwner::new().await;
    let draft = owner.begun().await;
    let bytes: Vec<u8> = (0..PIECE + 4711).map(|n| (n % 251) as u8).collect();
    let (first, last) = bytes.split_at(usize::try_from(PIECE).unwrap());
    let one = known(owner.announce(&draft, bytes.len() as u64).await);
    assert_eq!((one.offset, one.stage), (0, Stage::Coming));
    assert!(!owner.piece(&draft, &one.id, PIECE, last).await, "not the next one");
    assert!(owner.piece(&draft, &one.id, 0, first).await);
    assert!(!owner.piece(&draft, &one.id, 0, first).await, "it is there already");
    // A client that lost track asks again.
    let again = known(owner.announce(&draft, bytes.len() as u64).await);
    assert_eq!((again.id.as_str(), again.offset, again.stage), (one.id.as_str(), PIECE, Stage::Coming));
    let found = owner.again(&draft).await;
    assert_eq!(found.pending[0].next_len(), 4711);
    assert!(!owner.drafts().assemble(&found, &one.id).await.unwrap_or(false), "not all are there");
    assert!(owner.piece(&draft, &one.id, PIECE, last).await);
    let found = owner.again(&draft).await;
    assert_eq!(found.progress(&one.id).unwrap().stage, Stage::Here);
    assert!(owner.drafts().assemble(&found, &one.id).await.unwrap());
    let found = owner.again(&draft).await;
    assert_eq!(found.progress(&one.id).unwrap().stage, Stage::Whole);
    assert!(found.progress("another").is_none());
    assert_eq!(known(owner.announce(&draft, bytes.len() as u64).await).stage, Stage::Whole);
    let from = Address::parse(ADDRESS).unwrap();
    let letter = owner.drafts().letter(found, from, None, Vec::new(), Vec::new()).await.unwrap();
    let file = letter.files.into_iter().next().unwrap();
    let read: Vec<_> = file.bytes.try_collect().await.unwrap();
    assert!(read.concat() == bytes);
}

#[tokio::test]
async fn a_draft_has_no_more_room_than_the_operator_allows() {
    let owner = DraftOwner::new().await;
    let draft = owner.begun().await;
    assert_eq!(owner.announce(&draft, 3 * PIECE + 1).await, Announcement::NoRoom);
    let one = known(owner.announce(&draft, 2 * PIECE).await);
    let other = FileFacts { name: "other".to_owned(), ..facts() };
    let found = owner.again(&draft).await;
    assert_eq!(owner.drafts().announce(&found, &other, 2 * PIECE).await.unwrap(), Announcement::NoRoom);
    owner.drafts().give_up(&found, &one.id).await.unwrap();
    owner.drafts().give_up(&found, "no id").await.unwrap();
    let found = owner.again(&draft).await;
    assert!(found.pending.is_empty());
    let _ = known(owner.drafts().announce(&found, &other, 2 * PIECE).await.unwrap());
}
