//! The worker's side: reads one job, does it, says what came of it. Knows no process, no limits, no clock.

use std::io::{self, BufRead, Read as _, Write};

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::keyfile;
use crate::lend::Lent;
use crate::open::{self, Asked};
use crate::opening::TrustedKey;
use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::ocsp;
use crate::worker_protocol::{Bytes, Job, Loan, MAX_JSON, START, WorkerReply};

/// Does the one job that `input` holds. For the binary `sealpost-seal`, which has shut itself in before.
///
/// # Errors
/// It was fed wrongly, or nobody listens.
#[doc(hidden)]
pub fn work(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let job: Job = read_json(input)?;
    let follows = usize::try_from(job.follows()).map_err(|_range| wrong("the letter is too large"))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(follows).map_err(|_memory| wrong("the letter is too large"))?;
    input.by_ref().take(job.follows()).read_to_end(&mut bytes)?;
    if bytes.len() != follows {
        return Err(wrong("the input ends too early"));
    }
    let mut ask = |at: usize| -> Option<OwnKey> {
        write_json(out, &WorkerReply::Needs(at)).ok()?;
        let Loan(own) = read_json(input).ok()?;
        OwnKey::from_bytes(&own?.0).ok()
    };
    let (answer, letter) = done(job, &bytes, &mut ask);
    drop(bytes);
    write_json(out, &answer)?;
    out.write_all(&letter.unwrap_or_default())?;
    out.flush()
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn read_json<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    input.by_ref().take(64).read_line(&mut line)?;
    let length = line.strip_suffix('\n').and_then(|line| line.strip_prefix(START));
    let length: usize =
        length.and_then(|length| length.parse().ok()).ok_or_else(|| wrong("the input is no job"))?;
    if length > MAX_JSON {
        return Err(wrong("the job is too large"));
    }
    let mut json = Zeroizing::new(vec![0_u8; length]);
    input.read_exact(&mut json)?;
    // The error's text could hold a piece of a key.
    serde_json::from_slice(&json).map_err(|_secret| wrong("the job cannot be read"))
}

fn write_json(out: &mut impl Write, answer: &WorkerReply) -> io::Result<()> {
    let json = serde_json::to_vec(answer).map_err(io::Error::other)?;
    out.write_all(format!("{START}{}\n", json.len()).as_bytes())?;
    out.write_all(&json)?;
    out.flush()
}

fn done(
    job: Job,
    bytes: &[u8],
    ask: &mut dyn FnMut(usize) -> Option<OwnKey>,
) -> (WorkerReply, Option<Vec<u8>>) {
    let plain = |list: Vec<Bytes>| list.into_iter().map(|bytes| bytes.0).collect::<Vec<_>>();
    match job {
        Job::Open { own, trusted, distrusted, roots, crls, lists, sender, now, most, .. } => {
            let asked = Asked {
                trusted: trusted
                    .into_iter()
                    .map(|trusted| TrustedKey { key: trusted.key, speaks_for: trusted.speaks_for })
                    .collect(),
                distrusted,
                roots: plain(roots),
                crls: plain(crls),
                lists,
                sender,
                now,
                most: usize::try_from(most).unwrap_or(usize::MAX),
            };
            let (opened, letter) = open::open(bytes, &asked, &mut Lent::new(own, ask));
            (WorkerReply::Opened(opened), letter)
        }
        Job::Keys { .. } => (PartnerKey::read(bytes).map_or_else(refused, WorkerReply::Keys), None),
        Job::Revocation { keys, .. } => {
            (keyfile::revoked_by(bytes, &keys).map_or_else(refused, WorkerReply::Keys), None)
        }
        Job::Ocsp { key, roots, now, .. } => {
            let look = || {
                let (certificate, between) = (key.certificate()?, key.between()?);
                ocsp::answer(&certificate, &between, &plain(roots), bytes, now)
            };
            (look().map_or_else(refused, WorkerReply::Ocsp), None)
        }
        Job::Chain { key, roots, crls, now } => {
            let check = || {
                let between = key.between()?;
                let (roots, crls) = (plain(roots), plain(crls));
                let certificate = key.certificate()?;
                if chain::is_listed(&certificate, &crls) {
                    return Ok(ChainVerdict::Revoked);
                }
                chain::check(&certificate, &between, &Anchors { roots: &roots, crls: &crls }, now)
            };
            (check().map_or_else(refused, WorkerReply::Chain), None)
        }
    }
}

fn refused(error: KeyError) -> WorkerReply {
    WorkerReply::Refused(error.into())
}
