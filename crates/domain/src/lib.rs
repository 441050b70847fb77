//! What the operator's own domains publish: keys of DKIM in their folder, every record for the DNS, and how those that are
//! there compare. Asks nobody.
//!
//! SECURITY: private keys of DKIM are made, read and put aside here; what goes out are records, and keys ready to sign.
//! Must never know: the configuration's form, the command line, who is asked for what is published.

pub mod dkim_folder;
pub mod dns_records;
mod publishing;
pub mod zone_file;

pub use publishing::Publishing;
