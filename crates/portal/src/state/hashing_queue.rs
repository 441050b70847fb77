//! The queue for Argon2, as pages use it: owners identified by what they presented, others by their network.
//! The order itself is decided by `sealpost_turns`.

use sealpost_mail::{Random, Timestamp};
use sealpost_turns::Busy;
pub(crate) use sealpost_turns::Turn;

use crate::http::client::Client;
use crate::problem::Problem;

/// Who asks for a turn.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// A user with a cookie or a link of ours: named by what is the same for all who share it.
    Owner(Vec<u8>),
    /// A client of whom only the network is known.
    Stranger(Client),
}

/// All turns of the webmail.
#[derive(Clone, Default)]
pub(crate) struct Turns(sealpost_turns::Turns);

impl Turns {
    /// Waits for a turn, with a time limit.
    pub(crate) async fn next(&self, who: &Who, now: Timestamp, random: &dyn Random) -> Result<Turn, Problem> {
        let who = match who {
            Who::Owner(name) => sealpost_turns::Who::Known(name.clone()),
            Who::Stranger(client) => sealpost_turns::Who::Stranger(client.address()),
        };
        self.0.next(&who, now, random).await.map_err(|Busy| Problem::Busy("log-ins"))
    }

    /// Records a wrong password from that client.
    pub(crate) fn wrong(&self, client: Client, now: Timestamp) {
        self.0.wrong(client.address(), now);
    }
}
