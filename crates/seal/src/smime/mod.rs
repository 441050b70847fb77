//! S/MIME: certificates and CMS, through OpenSSL. Knows no OpenPGP and no storage.

pub(crate) mod algorithm;
pub(crate) mod certificate;
pub(crate) mod chain;
pub(crate) mod chain_verdict;
pub(crate) mod close;
pub(crate) mod der;
pub(crate) mod make;
pub(crate) mod ocsp;
pub(crate) mod open;
