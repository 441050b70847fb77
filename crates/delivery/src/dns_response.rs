//! Cuts every DNS response down to what it may say about the name that was asked for, before it is validated. hickory's
//! validator (0.26) takes an authority section of unsigned records, of whichever zone, as proof that a signed name has
//! no such record, or is covered by a wildcard; and a record that nobody asked for would make a signed answer look
//! unsigned. Knows no trust anchor and no mail.

use std::net::IpAddr;
use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle};
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{ConnectionProvider, PoolContext};

/// Connections to name servers whose responses are narrowed.
#[derive(Clone, Default)]
pub(crate) struct NarrowedConnections(TokioRuntimeProvider);

impl ConnectionProvider for NarrowedConnections {
    type Conn = NarrowedConnection;
    type FutureConn = Pin<Box<dyn Future<Output = Result<Self::Conn, NetError>> + Send>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        address: IpAddr,
        config: &ConnectionConfig,
        context: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let connection = self.0.new_connection(address, config, context)?;
        Ok(Box::pin(async move { connection.await.map(NarrowedConnection) }))
    }

    fn runtime_provider(&self) -> &Self::RuntimeProvider {
        &self.0
    }
}

/// One such connection.
#[derive(Clone)]
pub(crate) struct NarrowedConnection(DnsExchange<TokioRuntimeProvider>);

impl DnsHandle for NarrowedConnection {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn is_using_edns(&self) -> bool {
        self.0.is_using_edns()
    }

    fn send(&self, request: DnsRequest) -> Self::Response {
        let asked = request.queries.first().cloned();
        Box::pin(self.0.send(request).map(move |response| {
            let mut message = Message::from(response?);
            if message.answers.len() > MAX_ANSWERS || message.authorities.len() > MAX_AUTHORITIES {
                return Err(NetError::from("the response has too many records".to_owned()));
            }
            if let Some(asked) = &asked {
                narrow(&mut message, asked);
            }
            DnsResponse::from_message(message).map_err(NetError::from)
        }))
    }
}

/// Maximum number of records in an answer section.
const MAX_ANSWERS: usize = 256;
/// Maximum number of records in an authority section.
const MAX_AUTHORITIES: usize = 64;
/// Maximum time to live in seconds: hickory remembers a signature as valid for so long, even if it has expired since.
const MAX_TTL: u32 = 3600;

/// Leaves of a response to `asked`: the records of that name and kind, or else its alias alone, whose target is then
/// asked for separately; and, where that needs a proof, what its own zone and the zones above it say. In any other zone's
/// authority section there is nothing about this name.
fn narrow(message: &mut Message, asked: &Query) {
    let (name, kind) = (asked.name(), asked.query_type());
    message.additionals.clear();
    let has =
        |kind: &RecordType| message.answers.iter().any(|one| one.name == *name && one.record_type() == *kind);
    let found = [kind, RecordType::CNAME].into_iter().find(has);
    message.answers.retain(|record| record.name == *name && Some(kind_of(record)) == found);
    if found == Some(RecordType::CNAME) && kind != RecordType::CNAME {
        // What was said about its target.
        message.metadata.response_code = ResponseCode::NoError;
    }
    let cut = |record: &mut Record| record.ttl = record.ttl.min(MAX_TTL);
    message.answers.iter_mut().chain(&mut message.authorities).for_each(cut);
    // RFC 4035 §5.3.4: the answer from a wildcard needs the proof that there is no closer name: by the zone that the
    // wildcard is of, not by one above it.
    let signatures = || message.answers.iter().filter_map(signature).map(|one| one.input());
    let from_wildcard = signatures().any(|one| one.num_labels < name.num_labels());
    let zone = signatures().next().map(|one| one.signer_name.clone());
    let is_one_zone = signatures().all(|one| Some(&one.signer_name) == zone.as_ref());
    if found.is_some() && !(from_wildcard && is_one_zone) {
        message.authorities.clear();
        return;
    }
    let speaks = |of: &Name| zone.as_ref().map_or_else(|| of.zone_of(name), |zone| of == zone);
    let signed: Vec<(Name, RecordType)> = message
        .authorities
        .iter()
        .filter_map(|record| Some((record, signature(record)?)))
        .filter(|(_, signature)| speaks(&signature.input().signer_name))
        .map(|(record, signature)| (record.name.clone(), signature.input().type_covered))
        .collect();
    message.authorities.retain(|record| {
        let kind = kind_of(record);
        if matches!(kind, RecordType::NSEC | RecordType::NSEC3) {
            let ours = signature(record).is_none_or(|one| speaks(&one.input().signer_name));
            ours && signed.contains(&(record.name.clone(), kind))
        } else {
            matches!(kind, RecordType::SOA | RecordType::NS | RecordType::DS) && speaks(&record.name)
        }
    });
}

/// The kind of a record; a signature's is that of the records it signs.
fn kind_of(record: &Record) -> RecordType {
    signature(record).map_or(record.record_type(), |one| one.input().type_covered)
}

