//! Checks portal, notices and brand, and in which languages reports are written. Writes no page.

use std::time::Duration;

use sealpost_arrival::Announcer;
use sealpost_delivery::Route;
use sealpost_mail::{ActivateBy, Address, Brand, Domain, Logo, TlsFloor};
use sealpost_mailbox::{LockRules, WriteRules};
use sealpost_notice::Language;
use sealpost_portal::{
    ExportRules, PasswordRules, PortalConfig, PortalError, PortalTls, Renewal, RequestLimits, ResetBy,
    SessionRules,
};

use super::memory::Shares;
use crate::config::file::{self as config, Config, Size, Source};

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<PortalConfig> {
    let portal = &config.portal;
    sessions(config, source);
    let tls = match (&portal.certificate, &portal.key) {
        (None, None) => PortalTls::Off,
        (Some(certificate), Some(key)) => {
            let key_path = source.path(key.get_ref());
            super::keys::read_private(&key_path, key.span().start, "the key", "name the right file", source)?;
            let tls = PortalTls::Files { certificate: source.path(certificate.get_ref()), key: key_path };
            if let Err(error) = tls.check() {
                source.at(certificate.span().start, error.to_string(), "give PEM files that belong together");
                return None;
            }
            tls
        }
        (Some(one), None) | (None, Some(one)) => {
            source.at(
                one.span().start,
                "the portal has only one of certificate and key",
                "give both or neither",
            );
            return None;
        }
    };
    let planned = PortalConfig {
        addresses: portal.addresses.get_ref().clone(),
        tls,
        public_url: portal.public_url.get_ref().clone(),
        brand: Brand { logo: logo(config, source), ..brand(config) },
        languages: languages(config),
        time_zone: config.gateway.time_zone.get_ref().clone(),
        session: SessionRules { idle: portal.session_idle.get_ref().0, absolute: portal.session_total.0 },
        password: PasswordRules {
            minimum_length: portal.password.minimum_length,
            digit: portal.password.digit,
            upper: portal.password.upper,
            special: portal.password.special,
            ..PasswordRules::default()
        },
        reset: match portal.reset {
            config::Reset::LinkAndAnswer => ResetBy::LinkAndAnswer,
            config::Reset::Answer => ResetBy::Answer,
        },
        activate_by: portal.activation,
        // If mails must carry no way in, an expired link is not renewed by mail either.
        renewal: match (portal.activation, portal.activation_renewal) {
            (ActivateBy::Link, config::Renewal::AtOnce) => Renewal::AtOnce,
            (ActivateBy::InitialPassword, _) | (_, config::Renewal::Request) => Renewal::Request,
        },
        retention: super::retention::plan(config, source)?,
        unread: super::notify_times::gone_unread(config),
        locks: LockRules {
            passwords: portal.lock_after.max(1),
            first: portal.lock_for.0,
            answers: portal.answer_attempts.max(1),
        },
        limits: RequestLimits {
            network: portal.limits.network_per_second,
            network_burst: portal.limits.network_burst,
            session: portal.limits.session_per_second,
            session_burst: portal.limits.session_burst,
            attempts: portal.limits.attempts_per_minute,
            attempts_burst: portal.limits.attempts_burst,
        },
        questions: Vec::new(),
        export: export(config, source),
        write: write(config, source),
        show_subject: portal.show_subject.as_ref().map_or(shows_subject(config), |shown| *shown.get_ref()),
        trusted_proxies: super::proxies::believed(&config.portal.trusted_proxies, source),
        proxies: super::proxies::plan(&portal.proxy_protocol, portal.without_proxy, source),
        pace: config.notices.pace.into(),
        memory: Size(Shares::of(config.gateway.memory.get_ref().0).read).bytes(),
        partner_page: config.partners.page,
        security: super::security::plan(config, source),
    };
    if let Err(error) = planned.check() {
        misplanned(&error, config, source);
        return None;
    }
    Some(planned)
}

/// Position in the file of what the portal rejects.
fn misplanned(error: &PortalError, config: &Config, source: &mut Source) {
    let portal = &config.portal;
    let (wrong, hint) = (error.to_string(), error.hint());
    match error {
        PortalError::PublicUrl | PortalError::PlainHttp => {
            source.at(portal.public_url.span().start, wrong, hint);
        }
        PortalError::NoAddress => source.at(portal.addresses.span().start, wrong, hint),
        PortalError::TimeZone(_) => source.at(config.gateway.time_zone.span().start, wrong, hint),
        _ => source.near("[portal]", wrong, hint),
    }
}

/// Whether subjects are in notices, which travel as ordinary mail.
fn shows_subject(config: &Config) -> bool {
    config.notices.show_subject.as_ref().is_some_and(|shown| *shown.get_ref())
}

/// Long enough to read, and to be warned two minutes before it ends.
const MIN_SESSION: Duration = Duration::from_secs(3 * 60);

fn sessions(config: &Config, source: &mut Source) {
    let idle = &config.portal.session_idle;
    if idle.get_ref().0 < MIN_SESSION || config.portal.session_total.0 < idle.get_ref().0 {
        source.at(
            idle.span().start,
            "recipients would be logged out while they read",
            "give session-idle three minutes at least, and session-total no less than that",
        );
    }
}

