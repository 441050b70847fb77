//! Queued notices: stored as facts in a sealed ticket, composed when they are sent. Knows no mailbox and no
//! queue.

use sealpost_delivery::{Composer, Content};
use sealpost_mail::{Address, Compose, Secret, Timestamp, compose_notice};
use sealpost_notice::{Language, Notice};
use serde::{Deserialize, Serialize};

use crate::notice_signer::NoticeSigner;
use crate::settings::Announcer;

/// Everything that a notice is composed from, besides the operator's brand.
#[derive(Serialize, Deserialize)]
pub(crate) struct NoticeFacts {
    pub(crate) notice: Notice,
    /// Language tag; an unknown one means the operator's first language.
    pub(crate) language: String,
    /// Without angle brackets. The same at every attempt.
    pub(crate) message_id: String,
    /// The Message-ID of the letter it is about or replies to; only in mail to that letter's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    pub(crate) at: Timestamp,
}

impl NoticeFacts {
    /// In the form carried by a ticket.
    pub(crate) fn content(&self) -> Result<Content, serde_json::Error> {
        Ok(Content::Facts(Secret::new(serde_json::to_string(self)?)))
    }
}

/// Asks Exchange not to send automatic replies (MS-OXCMAIL §2.2.3.2.14). All but `NDR`, which `All` would
/// include: a notice's sender must hear that it was not delivered.
pub(crate) fn quiet() -> (String, String) {
    ("X-Auto-Response-Suppress".to_owned(), "DR, RN, NRN, OOF, AutoReply".to_owned())
}

/// Composes notices for delivery.
pub struct NoticeWriter {
    /// How notices look.
    pub announcer: Announcer,
    /// Signs them, if configured.
    pub signer: Option<NoticeSigner>,
}

impl Composer for NoticeWriter {
    fn compose(&self, facts: &str, recipient: &Address) -> Result<Vec<u8>, String> {
        let facts: NoticeFacts = serde_json::from_str(facts)
            .map_err(|error| format!("{:?} error in its facts", error.classify()))?;
        let announcer = &self.announcer;
        let language = Language::parse(&facts.language).unwrap_or(announcer.language);
        let rendered = sealpost_notice::render(&facts.notice, language, &announcer.brand, &announcer.zone)
            .map_err(|error| error.to_string())?;
        let name = format!("{} {}", announcer.brand.name, announcer.brand.portal_name);
        let letter = compose_notice(&Compose {
            from: (Some(name), announcer.from.clone()),
            to: recipient.clone(),
            reply_to: None,
            subject: rendered.subject,
            text: rendered.text,
            html: Some(rendered.html),
            message_id: facts.message_id,
            at: facts.at,
            auto_submitted: facts.notice.auto_submitted(),
            about: facts.about,
            extra: vec![quiet()],
            inline_images: sealpost_notice::inline_images(&announcer.brand),
        })
        .map_err(|error| error.to_string())?;
        Ok(match &self.signer {
            Some(signer) => signer.signed(letter),
            None => letter,
        })
    }
}
