//! The worker's side: reads one job, does it, says what came of it. Knows no process, no limits, no clock.

use std::io::{self, BufRead, Read, Write};

use crate::error::KeyError;
use crate::open::{self, Asked};
use crate::own_key::OwnKey;
use crate::smime::chain::{self, Anchors};
use crate::worker::{ChainVerdict, TrustedKey};
use crate::worker_protocol::{Answer, Bytes, Job, MOST_JSON, START};
use crate::{keyfile, smime};

/// Does the one job that `input` holds. For the binary `sealpost-seal`, which has shut itself in before.
///
/// # Errors
/// It was fed wrongly, or nobody listens.
#[doc(hidden)]
pub fn work(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    input.by_ref().take(64).read_line(&mut line)?;
    let length = line.strip_suffix('\n').and_then(|line| line.strip_prefix(START));
    let length: usize =
        length.and_then(|length| length.parse().ok()).ok_or_else(|| wrong("the input is no job"))?;
    if length > MOST_JSON {
        return Err(wrong("the job is too large"));
    }
    let mut json = vec![0_u8; length];
    input.read_exact(&mut json)?;
    // The error's text could hold a piece of a key.
    let job: Job = serde_json::from_slice(&json).map_err(|_secret| wrong("the job cannot be read"))?;
    let follows = usize::try_from(job.follows()).map_err(|_range| wrong("the letter is too large"))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(follows).map_err(|_memory| wrong("the letter is too large"))?;
    input.take(job.follows()).read_to_end(&mut bytes)?;
    if bytes.len() != follows {
        return Err(wrong("the input ends too early"));
    }
    let (answer, letter) = done(job, &bytes);
    drop(bytes);
    let json = serde_json::to_vec(&answer).map_err(io::Error::other)?;
    out.write_all(format!("{START}{}\n", json.len()).as_bytes())?;
    out.write_all(&json)?;
    out.write_all(&letter.unwrap_or_default())?;
    out.flush()
}

fn done(job: Job, bytes: &[u8]) -> (Answer, Option<Vec<u8>>) {
    let plain = |list: Vec<Bytes>| list.into_iter().map(|bytes| bytes.0).collect::<Vec<_>>();
    match job {
        Job::Open { own, trusted, distrusted, roots, crls, lists, sender, now, most, .. } => {
            let asked = Asked {
                own: own.iter().filter_map(|own| OwnKey::from_bytes(&own.0).ok()).collect(),
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
            let (opened, letter) = open::open(bytes, &asked);
            (Answer::Opened(opened), letter)
        }
        Job::Keys { .. } => (keyfile::read(bytes).map_or_else(refused, Answer::Keys), None),
        Job::Chain { key, roots, crls, now } => {
            let check = || {
                let between: Vec<openssl::x509::X509> = key
                    .chain()
                    .iter()
                    .map(|der| openssl::x509::X509::from_der(der).map_err(smime::certificate::library))
                    .collect::<Result<_, KeyError>>()?;
                let (roots, crls) = (plain(roots), plain(crls));
                let certificate = key.certificate()?;
                if chain::is_listed(&certificate, &crls) {
                    return Ok(ChainVerdict::Revoked);
                }
                chain::check(&certificate, &between, &Anchors { roots: &roots, crls: &crls }, now)
            };
            (check().map_or_else(refused, Answer::Chain), None)
        }
    }
}

fn refused(error: KeyError) -> Answer {
    Answer::Refused(error.into())
}
