//! Rows and sealed bodies: everything a `250` promises is stored here. Opaque bytes only.
//!
//! SECURITY: this crate holds no key and opens nothing it keeps; everything it is given is already sealed, so that a
//! copy of its files reveals nothing. It knows no rules, no SMTP, no HTTP and no wording, and never reads the clock. It
//! is the only crate that names rusqlite, tokio-postgres and object_store.
//!
//! Every statement is data (decision 0005), run by one of two engines. SQLite: one writer thread drains a queue and
//! commits many callers' work with one `fsync` (group commit), beside a few readers. PostgreSQL: one transaction per
//! batch.

#![deny(clippy::wildcard_enum_match_arm)]

mod acknowledge;
mod activation;
mod adopt;
mod arrival;
mod arrival_sign;
mod audit;
mod audit_proof;
mod audit_row;
mod background_pace;
mod backoff;
mod believed_time;
mod body;
mod bounce_memo;
mod bucket;
mod bulk;
mod column_values;
mod consistency;
mod consistency_of_objects;
mod conversation;
mod counted_size;
mod deleted_mailbox;
mod delivered;
mod deposit;
mod digest;
mod disk;
mod disk_reservation;
mod draft;
mod draft_quota;
mod ended_sessions;
mod engine;
mod error;
mod exclusive_lock;
mod expense;
mod fact_rows;
mod failed_logins;
mod far_times;
mod file_permissions;
mod files;
mod fingerprint;
mod first_login;
mod folder_ref;
mod hold;
mod hook;
mod idle;
mod job;
mod key_lookup;
mod key_warning;
mod large_bodies;
mod leg;
mod login_rows;
mod mailbox;
mod move_state;
mod moving;
mod node;
mod node_row;
mod not_held;
mod noted_time;
mod notice_frequency;
mod object_rows;
mod ocsp_answer;
mod opening;
mod original;
mod own_folder;
mod own_runtime;
mod owner_settings;
mod partner;
mod passing_by;
mod proven_facts;
mod queue;
mod rate_counts;
mod reading_cache;
mod received;
mod rekey;
mod reminder;
mod removals;
mod request;
mod reset;
mod retention;
mod retention_preview;
mod revocation_list;
mod rotate;
mod rotation_mark;
mod row_proof;
mod sender_status;
mod session;
mod several;
mod stale_rows;
mod statement;
mod store;
mod sts_policy;
mod support;
mod tls_report;
mod token;
mod trash;
mod unattended;
mod unreachable;
mod upload;
mod withdrawn;
mod withdrawn_row;
mod wrap_row;

