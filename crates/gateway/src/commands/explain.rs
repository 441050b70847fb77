//! `sealpost explain`: what the listener would reply and which rule would decide, for every recipient of a mail, and
//! why.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use sealpost_arrival::{Decided, Way, each, look, names_letters, refuse_whole, speaks_for};
use sealpost_mail::{
    Address, BodyType, Direction, Edit, Envelope, Head, Notify, Origin, Recipient, ReversePath, Signing,
    TlsFloor, Treatment,
};
use sealpost_policy::{Facts, Held, Known};

use super::explain_intake::{self, Caller};
use super::{complain, complain_all, explain_partner, fail, say};
use crate::config::checked::Plan;

/// The arguments.
pub(super) struct Question {
    pub(super) mail: PathBuf,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) client: IpAddr,
    pub(super) login: Option<String>,
    pub(super) listener: Option<String>,
    pub(super) config: PathBuf,
}

pub(super) fn run(question: &Question) -> ExitCode {
    let plan = match Plan::load_without_keys(&question.config) {
        Ok(plan) => plan,
        Err(problems) => return complain_all(&problems),
    };
    let ExplainedLetter { bytes, head, envelope } = match asked(question) {
        Ok(asked) => asked,
        Err(error) => {
            complain(format_args!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let caller = Caller { client: question.client, login: question.login.as_deref() };
    let listener = match explain_intake::choose(&plan.listeners, question.listener.as_deref(), &caller) {
        Ok(listener) => listener,
        Err(error) => {
            complain(format_args!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let (deep, heads) = look(&bytes);
    let origin = Origin {
        peer: question.client,
        listener: listener.name.clone(),
        helo: "explain".to_owned(),
        extended: true,
        tls: None,
        login: question.login.clone(),
    };
    // Whether it replies to a portal message is known only to the running gateway, unless it certainly does not.
    let (names_others, thread) = match names_letters(&head, &plan.name, &bytes) {
        Known::Yes(names_others) => (names_others, Known::Yes(false)),
        unknown @ (Known::Unasked | Known::Unanswerable(_) | Known::Never(_)) => (false, unknown),
    };
    let Some(first) = envelope.recipients.first() else { return ExitCode::SUCCESS };
    let facts = Facts {
        reverse_path: &envelope.reverse_path,
        origin: &origin,
        head: &head,
        recipient: &first.address,
        size: bytes.len() as u64,
        deep: &deep,
        heads: &heads,
        thread: &thread,
        closed_thread: &thread,
        from_partner: false,
        unopened: false,
        direction: plan.inbound.direction(&listener.name),
    };
    let logins: Vec<&str> = plan.logins.iter().map(|(name, _hash)| name.as_str()).collect();
    let listening = explain_intake::ask(listener, &logins, &caller, &envelope, &head, &bytes);
    listening.tell();
    let decided = match each(&plan.rules, &plan.announcer, &facts, &envelope) {
        Ok(decided) => decided,
        Err(reply) => return fail(&std::io::Error::other(reply.to_line())),
    };
    for (number, one) in decided.iter().enumerate() {
        let before = match (listening.refusal(number), listening.condition()) {
            (Some(reply), _) => format!("{reply}; not reached. The rules would say: "),
            (None, Some(condition)) => format!("{condition}: "),
            (None, None) => String::new(),
        };
        answer(&plan, &Facts { recipient: &one.recipient.address, ..facts }, &one.way, &before);
    }
    if let Err(reply) = refuse_whole(&envelope, &decided) {
        say(format_args!("the whole mail is refused at the end of DATA: {}", reply.to_line().trim_end()));
    }
    if names_others {
        in_a_thread(&plan, &facts, &decided);
    }
    if is_closed(&facts) {
        not_opened(&plan, &facts, &decided);
    }
    let may_sign = speaks_for(&plan.routes, &origin, &head, facts.direction);
    explain_partner::writer(&plan.routes, &origin, &head, facts.direction);
    let keys = explain_partner::keys(&question.config, &may_sign, &decided);
    if listening.refuses_any() { ExitCode::FAILURE } else { keys }
}

/// The letter in question, as it would be on the wire.
struct ExplainedLetter {
    bytes: Vec<u8>,
    head: Head,
    envelope: Envelope,
}

fn asked(question: &Question) -> Result<ExplainedLetter, String> {
    let bytes =
        std::fs::read(&question.mail).map_err(|error| format!("{}: {error}", question.mail.display()))?;
    let bytes = crlf(&bytes);
    let split = Head::split(&bytes).unwrap_or(bytes.len());
    let head =
        Head::new(bytes.get(..split).unwrap_or_default().to_vec()).map_err(|error| error.to_string())?;
    let reverse_path = match question.from.trim() {
        "" | "<>" => ReversePath::Null,
        text => Address::parse(text)
            .map(ReversePath::Address)
            .map_err(|error| format!("--from {text:?}: {error}"))?,
    };
    let recipient = |text: &String| {
        let address = Address::parse(text).map_err(|error| format!("--to {text:?}: {error}"))?;
        Ok(Recipient { address, orcpt: None, notify: Notify::default() })
    };
    let envelope = Envelope {
        reverse_path,
        envid: None,
        ret: None,
        body: BodyType::EightBitMime,
        smtputf8: true,
        announced_size: None,
        recipients: question.to.iter().map(recipient).collect::<Result<_, String>>()?,
    };
    Ok(ExplainedLetter { bytes, head, envelope })
}

/// How a reply to a portal letter, or to one that arrived encrypted, would be decided, if that makes a difference.
fn in_a_thread(plan: &Plan, facts: &Facts<'_>, decided: &[Decided]) {
    let needs = plan.rules.needs();
    let yes = Known::Yes(true);
    for one in decided {
        let Way::Judged(alone) = &one.way else { continue };
        let facts = Facts { recipient: &one.recipient.address, ..*facts };
        let of_portal = (needs.thread, "a letter of the portal", Facts { thread: &yes, ..facts });
        let of_closed =
            (needs.closed_thread, "a letter that came in encrypted", Facts { closed_thread: &yes, ..facts });
        for (is_asked, what, facts) in [of_portal, of_closed] {
            let answer = plan.rules.judge(&facts);
            if is_asked && answer.treatment != alone.treatment {
                say(format_args!(
                    "{}: if this answers or hands on {what}, which only the running gateway knows: {}, by {}",
                    one.recipient.address.to_path(),
                    words(&answer.treatment),
                    answer.reason.rule
                ));
            }
        }
    }
}

/// Whether the running gateway would try to decrypt it.
fn is_closed(facts: &Facts<'_>) -> bool {
    match facts.direction {
        Direction::Outbound => false,
        Direction::Inbound => matches!(facts.deep, Known::Yes(deep) if deep.encrypted),
    }
}

/// How an encrypted letter from outside that cannot be decrypted would be decided, if that makes a difference.
fn not_opened(plan: &Plan, facts: &Facts<'_>, decided: &[Decided]) {
    for one in decided {
        let Way::Judged(opened) = &one.way else { continue };
        let answer = plan.rules.judge(&Facts { recipient: &one.recipient.address, unopened: true, ..*facts });
        if answer.treatment != opened.treatment {
            say(format_args!(
                "{}: if it cannot be opened, or nothing proves that it is what was closed, which only the running gateway knows: {}, by {}",
                one.recipient.address.to_path(),
                words(&answer.treatment),
                answer.reason.rule
            ));
        }
    }
}

fn words(treatment: &Treatment) -> String {
    match treatment {
        Treatment::Relay { tls, sign: Signing::Off } => format!("relayed{}", over(*tls)),
        Treatment::Relay { tls, sign: Signing::Required } => format!("signed and relayed{}", over(*tls)),
        Treatment::Relay { tls, sign: Signing::WhenPossible } => {
            format!("signed, where a key of ours can, and relayed{}", over(*tls))
        }
        Treatment::Portal => "deposited in the recipient's mailbox".to_owned(),
        Treatment::Domain { partner: Some(partner), .. } => format!("encrypted for the partner {partner}"),
        Treatment::Domain { partner: None, .. } => "encrypted for the recipient's company".to_owned(),
        Treatment::Refuse(refusal) => format!("refused: {}", refusal.reply.to_line().trim_end()),
        Treatment::Hold { tls } => format!("held until an operator decides, then relayed{}", over(*tls)),
    }
}

/// `before`: what the listener replies first.
fn answer(plan: &Plan, facts: &Facts<'_>, way: &Way, before: &str) {
    let recipient = facts.recipient.to_path();
    let judgement = match way {
        Way::ToUs => {
            say(format_args!(
                "{recipient}: {before}the address that notices are from; it ends here, and its writer is told how to answer safely"
            ));
            return;
        }
        Way::Bounce(_) => {
            say(format_args!(
                "{recipient}: {before}a report on one of our notices; it ends here, no rule is asked"
            ));
            return;
        }
        Way::Unclosable(unclosable) => {
            let line = unclosable.reply().to_line();
            say(format_args!("{recipient}: {before}refused: {}", line.trim_end()));
            plan.rules.judge(facts)
        }
        // Only the running gateway encrypts and signs.
        Way::Closed(_) | Way::Signed(..) => return,
        Way::Judged(judgement) => {
            say(format_args!("{recipient}: {before}{}", words(&judgement.treatment)));
            judgement.clone()
        }
    };
    say(format_args!("  decided by {}: {}", judgement.reason.rule, judgement.reason.sentence));
    for edit in &judgement.edits {
        match edit {
            Edit::CutFromSubject(tag) => say(format_args!("  {tag} is cut out of the subject")),
        }
    }
    for step in plan.rules.explain(facts) {
        let held = match step.held {
            Held::Yes => "yes",
            Held::Almost => "almost",
            Held::No => "no",
            Held::Unknown => "unknown",
        };
        say(format_args!("    {held:7} {}: {}", step.rule, step.why));
    }
}

fn over(tls: TlsFloor) -> &'static str {
    match tls {
        TlsFloor::None => ", TLS if offered",
        TlsFloor::Encrypted => " over TLS",
        TlsFloor::Verified => " over verified TLS",
    }
}

/// Files on disk mostly have bare LF; the wire never has.
fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 40);
    let mut before = 0_u8;
    for byte in bytes {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn line_ends_become_those_of_the_wire() {
        assert_eq!(super::crlf(b"a\nb\r\nc\n"), b"a\r\nb\r\nc\r\n");
    }
}
