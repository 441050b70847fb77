//! Checks TLS reports (RFC 8460): those sent to others, and where theirs about our own servers go. Asks
//! nobody.

use sealpost_delivery::{DeliveryConfig, ReportTo, TlsReportTerms, Trust};

use crate::config::file::{Config, Source};
use crate::roles::Roles;

/// Sets up delivery; the DKIM keys are there already if this process delivers.
pub(super) fn plan(config: &Config, roles: Roles, delivery: &mut DeliveryConfig, source: &mut Source) {
    if let Some(roots) = &config.delivery.roots {
        let path = source.path(roots.get_ref());
        if let Err(error) = std::fs::read(&path) {
            source.at(
                roots.span().start,
                format!("the authorities in {} cannot be read: {error}", path.display()),
                "name a file with certificates in PEM, or leave it out: the world's authorities are known",
            );
        }
        delivery.trust = Trust::File(path);
    }
    let Some(section) = &config.delivery.tls_reports else { return };
    let organization = &section.organization_name;
    if organization.get_ref().trim().is_empty() {
        source.at(organization.span().start, "organization-name is empty", "say who sends the reports");
    }
    let from = config.delivery.report_from.domain();
    if roles.delivery && !delivery.dkim.sign_for(from) {
        source.warn(
            organization.span().start,
            format!("reports on TLS by mail need a DKIM signature of {from}, the domain in report-from, and there is no key"),
            "make one with sealpost dkim create; until then reports go by https alone",
        );
    }
    delivery.tls_reports = Some(TlsReportTerms {
        organization: organization.get_ref().trim().to_owned(),
        contact: section.contact.clone(),
    });
}

/// Where others' reports on our servers go.
pub(super) fn received_at(config: &Config, source: &mut Source) -> Vec<String> {
    let Some(section) = &config.delivery.tls_reports else { return Vec::new() };
    let mut places = Vec::new();
    for place in &section.receive_at {
        // RFC 8460 §3: these would end the address in the record.
        let is_whole = !place.get_ref().contains([',', ';', '!', ' ']);
        if is_whole && ReportTo::parse(place.get_ref()).is_some() {
            places.push(place.get_ref().clone());
        } else {
            source.at(
                place.span().start,
                format!("{:?} is no place for reports", place.get_ref()),
                "write \"mailto:\" and an address, or an https address of a named host",
            );
        }
    }
    places
}
