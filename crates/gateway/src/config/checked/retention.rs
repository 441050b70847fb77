//! Checks how long letters, mailboxes and trash are kept, and which values cannot be intended. Deletes
//! nothing.

use sealpost_mail::{Term, Timestamp, Zone};
use sealpost_mailbox::{Bounds, Retention};

use crate::config::file::{Config, Source};

/// `None`: a problem has been noted.
pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Retention> {
    let name = &config.gateway.time_zone;
    let Some(zone) = Zone::named(name.get_ref()) else {
        source.at(
            name.span().start,
            format!("there is no time zone {:?}", name.get_ref()),
            "give an IANA name, like \"Europe/Berlin\"",
        );
        return None;
    };
    let written = &config.retention;
    letters(config, source);
    let retention = Retention {
        zone,
        unactivated: config.portal.activation_within,
        letters: written.letters.as_ref().map(|kept| *kept.get_ref()),
        mailbox: written.mailbox.as_ref().map(|kept| *kept.get_ref()),
        trash: config.portal.trash,
        asked: written.asked.as_ref().map(|asked| {
            let asked = asked.get_ref();
            Bounds { least: asked.least, most: asked.most }
        }),
    };
    mailbox(config, &retention, source);
    asked(config, &retention, source);
    Some(retention)
}

/// A letter must be kept long enough to be read. Less is surely a mistake: "90 s" for "90 days".
fn letters(config: &Config, source: &mut Source) {
    if let Some(kept) = &config.retention.letters
        && kept.get_ref().is_short()
    {
        source.at(
            kept.span().start,
            "letters would be deleted before their recipients can come to read them",
            "keep them for a day at least, or leave the line out to keep them until their owners delete them",
        );
    }
}

/// A mailbox must outlive its content, whatever the length of months.
fn mailbox(config: &Config, retention: &Retention, source: &mut Source) {
    let Some(kept) = &config.retention.mailbox else { return };
    let longest = [Some(retention.unactivated), retention.letters, retention.asked.map(|asked| asked.most)];
    if kept.get_ref().is_short()
        || longest
            .into_iter()
            .flatten()
            .any(|letters| !is_at_least(&retention.zone, *kept.get_ref(), letters))
    {
        source.at(
            kept.span().start,
            "a mailbox would be deleted while letters in it still have time",
            "keep mailboxes longer than letters ([retention] letters, asked) and links (activation-within)",
        );
    }
}

fn asked(config: &Config, retention: &Retention, source: &mut Source) {
    let (Some(asked), Some(spanned)) = (retention.asked, &config.retention.asked) else { return };
    if asked.least.is_short() || !is_at_least(&retention.zone, asked.most, asked.least) {
        source.at(
            spanned.span().start,
            "what senders may ask for has no room between least and most",
            "write it like asked = { least = \"7 days\", most = \"1 year\" }; least is a day at least",
        );
    }
}

/// Starting at any time: February is the shortest month.
fn is_at_least(zone: &Zone, one: Term, other: Term) -> bool {
    // 2026-02-01T12:00:00Z, in the shortest month of a common year.
    let from = Timestamp(1_769_947_200_000);
    zone.end(from, one) >= zone.end(from, other)
}
