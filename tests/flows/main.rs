//! What the product does for people: every file one scenario, against the real binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
