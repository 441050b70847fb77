//! What the operator's own domains publish: DKIM keys in their folder, all DNS records, and their comparison with the
//! published ones. Makes no queries.
//!
//! SECURITY: private DKIM keys are created, read and retired here; the output are records, and keys ready to sign. Must
//! never know: the configuration's form, the command line, who is asked for what is published.

pub mod dkim_folder;
pub mod dns_records;
mod publishing;
pub mod zone_file;

pub use publishing::Publishing;
