//! Rows and sealed bodies: what a `250` promises is kept here. Opaque bytes only.
//!
//! SECURITY: this crate holds no key and opens nothing it keeps; whatever it is given is already
//! sealed, so that its files may be copied by anyone. It knows no rules, no SMTP, no HTTP and no
//! wording, and never asks what time it is. It is the only crate that names rusqlite, tokio-postgres and object_store.
//!
//! Every statement is data (decision 0005); one of two engines does it. SQLite: one writer thread drains a queue
//! and commits many callers' work with one `fsync` (group commit), a few readers stand beside it. PostgreSQL: a
//! transaction for each batch.

mod access;
mod acknowledge;
mod activation;
mod adopt;
mod alone;
mod arrival;
mod aside;
mod audit;
mod body;
mod clock;
mod comers;
mod delivered;
mod deposit;
mod disk;
mod draft;
mod ended;
mod engine;
mod error;
mod files;
mod foreseen;
mod gone;
mod hold;
mod idle;
mod job;
mod lately;
mod leg;
mod mailbox;
mod many;
mod newcomer;
mod notice;
mod owner;
mod pace;
mod partner;
mod queue;
mod rekey;
mod remind;
mod request;
mod reset;
mod retention;
mod rotate;
mod seen;
mod session;
mod statement;
mod status;
mod store;
mod support;
mod sweep;
mod token;
mod trash;
mod tries;
mod unannounced;
mod unheld;
mod unreachable;
mod upload;
mod withdrawn;
mod withdrawn_row;
mod words;

pub use activation::{Activate, Activation, Proof};
pub use adopt::{Provable, UnprovenRow};
pub use alone::Alone;
pub use arrival::{ArrivalRows, Committed, Durable};
pub use aside::Aside;
pub use audit::{Anchor, AnchorKind, Anchors, AuditProver, AuditRow, ChainedRow};
pub use body::{Body, BodyWriter, StoredBody};
pub use comers::Comer;
pub use delivered::{Deliveries, Noted};
pub use deposit::{DepositCounts, DepositLetter, DepositRow, NewDeposit};
pub use disk::Room;
pub use draft::{DraftFile, DraftRow, NewDraft, NewDraftFile, RoomLeft, SentDraft};
pub use engine::{Durability, PostgresFacts, PostgresHost, PostgresOptions, PostgresTls, PostgresUnfit};
pub use error::{EngineError, FileError, StoreError};
pub use idle::IdleMailbox;
pub use job::{Claim, JobEnd, JobRow, JobRun};
pub use lately::{Allowance, Most, NewUse, Used};
pub use leg::{Finished, FollowUp, Lease, LeasedLeg, LegEnd, LegStart, NewLeg};
pub use mailbox::{MailboxRow, MailboxState, NewMailbox, NewWrap, ReachedMailbox, Relock};
pub use newcomer::{NewNewcomer, NewcomerRow};
pub use notice::{NewNotice, NoticeRow, notice_token};
pub use owner::{ChangeSecrets, KeptSession};
pub use pace::{Announced, Pace, Unannounced};
pub use partner::{Changed, OwnKeyMark, OwnKeyRow, OwnPublicRow, PartnerKeyRow, PartnerRow};
pub use queue::{LegFilter, LegRow, TurnedLeg};
pub use rekey::{Rekey, SealedKey, SealedKeys};
pub use remind::{NewReminder, Reminded, WaitingLetter};
pub use request::{Again, MAX_OPEN, Release, Released, RequestRow};
pub use reset::{Reset, ResetPassword};
pub use retention::Forgotten;
pub use rotate::{KeyUse, Keyed, KeyedMailbox, KeyedRequest, KeyedRow, RotatedMailbox, Rotating};
pub use seen::{After, Rewrapped, SealedWords, Searchable};
pub use session::{NewSession, SessionRow};
pub use status::{ExpiredUnread, Told, Unfetched};
pub use store::{Company, Page, Rows, Store, StoreOptions};
pub use support::MailboxFacts;
pub use sweep::{Problem, StoreCounts, SweepReport};
pub use token::{NewToken, Reissued, TokenRow};
pub use tries::Tries;
pub use unannounced::AwaitsNotice;
pub use unreachable::{NewBounce, Unreachable};
pub use upload::{NewPiece, NewUpload, PieceRow, UploadRow};
pub use withdrawn::Withdrawal;
pub use withdrawn_row::{Standing, WithdrawnRow};
pub use words::{
    Ended, Folder, LegPurpose, LegState, OwnKeyState, PartnerKeyState, RequestKind, RequestState,
    TokenPurpose, WrapKind,
};
