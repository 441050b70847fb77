//! Shows partners, for people and for scripts. Certificates contain text written by others: no control character
//! reaches the terminal.

use sealpost_mail::Timestamp;
use sealpost_partner::{
    ExpiringKey, ExpiryStep, KeyVerdict, OcspAnswers, Partner, PartnerKey, PartnerWithKeys, Reach, Standing,
    judge, partner_expiring,
};
use sealpost_seal::{HeaderProtection, Profile};
use serde_json::{Value, json};

use super::context::{CommandError, PartnerContext, somebody_at};
use crate::commands::fetched_lists::{self, FetchedList};
use crate::commands::untrusted_text::clean;
use crate::commands::{OutputFormat, complain, say};
use sealpost_support::instant;

pub(super) async fn list(context: &PartnerContext<'_>, format: OutputFormat) -> Result<(), CommandError> {
    let all = context.book().all().await?;
    let lists = match format {
        OutputFormat::Json => fetched_lists::all(context.store, &context.keys.role.queue.tags).await?,
        OutputFormat::Text => Vec::new(),
    };
    for found in &all {
        match found {
            Ok(found) if format == OutputFormat::Json => say(object(context, found, &lists)),
            Ok(found) => {
                let usable = found.keys.iter().filter(|key| why_not(context, &found.partner, key).is_none());
                let places = found.partner.places.iter().map(ToString::to_string);
                say(format_args!(
                    "{:30} {:10} {} of {} keys usable  {}",
                    found.partner.name,
                    standing(&found.partner),
                    usable.count(),
                    found.keys.len(),
                    in_short(places, IN_LIST)
                ));
                if let Some(first) = partner_expiring(found, context.now).iter().min_by_key(|key| key.end) {
                    say(format_args!("{:30} {}", "", ends(first, context.now)));
                }
            }
            Err(error) => complain(format_args!("error: {error}")),
        }
    }
    if format == OutputFormat::Text {
        say(format_args!("{} partners", all.len()));
    }
    Ok(())
}

pub(super) async fn one(
    context: &PartnerContext<'_>,
    found: &PartnerWithKeys,
    format: OutputFormat,
) -> Result<(), CommandError> {
    let lists = fetched_lists::all(context.store, &context.keys.role.queue.tags).await?;
    if format == OutputFormat::Json {
        say(object(context, found, &lists));
        return Ok(());
    }
    let answers = OcspAnswers { store: context.store, tags: context.book().tags }.all().await?;
    let partner = &found.partner;
    say(format_args!("partner    {}, {}", partner.name, standing(partner)));
    let places = partner.places.iter().map(ToString::to_string);
    say(format_args!("for        {}", in_short(places, IN_FULL)));
    match (partner.standing, partner.answered) {
        (Standing::Active | Standing::Suspended | Standing::Waiting, Some(at)) => {
            say(format_args!("answered   {}: a test letter", instant(Some(at)).unwrap_or_default()));
        }
        (Standing::Waiting, None) => say(format_args!(
            "waiting    nothing is encrypted for it until it answers: sealpost partner test {} --from … --send",
            partner.name
        )),
        (Standing::Active | Standing::Suspended, None) => {}
    }
    closing(partner);
    for one in &found.keys {
        key(one, context.now);
        match why_not(context, partner, one) {
            None => say("           used for letters"),
            Some(why) => say(format_args!("           not used: {why}")),
        }
        if let Some(last) = answers.iter().find(|answer| answer.key_id == one.id) {
            let asked = instant(Some(last.asked_at)).unwrap_or_default();
            say(format_args!("           its authority, asked {asked}: {}", last.answer));
        }
        for list in fetched_lists::about(one, &context.plan.inbound.roots, &lists, context.now) {
            say(format_args!("           {}", list.line(context.now)));
        }
        if let Some(rival) = found.rival(one, context.now) {
            say(format_args!(
                "           in doubt: another key stands for the same address, {}; ask which is right",
                rival.key.facts().fingerprint
            ));
        }
    }
    if found.unreadable > 0 {
        say(format_args!("damaged    {} of its keys cannot be read; {MEND}", found.unreadable));
    }
    Ok(())
}

/// Names listed per partner, both in a list and on its own. `--json` has all.
const IN_LIST: usize = 3;
const IN_FULL: usize = 12;

/// The first names, and how many more there are.
fn in_short(mut names: impl Iterator<Item = String>, most: usize) -> String {
    let mut told = names.by_ref().take(most).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => {}
        more => told.push_str(&format!(" and {more} more")),
    }
    told
}

/// How letters to it are encrypted.
pub(super) fn closing(partner: &Partner) {
    say(format_args!("profile    {}", profile(partner)));
    say(format_args!("subject    {}", subject(partner)));
}

/// What to do about rows that an attacker has changed.
const MEND: &str = "remove the partner and add it again, and revoke again what was revoked";

/// One key, to be compared by telephone.
pub(super) fn key(one: &PartnerKey, now: Timestamp) {
    let facts = one.key.facts();
    say(format_args!(
        "key        {} {}, {}, from {}",
        facts.method,
        facts.algorithm,
        one.state.as_str(),
        clean(&one.source)
    ));
    say(format_args!("subject    {}", clean(&facts.subject)));
    if let Some(issuer) = &facts.issuer {
        let own = if facts.self_issued { " (itself: nobody vouches for it but its fingerprint)" } else { "" };
        say(format_args!("issuer     {}{own}", clean(issuer)));
    }
    let addresses = facts.addresses.iter().map(|address| clean(&address.to_path()));
    let names = addresses.chain(facts.domains.iter().map(|domain| clean(domain.as_str())));
    say(format_args!("names      {}", in_short(names, IN_FULL)));
    say(format_args!("for        {}", spoken_for(one)));
    if !facts.capabilities.is_empty() {
        let reads = facts.capabilities.iter().map(ToString::to_string).collect::<Vec<_>>();
        say(format_args!("reads      {}", reads.join(", ")));
    }
    if let Some(end) = facts.not_after {
        say(format_args!("good for   {}", time_left(end, now)));
    }
    say(format_args!("compare    {}", facts.fingerprint));
}

