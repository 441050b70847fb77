//! Telling a recipient that a letter waits: which notice, in which language, as a leg of its own in the
//! same transaction as the deposit. Knows no wording.

use std::collections::BTreeMap;
use std::time::Duration;

use sealpost_delivery::{Purpose, Route};
use sealpost_mail::{Address, Compose, ReversePath, Summary, Timestamp, TlsFloor};
use sealpost_mail::{Reply, Secret, compose_notice};
use sealpost_notice::{Brand, Language, Notice};
use sealpost_store::{
    ArrivalRows, LegPurpose, MailboxRow, MailboxState, NewNotice, NewToken, StoreError, WrapKind,
};
use sealpost_vault::{InitialPassword, Token, TokenHash};
use serde::{Deserialize, Serialize};

use super::carry::Cut;
use super::front::Front;
use super::handover;
use crate::own;

/// How long a recipient has before an unactivated letter is deleted, and how notices look.
#[derive(Clone, Debug)]
pub(crate) struct Announcer {
    pub(crate) from: Address,
    pub(crate) brand: Brand,
    pub(crate) zone: String,
    pub(crate) public_url: String,
    pub(crate) show_subject: bool,
    pub(crate) language: Language,
    /// By the last labels of the recipient's domain; the longest match wins.
    pub(crate) languages: BTreeMap<String, Language>,
    /// Where reports on notices come back to (VERP), if anywhere.
    pub(crate) bounces: Option<Address>,
    pub(crate) activation: Duration,
    /// Whether new mailboxes open with an initial password and not with a link.
    pub(crate) by_password: bool,
    pub(crate) route: Route,
    /// The least TLS a notice goes over.
    pub(crate) floor: TlsFloor,
}

/// The mailbox as the notice sees it.
pub(super) enum Standing {
    /// Made just now: the notice carries the activation link.
    New { link: Secret<String> },
    /// Made just now: the notice carries nothing, the sender is told the password.
    NewByPassword { initial: InitialPassword },
    /// Not activated yet: the same link again, if it is still kept.
    Pending { link: Option<Secret<String>> },
    /// Not activated yet, and somebody has been told the password.
    PendingByPassword,
    /// In use.
    Active,
}

/// The label under which a pending mailbox's link is sealed.
pub(crate) const LINK: &str = "activation-link";

/// One announcement.
pub(super) struct Announcement<'a> {
    pub(super) mailbox_id: &'a str,
    pub(super) deposit_id: &'a str,
    pub(super) recipient: &'a Address,
    pub(super) sender: &'a ReversePath,
    pub(super) listing: &'a Summary,
    pub(super) standing: &'a Standing,
}

/// What is kept (sealed) of a notice, so that its bounce can be told to the letter's sender.
#[derive(Serialize, Deserialize)]
pub(super) struct NoticeMemo {
    pub(super) sender: ReversePath,
    pub(super) recipient: Address,
    pub(super) at: Timestamp,
}

impl Standing {
    /// What an existing mailbox's state means for its next notice.
    pub(super) async fn of(front: &Front, row: &MailboxRow) -> Result<Self, StoreError> {
        match row.state {
            // A mailbox keeps the way it was made with, whatever the operator has chosen since.
            MailboxState::Pending if front.store.wrap(&row.id, WrapKind::Initial).await?.is_some() => {
                Ok(Self::PendingByPassword)
            }
            MailboxState::Pending => {
                let sealed = front.store.wrap(&row.id, WrapKind::Link).await?;
                let token = sealed.and_then(|sealed| front.keys.rows.open(LINK, &row.id, &sealed).ok());
                let token =
                    token.and_then(|text| std::str::from_utf8(text.expose()).ok().and_then(Token::parse));
                Ok(Self::Pending { link: token.map(|token| front.announcer.activation_link(&token)) })
            }
            MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => Ok(Self::Active),
        }
    }

    /// When an unread letter goes: unactivated ones by rule, others by the retention jobs.
    pub(super) fn expiry(&self, front: &Front, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::New { .. }
            | Self::NewByPassword { .. }
            | Self::Pending { .. }
            | Self::PendingByPassword => Some(now.plus(front.announcer.activation)),
            Self::Active => None,
        }
    }
}

impl Announcer {
    /// The language for a recipient nobody knows yet.
    pub(crate) fn language(&self, address: &Address) -> Language {
        let mut rest = address.domain().as_str();
        loop {
            if let Some(language) = self.languages.get(rest) {
                return *language;
            }
            match rest.split_once('.') {
                Some((_label, parent)) => rest = parent,
                None => return self.language,
            }
        }
    }

    /// The link an activation mail carries. Nothing of the address is in it.
    pub(crate) fn activation_link(&self, token: &Token) -> Secret<String> {
        Secret::new(format!("{}/a/{}", self.public_url, token.text().expose()))
    }

    /// The row of an activation token.
    pub(super) fn new_token(&self, hash: TokenHash, now: Timestamp) -> NewToken {
        NewToken {
            hash,
            purpose: sealpost_store::TokenPurpose::Activation,
            created_at: now,
            expires_at: now.plus(self.activation),
            deposit_id: None,
        }
    }

    /// The token of a report that came back to our VERP address.
    pub(super) fn bounce_token(&self, recipient: &Address) -> Option<String> {
        let base = self.bounces.as_ref()?;
        let token = recipient.local().strip_prefix(base.local())?.strip_prefix('+')?;
        (recipient.domain() == base.domain()).then(|| token.to_ascii_lowercase())
    }

