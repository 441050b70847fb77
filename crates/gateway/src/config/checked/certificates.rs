//! Checks our own certificates as others will see them: expired, not yet valid, expiring soon, for another
//! name. Whether they can be loaded is checked where they are loaded; nothing is refused here.

use std::path::{Path, PathBuf};

use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_seal::ServerCertificate;
use toml::Spanned;

use super::odd_names::authority;
use crate::config::file::{Config, ListenerTls, Source};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// A certificate is not renewed on its last day on purpose.
const SOON: i64 = 14 * DAY;

pub(super) fn find(config: &Config, source: &mut Source) {
    let now = SystemClock.now();
    let name = config.gateway.name.get_ref().as_str();
    for listener in &config.listeners {
        match (listener.tls.get_ref(), &listener.certificate, &listener.key) {
            (ListenerTls::Off, Some(certificate), _) => source.warn(
                certificate.span().start,
                format!(
                    "the listener {:?} has a certificate and never offers TLS: tls is off",
                    listener.name
                ),
                "set tls = \"starttls\" or \"implicit\", or leave certificate and key out",
            ),
            (ListenerTls::Off, None, Some(key)) => {
                let wrong = format!("the listener {:?} has a key and never offers TLS", listener.name);
                source.warn(key.span().start, wrong, "set tls and certificate, or leave the key out");
            }
            (ListenerTls::Starttls | ListenerTls::Implicit, Some(certificate), _) => {
                own(certificate, Some((name, "gateway.name")), now, source);
            }
            (ListenerTls::Off | ListenerTls::Starttls | ListenerTls::Implicit, None, _) => {}
        }
    }
    if let Some(certificate) = &config.portal.certificate {
        let host = host(config.portal.public_url.get_ref());
        own(certificate, Some((host.as_str(), "the host of public-url")), now, source);
    }
    for hop in config.hops.values() {
        if let Some(certificate) = &hop.certificate {
            own(certificate, None, now, source);
        }
        if let Some(ca) = &hop.ca {
            authorities(ca, now, source);
        }
    }
}

/// Host of a link, without its port.
fn host(url: &str) -> String {
    let authority = authority(url);
    match (authority.rsplit_once(':'), authority.ends_with(']')) {
        (Some((host, _port)), false) => host.to_owned(),
        (Some(_), true) | (None, _) => authority.to_owned(),
    }
}

/// The first certificate in the file is shown to others.
fn own(file: &Spanned<PathBuf>, wanted: Option<(&str, &str)>, now: Timestamp, source: &mut Source) {
    let path = source.path(file.get_ref());
    let Some(shown) = ServerCertificate::all_in(&path).and_then(|all| all.into_iter().next()) else { return };
    let at = file.span().start;
    if let Some((wrong, hint)) = out_of_time(&shown, &path, now) {
        source.warn(at, wrong, hint);
    }
    if let Some((host, whose)) = wanted.filter(|(host, _)| !shown.is_for(host)) {
        source.warn(
            at,
            format!(
                "the certificate {} is not for {host}, {whose}: whoever verifies it turns away",
                path.display()
            ),
            "take one with that name in it (subjectAltName), or correct the name",
        );
    }
}

/// One that is still valid is enough: its successor may already be in the file.
fn authorities(file: &Spanned<PathBuf>, now: Timestamp, source: &mut Source) {
    let path = source.path(file.get_ref());
    let all = ServerCertificate::all_in(&path).unwrap_or_default();
    let wrong: Vec<_> = all.iter().filter_map(|one| out_of_time(one, &path, now)).collect();
    if let (true, Some((wrong, hint))) = (wrong.len() == all.len(), wrong.into_iter().next()) {
        source.warn(file.span().start, wrong, hint);
    }
}

fn out_of_time(shown: &ServerCertificate, path: &Path, now: Timestamp) -> Option<(String, &'static str)> {
    let (begins, ends) = (shown.not_before, shown.not_after);
    let (left, lasts) = (ends.0.saturating_sub(now.0), ends.0.saturating_sub(begins.0));
    let path = path.display();
    let wrong = if left <= 0 {
        format!("the certificate {path} expired {} ago", days(-left))
    } else if begins > now {
        format!(
            "the certificate {path} is not valid yet: it begins in {}",
            days(begins.0.saturating_sub(now.0))
        )
    // Some are issued for days only, and renewed in the last third of them.
    } else if left < SOON && left < lasts / 3 {
        format!("the certificate {path} ends in {}", days(left))
    } else {
        return None;
    };
    Some((wrong, "renew it; after SIGHUP the new one is in use"))
}

fn days(milliseconds: i64) -> String {
    match milliseconds / DAY {
        0 => "less than a day".to_owned(),
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_what_a_certificate_names() {
        for (url, named) in [
            ("https://mail.insurer.example", "mail.insurer.example"),
            ("https://mail.insurer.example:8443/post", "mail.insurer.example"),
            ("https://[2001:db8::1]", "[2001:db8::1]"),
            ("https://[2001:db8::1]:8443/", "[2001:db8::1]"),
        ] {
            assert_eq!(host(url), named);
        }
    }
}
