//! Times and counts that start but cannot be intended. Changes nothing.

use std::time::Duration;

use sealpost_mail::Term;

use crate::config::file::{Config, Source};

const MINUTE: Duration = Duration::from_secs(60);
/// A session that ends within this time ends in the middle of ordinary letters.
const HARDLY_ANY: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// More failed passwords in a row than this are guesses, not typing errors.
const MANY_TRIES: u32 = 100;

pub(super) fn find(config: &Config, source: &mut Source) {
    let portal = &config.portal;
    if let Term::Exact(span) = portal.activation_within
        && !span.is_zero()
        && span < HOUR
    {
        source.near_warn(
            "activation-within",
            "activation-within is over before anybody has seen the notice: letters would go unread",
            "\"40 days\" is good",
        );
    }
    let idle = &portal.session_idle;
    if idle.get_ref().0 > DAY {
        source.warn(
            idle.span().start,
            "session-idle is more than a day: whoever finds a browser open is in somebody's mailbox",
            "\"30 min\" is good",
        );
    }
    if portal.lock_after > MANY_TRIES {
        source.near_warn(
            "lock-after",
            format!("lock-after = {} lets a password be guessed at leisure", portal.lock_after),
            "10 is good",
        );
    }
    if portal.answer_attempts > MANY_TRIES {
        source.near_warn(
            "answer-attempts",
            format!("answer-attempts = {} lets an answer be guessed at leisure", portal.answer_attempts),
            "5 is good",
        );
    }
    if portal.lock_for.0 < MINUTE {
        source.near_warn(
            "lock-for",
            "lock-for is over before it hinders anybody who guesses",
            "\"15 min\" is good",
        );
    }
    for listener in &config.listeners {
        for (time, name, good) in [
            (listener.session.0, "session", "\"30 min\" is good"),
            (listener.data_time.0, "data-time", "\"10 min\" is good"),
            (listener.idle.0, "idle", "\"5 min\" is good (RFC 5321 §4.5.3.2.7)"),
        ] {
            // Zero is an error, reported elsewhere.
            if !time.is_zero() && time < HARDLY_ANY {
                source.warn(
                    listener.addresses.span().start,
                    format!(
                        "listener {:?}: {name} is over before a server that is busy has said anything",
                        listener.name
                    ),
                    good,
                );
            }
        }
    }
    let delivery = &config.delivery;
    if delivery.delay_notice.0 > delivery.give_up.0 {
        source.near_warn(
            "delay-notice",
            "delay-notice comes after give-up: no sender is ever told that a letter takes longer",
            "\"4 h\" is good",
        );
    }
    let steps = delivery.retry.get_ref();
    if steps.last().is_some_and(|step| step.0 < MINUTE) {
        source.warn(
            delivery.retry.span().start,
            "the last wait in retry, which repeats, is less than a minute: a server in trouble would be asked without end",
            "waits that grow to hours (RFC 5321 §4.5.4.1)",
        );
    }
    if delivery.give_up.0 < HOUR {
        source.near_warn(
            "give-up",
            "give-up comes within an hour: every server that restarts sends letters back",
            "\"5 days\" is good (RFC 5321 §4.5.4.1)",
        );
    }
}
