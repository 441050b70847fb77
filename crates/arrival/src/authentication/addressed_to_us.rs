//! Whether a mail was written to us, and recently: a signature is valid for ever, and anybody who has an old mail can
//! resend it to anyone (RFC 6376 §8.6). Knows no DNS. Pure.

use std::time::Duration;

use sealpost_mail::{Address, Head, Letter, Timestamp};

use super::results::is_within;

/// Servers give up after some days (RFC 5321 §4.5.4.1).
const BACK: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// Tolerance for wrong clocks and time zones.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether the single To names this address, and the single Date is recent. More than one of either is ambiguous, and a
/// signature covers only one of them.
pub(crate) fn is_meant(head: &Head, bytes: &[u8], ours: &Address, now: Timestamp) -> bool {
    if head.count("To") != 1 || head.count("Date") != 1 {
        return false;
    }
    let lately = head.date().is_some_and(|at| at >= now.minus(BACK) && at <= now.plus(AHEAD));
    let to = Letter::parse_some(bytes).map(|(letter, _)| letter.summary().to).unwrap_or_default();
    let is_ours = |address: &str| Address::parse(address).is_ok_and(|to| to.identity() == ours.identity());
    lately && to.iter().any(|one| one.address.as_deref().is_some_and(is_ours))
}

/// Whether a signature over these fields covers who wrote what to whom and when.
pub(super) fn signs_enough<'a>(signed: impl Iterator<Item = &'a str>) -> bool {
    let mut missing = vec!["from", "to", "date"];
    for name in signed {
        missing.retain(|wanted| !name.trim().eq_ignore_ascii_case(wanted));
    }
    missing.is_empty()
}

/// Another server has verified the signatures of this domain and does not say which: each of them must be sufficient.
pub(super) fn all_signatures_say_so(head: &Head, domain: &str) -> bool {
    head.all("DKIM-Signature").iter().all(|field| {
        let tag = |name: &str| {
            let is_it = |tag: &&str| tag.split('=').next().is_some_and(|key| key.trim() == name);
            let mut tags = field.split(';').filter(is_it);
            // RFC 6376 §3.2: a duplicate tag makes the whole field invalid.
            let (value, again) = (tags.next(), tags.next());
            value.filter(|_| again.is_none()).and_then(|tag| Some(tag.split_once('=')?.1.trim().to_owned()))
        };
        match (tag("d"), tag("h")) {
            (Some(d), Some(h)) => !is_within(domain, &d) || signs_enough(h.split(':')),
            (None, _) | (_, None) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn meant(fields: &str) -> bool {
        let mail = format!("From: max@web.example\r\n{fields}\r\ntext\r\n").into_bytes();
        let end = Head::split(&mail).unwrap();
        let head = Head::new(mail[..end].to_vec()).unwrap();
        is_meant(&head, &mail, &Address::parse("securemail@insurer.example").unwrap(), NOW)
    }

    #[test]
    fn an_old_mail_and_one_to_somebody_else_are_not_meant() {
        // 2026-11-18 08:26:40 UTC.
        let (to, date) = ("To: securemail@insurer.example\r\n", "Date: Wed, 18 Nov 2026 09:00:00 +0100\r\n");
        assert!(meant(&format!("{to}{date}")));
        assert!(meant(&format!("To: \"A\" <x@y.example>, Post <SecureMail@insurer.example>\r\n{date}")));
        for fields in [
            to.to_owned(),
            date.to_owned(),
            format!("To: support@shop.example\r\nCc: securemail@insurer.example\r\n{date}"),
            format!("To: support@shop.example\r\n{to}{date}"),
            format!("{to}Date: Wed, 11 Nov 2026 09:00:00 +0100\r\n"),
            format!("{to}Date: Sat, 21 Nov 2026 09:00:00 +0100\r\n"),
            format!("{to}{date}Date: Wed, 11 Nov 2026 09:00:00 +0100\r\n"),
        ] {
            assert!(!meant(&fields), "{fields}");
        }
    }

    #[test]
    fn every_signature_of_the_domain_covers_to_and_date() {
        let says_so = |fields: &str| {
            let head = Head::new(format!("{fields}From: max@web.example\r\n\r\n").into_bytes()).unwrap();
            all_signatures_say_so(&head, "web.example")
        };
        let of = |d: &str, h: &str| format!("DKIM-Signature: v=1; d={d}; s=x; h={h}; b=AAAA\r\n");
        let (whole, less) =
            (of("web.example", "From:To :\r\n Date:Subject"), of("web.example", "from:subject"));
        assert!(says_so("") && says_so(&whole) && says_so(&of("list.example", "from")));
        assert!(!says_so(&less) && !says_so(&format!("{whole}{less}")) && !says_so("DKIM-Signature: x\r\n"));
    }
}
