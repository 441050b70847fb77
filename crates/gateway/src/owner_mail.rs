//! A notice to a mailbox's owner as a mail ready to be queued. Knows neither page nor command line.

use sealpost_delivery::Purpose;
use sealpost_mail::{Address, Compose, ReversePath, Timestamp, compose_notice};
use sealpost_notice::{Language, Notice};

use crate::arrival::Announcer;
use crate::own;

/// Writes the notice. The error is for the log or the command line.
pub(crate) fn draft(
    announcer: &Announcer,
    notice: &Notice,
    language: &str,
    to: Address,
    message_id: String,
    now: Timestamp,
) -> Result<own::Draft, String> {
    let language = Language::parse(language).unwrap_or(announcer.language);
    let rendered = sealpost_notice::render(notice, language, &announcer.brand, &announcer.zone)
        .map_err(|error| error.to_string())?;
    let mail = compose_notice(&Compose {
        from: (
            Some(format!("{} {}", announcer.brand.name, announcer.brand.portal_name)),
            announcer.from.clone(),
        ),
        to: to.clone(),
        reply_to: None,
        subject: rendered.subject,
        text: rendered.text,
        html: Some(rendered.html),
        message_id,
        at: now,
        auto_submitted: "auto-generated",
        extra: Vec::new(),
        inline_images: announcer.brand.inline_images(),
    })
    .map_err(|error| error.to_string())?;
    Ok(own::Draft {
        mail,
        // Nobody can do anything about a bounce of this one, and none may come back to us (RFC 3834 §3.3).
        reverse_path: ReversePath::Null,
        recipient: to,
        route: announcer.route.clone(),
        tls: announcer.floor,
        purpose: Purpose::Report,
        at: now,
    })
}
