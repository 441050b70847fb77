//! Makes the operator's colour readable: WCAG contrast, the generated style sheet. Knows no page.

use sealpost_mail::Colour;

/// WCAG 2.2 SC 1.4.11: minimum contrast of controls to adjacent colours.
const SHAPE: f64 = 3.0;

/// The dark theme's lightest background and the light theme's darkest. Must match `styles/app.css`.
const DARK_GROUND: Colour = Colour { red: 0x22, green: 0x2b, blue: 0x33 };
const LIGHT_GROUND: Colour = Colour { red: 0xee, green: 0xf2, blue: 0xf4 };

/// The nearest shade towards `towards` that is visible on `ground` and carries a readable label.
fn filled(colour: Colour, ground: Colour, towards: Colour) -> Colour {
    let good = |c: &Colour| c.contrast(ground) >= SHAPE && c.contrast(c.ink_on()) >= Colour::TEXT;
    (0..=100).step_by(4).map(|percent| colour.mix(towards, percent)).find(good).unwrap_or(towards)
}

/// The operator's colour, or the nearest shade visible on the light page.
pub(crate) fn as_shape(colour: Colour) -> String {
    filled(colour, LIGHT_GROUND, Colour::INK).css()
}

/// The style sheet with the brand: colour roles as custom properties, light and dark.
pub(crate) fn style_sheet(colour: Colour) -> String {
    // Light: the fill keeps the operator's colour if it is visible as a shape; text gets a darker shade if
    // needed.
    let fill = filled(colour, LIGHT_GROUND, Colour::INK);
    let text = colour.readable(LIGHT_GROUND, Colour::INK, Colour::TEXT);
    let dark_fill = filled(colour, DARK_GROUND, Colour::WHITE);
    let dark_text = colour.readable(DARK_GROUND, Colour::WHITE, Colour::TEXT + 1.0);
    let role = |fill: Colour, text: Colour, ground: Colour, percent: u32| {
        let ink = fill.ink_on();
        // Pressed and hovered: away from the label's colour, so that its contrast only increases.
        let away = if ink == Colour::WHITE { Colour::INK } else { Colour::WHITE };
        format!(
            "--brand:{};--brand-strong:{};--on-brand:{};--brand-text:{};--brand-soft:{}",
            fill.css(),
            fill.mix(away, 18).css(),
            ink.css(),
            text.css(),
            ground.mix(colour, percent).css(),
        )
    };
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        role(fill, text, Colour::WHITE, 9),
        role(dark_fill, dark_text, DARK_GROUND, 22),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_colour_comes_out_readable() {
        for text in ["#ffffff", "#000000", "#ffff00", "#ff0000", "#0b5c74", "#7fb539", "#808080", "#e2001a"] {
            let colour = Colour::parse(text).unwrap();
            let fill = filled(colour, LIGHT_GROUND, Colour::INK);
            assert!(fill.contrast(LIGHT_GROUND) >= SHAPE, "{text}: button on page");
            assert!(fill.contrast(fill.ink_on()) >= Colour::TEXT, "{text}: label on button");
            assert!(
                colour.readable(LIGHT_GROUND, Colour::INK, Colour::TEXT).contrast(LIGHT_GROUND)
                    >= Colour::TEXT,
                "{text}: link"
            );
            let dark = filled(colour, DARK_GROUND, Colour::WHITE);
            assert!(dark.contrast(DARK_GROUND) >= SHAPE, "{text}: dark button on page");
            assert!(dark.contrast(dark.ink_on()) >= Colour::TEXT, "{text}: label on dark button");
            assert!(
                colour.readable(DARK_GROUND, Colour::WHITE, Colour::TEXT).contrast(DARK_GROUND)
                    >= Colour::TEXT,
                "{text}: dark link"
            );
        }
    }
}
