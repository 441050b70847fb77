//! Acts on a store, prepared so that only their transaction remains to be run. Each is independent of the
//! others.

use std::pin::Pin;

use sealpost_mail::{Random as _, Timestamp};
use sealpost_store::{
    Activate, ArrivalRows, ChangeSecrets, Claim, DraftQuota, Ended, Folder, IdleMailbox, JobStart, Lease,
    LeaseFrom, LeasedLeg, LegEnd, NewDraft, NewDraftFile, NewToken, NewUse, OwnFolderRow, Proof,
    ResetPassword, SentDraft, Settled, Standing, Store, TokenPurpose, Tries, Unread, UseLimits, Withdrawal,
    WrapKind,
};

use crate::access::{active, session};
use crate::rig::{LATER, NOW, Rig, token, wrap};

/// The first act; the second; the first one repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Activate(u8),
    AddFile(u64),
    BeginReset(u8),
    ChangeSecrets(u8),
    ClaimJob(&'static str),
    CountTry(i64),
    DeleteActive,
    DeleteDraft,
    DeleteIdle,
    DeleteIdleActive,
    DeletePending,
    DeleteTrashed,
    Deposit,
    DepositPending,
    EndSession,
    Finish,
    FinishOther,
    Hold,
    Lease(&'static str),
    LogIn,
    MakeFolder(char),
    MoveLetter,
    Open,
    PurgeDrafts,
    PurgeLetters,
    PurgePending,
    PurgeTrash,
    RemoveFolder,
    RemoveLegs,
    Renew(u8),
    Reset,
    Restore,
    Retry,
    SaveDraft,
    Send,
    Touch,
    Trash,
    Use,
    Withdraw,
}

/// The rest of an act; returns its outcome.
pub(crate) type Ready = Pin<Box<dyn Future<Output = String> + Send>>;

/// A store in the middle of its life: an active mailbox with a letter, one in the trash, a draft, a folder, a
/// session and a reset under way; a pending one with a letter; three legs, two of them with one body and
/// leased.
pub(crate) struct Scene {
    active: String,
    letter: String,
    trashed: String,
    draft: String,
    folder: String,
    pending: String,
    idle_active: IdleMailbox,
    idle: IdleMailbox,
    held: Vec<LeasedLeg>,
}

const QUOTA: DraftQuota = DraftQuota { bytes: 100, files: 2, in_mailbox: 1000 };
const JOB: &str = "purge";

impl Scene {
    pub(crate) async fn set(rig: &Rig) -> Self {
        let store = &rig.store;
        let active = active(rig, 1).await;
        let letter = only_letter(store, &active).await;
        rig.deposit_more(&active).await;
        let more = store.deposit_ids(&active, Folder::Inbox.into(), LATER, 10).await.unwrap();
        let trashed = more.into_iter().find(|id| *id != letter).unwrap();
        assert_eq!(store.trash_deposits(&active, std::slice::from_ref(&trashed), NOW).await.unwrap(), 1);
        let draft = NewDraft {
            id: rig.ids.id(),
            mailbox_id: active.clone(),
            sealed_to: b"public".to_vec(),
            key_sealed: b"key".to_vec(),
            content_sealed: b"text".to_vec(),
            now: NOW,
        };
        let draft_id = draft.id.clone();
        assert!(store.add_draft(draft).await.unwrap());
        let row = folder(&"f".repeat(32));
        let folder_id = row.id.clone();
        assert!(store.make_folder(&active, row, b"public".to_vec(), 3).await.unwrap());
        assert!(store.begin_session(session(&active, 1)).await.unwrap());
        let reset = NewToken { purpose: TokenPurpose::Reset, ..token(50) };
        assert!(store.begin_reset(&active, reset, LATER).await.unwrap());
        let (pending, _, _) = rig.deposit_in_new(2).await;
        rig.queue(10, &["a.example", "a.example"]).await;
        let held = rig.lease("holder", NOW, LATER).await;
        assert_eq!(held.len(), 2);
        rig.queue(10, &["b.example"]).await;
        let found = store.idle_mailboxes(LATER, "").await.unwrap();
        let idle_one = |id: &str| found.iter().find(|one| one.id == id).unwrap().clone();
        let (idle, idle_active) = (idle_one(&pending), idle_one(&active));
        store.introduce_jobs(&[(JOB, NOW)]).await.unwrap();
        Self { active, letter, trashed, draft: draft_id, folder: folder_id, pending, idle, idle_active, held }
    }
}

fn folder(id: &str) -> OwnFolderRow {
    OwnFolderRow { id: id.to_owned(), key_sealed: b"key".to_vec(), name_sealed: b"name".to_vec() }
}

async fn only_letter(store: &Store, mailbox_id: &str) -> String {
    store.deposit_ids(mailbox_id, Folder::Inbox.into(), LATER, 10).await.unwrap().remove(0)
}

async fn letter_to(rig: &Rig, mailbox_id: &str) -> ArrivalRows {
    let body = rig.body(100).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.deposits.push(rig.deposit(mailbox_id, body.id()));
    rows.body = Some(body);
    rows
}

fn arrives(store: Store, rows: ArrivalRows) -> Ready {
    // The content of what is leased is not worth comparing.
    said(
        async move { format!("{:?}", store.commit_arrival(rows).await.map(|one| std::mem::discriminant(&one))) },
    )
}

fn said(act: impl Future<Output = String> + Send + 'static) -> Ready {
    Box::pin(act)
}

/// `ready!(store.act(…))`: runs it and returns its outcome.
macro_rules! ready {
    ($store:ident.$act:ident($($arg:expr),*)) => {
        said(async move { format!("{:?}", $store.$act($($arg),*).await) })
    };
}

impl Act {
    /// Everything but its transaction. Each uses the same ids in the same order.
    pub(crate) async fn prepare(self, rig: &Rig, scene: &Scene) -> Ready {
        let store = rig.store.clone();
        let (mailbox, pending) = (scene.active.clone(), scene.pending.clone());
        let (letter, trashed) = ([scene.letter.clone()], [scene.trashed.clone()]);
        let (draft, folder_id) = (scene.draft.clone(), scene.folder.clone());
        match self {
            Self::Activate(word) => {
                let activate = Activate {
                    proof: Proof::Token([2; 32]),
                    now: NOW,
                    rekey: rig.rekey(&pending).await,
                    mailbox_id: pending,
                    wraps: vec![sealpost_store::NewWrap { kind: WrapKind::Password, sealed: vec![word] }],
                    question_sealed: None,
                    language: "de".to_owned(),
                    letters_until: None,
                };
                ready!(store.activate(activate))
            }
            Self::AddFile(size) => {
                let body = rig.body(80).await;
                let (facts_sealed, id) = (b"facts".to_vec(), rig.ids.id());
                let file = NewDraftFile {
                    id,
                    mailbox_id: mailbox,
                    draft_id: draft,
                    body,
                    size,
                    facts_sealed,
                    now: NOW,
                };
                ready!(store.add_draft_file(file, QUOTA))
            }
            Self::BeginReset(hash) => {
                let token = NewToken {
                    purpose: TokenPurpose::Reset,
                    created_at: Timestamp(NOW.0 + 1),
                    ..token(hash)
                };
                ready!(store.begin_reset(&mailbox, token, NOW))
            }
            Self::ChangeSecrets(word) => {
                let old_address = store.mailbox(&mailbox).await.unwrap().unwrap().address_sealed;
                let change = ChangeSecrets {
                    old_address,
                    address_sealed: vec![word],
                    epochs: format!("..{word}"),
                    mailbox_id: mailbox,
                    now: NOW,
                    wraps: Vec::new(),
                    question_sealed: None,
                    keep_session: None,
                    why: Ended::Everywhere,
                };
                ready!(store.change_secrets(change))
            }
            Self::ClaimJob(owner) => said(async move {
                let claim = Claim {
                    job: JOB,
                    owner,
                    now: NOW,
                    until: LATER,
                    longest: Timestamp(LATER.0 + 1),
                    latest: Timestamp(LATER.0 + 1),
                    first: NOW,
                    start: JobStart::WhenDue,
                };
                format!("{:?}", store.claim_job(claim).await.map(|run| run.is_some()))
            }),
            Self::CountTry(wrong) => {
                let after = Tries { wrong, last_at: NOW, open_at: NOW, forget_at: LATER };
                ready!(store.count_try(&[9; 32], None, after))
            }
            Self::DeleteActive => ready!(store.delete_mailbox(&mailbox, Unread::Forgotten, NOW)),
            Self::DeleteDraft => ready!(store.delete_draft(&mailbox, &draft)),
            Self::DeleteIdle => {
                let idle = scene.idle.clone();
                ready!(store.delete_idle(&idle, Unread::Forgotten, LATER))
            }
            Self::DeleteIdleActive => {
                let idle = scene.idle_active.clone();
                ready!(store.delete_idle(&idle, Unread::Forgotten, LATER))
            }
            Self::DeletePending => ready!(store.delete_mailbox(&pending, Unread::Forgotten, NOW)),
            Self::DeleteTrashed => ready!(store.delete_trashed(&mailbox, &trashed, Unread::Forgotten, NOW)),
            Self::Deposit => arrives(store, letter_to(rig, &mailbox).await),
            Self::DepositPending => {
                let mut rows = letter_to(rig, &pending).await;
                rows.prolonged.push((pending, Timestamp(LATER.0 + 1)));
                arrives(store, rows)
            }
            Self::EndSession => ready!(store.end_session(&[1; 32])),
            Self::Finish | Self::FinishOther | Self::Retry => {
                let leg = scene.held[usize::from(self == Self::FinishOther)].clone();
                let again =
                    LegEnd::Retry { due_at: LATER, code: Some(451), enhanced: None, delay_noted: false };
                let end = if self == Self::Retry { again } else { LegEnd::Done };
                ready!(store.finish_leg(&leg, end, Vec::new()))
            }
            Self::Hold => ready!(store.hold_mailbox(&mailbox, NOW)),
            Self::Lease(owner) => said(async move {
                let request = Lease {
                    owner: owner.to_owned(),
                    now: NOW,
                    until: LATER,
                    limit: 10,
                    from: LeaseFrom::AllBut(&[]),
                };
                format!("{:?}", store.lease_legs(request).await.map(|legs| legs.len()))
            }),
            Self::LogIn => {
                let settled = Settled { taken_back: vec![[8; 32]], forgiven: vec![[7; 32]] };
                ready!(store.begin_session_by_log_in(session(&mailbox, 7), &settled))
            }
            Self::MakeFolder(fill) => {
                let row = folder(&String::from(fill).repeat(32));
                ready!(store.make_folder(&mailbox, row, b"public".to_vec(), 2))
            }
            Self::MoveLetter => ready!(store.move_deposits(&mailbox, &letter, Some(&folder_id), NOW)),
            Self::Open => ready!(store.mark_read(&mailbox, &letter[0], NOW)),
            Self::PurgeDrafts => ready!(store.purge_unattended_drafts(LATER, Timestamp(0))),
            Self::PurgeLetters => ready!(store.purge_letters(Unread::Forgotten, LATER)),
            Self::PurgePending => ready!(store.purge_pending(LATER, Timestamp(0))),
            Self::PurgeTrash => ready!(store.purge_trash(LATER, Unread::Forgotten, NOW)),
            Self::RemoveFolder => ready!(store.remove_folder(&mailbox, &folder_id)),
            Self::RemoveLegs => {
                let ids: Vec<String> = scene.held.iter().map(|leg| leg.id.clone()).collect();
                ready!(store.remove_legs(&ids))
            }
            Self::Renew(hash) => {
                let token = NewToken { created_at: Timestamp(NOW.0 + 1), ..token(hash) };
                let wraps = vec![wrap(WrapKind::Activation)];
                ready!(store.renew_activation(&pending, token, wraps, Some(NOW)))
            }
            Self::Reset => {
                let reset = ResetPassword {
                    token_hash: [50; 32],
                    now: NOW,
                    rekey: rig.rekey(&mailbox).await,
                    mailbox_id: mailbox,
                    wraps: vec![sealpost_store::NewWrap {
                        kind: WrapKind::Password,
                        sealed: b"new".to_vec(),
                    }],
                };
                ready!(store.reset_password(reset))
            }
            Self::Restore => ready!(store.restore_deposits(&mailbox, &trashed)),
            Self::SaveDraft => ready!(store.save_draft(&mailbox, &draft, b"other".to_vec(), NOW)),
            Self::Send => {
                let mut rows = letter_to(rig, &pending).await;
                let (row, files) = store.draft(&mailbox, &draft).await.unwrap().unwrap();
                rows.sent = Some(SentDraft {
                    mailbox_id: mailbox,
                    draft_id: draft,
                    files_version: row.files_version,
                    body_ids: files.into_iter().map(|file| file.body_id).collect(),
                });
                arrives(store, rows)
            }
            Self::Touch => ready!(store.touch_session(&[1; 32], NOW, Timestamp(LATER.0 + 1))),
            Self::Trash => ready!(store.trash_deposits(&mailbox, &letter, NOW)),
            Self::Use => {
                let mut rows = letter_to(rig, &mailbox).await;
                let most = UseLimits {
                    letters_hour: 1,
                    letters_day: 100,
                    recipients_hour: 100,
                    recipients_day: 100,
                };
                rows.uses.push(NewUse { whose: [7; 32], at: NOW, recipients: 1, most });
                arrives(store, rows)
            }
            Self::Withdraw => {
                let [deposit_id] = letter;
                let standing = Standing {
                    deposit_id,
                    mailbox_id: mailbox,
                    received_at: NOW,
                    withdrawn_at: NOW,
                    forget_at: LATER,
                };
                let withdrawal = Withdrawal { standing, even_if_read: false, by_sealed: b"by".to_vec() };
                ready!(store.withdraw(withdrawal))
            }
        }
    }
}
