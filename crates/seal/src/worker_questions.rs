//! Further jobs of the worker: untrusted key files, and authorities' answers about certificates. Knows no process.

use sealpost_mail::Timestamp;

use crate::error::{KeyError, OpenError, WorkerError};
use crate::partner_key::PartnerKey;
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::fetched_list::FetchedList;
use crate::smime::ocsp::OcspAnswer;
use crate::worker::{Worker, other_answer};
use crate::worker_protocol::{Bytes, Job, WorkerReply};

impl Worker {
    /// Every key in an untrusted file.
    ///
    /// # Errors
    /// Not in a supported format, or too large.
    pub async fn read_keys(&self, file: &[u8]) -> Result<Vec<PartnerKey>, KeyError> {
        let job = Job::Keys { file: u64::try_from(file.len()).unwrap_or(u64::MAX) };
        let WorkerReply::Keys(keys) = self.ask(&job, file).await? else {
            return Err(KeyError::Worker(other_answer()));
        };
        Ok(keys)
    }

    /// Those of these OpenPGP keys that a bare revocation certificate (RFC 9580 §5.2.1.12) revokes, in their revoked form.
    ///
    /// # Errors
    /// It is not one, or revokes none of them.
    pub async fn read_revocation(
        &self,
        file: &[u8],
        keys: &[PartnerKey],
    ) -> Result<Vec<PartnerKey>, KeyError> {
        let job =
            Job::Revocation { keys: keys.to_vec(), file: u64::try_from(file.len()).unwrap_or(u64::MAX) };
        let WorkerReply::Keys(keys) = self.ask(&job, file).await? else {
            return Err(KeyError::Worker(other_answer()));
        };
        Ok(keys)
    }

    /// What an OCSP response says about this certificate.
    ///
    /// # Errors
    /// The worker failed, or the input is not a certificate.
    pub async fn read_ocsp(
        &self,
        response: &[u8],
        key: &PartnerKey,
        roots: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<OcspAnswer, KeyError> {
        let roots = roots.iter().cloned().map(Bytes).collect();
        let length = u64::try_from(response.len()).unwrap_or(u64::MAX);
        let job = Job::Ocsp { key: Box::new(key.clone()), roots, now, response: length };
        let WorkerReply::Ocsp(answer) = self.ask(&job, response).await? else {
            return Err(KeyError::Worker(other_answer()));
        };
        Ok(answer)
    }

    /// Whether a revocation list is valid for the certificates of one authority (DER), and which of them it names.
    ///
    /// # Errors
    /// The worker failed, or the input is not a certificate.
    pub async fn read_list(
        &self,
        list: &[u8],
        certificates: &[Vec<u8>],
        authority: &[u8],
        held: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<FetchedList, KeyError> {
        let bytes = |der: &[u8]| Bytes(der.to_vec());
        let job = Job::List {
            certificates: certificates.iter().cloned().map(Bytes).collect(),
            authority: bytes(authority),
            held: held.map(bytes),
            now,
            list: u64::try_from(list.len()).unwrap_or(u64::MAX),
        };
        let WorkerReply::List(read) = self.ask(&job, list).await? else {
            return Err(KeyError::Worker(other_answer()));
        };
        Ok(read)
    }

    /// Whether a chain leads from this certificate to one of the roots.
    ///
    /// # Errors
    /// The worker failed, or the input is not a certificate.
    pub async fn check_chain(
        &self,
        key: &PartnerKey,
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<ChainVerdict, KeyError> {
        let bytes = |list: &[Vec<u8>]| list.iter().cloned().map(Bytes).collect();
        let job = Job::Chain { key: Box::new(key.clone()), roots: bytes(roots), crls: bytes(crls), now };
        let WorkerReply::Chain(verdict) = self.ask(&job, &[]).await? else {
            return Err(KeyError::Worker(other_answer()));
        };
        Ok(verdict)
    }

    /// Its reply to a job followed by these bytes, unless it refuses.
    async fn ask(&self, job: &Job, bytes: &[u8]) -> Result<WorkerReply, KeyError> {
        match self.run(job, bytes, None, tokio::io::sink()).await.map_err(worker_error)? {
            WorkerReply::Refused(refusal) => Err(refusal.into()),
            reply => Ok(reply),
        }
    }
}

fn worker_error(error: OpenError) -> KeyError {
    match error {
        OpenError::Worker(error) => KeyError::Worker(error),
        OpenError::TooComplex => KeyError::TooLarge,
        OpenError::Token(error) => KeyError::Token(error),
        OpenError::Io(error) => KeyError::Worker(WorkerError::Failed(error.to_string())),
    }
}
