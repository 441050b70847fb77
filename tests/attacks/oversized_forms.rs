//! Forms that would take too much memory: too long a field, too many fields, too much in total, endless
//! names.

use crate::portal::Portal;

#[test]
fn a_form_is_bounded_as_a_whole_and_in_its_parts() {
    let portal = Portal::new();
    let (mut anna, _) = portal.owner("anna@web.example", "Text");
    let inbox = anna.get("/inbox");
    let token = inbox.form("/search").hidden.into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    let field = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let draft = format!("/w/{}", "0".repeat(32));
    let many = |count: usize, size: usize| {
        let mut body = field("form_token", &token);
        for n in 0..count {
            body.push_str(&field(&format!("text{n}"), &"x".repeat(size)));
        }
        body + "--b--\r\n"
    };
    // An endless header of a part, and endless text before the first part.
    let endless = format!("--b\r\nContent-Disposition: form-data; name=\"{}", "n".repeat(8_000_000));
    let before = "x".repeat(8_000_000);
    // It is read as far as it may be long, and no further.
    for body in [many(1, 600_000), many(50, 500_000), many(100, 10), endless, before] {
        let page = anna.post_as("multipart/form-data; boundary=b", &draft, body.as_bytes());
        assert!(page.status == 400 || page.status == 0, "{} bytes: {}", body.len(), page.status);
    }
    // One that fits is read: a draft that is gone, and nothing typed, as of a button pressed twice.
    anna.post_as("multipart/form-data; boundary=b", &draft, many(2, 1000).as_bytes()).expect(303);
    let long = "x".repeat(70_000);
    let page = anna.post("/search", &[("form_token", token.as_str()), ("words", &long)]);
    assert!((400..500).contains(&page.status), "{}", page.status);
    let page = anna.post("/login", &[("address", &long), ("password", &long)]);
    assert!((400..500).contains(&page.status), "{}", page.status);
    anna.get("/inbox").expect(200);
}
