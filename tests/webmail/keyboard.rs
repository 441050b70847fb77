//! Without a mouse: the Tab key alone must reach every control, and show the focus.

use rig::Browser;

/// Records what takes the focus. A radio group is one stop; frames are passed through; elements hidden in a
/// closed menu are not stops.
const WATCH: &str = "
    const stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]
        .filter((e) => !e.disabled && e.type !== 'hidden' && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }))
        .filter((e, _, all) => e.type !== 'radio' || e === (all.find((o) => o.name === e.name && o.checked) || all.find((o) => o.name === e.name)));
    window.stops = new Map(stops.map((e) => [e, 'never reached']));
    document.addEventListener('focusin', (event) => {
        const e = event.target, style = getComputedStyle(e), box = e.getBoundingClientRect();
        const ring = style.outlineStyle === 'auto' || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
        const seen = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
        window.stops.set(e, !ring ? 'has no ring when focused' : seen ? '' : 'is out of sight when focused');
    });
    document.activeElement?.blur();
    return stops.length;";

/// What cannot be reached, or does not show that it was; one line each.
pub(crate) fn unreachable(browser: &Browser) -> Vec<String> {
    let stops = browser.execute(WATCH).as_u64().expect("no list of stops");
    let framed = if browser.count("iframe.frame") == 1 {
        browser.in_frame("iframe.frame", |browser| browser.count("a[href]"))
    } else {
        0
    };
    // Around once, wherever it began: a stop more for each frame and for the browser itself.
    // A date has a stop for day, month, year and calendar.
    let dates = browser.count("input[type=date]") * 3;
    browser.press("Tab", 9, usize::try_from(stops).unwrap() + framed + dates + 4);
    let missed = browser.execute(
        "return [...window.stops].filter(([, why]) => why)
            .map(([e, why]) => `${e.outerHTML.slice(0, 160).replace(/\\s+/g, ' ')} ${why}`)",
    );
    missed.as_array().unwrap().iter().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

#[test]
fn it_notices_what_cannot_be_reached() {
    let browser = Browser::start();
    browser.open(
        "data:text/html,<title>x</title><a href=x>a</a><style>b{cursor:pointer} .c{outline:none}</style>\
         <button>b</button><button class=c>c</button><details><summary>d</summary><button>e</button></details>\
         <input type=radio name=r><input type=radio name=r checked>",
    );
    let missed = unreachable(&browser);
    assert!(missed.len() == 1 && missed[0].contains("no ring"), "{missed:#?}");
    // A trap: the second button is never left forwards.
    browser.open(
        "data:text/html,<title>x</title><button>b</button>\
         <button onkeydown='event.preventDefault()'>trap</button><button>never</button>",
    );
    let missed = unreachable(&browser);
    assert!(missed.len() == 1 && missed[0].contains("never reached"), "{missed:#?}");
}
