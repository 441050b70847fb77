//! Which keys the operator would be warned of now, and which authorities would be asked, with reasons. Asks
//! nobody, changes nothing.

use sealpost_arrival::CrlSource;
use sealpost_mail::Timestamp;
use sealpost_partner::{ExpiringKey, ExpiryStep, Whose};
use sealpost_seal::Fingerprint;

use crate::authorities::Ocsp;
use crate::dry_run::{DryRun, DryRunItem};
use crate::due_lists::WantedList;
use crate::job_context::{Failed, JobContext};
use crate::ocsp::Question;
use crate::{due_lists, expiring_keys, ocsp};

const NOWHERE: &str = "no key is looked at where no letters are taken in";

/// Keys that expire soon or have expired.
pub(super) async fn ending(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let Some(work) = &job_context.partners else { return Ok(DryRun::says(NOWHERE)) };
    let mut seen = DryRun::default();
    seen.each(&expiring_keys::untold(job_context, work, now).await?, |key| ends(key, now));
    if seen.all() > 0 {
        seen.notes.push(match &job_context.telling.keys_to {
            Some(to) => format!("one mail about them goes to {}", to.to_path()),
            None => "only the log says so: there is no partners.warnings-to".to_owned(),
        });
    }
    Ok(seen)
}

fn ends(key: &ExpiringKey, now: Timestamp) -> DryRunItem {
    let whose = match &key.whose {
        Whose::Ours(domains) => {
            let domains: Vec<&str> = domains.iter().map(sealpost_mail::Domain::as_str).collect();
            format!("of ours for {}", domains.join(", "))
        }
        Whose::Partner { name, .. } => format!("of partner {name}"),
    };
    let which = format!("{} key {} {whose}", key.method, begin(&key.fingerprint));
    let why = match key.step {
        ExpiryStep::Ended => "it has ended and has no successor".to_owned(),
        ExpiryStep::Week | ExpiryStep::Month | ExpiryStep::TwoMonths => {
            format!("it ends in {} days and has no successor", key.days(now))
        }
    };
    DryRunItem::of("key", format!("the operator is told of {which}"), why)
        .with("fingerprint", &key.fingerprint.to_hex())
}

/// Certificates whose authorities would be asked, and lists that would be fetched.
pub(super) async fn questions(job_context: &JobContext, now: Timestamp) -> Result<DryRun, Failed> {
    let Some(work) = &job_context.partners else { return Ok(DryRun::says(NOWHERE)) };
    let (ocsp, lists) = (work.authorities.ocsp, work.authorities.lists);
    match (ocsp, lists) {
        (Ocsp::Off, CrlSource::Files) => {
            let why = "nobody is asked: partners.ocsp is \"off\", and partners.crl-source is \"files\"";
            return Ok(DryRun::says(why));
        }
        (Ocsp::Ask, _) | (_, CrlSource::Fetch) if work.roots.is_empty() => {
            return Ok(DryRun::says("nobody is asked: there are no partners.roots"));
        }
        (Ocsp::Ask, CrlSource::Files | CrlSource::Fetch) | (Ocsp::Off, CrlSource::Fetch) => {}
    }
    let mut seen = DryRun::default();
    if ocsp == Ocsp::Ask {
        seen.each(&ocsp::foreseen(job_context, work, now).await?, |question| asked(question, now));
    }
    if lists == CrlSource::Fetch {
        seen.each(&due_lists::look(job_context, work, now).await?.due, |list| fetched(list, now));
    }
    Ok(seen)
}

fn fetched(list: &WantedList, now: Timestamp) -> DryRunItem {
    let why = match &list.last {
        None => "nobody has asked yet".to_owned(),
        Some(last) => over(&last.answer, last.asked_at, now),
    };
    let what = format!("{} is asked for its revocation list", list.address());
    DryRunItem::of("list", what, why).with("authority", &list.authority)
}

fn over(answer: &str, asked_at: Timestamp, now: Timestamp) -> String {
    match asked_at > now {
        true => "the clock was set back since it was asked last".to_owned(),
        false => format!("its last answer, {answer}, is over"),
    }
}

fn asked(question: &Question, now: Timestamp) -> DryRunItem {
    let why = match &question.last {
        None => "nobody has asked yet".to_owned(),
        Some(last) => over(&last.answer, last.asked_at, now),
    };
    let fingerprint = &question.key.key.facts().fingerprint;
    let what = format!(
        "{} is asked about key {} of partner {}",
        question.address,
        begin(fingerprint),
        question.partner.name
    );
    DryRunItem::of("question", what, why).with("fingerprint", &fingerprint.to_hex())
}

/// The prefix of a fingerprint that the lists show.
fn begin(fingerprint: &Fingerprint) -> String {
    fingerprint.to_hex().chars().take(16).collect()
}
