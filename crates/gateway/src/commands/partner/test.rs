//! `sealpost partner test`: which key a letter to somebody at a partner would be encrypted to, and a letter
//! to test it. Sends nothing in clear.

use clap::Args;
use sealpost_arrival::{Chosen, TestLetter, choose_for_test, enqueue};
use sealpost_delivery::{Purpose, ReportsTo};
use sealpost_mail::{Address, Random as _, ReversePath, SystemRandom, TlsFloor};
use sealpost_notice::PartnerLetter;
use sealpost_partner::{Own, Partner, PartnerKey, test_token};
use sealpost_seal::{Closing, close};
use sealpost_store::{ArrivalRows, Committed, LegPurpose};

use super::context::{CommandError, PartnerContext, somebody_at};
use crate::commands::{domain_key, say};

/// The arguments.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The partner's name.
    name: String,
    /// The recipient; postmaster at the partner's domain if left out.
    #[arg(long, value_parser = Address::parse)]
    to: Option<Address>,
    /// The sender: an address of ours, in a domain that a key of ours signs for.
    #[arg(long, value_parser = Address::parse)]
    from: Option<Address>,
    /// Sends a letter, so that somebody there, or the partner's gateway, replies.
    #[arg(long, requires = "from")]
    send: bool,
}

pub(super) async fn run(context: &PartnerContext<'_>, test: &Test) -> Result<(), CommandError> {
    let found = context.find(&test.name).await?;
    let to = match &test.to {
        Some(to) => to.clone(),
        None => found.partner.places.iter().find_map(somebody_at).ok_or_else(|| {
            CommandError::Wrong(format!("{} has no domain; name somebody with --to", test.name))
        })?,
    };
    if !found.partner.covers(&to) {
        let places: Vec<String> = found.partner.places.iter().map(ToString::to_string).collect();
        return Err(CommandError::Wrong(format!(
            "this address is not one of {}'s, which are those of {}",
            test.name,
            places.join(", ")
        )));
    }
    let own = domain_key::keys(context).all().await?;
    let signing = own.iter().flat_map(|own| &own.public.domains).next().cloned();
    let from = test.from.as_ref().map(|from| from.domain().clone()).or(signing).ok_or_else(|| {
        CommandError::Wrong(
            "there is no key of our own to sign with; `sealpost domain-key make` makes one".to_owned(),
        )
    })?;
    match choose_for_test(&found, &own, &to, &from, context.now) {
        Chosen::Nothing(why) => Err(CommandError::Wrong(format!(
            "{}: a letter would not be encrypted: {why}. It goes as the rule says otherwise, never in clear",
            test.name
        ))),
        Chosen::Keys { partner, key, own: id } => {
            let signer = own.iter().find(|own| own.public.id == id);
            say(format_args!("{}: a letter would be encrypted", partner.name));
            say(format_args!("to         {} {}", key.key.method(), key.key.facts().fingerprint));
            if let Some(signer) = signer {
                say(format_args!("signed by  {}", signer.key.facts().fingerprint));
            }
            match (&test.from, test.send, signer) {
                (Some(from), true, Some(signer)) => send(context, from, &to, &partner, &key, signer).await,
                (Some(_) | None, _, _) => Ok(()),
            }
        }
    }
}

/// Encrypted and queued here, delivered by the running gateway.
async fn send(
    context: &PartnerContext<'_>,
    from: &Address,
    to: &Address,
    partner: &Partner,
    key: &PartnerKey,
    own: &Own,
) -> Result<(), CommandError> {
    let (random, failed) = (&SystemRandom, |what: &dyn std::fmt::Display| {
        CommandError::Wrong(format!("{}: nothing was sent: {what}", partner.name))
    });
    let announcer = &context.plan.announcer;
    let token = test_token(&context.keys.role.queue.tags, &partner.id, random);
    let letter = TestLetter {
        letter: PartnerLetter::Test,
        from: from.clone(),
        to: to.clone(),
        token: &token,
        message_id: format!("{}@{}", random.id(), context.plan.name),
        about: None,
        at: context.now,
    };
    let letter = letter.compose(announcer.language(to), &announcer.brand).map_err(|error| failed(&error))?;
    let tokens = context.tokens();
    let closing = Closing {
        sign_with: Some(&own.key),
        to: std::slice::from_ref(&key.key),
        tokens: &tokens,
        profile: partner.profile.raised_by(key.key.facts()),
        now: context.now,
        random,
    };
    let closed = close(&mut letter.as_slice(), &closing, Vec::new()).map_err(|error| failed(&error))?;
    let (content, body) = enqueue::letter(context.store, random, closed.into_inner()).await?;
    let queue = enqueue::Queue {
        spool: &context.keys.role.queue.spool,
        random,
        give_up: context.plan.routes.give_up,
    };
    let draft = enqueue::Draft {
        content,
        reverse_path: ReversePath::Address(from.clone()),
        recipient: to.clone(),
        route: context.plan.routes.relay.clone(),
        tls: TlsFloor::None,
        purpose: Purpose::Relay,
        reports_to: ReportsTo::Ours,
        at: context.now,
    };
    let leg = enqueue::leg(&queue, draft, Some(&body), LegPurpose::Relay, &random.id());
    let mut rows = ArrivalRows::new(context.now);
    rows.legs.push(leg.map_err(|error| failed(&error))?);
    rows.more_bodies.push(body);
    match context.store.commit_arrival(rows).await? {
        Committed::New(_) => {
            say(
                "sent       a letter is on its way. Another Sealpost answers it by itself, and `sealpost partner show` says \
                 so; of others ask for an answer",
            );
            Ok(())
        }
        Committed::Duplicate | Committed::MailboxTaken | Committed::TooMany => {
            Err(failed(&"the store did not take it; try again"))
        }
    }
}
