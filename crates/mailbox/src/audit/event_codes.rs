//! The text form of each event: action name, ids and codes. Every event is matched here, none by a wildcard.

use sealpost_mail::{EnhancedCode, LoginNote, hex};

use super::actions::{self, HOP, NO_ANSWER, QUEUE_ID, SHA256};
use super::event::{
    Arrived, Credentials, DkimKeyChange, Event, HopReply, JobOutcome, KeyChange, LetterGone, MailboxGone,
    OwnKeyChange, PartnerChange, ReleasedLetters, ReloadEnd, SessionEnd, StoreMove, Words,
};

impl Event<'_> {
    pub(super) fn words(&self) -> Words {
        match *self {
            Self::MailboxCreated { mailbox } => of_mailbox(actions::MAILBOX_CREATED, mailbox),
            Self::MailboxActivated { mailbox } => of_mailbox(actions::MAILBOX_ACTIVATED, mailbox),
            Self::LinkRenewed { mailbox } => of_mailbox("mailbox.link-renewed", mailbox),
            Self::LoggedIn { mailbox } => of_mailbox("session.began", mailbox),
            Self::CredentialsFailed { how, mailbox, times } => Words {
                outcome: "refused".to_owned(),
                detail: format!("times={times}"),
                ..mailbox
                    .map_or_else(|| words(how.word(), "-", ""), |mailbox| of_mailbox(how.word(), mailbox))
            },
            Self::LoggedInBySmtp { how, times } => Words {
                outcome: match how {
                    LoginNote::Right | LoginNote::Again => "done",
                    LoginNote::Wrong | LoginNote::Refused | LoginNote::Closed => "refused",
                }
                .to_owned(),
                detail: format!("times={times}"),
                ..words(how.word(), "smtp", "")
            },
            Self::LogInClosed { mailbox } => {
                Words { outcome: "refused".to_owned(), ..of_mailbox("login.closed", mailbox) }
            }
            Self::SessionEnded { mailbox, why } => {
                let why = match why {
                    SessionEnd::LoggedOut => "why=logged-out",
                    SessionEnd::Everywhere => "why=everywhere",
                };
                Words { detail: why.to_owned(), ..of_mailbox("session.ended", mailbox) }
            }
            Self::CredentialsChanged { mailbox, what } => {
                let what = match what {
                    Credentials::Password => "what=password",
                    Credentials::Question => "what=question",
                };
                Words { detail: what.to_owned(), ..of_mailbox("mailbox.credentials-changed", mailbox) }
            }
            Self::ResetAsked { mailbox } => of_mailbox("reset.asked", mailbox),
            Self::DeletionAsked { mailbox } => of_mailbox("deletion.asked", mailbox),
            Self::PasswordReset { mailbox } => of_mailbox("mailbox.password-reset", mailbox),
            Self::MailboxLocked { mailbox } => of_mailbox("mailbox.locked", mailbox),
            Self::MailboxUnlocked { mailbox } => of_mailbox("mailbox.unlocked", mailbox),
            Self::MailboxHeld { mailbox } => of_mailbox("mailbox.held", mailbox),
            Self::MailboxFreed { mailbox } => of_mailbox("mailbox.hold-ended", mailbox),
            Self::AddressCleared { mailbox } => of_mailbox("mailbox.address-cleared", mailbox),
            Self::MailboxDeleted { why } => {
                let why = match why {
                    MailboxGone::Owner => "why=owner",
                    MailboxGone::RequestedByMail => "why=wished-by-mail",
                    MailboxGone::Operator => "why=operator",
                    MailboxGone::Abandoned => "why=abandoned",
                    MailboxGone::Unused => "why=unused",
                };
                Words { detail: why.to_owned(), ..words(actions::MAILBOX_DELETED, "", "") }
            }
            Self::RequestMade { mailbox, kind } => {
                Words { detail: format!("kind={kind}"), ..of_mailbox("request.made", mailbox) }
            }
            Self::RequestReleased { mailbox, number, letters } => Words {
                detail: format!(
                    "request={number} {} escrow={}",
                    match letters {
                        ReleasedLetters::KeptByLink | ReleasedLetters::KeptByEscrow => "letters=kept",
                        ReleasedLetters::Lost => actions::LETTERS_LOST,
                    },
                    match letters {
                        ReleasedLetters::KeptByEscrow => "used",
                        ReleasedLetters::KeptByLink | ReleasedLetters::Lost => "not-used",
                    }
                ),
                ..of_mailbox(actions::REQUEST_RELEASED, mailbox)
            },
            Self::RequestRefused { mailbox, number } => {
                Words { detail: format!("request={number}"), ..of_mailbox("request.refused", mailbox) }
            }
            Self::LetterDeposited { letter, mailbox, arrival } => Words {
                detail: arrival
                    .map(|Arrived { id, sha256 }| format!("arrival={id} {SHA256}{}", hex(&sha256)))
                    .unwrap_or_default(),
                ..words(actions::DEPOSITED, letter, mailbox)
            },
            Self::LetterOpened { letter, mailbox } => words(actions::OPENED, letter, mailbox),
            Self::LetterExported { letter, mailbox, format } => {
                Words { detail: format!("format={format}"), ..words(actions::EXPORTED, letter, mailbox) }
            }
            Self::EvidenceMade { letter, mailbox } => words(actions::EVIDENCE, letter, mailbox),
            Self::FactsExported { mailbox } => of_mailbox("mailbox.facts-exported", mailbox),
            Self::OriginalOpened { original } => words("original.opened-again", original, ""),
            Self::EventsRetried => words("webhook.retried", "", ""),
            Self::EventsDropped => words("webhook.dropped", "", ""),
            Self::ArchiveExported { mailbox, letters, format } => Words {
                detail: format!("letters={letters} format={format}"),
                ..of_mailbox("archive.exported", mailbox)
            },
            Self::LetterTrashed => words(actions::TRASHED, "", ""),
            Self::LetterRestored => words(actions::RESTORED, "", ""),
            Self::LetterGone { why } => {
                let action = match why {
                    LetterGone::Deleted => actions::DELETED,
                    LetterGone::Expired => actions::EXPIRED,
                    LetterGone::Trash => actions::LEFT_TRASH,
                    LetterGone::Recalled => actions::RECALLED,
                };
                words(action, "", "")
            }
            Self::NoticeSent { letter, mailbox, reply } => {
                replied(reply, of_notice(actions::NOTICE_SENT, letter, mailbox))
            }
            Self::NoticeFailed { letter, mailbox, reply } => {
                replied(reply, of_notice(actions::NOTICE_FAILED, letter, mailbox))
            }
            Self::NoticeReturned { letter, mailbox } => Words {
                outcome: "returned".to_owned(),
                ..of_notice(actions::NOTICE_RETURNED, letter, mailbox)
            },
            Self::ReplySent { letter, mailbox, recipients } => {
                Words { detail: format!("recipients={recipients}"), ..words("reply.sent", letter, mailbox) }
            }
            Self::PartnerChanged { partner, what } => {
                let action = match what {
                    PartnerChange::Added => "partner.added",
                    PartnerChange::KeysAdded => "partner.key-added",
                    PartnerChange::KeyOffered => "partner.key-offered",
                    PartnerChange::Changed => "partner.changed",
                    PartnerChange::Suspended => "partner.suspended",
                    PartnerChange::Resumed => "partner.resumed",
                    PartnerChange::Answered => "partner.answered",
                    PartnerChange::Removed => "partner.removed",
                };
                words(action, partner, "")
            }
            Self::PartnerKeyChanged { partner, fingerprint, what } => {
                let action = match what {
                    KeyChange::Trusted => "partner.key-trusted",
                    KeyChange::Suspended => "partner.key-suspended",
                    KeyChange::Expired => "partner.key-expired",
                    KeyChange::Renewed => "partner.key-renewed",
                    KeyChange::Raised => "partner.key-raised",
                    KeyChange::Revoked => "partner.key-revoked",
                };
                Words { detail: format!("fingerprint={fingerprint}"), ..words(action, partner, "") }
            }
            Self::OwnKeyChanged { key, fingerprint, what } => {
                let action = match what {
                    OwnKeyChange::Added => "own-key.added",
                    OwnKeyChange::Certified => "own-key.certified",
                    OwnKeyChange::Retired => "own-key.retired",
                    OwnKeyChange::Addressed => "own-key.addresses",
                };
                Words { detail: format!("fingerprint={fingerprint}"), ..words(action, key, "") }
            }
            Self::OwnKeyUsed { what, fingerprint, times } => {
                Words { detail: format!("times={times}"), ..words(what.word(), fingerprint, "") }
            }
            Self::DkimKeyChangeBegan { name, what } => {
                let what = match what {
                    DkimKeyChange::Created => "what=create",
                    DkimKeyChange::Used => "what=use",
                    DkimKeyChange::Retired => "what=retire",
                    DkimKeyChange::Removed => "what=remove",
                };
                Words { detail: what.to_owned(), ..words("dkim-key.change-began", name, "") }
            }
            Self::DkimKeyChanged { name, what } => {
                let action = match what {
                    DkimKeyChange::Created => "dkim-key.created",
                    DkimKeyChange::Used => "dkim-key.used",
                    DkimKeyChange::Retired => "dkim-key.retired",
                    DkimKeyChange::Removed => "dkim-key.removed",
                };
                words(action, name, "")
            }
            Self::StoreMoveBegan => words("store.move-began", "store", ""),
            Self::BodiesMoveBegan => words("store.bodies-move-began", "store", ""),
            Self::StoreMoved { what, rows, bodies } => {
                let action = match what {
                    StoreMove::Whole => "store.moved",
                    StoreMove::Bodies => "store.bodies-moved",
                    StoreMove::GivenUp => "store.move-given-up",
                };
                Words { detail: format!("rows={rows} bodies={bodies}"), ..words(action, "store", "") }
            }
            Self::Migrated { to } => {
                Words { detail: format!("to={to}"), ..words("store.migrated", "schema", "") }
            }
            Self::LegRetried => words("queue.retried", "", ""),
            Self::LegFrozen => words("queue.frozen", "", ""),
            Self::LegThawed => words("queue.thawed", "", ""),
            Self::LegRemoved => words("queue.removed", "", ""),
            Self::JobRan { job, run, counts, ended } => {
                let counts: String = counts.iter().map(|(what, count)| format!(" {what}={count}")).collect();
                Words {
                    outcome: match ended {
                        JobOutcome::Done => "done",
                        JobOutcome::Failed => "failed",
                    }
                    .to_owned(),
                    detail: format!("run={run}{counts}"),
                    ..words("job.ran", job, "")
                }
            }
            Self::ClockBelieved => words("clock.believed", "clock", ""),
            Self::KeyRotationBegan { from, to } => Words {
                detail: format!("from={from:#04x} to={to:#04x}"),
                ..words("key.rotation-began", "server-key", "")
            },
            Self::KeyRotated { from, to } => Words {
                detail: format!("from={from:#04x} to={to:#04x}"),
                ..words("key.rotated", "server-key", "")
            },
            Self::EscrowRotationBegan { to } => Words {
                detail: format!("to={to:#04x}"),
                ..words("key.escrow-rotation-began", "escrow-key", "")
            },
            Self::EscrowRotated { to, mailboxes } => Words {
                detail: format!("to={to:#04x} mailboxes={mailboxes}"),
                ..words("key.escrow-rotated", "escrow-key", "")
            },
            Self::AdoptionBegan => words("key.adoption-began", "store", ""),
            Self::RowsAdopted { letters, drafts, others } => Words {
                detail: format!("letters={letters} drafts={drafts} others={others}"),
                ..words("key.adopted", "store", "")
            },
            Self::ConfigurationLoaded { hash, parts } => {
                Words { detail: format!("parts={parts}"), ..words("configuration.loaded", hash, "") }
            }
            Self::ConfigurationReloaded { hash, end } => Words {
                outcome: match end {
                    ReloadEnd::Taken => "done",
                    ReloadEnd::Refused => "refused",
                }
                .to_owned(),
                ..words("configuration.reloaded", hash, "")
            },
        }
    }
}