/// Whom the key is for.
fn spoken_for(one: &PartnerKey) -> String {
    match (one.reach, one.vouched_for.is_empty()) {
        (Reach::Named, _) => "the addresses it names".to_owned(),
        (Reach::Company, true) => "everybody at the partner".to_owned(),
        (Reach::Company, false) => format!(
            "everybody at {}, whose signed zone has it; for more, compare it: `sealpost partner suspend` and `trust` with its \
             fingerprint",
            in_short(one.vouched_for.iter().map(ToString::to_string), IN_LIST)
        ),
    }
}

/// How long a key is still valid.
pub(crate) fn time_left(end: Timestamp, now: Timestamp) -> String {
    const DAY: u64 = 86_400;
    if end <= now {
        return format!("nothing: it ended {} days ago", now.since(end).as_secs() / DAY);
    }
    let days = end.since(now).as_secs() / DAY;
    match ExpiryStep::of(Some(end), now) {
        None => format!("{days} days more"),
        Some(_) => format!("{days} days more: it ends soon"),
    }
}

/// A key that expires and has no successor.
fn ends(key: &ExpiringKey, now: Timestamp) -> String {
    let begin: String = key.fingerprint.to_hex().chars().take(16).collect();
    match key.step {
        ExpiryStep::Ended => format!("key {begin} has ended: ask for the new one"),
        ExpiryStep::Week | ExpiryStep::Month | ExpiryStep::TwoMonths => {
            format!("key {begin} ends in {} days: ask for the new one", key.days(now))
        }
    }
}

/// Why a key is not used for letters: by its content, the operator's decision and its authority's lists, before the
/// first letter needs it.
fn why_not(context: &PartnerContext<'_>, partner: &Partner, key: &PartnerKey) -> Option<String> {
    verdict(partner, key, context.now).or_else(|| {
        context
            .is_on_a_list(key)
            .then(|| "its authority has revoked it: a revocation list names it".to_owned())
    })
}

pub(super) fn verdict(partner: &Partner, key: &PartnerKey, now: Timestamp) -> Option<String> {
    let somebody = match key.reach {
        Reach::Company => {
            let somebody = || partner.places.iter().filter_map(somebody_at);
            somebody().find(|address| key.reaches(partner, address)).or_else(|| somebody().next())
        }
        Reach::Named => key.key.facts().addresses.iter().find(|address| partner.covers(address)).cloned(),
    };
    let Some(address) = somebody else { return Some("it names nobody of this partner".to_owned()) };
    match judge(partner, key, &address, now) {
        KeyVerdict::Counts => None,
        KeyVerdict::Not(why) => Some(why.to_string()),
    }
}

fn object(context: &PartnerContext<'_>, found: &PartnerWithKeys, lists: &[FetchedList]) -> Value {
    let now = context.now;
    let PartnerWithKeys { partner, keys, unreadable } = found;
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            let facts = key.key.facts();
            let not_used = why_not(context, partner, key);
            let lists = fetched_lists::about(key, &context.plan.inbound.roots, lists, now);
            json!({
                "fingerprint": facts.fingerprint.to_hex(),
                "method": facts.method,
                "algorithm": facts.algorithm.to_string(),
                "state": key.state.as_str(),
                "subject": facts.subject,
                "addresses": facts.addresses.iter().map(|a| a.to_path()).collect::<Vec<_>>(),
                "reach": key.reach,
                "capabilities": facts.capabilities,
                "not_after": facts.not_after.map(Timestamp::seconds),
                "ends_soon": ExpiryStep::of(facts.not_after, now).is_some(),
                "source": key.source,
                "provenance": key.provenance,
                "in_doubt": found.rival(key, now).is_some(),
                "used": not_used.is_none(),
                "why_not": not_used,
                "revocation_lists": lists.into_iter().map(FetchedList::object).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "name": partner.name,
        "standing": partner.standing,
        "answered": partner.answered.map(Timestamp::seconds),
        "for": partner.places.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "profile": partner.profile,
        "keys": keys,
        "damaged": unreadable,
    })
}

fn standing(partner: &Partner) -> &'static str {
    match partner.standing {
        Standing::Active => "active",
        Standing::Suspended => "suspended",
        Standing::Waiting => "waiting",
    }
}

fn profile(partner: &Partner) -> &'static str {
    let bsi = Profile { headers: partner.profile.headers, ..Profile::bsi() };
    if partner.profile == bsi {
        "bsi: AES-256-GCM, RSAES-OAEP, RSASSA-PSS"
    } else {
        "compatible: AES-256-CBC and PKCS#1 v1.5, stronger where the key says so"
    }
}

/// Who can read the subject of a letter to it.
pub(crate) fn subject(partner: &Partner) -> &'static str {
    match partner.profile.headers {
        HeaderProtection::Off => "outside only: everybody on the way can read and change it",
        HeaderProtection::SubjectShown => {
            "outside as well, readable on the way; `--subject withheld` where the partner's programs show protected ones"
        }
        HeaderProtection::SubjectWithheld => "withheld: [...] stands outside, the subject inside (RFC 9788)",
    }
}
