//! Opens a connection until it is ready for a letter: TCP, greeting, EHLO, the endpoint's minimum TLS,
//! log-in. Sends no letter.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use sealpost_mail::{Timestamp, TlsFloor};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Caller, Connection};
use crate::config::{HopTls, Login};
use crate::ehlo::Ehlo;
use crate::endpoint::Endpoint;
use crate::outcome::{DeliveryFailure, Stage, TlsLacking};
use crate::public_internet::is_public;
use crate::tls_session::{ResultType, SessionEnd, TlsFailure, TlsTrouble};
use crate::wire::Wire;

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.peer())
    }
}

/// Fed to lettre before the actual connection: it has no constructor without a dialogue, and the one it
/// performs discards most of the EHLO reply. The actual greeting and EHLO follow.
const PRELUDE: &[u8] = b"220 prelude\r\n250-prelude\r\n250 AUTH PLAIN LOGIN\r\n";

/// The parameters and results of opening a connection.
pub(crate) struct Opening<'a> {
    pub(crate) to: &'a Endpoint,
    pub(crate) until: Instant,
    pub(crate) now: Timestamp,
    /// Our own address on it, if the peer can see it.
    ours: Option<IpAddr>,
    /// The result of TLS, if it got that far and the domain is to be told; `None`: nothing to report.
    pub(crate) secured: Option<SessionEnd>,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(to: &'a Endpoint, until: Instant, now: Timestamp) -> Self {
        Self { to, until, now, ours: None, secured: None }
    }

    fn failed(&mut self, result: ResultType, reason: &str) {
        self.secured = Some(SessionEnd::Failed(TlsFailure {
            address: Some(self.to.address.ip()),
            ours: self.ours,
            ..TlsFailure::of_host(result, &self.to.host, reason)
        }));
    }
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Clear,
    Tls,
}

impl Connection {
    /// Connects within the deadline, or returns why the letter cannot be sent this way now.
    pub(crate) async fn open(caller: &Caller, opening: &mut Opening<'_>) -> Result<Self, DeliveryFailure> {
        let until = opening.until;
        let connecting = Self::open_as_it_may(caller, opening);
        timeout_at(until, connecting).await.unwrap_or(Err(DeliveryFailure::Silent { stage: Stage::Connect }))
    }

    async fn open_as_it_may(caller: &Caller, opening: &mut Opening<'_>) -> Result<Self, DeliveryFailure> {
        let to = opening.to;
        match Self::open_with(caller, opening, to.tls).await {
            // Opportunistic TLS: broken TLS counts as none (RFC 7435 §3).
            Err(DeliveryFailure::BelowFloor { lacking: TlsLacking::Failed, cause })
                if to.floor == TlsFloor::None
                    && to.tls == HopTls::StartTls
                    && to.login.is_none()
                    && to.identity.is_none() =>
            {
                tracing::info!(
                    delivery.host = to.host,
                    cause,
                    "TLS failed; trying without, as the floor allows"
                );
                Self::open_with(caller, opening, HopTls::Clear).await
            }
            other => other,
        }
    }