/// To whom owners may write, checked here so that a mistyped domain is not found only by its first letter.
fn write(config: &Config, source: &mut Source) -> WriteRules {
    let write = &config.portal.write;
    for domain in &write.domains {
        let bare = domain.get_ref().strip_prefix("*.").unwrap_or(domain.get_ref());
        if let Err(error) = Domain::parse(bare) {
            source.at(
                domain.span().start,
                format!("{:?} is no domain: {error}", domain.get_ref()),
                "write it like \"insurer.example\", or \"*.insurer.example\" for everything below it",
            );
        } else if Domain::parse(bare).is_ok_and(|domain| domain.is_public_suffix()) {
            source.at(
                domain.span().start,
                format!(
                    "{:?} is nobody's own domain: whoever has a mailbox could write to anybody below it",
                    domain.get_ref()
                ),
                "name the domains of your own, like \"insurer.example\"",
            );
        }
    }
    WriteRules {
        domains: write.domains.iter().map(|domain| domain.get_ref().clone()).collect(),
        addresses: write.addresses.clone(),
        max_size: write.max_size.0,
        is_encrypted: write.floor > TlsFloor::None,
    }
}

/// A configured worker must exist; the default one beside `sealpost` may be missing, and the pages say so.
fn export(config: &Config, source: &mut Source) -> ExportRules {
    let export = &config.portal.export;
    let pdf_worker = export.pdf_worker.as_ref().map(|worker| {
        let path = source.path(worker.get_ref());
        if !path.is_file() {
            let wrong = format!("there is no PDF worker at {}", path.display());
            source.at(worker.span().start, wrong, "give the path of `sealpost-pdf`, or leave the line out");
        }
        path
    });
    ExportRules {
        pdf_worker,
        pdf_at_once: export.pdf_at_once,
        pdf_memory: export.pdf_memory.0,
        pdf_time: export.pdf_time.0,
    }
}

fn logo(config: &Config, source: &mut Source) -> Option<Logo> {
    let file = config.brand.logo.as_ref()?;
    let path = source.path(file.get_ref());
    let content_type = match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some(_) | None => {
            source.at(file.span().start, "a logo is an .svg or .png file", "give one of these");
            return None;
        }
    };
    match std::fs::read(&path) {
        Ok(bytes) => Some(Logo { content_type: content_type.to_owned(), bytes, size: None }),
        Err(error) => {
            source.at(file.span().start, format!("the logo {} cannot be read: {error}", path.display()), "");
            None
        }
    }
}

/// The operator's brand without the logo, which mails do not carry.
fn brand(config: &Config) -> Brand {
    let brand = &config.brand;
    Brand {
        name: brand.name.clone(),
        sentence_name: brand.sentence_name.clone(),
        portal_name: brand.portal_name.clone(),
        portal_url: public_url(config),
        colour: brand.colour,
        logo: None,
        contact: Some(brand.contact.get_ref().to_path()),
        phone: brand.phone.clone(),
        imprint: brand.imprint.clone(),
        privacy: brand.privacy.clone(),
    }
}

fn public_url(config: &Config) -> String {
    config.portal.public_url.get_ref().trim_end_matches('/').to_owned()
}

/// All languages, the operator's first.
fn languages(config: &Config) -> Vec<String> {
    let first = config.notices.language.pages;
    let others = sealpost_portal::Language::all().filter(|language| *language != first);
    std::iter::once(first).chain(others).map(|language| language.tag().to_owned()).collect()
}

/// The languages of reports: the configured ones, or the operator's and English.
pub(super) fn report_languages(config: &Config) -> Vec<Language> {
    let named: Vec<Language> = config.notices.report_languages.iter().map(|named| named.notices).collect();
    let wanted = if named.is_empty() { vec![config.notices.language.notices, Language::En] } else { named };
    let mut languages = Vec::with_capacity(wanted.len());
    for language in wanted {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    languages
}

/// The announcer: how notices look and where they go.
pub(super) fn announcer(config: &Config, route: Route, source: &mut Source) -> Option<Announcer> {
    if config.notices.bounces.as_ref().is_some_and(Address::leads_elsewhere) {
        source.near(
            "[notices]",
            "the address for bounces could be read as an address elsewhere",
            "name one without % ! : and quotes, like \"bounce@portal.insurer.example\"",
        );
    }
    Some(Announcer {
        from: config.notices.from.clone(),
        brand: brand(config),
        zone: config.gateway.time_zone.get_ref().clone(),
        public_url: public_url(config),
        show_subject: shows_subject(config),
        language: config.notices.language.notices,
        languages: config.notices.languages.iter().map(|(d, l)| (d.to_lowercase(), l.notices)).collect(),
        bounces: config.notices.bounces.clone(),
        retention: super::retention::plan(config, source)?,
        replies_here: config.notices.replies == config::NoticeReplies::Here,
        receipts: match config.policy.receipts {
            config::Receipts::Off => sealpost_arrival::Receipts::Off,
            config::Receipts::OnOpen => sealpost_arrival::Receipts::OnOpen,
        },
        requests: super::mail_requests::plan(config, source),
        hard_bounces: config.reminders.hard_bounces,
        pace: config.notices.pace.into(),
        pending_pace: config.notices.pending_pace.into(),
        activate_by: config.portal.activation,
        route,
        floor: config.notices.floor.into(),
    })
}
