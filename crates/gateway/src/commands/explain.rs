//! `sealpost explain`: which rule would decide, for every recipient of a mail, and why.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use sealpost_mail::{Address, Head, Origin, ReversePath, TlsFloor, Treatment};
use sealpost_policy::{Facts, Held, Known};

use super::{complain, complain_all, fail, say};
use crate::arrival::look;
use crate::plan::Plan;

/// What is asked.
pub(super) struct Question {
    pub(super) mail: PathBuf,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) client: IpAddr,
    pub(super) login: Option<String>,
    pub(super) config: PathBuf,
}

pub(super) fn run(question: &Question) -> ExitCode {
    let plan = match Plan::load(&question.config) {
        Ok(plan) => plan,
        Err(problems) => return complain_all(&problems),
    };
    let bytes = match std::fs::read(&question.mail) {
        Ok(bytes) => crlf(&bytes),
        Err(error) => {
            complain(format_args!("error: {}: {error}", question.mail.display()));
            return ExitCode::FAILURE;
        }
    };
    let split = Head::split(&bytes).unwrap_or(bytes.len());
    let head = match Head::new(bytes.get(..split).unwrap_or_default().to_vec()) {
        Ok(head) => head,
        Err(error) => return fail(&error),
    };
    let reverse_path = match question.from.trim() {
        "" | "<>" => ReversePath::Null,
        text => match Address::parse(text) {
            Ok(address) => ReversePath::Address(address),
            Err(error) => {
                complain(format_args!("error: --from {text:?}: {error}"));
                return ExitCode::FAILURE;
            }
        },
    };
    let deep = look(&bytes);
    let origin = Origin {
        peer: question.client,
        listener: "explain".to_owned(),
        helo: "explain".to_owned(),
        extended: true,
        tls: None,
        login: question.login.clone(),
    };
    for text in &question.to {
        let recipient = match Address::parse(text) {
            Ok(recipient) => recipient,
            Err(error) => {
                complain(format_args!("error: --to {text:?}: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let facts = Facts {
            reverse_path: &reverse_path,
            origin: &origin,
            head: &head,
            recipient: &recipient,
            size: bytes.len() as u64,
            deep: &deep,
            // Whether it answers a portal message only the running gateway knows.
            thread: &Known::Yes(false),
        };
        answer(&plan, &facts);
    }
    ExitCode::SUCCESS
}

fn answer(plan: &Plan, facts: &Facts<'_>) {
    let judgement = plan.rules.judge(facts);
    let what = match &judgement.treatment {
        Treatment::Relay { tls } => format!("relayed{}", over(*tls)),
        Treatment::Portal => "deposited in the recipient's mailbox".to_owned(),
        Treatment::Domain { partner } => format!("encrypted for the partner {partner}"),
        Treatment::Refuse(reply) => format!("refused: {}", reply.to_line().trim_end()),
        Treatment::Hold { tls } => format!("held until an operator decides, then relayed{}", over(*tls)),
    };
    say(format_args!("{}: {what}", facts.recipient.to_path()));
    say(format_args!("  decided by {}: {}", judgement.reason.rule, judgement.reason.sentence));
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
