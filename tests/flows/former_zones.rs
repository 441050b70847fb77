//! Appointments in zones whose names are former ones ("US/Eastern") are at the right hour also where the system has left those names
//! out, as Debian's tzdata does.

use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, letters};

#[test]
fn former_names_of_zones_are_known_where_the_system_has_left_them_out() {
    let hop = Hop::new();
    let zones = tempfile::tempdir().unwrap();
    for zone in ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/UTC", "UTC"] {
        let to = zones.path().join(zone);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(std::path::Path::new("/usr/share/zoneinfo").join(zone), to).unwrap();
    }
    let folder = zones.path().to_string_lossy().into_owned();
    let gateway = Gateway::start_with(&Config::new(&hop), &[("TZDIR".to_owned(), folder)]);
    let event = |uid: u32, zone: &str, time: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:{uid}@x\r\nSUMMARY:Nummer {uid}\r\nDTSTART;TZID={zone}:20261201T{time}00\r\nEND:VEVENT\r\n"
        )
    };
    let events = event(1, "US/Eastern", "0600")
        + &event(2, "Asia/Calcutta", "1630")
        + &event(3, "Europe/Kiev", "1300");
    let letter = format!(
        "From: Erika Muster <erika.muster@unfall.insurer.example>\r\nSubject: Termine\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <termine@insurer.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\n\
         BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"
    );
    let reply =
        gateway.smtp().letter("erika.muster@unfall.insurer.example", &["max@web.example"], letter.as_bytes());
    assert_eq!(reply.code, 250, "{reply}");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait_to("max@web.example").bytes));
    let page = web.get(&letter_path(&inbox)).text();
    assert_eq!(page.matches("1. Dezember 2026, 12:00").count(), 3, "{page}");
}