fn signature(record: &Record) -> Option<&RRSIG> {
    let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &record.data else { return None };
    Some(signature)
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::dnssec::Algorithm;
    use hickory_resolver::proto::dnssec::rdata::{NSEC, sig::SigInput};
    use hickory_resolver::proto::op::{MessageType, OpCode};
    use hickory_resolver::proto::rr::SerialNumber;
    use hickory_resolver::proto::rr::rdata::{A, CNAME, NS, SOA};

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn record(owner: &str, data: RData) -> Record {
        Record::from_rdata(name(owner), 60, data)
    }

    fn alias(owner: &str, target: &str) -> Record {
        record(owner, RData::CNAME(CNAME(name(target))))
    }

    fn address(owner: &str) -> Record {
        record(owner, RData::A(A::new(192, 0, 2, 1)))
    }

    fn nsec(owner: &str) -> Record {
        record(owner, RData::DNSSEC(DNSSECRData::NSEC(NSEC::new(name("z."), [RecordType::A]))))
    }

    fn soa(owner: &str) -> Record {
        record(owner, RData::SOA(SOA::new(name("ns."), name("h."), 1, 1, 1, 1, 1)))
    }

    /// A signature over the records of `owner` by `signer`, of a name with this many labels.
    fn signed(owner: &str, kind: RecordType, signer: &str, labels: u8) -> Record {
        let input = SigInput {
            type_covered: kind,
            algorithm: Algorithm::ED25519,
            num_labels: labels,
            original_ttl: 60,
            sig_expiration: SerialNumber::new(2),
            sig_inception: SerialNumber::new(1),
            key_tag: 1,
            signer_name: name(signer),
        };
        record(owner, RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(input, vec![1; 64]))))
    }

    fn narrowed(asked: (&str, RecordType), answers: Vec<Record>, authorities: Vec<Record>) -> Message {
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.message_type = MessageType::Response;
        message.metadata.response_code = ResponseCode::NXDomain;
        message.answers = answers;
        message.authorities = authorities;
        message.additionals = vec![address("ns.clinic.")];
        narrow(&mut message, &Query::query(name(asked.0), asked.1));
        assert!(message.additionals.is_empty());
        message
    }

    #[test]
    fn an_answer_has_nothing_but_what_was_asked_for() {
        let (ours, spare) = (address("MX.clinic."), address("mx.plain."));
        let signature = signed("mx.clinic.", RecordType::A, "clinic.", 2);
        let other = signed("mx.clinic.", RecordType::AAAA, "clinic.", 2);
        let answers = vec![spare, ours.clone(), signature.clone(), other];
        let message = narrowed(("mx.clinic.", RecordType::A), answers, vec![soa("plain."), nsec("a.plain.")]);
        assert_eq!(message.answers, [ours, signature]);
        assert!(message.authorities.is_empty());
    }

    #[test]
    fn an_alias_is_one_step() {
        let step = alias("mx.clinic.", "mx.plain.");
        let answers = vec![step.clone(), address("mx.plain.")];
        let message = narrowed(("mx.clinic.", RecordType::A), answers, vec![soa("plain.")]);
        assert_eq!(message.answers, [step]);
        assert!(message.authorities.is_empty());
        assert_eq!(message.response_code, ResponseCode::NoError, "it was the target's");
    }

    #[test]
    fn a_wildcard_keeps_its_proof_and_no_other() {
        let step = alias("mx.clinic.", "mx.plain.");
        let signature = signed("mx.clinic.", RecordType::CNAME, "clinic.", 1);
        let proof = [nsec("a.clinic."), signed("a.clinic.", RecordType::NSEC, "clinic.", 2)];
        let foreign = vec![
            soa("plain."),
            nsec("plain."),
            nsec("b.clinic."),
            signed("plain.", RecordType::NSEC, "plain.", 1),
            nsec("above."),
            signed("above.", RecordType::NSEC, ".", 1),
        ];
        let authorities = [foreign, proof.to_vec()].concat();
        let message = narrowed(("mx.clinic.", RecordType::A), vec![step, signature], authorities);
        assert_eq!(message.authorities, proof);
    }

    #[test]
    fn a_denial_is_that_of_its_own_zones() {
        let proof = [
            soa("clinic."),
            signed("clinic.", RecordType::SOA, "clinic.", 1),
            record(".", RData::NS(NS(name("ns.")))),
            nsec("a.clinic."),
            signed("a.clinic.", RecordType::NSEC, "clinic.", 2),
        ];
        let foreign = [soa("plain."), soa("a.mx.clinic."), address("clinic."), nsec("b.clinic.")];
        let message =
            narrowed(("mx.clinic.", RecordType::MX), Vec::new(), [foreign.to_vec(), proof.to_vec()].concat());
        assert_eq!(message.authorities, proof);
        assert_eq!(message.response_code, ResponseCode::NXDomain);
    }
}