    /// Adds the notice's leg, body and memo to the arrival's rows.
    pub(super) async fn announce(
        &self,
        cut: &Cut<'_>,
        about: &Announcement<'_>,
        rows: &mut ArrivalRows,
    ) -> Result<(), Reply> {
        let front = cut.front;
        let random = &*front.random;
        let language = self.language(about.recipient);
        let notice = self.notice(cut, about, rows);
        let failed =
            |error: &dyn std::fmt::Display| Reply::later(451, 3, 0, "Please try again later").because(error);
        match about.standing {
            Standing::NewByPassword { initial } => handover::add(cut, about, initial, rows).await?,
            Standing::New { .. }
            | Standing::Pending { .. }
            | Standing::PendingByPassword
            | Standing::Active => {}
        }
        let rendered = sealpost_notice::render(&notice, language, &self.brand, &self.zone)
            .map_err(|error| failed(&error))?;
        let message_id = format!("{}@{}", random.id(), front.name);
        let mail = compose_notice(&Compose {
            from: (Some(format!("{} {}", self.brand.name, self.brand.portal_name)), self.from.clone()),
            to: about.recipient.clone(),
            reply_to: None,
            subject: rendered.subject,
            text: rendered.text,
            html: Some(rendered.html),
            message_id,
            at: cut.now,
            auto_submitted: "auto-generated",
            extra: Vec::new(),
            inline_images: self.brand.inline_images(),
        })
        .map_err(|error| failed(&error))?;
        let (reverse_path, memo) = self.reverse_path(cut, about)?;
        rows.notices.extend(memo);
        let ticket = own::Draft {
            mail,
            reverse_path,
            recipient: about.recipient.clone(),
            route: self.route.clone(),
            tls: self.floor,
            purpose: Purpose::Notice {
                mailbox_id: about.mailbox_id.to_owned(),
                deposit_id: about.deposit_id.to_owned(),
                sender: about.sender.clone(),
            },
            at: cut.now,
        };
        let (leg, body) =
            own::queue(&own::Queue::of(front), ticket, LegPurpose::Notice, cut.arrival_id).await?;
        rows.legs.push(leg);
        rows.more_bodies.push(body);
        Ok(())
    }

    fn notice(&self, cut: &Cut<'_>, about: &Announcement<'_>, rows: &mut ArrivalRows) -> Notice {
        let sender = about.listing.from.first();
        let from_name = sender.and_then(|from| from.name.clone());
        let from_address =
            sender.and_then(|from| from.address.clone()).unwrap_or_else(|| about.sender.to_path());
        let subject = about.listing.subject.clone().filter(|_| self.show_subject);
        let days = u32::try_from(self.activation.as_secs() / 86_400).unwrap_or(u32::MAX);
        let activation = |link: Secret<String>| Notice::Activation {
            from_name: from_name.clone(),
            from_address: from_address.clone(),
            subject: subject.clone(),
            date: cut.now,
            link,
            expires: cut.now.plus(self.activation),
            days,
        };
        let by_password = || Notice::InitialPassword {
            from_name: from_name.clone(),
            from_address: from_address.clone(),
            subject: subject.clone(),
            date: cut.now,
            link: Secret::new(self.public_url.clone()),
            expires: cut.now.plus(self.activation),
            days,
        };
        match about.standing {
            Standing::New { link } => activation(link.clone()),
            Standing::NewByPassword { .. } => by_password(),
            Standing::PendingByPassword => {
                rows.prolonged.push((about.mailbox_id.to_owned(), cut.now.plus(self.activation)));
                by_password()
            }
            Standing::Pending { link: Some(link) } => {
                rows.prolonged.push((about.mailbox_id.to_owned(), cut.now.plus(self.activation)));
                activation(link.clone())
            }
            Standing::Pending { link: None } | Standing::Active => Notice::NewMessage {
                from_name: from_name.clone(),
                from_address: from_address.clone(),
                subject: subject.clone(),
                date: cut.now,
                link: Secret::new(format!("{}/m/{}", self.public_url, about.deposit_id)),
                days: None,
            },
        }
    }

    /// VERP: each notice has a reverse-path of its own, so that a report on it names the letter.
    fn reverse_path(
        &self,
        cut: &Cut<'_>,
        about: &Announcement<'_>,
    ) -> Result<(ReversePath, Option<NewNotice>), Reply> {
        let Some(base) = &self.bounces else {
            return Ok((ReversePath::Address(self.from.clone()), None));
        };
        let front = cut.front;
        let later =
            |error: &dyn std::fmt::Display| Reply::later(451, 3, 0, "Please try again later").because(error);
        let token = front.random.id();
        let address = Address::from_parts(&format!("{}+{token}", base.local()), base.domain().clone())
            .map_err(|error| later(&error))?;
        let memo =
            NoticeMemo { sender: about.sender.clone(), recipient: about.recipient.clone(), at: cut.now };
        let json = Secret::new(serde_json::to_vec(&memo).map_err(|error| later(&error))?);
        let row = NewNotice {
            token_hash: front.keys.tags.notice_tag(&token),
            mailbox_id: about.mailbox_id.to_owned(),
            deposit_id: about.deposit_id.to_owned(),
            ticket_sealed: front.keys.rows.seal("notice", about.deposit_id, json.expose(), &*front.random),
            created_at: cut.now,
        };
        Ok((ReversePath::Address(address), Some(row)))
    }
}
