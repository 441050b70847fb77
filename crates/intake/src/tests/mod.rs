//! Sessions from the client's side, over an in-memory pipe: each file proves one kind of promise.

mod acknowledgement;
mod authentication;
mod chunking;
mod encryption;
mod extensions;
mod flood;
mod junk;
mod limits;
mod proxies;
mod refusals;
mod rig;
mod smuggling;
mod stopping;
