//! The portal from outside: a real server on loopback, a real store in a temporary folder, a browser of forty lines.
#![expect(clippy::string_slice, reason = "tests")]

mod account;
mod activation;
mod damage;
mod first;
mod forgot;
mod keeping;
mod languages;
mod late;
mod links;
mod login;
mod matrix;
mod parts;
#[path = "../../../../tests/pseudo/mod.rs"]
pub(crate) mod pseudo;
mod pseudo_forms;
mod pseudo_pages;
mod reading;
mod renewal;
mod rig;
mod tls;
mod uploads;
mod weight;
mod writing;
