//! The worker's side: reads one job, runs it, writes the result. Knows no process, no limits, no clock.

use std::io::{self, BufRead, Read as _, Write};

use openssl::x509::X509;
use sealpost_mail::Secret;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::key_operations::ContentKeyTask;
use crate::keyfile;
use crate::lend::{Lender, Lent};
use crate::open::{self, OpenParameters};
use crate::opening::TrustedKey;
use crate::partner_key::PartnerKey;
use crate::pgp;
use crate::pgp::key::Subkeys;
use crate::smime::certificate::library;
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::decoded_lists::DecodedLists;
use crate::smime::fetched_list::{self, ListFor};
use crate::smime::ocsp;
use crate::worker_protocol::{Bytes, Errand, Job, Loan, MAX_JSON, START, WorkerReply};

/// Runs the one job in `input`. For the binary `sealpost-seal`, which has sandboxed itself before.
///
/// # Errors
/// The input is malformed, or the output closed.
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
    let (answer, letter) = done(job, &bytes, &mut Asking { input: &mut *input, out: &mut *out });
    drop(bytes);
    write_json(out, &answer)?;
    out.write_all(&letter.unwrap_or_default())?;
    out.flush()
}

/// Requests to the parent through the pipes.
struct Asking<'a, R, W> {
    input: &'a mut R,
    out: &'a mut W,
}

impl<R: BufRead, W: Write> Asking<'_, R, W> {
    fn loan(&mut self, asked: &WorkerReply) -> Option<Secret<Vec<u8>>> {
        write_json(self.out, asked).ok()?;
        let Loan(lent) = read_json(self.input).ok()?;
        lent.map(|lent| lent.0)
    }
}

impl<R: BufRead, W: Write> Lender for Asking<'_, R, W> {
    fn subkeys(&mut self, at: usize) -> Option<Subkeys> {
        pgp::key::from_lent(self.loan(&WorkerReply::Needs(at))?.expose())
    }

    fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>> {
        self.loan(&WorkerReply::Asks(Errand { at, task: task.clone() }))
    }
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
    // The error's text could contain a piece of a key.
    serde_json::from_slice(&json).map_err(|_secret| wrong("the job cannot be read"))
}

fn write_json(out: &mut impl Write, answer: &WorkerReply) -> io::Result<()> {
    let json = serde_json::to_vec(answer).map_err(io::Error::other)?;
    out.write_all(format!("{START}{}\n", json.len()).as_bytes())?;
    out.write_all(&json)?;
    out.flush()
}

fn done(job: Job, bytes: &[u8], lender: &mut dyn Lender) -> (WorkerReply, Option<Vec<u8>>) {
    let plain = |list: Vec<Bytes>| list.into_iter().map(|bytes| bytes.0).collect::<Vec<_>>();
    match job {
        Job::Open { own, trusted, distrusted, roots, crls, lists, sender, now, most, .. } => {
            let asked = OpenParameters {
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
            let (opened, letter) = open::open(bytes, &asked, &mut Lent::new(own, lender));
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
        Job::List { certificates, authority, held, now, .. } => {
            let look = || {
                let read = |der: &Bytes| X509::from_der(&der.0).map_err(library);
                let certificates = certificates.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                let (authority, held) = (read(&authority)?, held.as_ref().map(|held| held.0.as_slice()));
                let asked = ListFor { certificates: &certificates, authority: &authority, held, now };
                fetched_list::read(bytes, &asked)
            };
            (look().map_or_else(refused, WorkerReply::List), None)
        }
        Job::Chain { key, roots, crls, now } => {
            let check = || {
                let between = key.between()?;
                let (roots, lists) = (plain(roots), DecodedLists::of(&plain(crls)));
                let certificate = key.certificate()?;
                if lists.have(&certificate) {
                    return Ok(ChainVerdict::Revoked);
                }
                chain::check(&certificate, &between, &Anchors::new(&roots, lists, now)?)
            };
            (check().map_or_else(refused, WorkerReply::Chain), None)
        }
    }
}

fn refused(error: KeyError) -> WorkerReply {
    WorkerReply::Refused(error.into())
}
