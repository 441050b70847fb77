//! Who is notified of what: every purpose, every request.

use sealpost_mail::Secret;

use super::*;
use crate::ticket::Route;

fn ticket(purpose: Purpose, notify: Notify) -> Ticket {
    Ticket {
        reverse_path: ReversePath::Address(Address::parse("sender@insurer.example").unwrap()),
        recipient: Recipient { address: Address::parse("r@d.example").unwrap(), orcpt: None, notify },
        envid: None,
        ret: None,
        body_type: BodyType::SevenBit,
        smtputf8: false,
        content: Content::Letter { head: Vec::new(), body_key: Secret::new([0; 32]) },
        route: Route::Mx,
        tls: TlsFloor::None,
        purpose,
        hand: crate::ticket::Hand::Ours,
        reports_to: crate::report_limit::ReportsTo::Ours,
        arrived: Timestamp(0),
    }
}

fn notice(sender: ReversePath) -> Purpose {
    let (mailbox_id, deposit_id) = ("m".to_owned(), "d".to_owned());
    Purpose::Notice { mailbox_id, deposit_id, sender, letter_id: None, is_first: true, others: Vec::new() }
}

/// failed, delayed, relayed
fn all(ticket: &Ticket) -> [bool; 3] {
    [DsnAction::Failed, DsnAction::Delayed, DsnAction::Relayed].map(|action| wanted(ticket, action))
}

#[test]
fn notify_decides_for_relayed_letters() {
    let on = |success, failure, delay| Notify::On { success, failure, delay };
    assert_eq!(all(&ticket(Purpose::Relay, Notify::Unspecified)), [true, true, false]);
    assert_eq!(all(&ticket(Purpose::Relay, Notify::Never)), [false, false, false]);
    assert_eq!(all(&ticket(Purpose::Relay, on(true, false, false))), [false, false, true]);
    assert_eq!(all(&ticket(Purpose::Relay, on(false, true, false))), [true, false, false]);
    assert_eq!(all(&ticket(Purpose::Relay, on(false, false, true))), [false, true, false]);
}

/// RFC 5321 §4.5.5, RFC 3461 §6.1: no report to the null reverse-path.
#[test]
fn a_null_reverse_path_never_hears_anything() {
    let request = Notify::On { success: true, failure: true, delay: true };
    for purpose in [Purpose::Relay, Purpose::Report] {
        let ticket = Ticket { reverse_path: ReversePath::Null, ..ticket(purpose, request) };
        assert_eq!(all(&ticket), [false; 3]);
    }
    assert_eq!(all(&ticket(Purpose::Report, request)), [false; 3]);
    assert_eq!(all(&ticket(notice(ReversePath::Null), request)), [false; 3]);
}

#[test]
fn the_sender_hears_when_a_recipient_cannot_be_told() {
    let sender = ReversePath::Address(Address::parse("boss@insurer.example").unwrap());
    let ticket = Ticket { reverse_path: ReversePath::Null, ..ticket(notice(sender), Notify::Never) };
    assert_eq!(all(&ticket), [true, false, false]);
    assert_eq!(addressee(&ticket).map(Address::to_path).as_deref(), Some("boss@insurer.example"));
}

#[test]
fn only_relayed_letters_come_back_whole_and_only_if_asked() {
    let full = |purpose| Ticket { ret: Some(Ret::Full), ..ticket(purpose, Notify::Unspecified) };
    assert!(returns_full(&full(Purpose::Relay), DsnAction::Failed));
    assert!(!returns_full(&full(Purpose::Relay), DsnAction::Delayed));
    assert!(!returns_full(&ticket(Purpose::Relay, Notify::Unspecified), DsnAction::Failed));
    assert!(!returns_full(&full(Purpose::Opened), DsnAction::Failed));
    assert!(!returns_full(&full(notice(ReversePath::Null)), DsnAction::Failed));
    let answer = Purpose::PortalReply { mailbox_id: "m".to_owned(), deposit_id: "d".to_owned() };
    assert!(!returns_full(&full(answer), DsnAction::Failed));
}

#[test]
fn of_a_letter_opened_here_nothing_is_told_that_may_follow_from_what_is_in_it() {
    let report = |status| Report {
        action: DsnAction::Failed,
        status,
        remote: Some("inside.insurer.example".to_owned()),
        diagnostic: Some(Diagnostic::Server("554 5.7.1 a word of the letter".to_owned())),
        retry_until: None,
    };
    let told = |status| {
        let told = report(status).for_sender_of(&Purpose::Opened);
        assert_eq!((told.remote, told.diagnostic), (None, None));
        told.status
    };
    for status in [EnhancedCode(5, 1, 1), EnhancedCode(5, 2, 2), EnhancedCode(4, 4, 7)] {
        assert_eq!(told(status), status);
    }
    for subject in [0, 3, 5, 6, 7, 9] {
        assert_eq!(told(EnhancedCode(5, subject, 1)), EnhancedCode(5, 0, 0));
    }
    assert_eq!(told(EnhancedCode(5, 2, 3)), EnhancedCode(5, 0, 0));
    let known = report(EnhancedCode(5, 7, 1)).for_sender_of(&Purpose::Relay);
    assert_eq!(
        known.diagnostic.as_ref().and_then(Diagnostic::servers),
        Some("554 5.7.1 a word of the letter")
    );
}

#[test]
fn a_report_says_what_happened_and_how_long_it_is_tried() {
    let report = |action| Report {
        action,
        status: EnhancedCode(4, 4, 1),
        remote: None,
        diagnostic: None,
        retry_until: Some(Timestamp(4 * 86_400_000)),
    };
    let said = |purpose: &Purpose, action| words(purpose, &report(action), Timestamp(0));
    assert!(matches!(said(&Purpose::Relay, DsnAction::Failed), Words::Failed(_)));
    assert!(matches!(said(&Purpose::Relay, DsnAction::Delayed), Words::Delayed { hours_left: 96, .. }));
    assert!(matches!(said(&Purpose::Relay, DsnAction::Relayed), Words::PassedOn));
    assert!(matches!(said(&notice(ReversePath::Null), DsnAction::Failed), Words::NotNotified(_)));
}
