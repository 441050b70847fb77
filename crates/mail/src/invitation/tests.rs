//! Invitations as programs write them, and how a reader sees them.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Vec<Invitation> {
    invitations(&text.replace('\n', "\r\n"), &TimeZone::get("Europe/Berlin").unwrap())
}

/// One event with these lines, in a calendar with those.
fn event(calendar: &str, lines: &str) -> Invitation {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\n{calendar}BEGIN:VEVENT\nUID:1\n{lines}END:VEVENT\nEND:VCALENDAR\n"
    );
    let mut all = read(&text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn time(moment: Option<&Moment>) -> Option<Timestamp> {
    match moment? {
        Moment::Time(at, _) => Some(*at),
        Moment::Day(_) => None,
    }
}

#[test]
fn an_invitation_can_be_read() {
    let one = event(
        "METHOD:REQUEST\n",
        "SUMMARY;LANGUAGE=de:Besichtigung\\, zweiter\n  Termin\nLOCATION:Hof 3\\nTor B\n\
         ORGANIZER;CN=\"Krüger; Sabine\":mailto:sk@insurer.example\n\
         DESCRIPTION:Beitreten: https://teams.microsoft.com/l/123\\n\\nZeile\n\
         DTSTART;TZID=W. Europe Standard Time:20261124T140000\nDTEND:20261124T140000Z\n\
         BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Erinnerung\nSUMMARY:Erinnerung\nTRIGGER:-PT15M\nEND:VALARM\n",
    );
    assert_eq!((one.title.as_str(), one.place.as_str()), ("Besichtigung, zweiter Termin", "Hof 3, Tor B"));
    assert_eq!(one.from, "Krüger; Sabine");
    assert_eq!(one.description, "Beitreten: https://teams.microsoft.com/l/123\n\nZeile");
    assert_eq!(one.link.as_deref(), Some("https://teams.microsoft.com/l/123"));
    assert_eq!(time(one.starts.as_ref()), Some(at("2026-11-24T13:00:00Z")));
    assert_eq!(time(one.ends.as_ref()), Some(at("2026-11-24T14:00:00Z")));
    assert_eq!((one.status, one.repeats), (InvitationStatus::New, None));
}

#[test]
fn a_zone_that_a_file_defines_year_by_year_counts_as_it_stands_then() {
    let half = |kind: &str, start: &str, to: &str, more: &str| {
        format!("BEGIN:{kind}\nDTSTART:{start}\nTZOFFSETFROM:+0100\nTZOFFSETTO:{to}\n{more}END:{kind}\n")
    };
    let zone = |halves: &[String]| format!("BEGIN:VTIMEZONE\nTZID:Ours\n{}END:VTIMEZONE\n", halves.concat());
    let listed = zone(&[
        half("STANDARD", "20251026T040000", "+0200", "RDATE:20261025T040000\n"),
        half("DAYLIGHT", "20260329T030000", "+0300", "RDATE:20270328T030000\n"),
    ]);
    let once = zone(&[
        half("STANDARD", "20261025T040000", "+0200", ""),
        half("DAYLIGHT", "20260329T030000", "+0300", ""),
    ]);
    let (autumn, spring) =
        ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3");
    let given_up = zone(&[
        half("STANDARD", "19701025T030000", "+0100", &format!("{autumn};UNTIL=20141025T010000Z\n")),
        half("STANDARD", "20160327T030000", "+0300", ""),
        half("DAYLIGHT", "19810329T020000", "+0200", &format!("{spring};UNTIL=20140330T010000Z\n")),
    ]);
    let goes_on = zone(&[
        half("STANDARD", "19701025T030000", "+0100", &format!("{autumn}\n")),
        half("DAYLIGHT", "19810329T020000", "+0200", &format!("{spring};UNTIL=20300330T010000Z\n")),
    ]);
    for (calendar, local, utc) in [
        (&listed, "20261201T130000", "2026-12-01T11:00:00Z"),
        (&listed, "20260701T130000", "2026-07-01T10:00:00Z"),
        (&listed, "20270701T130000", "2027-07-01T10:00:00Z"),
        (&once, "20261201T130000", "2026-12-01T11:00:00Z"),
        (&once, "20260701T130000", "2026-07-01T10:00:00Z"),
        (&given_up, "20261201T130000", "2026-12-01T10:00:00Z"),
        (&given_up, "20130701T130000", "2013-07-01T11:00:00Z"),
        (&goes_on, "20260701T130000", "2026-07-01T11:00:00Z"),
        (&goes_on, "20261201T130000", "2026-12-01T12:00:00Z"),
    ] {
        let one = event(calendar, &format!("DTSTART;TZID=Ours:{local}\n"));
        assert_eq!(time(one.starts.as_ref()), Some(at(utc)), "{local} in\n{calendar}");
    }
}

#[test]
fn times_in_forms_that_programs_write_all_the_same() {
    for (line, utc) in [
        ("DTSTART:20261201T1200Z", "2026-12-01T12:00:00Z"),
        ("DTSTART:20261201T120000.000Z", "2026-12-01T12:00:00Z"),
        ("DTSTART:2026-12-01T12:00:00Z", "2026-12-01T12:00:00Z"),
        ("dtstart:2026-12-01T12:00Z", "2026-12-01T12:00:00Z"),
        ("DTSTART:2026-12-01T12:00:00+01:00", "2026-12-01T11:00:00Z"),
        ("DTSTART;TZID=Europe/Berlin:2026-12-01T12:00:00", "2026-12-01T11:00:00Z"),
        ("DTSTART;TZID=Europe/Berlin:20261201T1200", "2026-12-01T11:00:00Z"),
        ("DTSTART;VALUE=DATE-TIME:20261201T120000Z", "2026-12-01T12:00:00Z"),
    ] {
        let one = event("", &format!("{line}\n"));
        assert_eq!(time(one.starts.as_ref()), Some(at(utc)), "{line}");
    }
    let days = event("", "DTSTART;VALUE=DATE:2026-12-01\n");
    assert!(matches!(days.starts, Some(Moment::Day(_))), "{:?}", days.starts);
}

#[test]
fn zones_by_every_name() {
    let custom = "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n\
                  TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n\
                  BEGIN:VTIMEZONE\nTZID:Unser Haus\nBEGIN:STANDARD\nDTSTART:16011028T030000\n\
                  RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n\
                  BEGIN:DAYLIGHT\nDTSTART:16010325T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n\
                  TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
                  BEGIN:VTIMEZONE\nTZID:Indien\nBEGIN:STANDARD\nDTSTART:16010101T000000\n\
                  TZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n";
    for (zone, local, utc) in [
        ("Europe/Berlin", "20260701T120000", "2026-07-01T10:00:00Z"),
        ("W. Europe Standard Time", "20260701T120000", "2026-07-01T10:00:00Z"),
        ("Pacific Standard Time", "20261201T030000", "2026-12-01T11:00:00Z"),
        ("GMT Standard Time", "20260701T120000", "2026-07-01T11:00:00Z"),
        ("tzone://Microsoft/Utc", "20261201T110000", "2026-12-01T11:00:00Z"),
        ("Tokyo Standard Time", "20261201T120000", "2026-12-01T03:00:00Z"),
        (
            "\"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna\"",
            "20260701T120000",
            "2026-07-01T10:00:00Z",
        ),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Vienna", "20260701T120000", "2026-07-01T10:00:00Z"),
        ("\"Customized Time Zone\"", "20261201T140000", "2026-12-01T11:00:00Z"),
        ("\"Unser Haus\"", "20260701T120000", "2026-07-01T10:00:00Z"),
        ("\"Unser Haus\"", "20261201T120000", "2026-12-01T11:00:00Z"),
        ("Indien", "20261201T120000", "2026-12-01T06:30:00Z"),
        (
            "(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rom\\, Stockholm\\, Wien",
            "20260701T120000",
            "2026-07-01T10:00:00Z",
        ),
        ("(UTC+01:00) Brüssel, Kopenhagen, Madrid, Paris", "20261201T120000", "2026-12-01T11:00:00Z"),
        ("(UTC-05:00) Eastern Time\\, New York", "20261201T120000", "2026-12-01T17:00:00Z"),
        ("(UTC) Dublin, Edinburgh, Lissabon, London", "20260701T120000", "2026-07-01T11:00:00Z"),
        ("\"(UTC-08:00) Pacific Time (US & Canada)\"", "20260701T030000", "2026-07-01T10:00:00Z"),
        ("(UTC+05:30) Chennai, Kolkata", "20261201T120000", "2026-12-01T06:30:00Z"),
        // An unknown zone: the reader's own applies.
        ("Nirgendwo", "20261201T120000", "2026-12-01T11:00:00Z"),
    ] {
        let one = event(custom, &format!("DTSTART;TZID={zone}:{local}\n"));
        assert_eq!(time(one.starts.as_ref()), Some(at(utc)), "{zone} {local}");
    }
    for (written, utc) in
        [("20261201T120000Z", "2026-12-01T12:00:00Z"), ("20261201T120000", "2026-12-01T11:00:00Z")]
    {
        assert_eq!(
            time(event("", &format!("DTSTART:{written}\n")).starts.as_ref()),
            Some(at(utc)),
            "{written}"
        );
    }
    let theirs = event(custom, "DTSTART;TZID=America/New_York:20261201T080000\n").starts;
    assert!(
        matches!(&theirs, Some(Moment::Time(_, Some(zone))) if zone.iana_name() == Some("America/New_York"))
    );
}

#[test]
fn ends_durations_and_whole_days() {
    let day = |text: &str| Some(Moment::Day(at(text)));
    let days = |lines: &str| {
        let one = event("", lines);
        (one.starts, one.ends)
    };
    let first = day("2026-11-30T23:00:00Z");
    assert_eq!(days("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261202\n"), (first.clone(), None));
    assert_eq!(days("DTSTART;VALUE=DATE:20261201\n"), (first.clone(), None));
    assert_eq!(days("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261201\n"), (first.clone(), None));
    let third = day("2026-12-02T23:00:00Z");
    assert_eq!(
        days("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204\n"),
        (first.clone(), third.clone())
    );
    assert_eq!(days("DTSTART;VALUE=DATE:20261201\nDURATION:P3D\n"), (first.clone(), third));
    assert_eq!(
        days("DTSTART:20261201T000000\nDTEND:20261202T000000\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE\n"),
        (first, None)
    );
    for (lines, end) in [
        ("DTSTART:20261201T140000\nDURATION:PT1H30M\n", "2026-12-01T14:30:00Z"),
        ("DTSTART:20261201T140000Z\nDURATION:PT45M\n", "2026-12-01T14:45:00Z"),
        ("DTSTART;TZID=Pacific Standard Time:20261201T140000\nDURATION:P1DT1H\n", "2026-12-02T23:00:00Z"),
        ("DTSTART:20261201T140000\nDURATION:P1W\n", "2026-12-08T13:00:00Z"),
        // A day is a calendar day also where the clocks change.
        ("DTSTART;TZID=Europe/Berlin:20261024T140000\nDURATION:P1D\n", "2026-10-25T13:00:00Z"),
    ] {
        assert_eq!(time(event("", lines).ends.as_ref()), Some(at(end)), "{lines}");
    }
}

#[test]
fn what_became_of_it() {
    let status = |method: &str, lines: &str| event(&format!("METHOD:{method}\n"), lines).status;
    assert_eq!(status("REQUEST", "SEQUENCE:0\n"), InvitationStatus::New);
    assert_eq!(status("REQUEST", "SEQUENCE:2\n"), InvitationStatus::Changed);
    assert_eq!(status("CANCEL", "SEQUENCE:3\n"), InvitationStatus::Cancelled);
    assert_eq!(status("REQUEST", "STATUS:CANCELLED\n"), InvitationStatus::Cancelled);
    assert_eq!(status("PUBLISH", ""), InvitationStatus::New);
}

#[test]
fn one_event_is_one_event() {
    let twice = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:7\nSUMMARY:alt\nSEQUENCE:1\nEND:VEVENT\nBEGIN:VEVENT\nUID:7\n\
                 SUMMARY:neu\nSEQUENCE:2\nEND:VEVENT\nBEGIN:VEVENT\nUID:7\nRECURRENCE-ID:20261201T100000Z\nSUMMARY:verlegt\n\
                 END:VEVENT\nEND:VCALENDAR\n";
    let titles: Vec<String> = read(twice).into_iter().map(|one| one.title).collect();
    assert_eq!(titles, ["neu", "verlegt"]);
}

#[test]
fn it_comes_again() {
    let rule = |rule: &str| event("", &format!("DTSTART:20261201T100000\nRRULE:{rule}\n")).repeats.unwrap();
    let weekly = rule("FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;COUNT=10");
    assert_eq!((weekly.every, weekly.unit, weekly.times), (2, Unit::Week, Some(10)));
    assert_eq!(weekly.on, [ByPart::Weekday(Weekday::Monday), ByPart::Weekday(Weekday::Wednesday)]);
    assert_eq!(rule("FREQ=MONTHLY;BYDAY=2TU").on, [ByPart::Nth(2, Weekday::Tuesday)]);
    assert_eq!(rule("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1").on, [ByPart::Nth(-1, Weekday::Friday)]);
    assert_eq!(rule("FREQ=MONTHLY;BYMONTHDAY=15").on, [ByPart::MonthDay(15)]);
    assert_eq!(rule("FREQ=DAILY;UNTIL=20261231").until, Some(Moment::Day(at("2026-12-30T23:00:00Z"))));
    let said = |text: &str| {
        let rule = rule(text);
        (rule.unit, rule.on, rule.months)
    };
    let workdays = "BYDAY=MO,TU,WE,TH,FR";
    for (text, unit, on, months) in [
        (format!("FREQ=MONTHLY;{workdays};BYSETPOS=-1"), Unit::Month, vec![ByPart::NthWorkday(-1)], vec![]),
        (format!("FREQ=MONTHLY;{workdays};BYSETPOS=1"), Unit::Month, vec![ByPart::NthWorkday(1)], vec![]),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1".into(), Unit::Month, vec![ByPart::NthWeekendDay(1)], vec![]),
        (
            "FREQ=MONTHLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=-1".into(),
            Unit::Month,
            vec![ByPart::MonthDay(-1)],
            vec![],
        ),
        ("FREQ=MONTHLY;BYDAY=TU".into(), Unit::Week, vec![ByPart::Weekday(Weekday::Tuesday)], vec![]),
        (
            "FREQ=MONTHLY;BYDAY=2TU,4TU".into(),
            Unit::Month,
            vec![ByPart::Nth(2, Weekday::Tuesday), ByPart::Nth(4, Weekday::Tuesday)],
            vec![],
        ),
        (format!("FREQ=DAILY;{workdays}"), Unit::Week, vec![ByPart::Workdays], vec![]),
        (format!("FREQ=WEEKLY;{workdays}"), Unit::Week, vec![ByPart::Workdays], vec![]),
        (
            "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3".into(),
            Unit::Year,
            vec![ByPart::Nth(-1, Weekday::Sunday)],
            vec![3],
        ),
        ("FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=1".into(), Unit::Year, vec![ByPart::MonthDay(1)], vec![6, 12]),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1".into(), Unit::Year, vec![ByPart::MonthDay(1)], vec![12]),
        ("FREQ=YEARLY;BYWEEKNO=20".into(), Unit::Year, vec![ByPart::WeekNumber(20)], vec![]),
        ("FREQ=HOURLY;INTERVAL=4".into(), Unit::Hour, vec![], vec![]),
        // No sentence can express these.
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13".into(), Unit::Other, vec![], vec![]),
        ("FREQ=YEARLY;BYDAY=20MO".into(), Unit::Other, vec![], vec![]),
        ("FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=2".into(), Unit::Other, vec![], vec![]),
    ] {
        assert_eq!(said(&text), (unit, on, months), "{text}");
    }
    let one = event(
        "",
        "DTSTART:20261201T100000Z\nRRULE:FREQ=WEEKLY\nEXDATE:20261208T100000Z,20261215T100000Z\n\
         EXDATE;VALUE=DATE:20261224\nRDATE;TZID=Europe/Berlin:20261209T140000\n",
    );
    assert_eq!((one.except.len(), one.also.len()), (3, 1));
    assert_eq!(time(one.also.first()), Some(at("2026-12-09T13:00:00Z")));
}

#[test]
fn what_is_said_to_an_invitation() {
    let answer = |method: &str, lines: &str| {
        event(&format!("METHOD:{method}\n"), &format!("{lines}ORGANIZER;CN=Anna:mailto:a@x.example\n")).answer
    };
    for (status, says) in [
        ("ACCEPTED", Says::Accepts),
        ("DECLINED", Says::Declines),
        ("TENTATIVE", Says::Perhaps),
        ("DELEGATED", Says::Delegates),
        ("NEEDS-ACTION", Says::Other),
    ] {
        let lines = format!("ATTENDEE;PARTSTAT={status};CN=Max Muster:mailto:max@web.example\n");
        assert_eq!(
            answer("REPLY", &lines),
            Some(InvitationReply { who: "Max Muster".into(), says }),
            "{status}"
        );
    }
    let who = |answer: Option<InvitationReply>| answer.map(|one| (one.who, one.says));
    let attendee = "ATTENDEE:mailto:max@web.example\n";
    assert_eq!(who(answer("COUNTER", attendee)), Some(("max@web.example".into(), Says::Proposes)));
    assert_eq!(who(answer("DECLINECOUNTER", attendee)), Some(("Anna".into(), Says::Insists)));
    assert_eq!(who(answer("REQUEST", attendee)), None);
}

#[test]
fn a_moved_time_belongs_to_its_series() {
    let moved = event(
        "",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261208T140000\nDTSTART;TZID=Europe/Berlin:20261209T160000\n",
    );
    assert_eq!(time(moved.instead_of.as_ref()), Some(at("2026-12-08T13:00:00Z")));
    assert_eq!(event("", "DTSTART:20261209T160000\n").instead_of, None);
}

#[test]
fn nonsense_is_nothing_and_what_is_cut_off_says_something() {
    assert!(read("").is_empty() && read(" \n:\n;;;\nEND:VEVENT\n\\").is_empty());
    assert_eq!(
        read("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:halb\nDTSTART:2026")
            .first()
            .map(|one| one.title.as_str()),
        Some("halb")
    );
    let odd = event("", "DTSTART:soon\nDTEND:20261301T990000\nRRULE:x\nDURATION:y\n");
    assert_eq!((odd.starts, odd.ends), (None, None));
    let many = "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n".repeat(50);
    assert!(read(&format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n")).len() <= MAX_EVENTS);
    assert_eq!(event("", &format!("SUMMARY:{}\n", "x".repeat(10_000))).title.len(), MAX_LENGTH);
}

proptest! {
    #[test]
    fn arbitrary_calendars_never_panic(lines in proptest::collection::vec(
        "(BEGIN|END):(VCALENDAR|VEVENT|VTIMEZONE|STANDARD|DAYLIGHT)|(DTSTART|DTEND|TZOFFSETTO|DURATION|RRULE|EXDATE|TZID|UID)(;TZID=[A-Za-z +/]{0,9})?:[-+0-9TZPDHMWFREQYAL=;,]{0,20}|\\PC{0,20}",
        0..30,
    )) {
        let text = format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"));
        let _ = read(&text);
    }
}
