//! How long a leg is leased. Knows no leg.

use std::time::Duration;

/// More than twice as long as any attempt may take ([`crate::config::Timeouts::attempt`]).
pub const LEASE: Duration = Duration::from_secs(2 * 3600);