fn words(action: &'static str, object: &str, mailbox: &str) -> Words {
    Words {
        action,
        object: object.to_owned(),
        mailbox: mailbox.to_owned(),
        outcome: "done".to_owned(),
        detail: String::new(),
    }
}

/// A notice of a letter; a reminder about the mailbox itself has none.
fn of_notice(action: &'static str, letter: &str, mailbox: &str) -> Words {
    if letter.is_empty() { of_mailbox(action, mailbox) } else { words(action, letter, mailbox) }
}

fn of_mailbox(action: &'static str, mailbox: &str) -> Words {
    words(action, mailbox, mailbox)
}

/// Adds the hop and its queue id to the codes.
fn replied(reply: HopReply<'_>, words: Words) -> Words {
    let HopReply { host, code, enhanced, queue_id } = reply;
    let host = host.map(|host| format!("{HOP}{host}"));
    let queue_id = queue_id.map(|id| format!("{QUEUE_ID}{id}"));
    let detail: Vec<String> = host.into_iter().chain(queue_id).collect();
    Words { outcome: codes(code, enhanced), detail: detail.join(" "), ..words }
}

/// "250 2.0.0"; the text of the reply may contain an address and is left out.
fn codes(code: Option<u16>, enhanced: Option<EnhancedCode>) -> String {
    match (code, enhanced) {
        (Some(code), Some(enhanced)) => format!("{code} {enhanced}"),
        (Some(code), None) => code.to_string(),
        (None, Some(enhanced)) => enhanced.to_string(),
        (None, None) => NO_ANSWER.to_owned(),
    }
}
