//! What the product does for people: every file one scenario, against the real binary.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod access;
mod audit;
mod audit_deeds;
mod audit_writers;
mod bounce;
mod broken_log;
mod canaries;
mod carried_heads;
mod certificates;
mod check;
mod check_trials;
mod check_values;
mod clock_jump;
mod complex;
mod confidential;
mod crash;
mod crowd;
mod damaged_rows;
mod deleted_unread;
mod delivery_minimum;
mod demo;
mod digests;
mod dkim;
mod dns;
mod empty_lists;
mod erased;
mod erased_by_hand;
mod erased_by_time;
mod evidence;
mod explain;
mod export;
mod exports;
mod filling_disk;
mod floors_over_hops;
mod formats;
mod health_checks;
mod held_link;
mod hops;
mod ill_disk;
mod initial_password;
mod jobs;
mod jobs_killed;
mod key_rotation;
mod large_file;
mod limits;
mod load;
mod locked;
mod logs;
mod looked_into;
mod mailbox_commands;
mod memory;
mod neighbours;
mod nodes;
mod nodes_webhooks;
mod notice_bounces;
mod notices;
mod odd_message_ids;
mod portal;
mod portal_signature;
mod postfix_relay;
mod postgres;
mod profiles;
mod proxies;
mod queue;
mod race;
mod read_letters;
mod receipts;
mod refusals;
mod relay;
mod reload;
mod replied_notice;
mod report_floor;
mod resend;
mod resent_letters;
mod retention;
mod reverse_path;
mod roles;
mod same_message_id;
mod searching;
mod security_mails;
mod sender_told;
mod sink_down;
mod support;
mod tags_as_typed;
mod tls_floor;
mod told_by_support;
mod told_in_english;
mod typed_tag;
mod unseen;
mod way_in;
mod webhooks;
mod webmail;
mod wished_deletion;
mod wishes;
mod writing;
mod wrong_passwords;
mod xclient;