    async fn open_with(
        caller: &Caller,
        opening: &mut Opening<'_>,
        tls: HopTls,
    ) -> Result<Self, DeliveryFailure> {
        let to = opening.to;
        if to.floor > TlsFloor::None && to.tls == HopTls::Clear {
            return Err(below(TlsLacking::NotOffered, "this hop is configured without TLS"));
        }
        let times = caller.timeouts;
        let tcp = in_time(Stage::Connect, times.connect, TcpStream::connect(to.address)).await?;
        let tcp = tcp.and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp));
        let tcp =
            tcp.map_err(|error| DeliveryFailure::Lost { stage: Stage::Connect, cause: error.to_string() })?;
        let ours = tcp.local_addr().ok().map(|own| own.ip().to_canonical());
        opening.ours = ours.filter(|own| is_public(*own));

        let wire = Wire::scripted(PRELUDE, to.address, Arc::clone(&caller.may_speak));
        let smtp = AsyncSmtpConnection::connect_with_transport(
            Box::new(wire.clone()),
            &ClientId::Domain(caller.our_name.clone()),
        )
        .await
        .map_err(|error| DeliveryFailure::Garbled { stage: Stage::Connect, cause: error.to_string() })?;
        let mut connection = Self {
            smtp,
            wire,
            offers: Ehlo::default(),
            timeouts: times,
            host: to.host.clone(),
            dirty: false,
            broken: false,
            letters: 0,
            opened: Instant::now(),
            until: opening.until,
        };
        let mut link = Link::Clear;
        if tls == HopTls::Implicit {
            connection.shake_hands(caller, opening, tcp).await?;
            link = Link::Tls;
        } else {
            connection.wire.carry_tcp(tcp);
        }
        let greeting = connection.read_reply(Stage::Greeting, times.greeting).await?;
        connection.expect(Stage::Greeting, &greeting, 220)?;
        connection.hello(caller).await?;
        match (tls, connection.offers.starttls) {
            (HopTls::StartTls, true) => {
                connection.start_tls(caller, opening).await?;
                link = Link::Tls;
            }
            (HopTls::StartTls, false) => {
                opening.failed(ResultType::StarttlsNotSupported, "STARTTLS is not offered");
            }
            (HopTls::Clear | HopTls::Implicit, _) => {}
        }
        if to.floor > TlsFloor::None && link == Link::Clear {
            return Err(below(TlsLacking::NotOffered, "the server offers no STARTTLS"));
        }
        if let Some(login) = &to.login {
            connection.log_in(login, link).await?;
        }
        Ok(connection)
    }

    /// EHLO, or HELO where EHLO is not understood (RFC 5321 §4.1.4).
    async fn hello(&mut self, caller: &Caller) -> Result<(), DeliveryFailure> {
        let time = self.timeouts.hello;
        match self.command(Stage::Hello, time, format!("EHLO {}\r\n", caller.our_name)).await {
            Ok(reply) => {
                self.expect(Stage::Hello, &reply, 250)?;
                self.offers = Ehlo::read(reply.message());
                Ok(())
            }
            Err(DeliveryFailure::Refused { reply, .. })
                if matches!(reply.code, 500 | 501 | 502 | 504 | 550) =>
            {
                self.offers = Ehlo::default();
                let reply = self.command(Stage::Hello, time, format!("HELO {}\r\n", caller.our_name)).await?;
                self.expect(Stage::Hello, &reply, 250)
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn start_tls(&mut self, caller: &Caller, opening: &mut Opening<'_>) -> Result<(), DeliveryFailure> {
        let reply = self.command(Stage::Tls, self.timeouts.hello, "STARTTLS\r\n".to_owned()).await;
        match reply.and_then(|reply| self.expect(Stage::Tls, &reply, 220)) {
            Ok(()) => {}
            Err(DeliveryFailure::Refused { reply, .. }) => {
                let cause = format!("the server refused STARTTLS: {reply:?}");
                opening.failed(ResultType::StarttlsNotSupported, &cause);
                return Err(below(TlsLacking::Failed, &cause));
            }
            Err(trouble) => return Err(trouble),
        }
        let Some(tcp) = self.wire.take_tcp() else {
            let cause = "the server sent text in the clear behind its reply to STARTTLS";
            opening.failed(ResultType::ValidationFailure, cause);
            return Err(below(TlsLacking::Failed, cause));
        };
        self.shake_hands(caller, opening, tcp).await?;
        self.hello(caller).await
    }

    async fn shake_hands(
        &mut self,
        caller: &Caller,
        opening: &mut Opening<'_>,
        tcp: TcpStream,
    ) -> Result<(), DeliveryFailure> {
        let shaking = caller.tls.connect(tcp, opening.to);
        let tls = match timeout(self.timeouts.connect, shaking).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(TlsTrouble { result, cause })) => {
                result.into_iter().for_each(|result| opening.failed(result, &cause));
                return Err(below(TlsLacking::Failed, &cause));
            }
            Err(_elapsed) => return Err(below(TlsLacking::Failed, "the TLS handshake took too long")),
        };
        match caller.tls.tried(&tls, opening.to, opening.now) {
            Ok(()) => opening.secured = Some(SessionEnd::Secured),
            Err(TlsTrouble { result, cause }) => {
                result.into_iter().for_each(|result| opening.failed(result, &cause));
            }
        }
        self.wire.carry_tls(tls);
        Ok(())
    }

    /// RFC 4954; never outside TLS.
    async fn log_in(&mut self, login: &Login, link: Link) -> Result<(), DeliveryFailure> {
        let no = |cause: &str| DeliveryFailure::NoLogin { cause: cause.to_owned() };
        if link == Link::Clear {
            return Err(no("passwords are sent inside TLS only, and this server offers none"));
        }
        let mechanism = match (self.offers.auth_plain, self.offers.auth_login) {
            (true, _) => Mechanism::Plain,
            (false, true) => Mechanism::Login,
            (false, false) => return Err(no("the server offers neither AUTH PLAIN nor AUTH LOGIN")),
        };
        let credentials = Credentials::new(login.name.clone(), login.password.expose().clone());
        let time = self.timeouts.hello;
        let mechanisms = [mechanism];
        let reply = timeout(time, self.smtp.auth(&mechanisms, &credentials)).await;
        let reply = self.checked(Stage::Login, reply)?;
        self.expect(Stage::Login, &reply, 235)
    }
}

async fn in_time<T>(
    stage: Stage,
    time: Duration,
    doing: impl Future<Output = T>,
) -> Result<T, DeliveryFailure> {
    timeout(time, doing).await.map_err(|_elapsed| DeliveryFailure::Silent { stage })
}

fn below(lacking: TlsLacking, cause: &str) -> DeliveryFailure {
    DeliveryFailure::BelowFloor { lacking, cause: cause.to_owned() }
}
