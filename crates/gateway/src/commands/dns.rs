//! `sealpost dns`: every record to publish, as a zone file; with --check, how they differ from what is
//! published. Changes nothing anywhere.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_delivery::{DnsError, LookUp, RecordKind};
use sealpost_domain::dns_records::{self, ExpectedRecord, RecordState};
use sealpost_domain::{dkim_folder, zone_file};

use super::untrusted_text::clean_to;
use super::{complain, complain_all, fail, runtime, say};
use crate::config::checked::Plan;
use crate::roles::Roles;

/// Maximum characters printed of a DNS answer: a DKIM record has more than 400.
const MAX_SAID: usize = 500;

/// What to do with the records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Print them, to be published.
    Print,
    /// Compare them with what is published.
    Compare,
}

pub(super) fn run(
    config: &Path,
    purpose: Purpose,
    resolver: Option<SocketAddr>,
    names: &[String],
) -> ExitCode {
    // With the portal's keys if we may read them: then the record of portal-key is included.
    let (plan, portal_key) = match Plan::load(config, Roles::PORTAL) {
        Ok((plan, keys)) => (plan, keys.portal.map(|portal| portal.letters.public().to_bytes())),
        Err(_no_keys) => match Plan::load_without_keys(config) {
            Ok(plan) => (plan, None),
            Err(problems) => return complain_all(&problems),
        },
    };
    let portal_key = portal_key.map(|key| format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key)));
    let mut keys = Vec::new();
    for entry in
        plan.dkim.as_deref().map(dkim_folder::all).transpose().map(Option::unwrap_or_default).unwrap_or_else(
            |error| {
                complain(format_args!("error: {error}"));
                Vec::new()
            },
        )
    {
        match entry.public() {
            Ok(public) => keys.push((entry, public.record)),
            Err(error) => return fail(&error),
        }
    }
    let mut all = match dns_records::all(&plan.publishing, &keys, portal_key.as_deref()) {
        Ok(all) => all,
        Err(error) => {
            complain(format_args!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    // A name without records is a mistake; reporting "all published" would hide it.
    if let Some(none) = names.iter().find(|name| !all.iter().any(|wanted| is_within(&wanted.name, name))) {
        complain(format_args!(
            "error: no record of this configuration is at {} or below it",
            clean_to(none, MAX_SAID)
        ));
        return ExitCode::FAILURE;
    }
    all.retain(|wanted| names.is_empty() || names.iter().any(|name| is_within(&wanted.name, name)));
    if !plan.publishing.sends {
        say("; Mail leaves for the world by another server: its SPF record stands as it is.");
    }
    if keys.is_empty() {
        say("; No key for DKIM: sealpost dkim create makes one.");
    }
    if portal_key.is_none() {
        say("; The line of `sealpost portal-key` belongs here, too; its key cannot be read by this user.");
    }
    if purpose == Purpose::Print {
        all.iter().for_each(print);
        return ExitCode::SUCCESS;
    }
    match runtime()
        .map_err(|error| DnsError::Temporary(error.to_string()))
        .and_then(|runtime| runtime.block_on(compare(&all, resolver)))
    {
        Ok(Comparison::Good) => ExitCode::SUCCESS,
        Ok(Comparison::Differs) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

/// Whether a record's name is this one, or below it.
fn is_within(record: &str, name: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
    let (record, name) = (plain(record), plain(name));
    record == name || record.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
}

fn print(wanted: &ExpectedRecord) {
    for line in &wanted.about {
        say(format_args!("; {line}"));
    }
    say(record(wanted));
}

fn record(wanted: &ExpectedRecord) -> String {
    match wanted.kind {
        RecordKind::Txt => zone_file::txt(&wanted.name, &wanted.data),
        RecordKind::Cname | RecordKind::Mx | RecordKind::Tlsa => {
            zone_file::line(&wanted.name, wanted.kind.as_str(), &wanted.data)
        }
    }
}

/// Result of comparing the published records with the wanted ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Good,
    /// Something is missing, different or unknown.
    Differs,
}

async fn compare(all: &[ExpectedRecord], resolver: Option<SocketAddr>) -> Result<Comparison, DnsError> {
    let look_up = LookUp::new(resolver)?;
    let mut comparison = Comparison::Good;
    for wanted in all {
        let about = format!("{} {}", wanted.name, wanted.kind.as_str());
        let found = match look_up.records(&wanted.name, wanted.kind).await {
            Ok(published) => wanted.judge(&published),
            Err(error) => {
                comparison = Comparison::Differs;
                say(format_args!("unknown  {about}: {error}"));
                continue;
            }
        };
        match found {
            RecordState::Good | RecordState::Perhaps(_) => {}
            RecordState::Missing | RecordState::Other(_) => comparison = Comparison::Differs,
        }
        match found {
            RecordState::Good => say(format_args!("good     {about}")),
            RecordState::Perhaps(why) => say(format_args!("look     {about}: {}", clean_to(&why, MAX_SAID))),
            RecordState::Missing => say(format_args!("missing  {about}; publish: {}", record(wanted))),
            RecordState::Other(found) => {
                say(format_args!(
                    "differs  {about}: there is {}; publish: {}",
                    clean_to(&found, MAX_SAID),
                    record(wanted)
                ));
            }
        }
    }
    Ok(comparison)
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_name_stands_for_itself_and_what_is_below_it() {
        for (record, name) in [
            ("insurer.example", "insurer.example."),
            ("_dmarc.Insurer.example", "insurer.EXAMPLE"),
            ("rsa._domainkey.insurer.example", "_domainkey.insurer.example"),
        ] {
            assert!(is_within(record, name), "{record} {name}");
        }
        assert!(!is_within("notinsurer.example", "insurer.example"));
        assert!(!is_within("insurer.example", "_dmarc.insurer.example"));
    }
}
