//! What is known of partners, for people and for scripts. What stands in certificates is another's words: nothing of it
//! reaches the terminal that a terminal would obey.

use sealpost_mail::Timestamp;
use sealpost_partner::{Found, KeyVerdict, Partner, PartnerKey, Reach, Standing, judge};
use sealpost_seal::{HeaderProtection, Profile};
use serde_json::{Value, json};

use super::{CommandError, Desk, say, somebody_at};
use crate::commands::complain;

pub(super) async fn list(desk: &Desk<'_>, json: bool) -> Result<(), CommandError> {
    let all = desk.book().all().await?;
    for found in &all {
        match found {
            Ok(found) if json => say(object(found, desk.now)),
            Ok(found) => {
                let usable = found.keys.iter().filter(|key| verdict(&found.partner, key, desk.now).is_none());
                let places: Vec<String> = found.partner.places.iter().map(ToString::to_string).collect();
                say(format_args!(
                    "{:30} {:10} {} of {} keys usable  {}",
                    found.partner.name,
                    standing(&found.partner),
                    usable.count(),
                    found.keys.len(),
                    places.join(", ")
                ));
            }
            Err(error) => complain(format_args!("error: {error}")),
        }
    }
    if !json {
        say(format_args!("{} partners", all.len()));
    }
    Ok(())
}

pub(super) fn one(desk: &Desk<'_>, found: &Found, json: bool) -> Result<(), CommandError> {
    if json {
        say(object(found, desk.now));
        return Ok(());
    }
    let partner = &found.partner;
    say(format_args!("partner    {}, {}", partner.name, standing(partner)));
    for place in &partner.places {
        say(format_args!("for        {place}"));
    }
    closing(partner);
    for one in &found.keys {
        key(one, desk.now);
        match verdict(partner, one, desk.now) {
            None => say("           used for letters"),
            Some(why) => say(format_args!("           not used: {why}")),
        }
    }
    if found.unreadable > 0 {
        say(format_args!("damaged    {} of its keys cannot be read; {MEND}", found.unreadable));
    }
    Ok(())
}

/// How letters to it are closed.
pub(super) fn closing(partner: &Partner) {
    say(format_args!("profile    {}", profile(partner)));
    say(format_args!("subject    {}", subject(partner)));
}

/// What can be done about rows that somebody has changed.
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
    let names: Vec<String> =
        addresses.chain(facts.domains.iter().map(|domain| clean(domain.as_str()))).collect();
    say(format_args!("names      {}", names.join(", ")));
    say(format_args!(
        "for        {}",
        match one.reach {
            Reach::Company => "everybody at the partner",
            Reach::Named => "the addresses it names",
        }
    ));
    if let Some(end) = facts.not_after {
        let days = end.since(now).as_secs() / 86_400;
        say(format_args!("good for   {days} days more"));
    }
    say(format_args!("compare    {}", facts.fingerprint));
}

pub(super) fn verdict(partner: &Partner, key: &PartnerKey, now: Timestamp) -> Option<String> {
    let somebody = match key.reach {
        Reach::Company => partner.places.iter().find_map(somebody_at),
        Reach::Named => key.key.facts().addresses.iter().find(|address| partner.covers(address)).cloned(),
    };
    let Some(address) = somebody else { return Some("it names nobody of this partner".to_owned()) };
    match judge(partner, key, &address, now) {
        KeyVerdict::Counts => None,
        KeyVerdict::Not(why) => Some(why.to_string()),
    }
}

fn object(found: &Found, now: Timestamp) -> Value {
    let Found { partner, keys, unreadable } = found;
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            let facts = key.key.facts();
            let not_used = verdict(partner, key, now);
            json!({
                "fingerprint": facts.fingerprint.to_hex(),
                "method": facts.method,
                "algorithm": facts.algorithm.to_string(),
                "state": key.state.as_str(),
                "subject": facts.subject,
                "addresses": facts.addresses.iter().map(|a| a.to_path()).collect::<Vec<_>>(),
                "reach": key.reach,
                "not_after": facts.not_after.map(Timestamp::seconds),
                "source": key.source,
                "used": not_used.is_none(),
                "why_not": not_used,
            })
        })
        .collect();
    json!({
        "name": partner.name,
        "standing": partner.standing,
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

/// Another's words on one line of a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_turning(c) { ' ' } else { c }).take(300).collect()
}

/// Characters that turn the direction of writing (UAX #9).
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}