pub use activation::{Activate, Activation, Proof};
pub use adopt::{Provable, UnprovenRow};
pub use arrival::{ArrivalRows, Committed, Durable};
pub use audit::{Anchors, ChainedRow, CountedRow, ELSEWHERE, LegNotes};
pub use audit_proof::{Anchor, AnchorKind, AuditProver, EventWords};
pub use audit_row::AuditRow;
pub use backoff::{BackoffChange, BackoffRow};
pub use body::{Body, BodyWriter, StoredBody};
pub use bounce_memo::{BounceMemo, MemoKey, NewBounceMemo};
pub use bucket::{BUCKET_PARTS, BucketFacts, BucketOptions};
pub use column_values::{
    Ended, Folder, LegPurpose, LegState, LetterEvent, OriginalState, OwnKeyState, PartnerKeyState,
    RequestKind, RequestState, TokenPurpose, UnreadEnd, WrapKind,
};
pub use consistency::{Problem, StoreCounts, SweepReport};
pub use conversation::Whereabouts;
pub use delivered::{Deliveries, Noted};
pub use deposit::{DepositCounts, DepositLetter, DepositRow, FolderPage, NewDeposit};
pub use digest::AwaitsNotice;
pub use disk::DiskSpace;
pub use disk_reservation::Aside;
pub use draft::{DraftFile, DraftRow, NewDraft, NewDraftFile, SavedDraft, SentDraft, ThrownAway};
pub use draft_quota::DraftQuota;
pub use engine::{
    Durability, PostgresFacts, PostgresHost, PostgresOptions, PostgresTls, PostgresUnfit, SchemaRequest,
    newest_schema,
};
pub use error::{EngineError, FileError, StoreError};
pub use exclusive_lock::Alone;
pub use fact_rows::{FactCursor, FactPage, FactRow, ProvenAnew};
pub use failed_logins::{Settled, Tries};
pub use first_login::{NewNewcomer, NewcomerRow};
pub use folder_ref::{FolderRef, OwnFolderRow};
pub use hold::{Held, ResumedTime, StoppedMoment, StoppedRow, StoppedTime};
pub use hook::{EventRow, EventSelection, EventState, NewEvent, NotTaken};
pub use job::{Claim, JobEnd, JobRow, JobRun, JobStart};
pub use key_lookup::KeyLookupRow;
pub use key_warning::KeyWarning;
pub use large_bodies::LargeBodies;
pub use leg::{Finished, FollowUp, LatestTimes, Lease, LeaseFrom, LeasedLeg, LegEnd, LegStart, NewLeg};
pub use login_rows::Comer;
pub use mailbox::{IdleMailbox, MailboxRow, MailboxSizes, MailboxState, NewMailbox, ReachedMailbox, Relock};
pub use moving::{MoveEnd, MoveRows, MoveStep, Moved};
pub use node_row::{NewNode, NodeRow, NodeState};
pub use noted_time::{AHEAD, latest_noted, noted};
pub use notice_frequency::{Announced, Pace, Unannounced};
pub use ocsp_answer::OcspRow;
pub use opening::{NewOpening, Opening};
pub use original::OriginalRow;
pub use owner_settings::{ChangeSecrets, KeptSession};
pub use partner::{
    AsItStands, Changed, OwnKeyMark, OwnKeyRow, OwnPublicRow, PartnerKeyRow, PartnerMark, PartnerRow,
    PartnersAsTheyStand, PlaceRow,
};
pub use proven_facts::{AskedRow, FactKind, ProvenFact};
pub use queue::{DamagedLeg, LegFilter, LegPage, LegRow, TurnedLeg};
pub use rate_counts::{Allowance, NewUse, Spent, UseLimits, Used};
pub use reading_cache::{After, Rewrapped, SealedWords, Searchable};
pub use rekey::{Rekey, SealedKey, SealedKeys};
pub use reminder::{NewReminder, Reminded, WaitingLetter};
pub use request::{Again, MAX_OPEN, Release, Released, RequestRow, RequestSelection};
pub use reset::{Reset, ResetPassword};
pub use retention::Forgotten;
pub use retention_preview::{Foreseen, ForeseenForgotten, ForeseenRetention};
pub use revocation_list::{KeptList, MAX_REVOCATION_LIST, RevocationListRow, StoredList};
pub use rotate::{KeyUse, Keyed, KeyedMailbox, KeyedRequest, KeyedRow, RotatedMailbox};
pub use rotation_mark::Rotating;
pub use sender_status::{GoneUnread, SenderNote, Unfetched, Unread};
pub use session::{NewSession, SessionRow};
pub use stale_rows::{StaleCounts, StaleKind};
pub use store::{Company, Page, Rows, Store, StoreOptions};
pub use sts_policy::StsPolicyRow;
pub use support::{MailboxFacts, MailboxSelection, OtherTime, PendingEnd};
pub use tls_report::{NewTlsReport, NewTlsSubmission, TlsSessionRow, TlsSubmissionRow};
pub use token::{NewToken, Reissued, TokenRow};
pub use unreachable::{NewBounce, Unreachable};
pub use upload::{NewPiece, NewUpload, PieceRow, UploadRow};
pub use withdrawn::Withdrawal;
pub use withdrawn_row::{Standing, WithdrawnRow};
pub use wrap_row::NewWrap;
