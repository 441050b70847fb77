//! Tests: which styles of hostile and of honest letters are allowed.

use super::*;

fn div(style: &str) -> String {
    kept("div", style, Widths::Own, &|_| None)
}

#[test]
fn nothing_that_covers_moves_or_grows_is_kept() {
    for evil in [
        "margin-top:-20px",
        "margin:0 0 -1em",
        "margin:-/**/5px",
        "margin:\\2d 5px",
        "margin:calc(0px - 5px)",
        "margin:-5PX",
        "margin: +-5px",
        "margin:1e9px",
        "margin:5vw",
        "text-indent:-9999px",
        "text-indent:9999px",
        "letter-spacing:-1em",
        "letter-spacing:99px",
        "padding-left:5000px",
        "padding:80%",
        "vertical-align:-500px",
        "vertical-align:50%",
        "height:100vh",
        "min-height:100%",
        "height:50dvh",
        "width:30vw",
        "width:1px",
        "max-width:5%",
        "font-size:100vh",
        "font-size:9999px",
        "line-height:100vh",
        "border:500px solid #fff",
        "border-left:90vw solid",
        "white-space:nowrap",
        "position:fixed",
        "opacity:0",
        "display:none",
        "transform:none",
        "background:expression(1)",
        "color:var(--x)",
        "width:min(1px,2px)",
        "border-spacing:400px",
        "font:1px/100vh a",
        "overflow:hidden",
        "clip:rect(0,0,0,0)",
        "float:left",
        "font:url(//x.example/y)",
        "border:1px solid url(//x.example/y)",
        "list-style-type:url(x)",
        "background-color:url(//x.example/y)",
        "background-image:url(//x.example/y)",
        "background:url(//x.example/y)",
        "background-image:image-set('//x.example/y' 1x)",
        "background-clip:text",
        "display:none",
        "display:contents",
        "display:run-in",
        "visibility:hidden",
        "max-height:0",
        "max-height:1px",
        "min-width:-1px",
        "mix-blend-mode:difference",
        "table-layout:fixed",
        "writing-mode:vertical-rl",
        "column-count:3",
        "columns:9",
        "flex-wrap:nowrap",
        "order:2",
        "flex-direction:row-reverse",
        "outline:50px solid #fff",
        "outline-offset:99px",
        "margin-block:-9px",
        "margin-inline-start:-9px",
        "padding-block:9000px",
        "border-image:url(//x.example/y)",
        "border-image-outset:99px",
        "word-spacing:-9px",
        "text-overflow:ellipsis",
        "filter:invert(1)",
        "text-shadow:0 0 9px #fff",
        "margin:calc(1px - 9px)",
        "height:calc(100vh - 1px)",
        "padding:max(1px,100vh)",
        "width:calc(100% - 300px)",
        "margin-top:clamp(-9px,-5px,2px)",
        "color:color-mix(in srgb,red,blue)",
        "content:'x'",
        "zoom:9",
        "font-size-adjust:9",
    ] {
        assert_eq!(div(evil), "", "{evil}");
    }
}

#[test]
fn honest_looks_are_kept() {
    for (style, wanted) in [
        ("margin:0 auto", "margin:0 auto"),
        ("MARGIN-TOP: 1em !important; color:#C00", "margin-top:1em;color:#cc0000"),
        ("background:#fff url(//x.example/y;z) no-repeat", "background-color:#ffffff"),
        ("background: navy", "background-color:#000080"),
        ("background:no-repeat center/cover rgb(0, 0, 1)", "background-color:#000001"),
        ("background:linear-gradient(to right, #123456 0%, red)", "background-color:#123456"),
        ("background-image:linear-gradient(rgba(0,0,0,.5),red)", "background-color:rgba(0,0,0,0.50)"),
        ("color:windowtext;background-color:Window", "color:#000000;background-color:#ffffff"),
        ("color:inherit", "color:inherit"),
        ("display:inline-block;text-transform:uppercase", "display:inline-block;text-transform:uppercase"),
        ("display:flex", "display:flex;flex-wrap:wrap"),
        ("width:calc(100% - 20px)", "width:min(100% - 20px,100%)"),
        ("width:clamp(300px,400px,500px)", "width:clamp(300px,400px,500px);max-width:100%"),
        ("/* x */color:red/* y */", "color:#ff0000"),
        ("padding:calc(9px - (4px + 1px))", "padding:4px"),
        ("width:100vw", "width:100%"),
        ("width:max-content", "width:fit-content"),
        ("min-width:600px", "min-width:min(600px,100%)"),
        ("padding:calc(4px + 1em)", "padding:calc(4px + 1em)"),
        ("list-style:inside square", "list-style-type:square;list-style-position:inside"),
        ("outline:1px solid red", "outline:1px solid red"),
        ("border-top-left-radius:4px", "border-top-left-radius:4px"),
        ("background:url(x)", ""),
        ("height:20px", "min-height:20px"),
        ("font:bold 12px/1.5 \"Segoe UI\",Arial", "font:bold 12px/1.5 \"segoe ui\",arial"),
        ("font-family:'Segoe UI', sans-serif", "font-family:'segoe ui', sans-serif"),
        ("border:1px solid rgb(1, 2, 3)", "border:1px solid rgb(1, 2, 3)"),
        ("width:600px;max-width:100%", "width:min(600px,100%);max-width:100%"),
        ("font-weight:700;text-decoration:none", "font-weight:700;text-decoration:none"),
        ("white-space:pre", "white-space:pre-wrap"),
        ("line-height:1.4;line-height:140%", "line-height:1.4;line-height:140%"),
    ] {
        assert_eq!(div(style), wanted, "{style}");
    }
    let of = |element, style, widths| kept(element, style, widths, &|_| None);
    assert_eq!(of("td", "width:1px;height:1px", Widths::Own), "width:1px;height:1px");
    assert_eq!(of("td", "width:600px;color:red", Widths::Flowing), "color:#ff0000");
    assert_eq!(of("img", "opacity:.5;object-fit:cover", Widths::Own), "opacity:.5;object-fit:cover");
    assert_eq!(of("img", "opacity:0", Widths::Own), "");
    assert_eq!(of("a", "display:flex;display:block", Widths::Own), "display:block");
}

#[test]
fn a_picture_behind_words_is_one_of_the_letter() {
    let own = |name: &str| (name == "cid:Logo@X").then(|| "/m/1/inline/2".to_owned());
    for (style, wanted) in [
        (
            "background:URL('cid:Logo@X') No-Repeat top left #FFF",
            "background-color:#ffffff;background-image:url(/m/1/inline/2);background-repeat:no-repeat;background-position:top left",
        ),
        ("background-image:url(\"cid:Logo@X\")", "background-image:url(/m/1/inline/2)"),
        ("background-image:url(//x.example/y)", ""),
        ("background-image:url(cid:Logo@X),url(//x.example/y)", "background-image:url(/m/1/inline/2)"),
        ("list-style-image:url(cid:Logo@X)", ""),
        ("border:url(cid:Logo@X)", ""),
    ] {
        assert_eq!(kept("td", style, Widths::Own, &own), wanted, "{style}");
    }
}

#[test]
fn what_squeezes_is_summed() {
    assert_eq!(squeeze("padding:10px 20px;margin-left:5px;color:red"), 45.0);
    assert_eq!(squeeze("margin:1px 2px 3px 4px"), 6.0);
    assert_eq!(squeeze("margin:0 auto"), 0.0);
    assert_eq!(unsqueezed("padding:10px;color:red;margin-left:5px"), "color:red");
}
