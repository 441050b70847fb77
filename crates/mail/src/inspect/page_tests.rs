//! One word on pages as programs write them, break them and hide things in them: no rule may miss it.

use super::Inside;

const PAGES: &[&str] = &[
    "<div>Hallo</div>vertraulich<div>x</div>",
    "<span>a</span><div>vertraulich</div>",
    "a<table><tr><td>vertraulich</table>b",
    "<tr><td>a<td>vertraulich<td>b",
    "<h3>vertraulich</h3>x",
    "x<h3>vertraulich</h3>",
    "a<hr>vertraulich<hr>b",
    "a<br/>vertraulich<BR CLEAR=ALL />b",
    "a</br>vertraulich</br>b",
    "<option>a<option>vertraulich<option>b",
    "<select><option>a<option>vertraulich</select>b",
    "<center>a</center>vertraulich",
    "<dt>a<dd>vertraulich<dt>b",
    "<label>a</label><p>vertraulich",
    "<!-- > -->vertraulich",
    "<!---->vertraulich",
    "<!-->vertraulich",
    "<!--->vertraulich-->",
    "<!-- -- -->vertraulich<!-- -->",
    "<!--- --- --->vertraulich",
    "<![if mso]>vertraulich<![endif]>",
    "<!--[if !mso]><!-->vertraulich<!--<![endif]-->",
    "<!--[if mso]>vertraulich<![endif]-->",
    "<head><title>x</head><body>vertraulich",
    "<head><style>x</head><body>vertraulich",
    "<head><script>x</head><body>vertraulich",
    "<head /><body>vertraulich",
    "<title /><p>vertraulich",
    "<style/>vertraulich",
    "<script/>vertraulich",
    "<textarea>vertraulich",
    "<noscript>vertraulich</noscript>",
    "<noembed>vertraulich</noembed>",
    "<xmp>vertraulich</xmp>",
    "<plaintext>vertraulich",
    "ver<b>trau</b>lich",
    "ver<b></b>traulich",
    "<font>ver</font><font>traulich</font>",
    "v<span>e</span>r<span>t</span>raulich",
    "vertr&#97;ulich",
    "vertr&#x61;ulich",
    "vertr&#97ulich",
    "vertr&shy;aulich",
    "vertr&#8203;aulich",
    "vertr&zwnj;aulich",
    "vertr\u{2060}aulich",
    "<p style='display:none'>vertraulich</p>x",
    "<img alt='vertraulich' src=x>",
    "<a title='vertraulich'>x</a>",
    "<input value=vertraulich>",
    "<iframe srcdoc='<p>vertraulich</p>'></iframe>",
    "<svg><text>vertraulich</text></svg>",
    "<math><mi>vertraulich</mi></math>",
    "<template>vertraulich</template>",
    "<object>vertraulich</object>",
    "<video>vertraulich</video>",
    "<![CDATA[vertraulich]]>",
    "<?php vertraulich ?>",
    "<style>p::before{content:'vertraulich'}</style><p></p>",
    "<o:p>vertraulich</o:p>",
    "<p>a<o:p></o:p></p><p>vertraulich</p>",
    "<ul><li>a</li><li>vertraulich</li></ul>",
    "<pre>a\nvertraulich\nb</pre>",
    "<blockquote>a</blockquote>vertraulich",
    "<p>a</p>vertraulich<p>b</p>",
    "<td>a</td><td>vertraulich</td>",
    "<th>a</th><th>vertraulich</th>",
    "a<p/>vertraulich<p/>b",
    "<details><summary>a</summary>vertraulich</details>",
    "<div>a</div><span>vertraulich</span><div>b</div>",
    "<form>a<button>vertraulich</button>b</form>",
    "<fieldset><legend>a</legend>vertraulich</fieldset>",
    "<caption>a</caption>vertraulich",
    "<body>a<div>vertraulich",
    "<html>a<body><div>vertraulich</html>",
    "<p>a\nvertraulich\nb",
    "<a href=x>a</a><br\n>vertraulich",
    "<div\n\tclass='>'>vertraulich</div>",
    "<p title=\"</p>\">vertraulich</p>",
    "\0<p>ver\0traulich</p>",
    "<marquee>vertraulich</marquee>",
    "<center><table><tr><td>a</td></tr><tr><td>vertraulich</td></tr></table>",
    "&lt;div&gt;vertraulich",
];

#[test]
fn a_word_on_a_page_is_a_word_to_rules() {
    let is_word = |text: &str| {
        text.match_indices("vertraulich").any(|(at, word)| {
            let before = text.get(..at).and_then(|before| before.chars().last());
            let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
            ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        })
    };
    for page in PAGES {
        let letter = format!("From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n");
        let inside = Inside::of(letter.as_bytes());
        assert!(inside.texts.iter().any(|text| is_word(text)), "{page}: {:?}", inside.texts);
    }
}
