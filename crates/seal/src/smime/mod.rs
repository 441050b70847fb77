//! S/MIME: certificates and CMS, through OpenSSL. Knows no OpenPGP and no storage.

pub(crate) mod agreement;
pub(crate) mod algorithm;
pub(crate) mod certificate;
pub(crate) mod chain;
pub(crate) mod chain_verdict;
pub(crate) mod close;
pub(crate) mod decoded_lists;
pub(crate) mod der;
pub(crate) mod enveloped;
pub(crate) mod fetched_list;
pub(crate) mod in_token;
pub(crate) mod list_scope;
pub(crate) mod make;
pub(crate) mod ocsp;
pub(crate) mod open;
pub(crate) mod signed_data;
pub(crate) mod signer;
