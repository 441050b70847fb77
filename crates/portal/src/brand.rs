//! The operator's colour made readable: WCAG contrast, the generated style sheet. Knows no page.

use crate::colour::{Colour, INK, SHAPE, TEXT, WHITE};

/// The dark page's lightest ground; the light page's darkest. Must match `styles/app.css`.
const DARK_GROUND: Colour = Colour { red: 0x22, green: 0x2b, blue: 0x33 };
const LIGHT_GROUND: Colour = Colour { red: 0xee, green: 0xf2, blue: 0xf4 };

/// The nearest shade on the way to `towards` that is visible on `ground` and carries a readable label.
fn filled(colour: Colour, ground: Colour, towards: Colour) -> Colour {
    let good = |c: &Colour| c.contrast(ground) >= SHAPE && c.contrast(c.ink_on()) >= TEXT;
    (0..=100).step_by(4).map(|percent| colour.mix(towards, percent)).find(good).unwrap_or(towards)
}

/// The operator's colour, or the nearest shade that can be seen on the light page.
pub(crate) fn as_shape(colour: Colour) -> String {
    filled(colour, LIGHT_GROUND, INK).css()
}

/// Whether the operator's colour can be used as it is for links on the light page.
#[must_use]
pub fn is_readable_as_text(colour: Colour) -> bool {
    colour.contrast(LIGHT_GROUND) >= TEXT
}

/// The style sheet that carries the brand: colour roles as custom properties, light and dark.
pub(crate) fn style_sheet(colour: Colour) -> String {
    // Light: the fill keeps the operator's colour if it is visible as a shape; text gets a darker shade if it must.
    let fill = filled(colour, LIGHT_GROUND, INK);
    let text = colour.readable(LIGHT_GROUND, INK, TEXT);
    let dark_fill = filled(colour, DARK_GROUND, WHITE);
    let dark_text = colour.readable(DARK_GROUND, WHITE, TEXT + 1.0);
    let role = |fill: Colour, text: Colour, ground: Colour, percent: u32| {
        let ink = fill.ink_on();
        // Pressed and hovered: away from the ink, so that the label only gets clearer.
        let away = if ink == WHITE { INK } else { WHITE };
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
        role(fill, text, WHITE, 9),
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
            let fill = filled(colour, LIGHT_GROUND, INK);
            assert!(fill.contrast(LIGHT_GROUND) >= SHAPE, "{text}: button on page");
            assert!(fill.contrast(fill.ink_on()) >= TEXT, "{text}: label on button");
            assert!(colour.readable(LIGHT_GROUND, INK, TEXT).contrast(LIGHT_GROUND) >= TEXT, "{text}: link");
            let dark = filled(colour, DARK_GROUND, WHITE);
            assert!(dark.contrast(DARK_GROUND) >= SHAPE, "{text}: dark button on page");
            assert!(dark.contrast(dark.ink_on()) >= TEXT, "{text}: label on dark button");
            assert!(
                colour.readable(DARK_GROUND, WHITE, TEXT).contrast(DARK_GROUND) >= TEXT,
                "{text}: dark link"
            );
        }
    }
}
