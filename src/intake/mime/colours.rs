//! Colours that catch the eye: people answer «en rouge» inside what they quote.

/// What a style or an old `color` says of the text in it, where it says anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// To be seen among other text: `color:#ff0000`, or what it is highlighted with, `background:#ffff00`.
    Loud(String),
    /// Black, grey, or the dark blue of Outlook's replies.
    Quiet,
}

/// How far apart red, green and blue are in a loud colour; in Outlook's #1f497d they are 94.
const LOUD: u8 = 96;

/// The names that programs and people use.
#[rustfmt::skip]
const NAMES: &[(&str, [u8; 3])] = &[
    ("red", [255, 0, 0]), ("blue", [0, 0, 255]), ("green", [0, 128, 0]), ("purple", [128, 0, 128]),
    ("orange", [255, 165, 0]), ("magenta", [255, 0, 255]), ("fuchsia", [255, 0, 255]), ("yellow", [255, 255, 0]),
    ("lime", [0, 255, 0]), ("aqua", [0, 255, 255]), ("cyan", [0, 255, 255]), ("teal", [0, 128, 128]),
    ("maroon", [128, 0, 0]), ("olive", [128, 128, 0]), ("navy", [0, 0, 128]), ("crimson", [220, 20, 60]),
    ("darkred", [139, 0, 0]), ("darkgreen", [0, 100, 0]), ("darkblue", [0, 0, 139]),
];

/// The colour that the attribute `style` gives to an element.
pub(super) fn of_style(element: &str, style: &str) -> Option<Colour> {
    // The cells of a letter's layout have colours, too.
    if ["table", "tbody", "thead", "tr", "td", "th"].contains(&element) {
        return None;
    }
    let property = |names: &[&str]| {
        let found = style.split(';').filter_map(|property| property.split_once(':'));
        let found = found.map(|(name, value)| (name.trim().to_ascii_lowercase(), value));
        found.rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value)
    };
    let written = property(&["color"]).map(of_value);
    if let Some(Some(colour)) = written {
        return Some(Colour::Loud(format!("color:{colour}")));
    }
    // Blocks of colour are a layout's, too.
    let highlight = property(&["background", "background-color"]).filter(|_| element == "span").and_then(of_value);
    highlight.map(|colour| Colour::Loud(format!("background:{colour}"))).or(written.map(|_| Colour::Quiet))
}

/// A colour as `#rrggbb` if it is loud.
pub(super) fn of_value(value: &str) -> Option<String> {
    let value = value.trim().trim_end_matches("!important").trim().to_ascii_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == value).map(|(_, colour)| *colour);
    let [red, green, blue] = named.or_else(|| in_figures(&value))?;
    let (least, most) = (red.min(green).min(blue), red.max(green).max(blue));
    (most - least >= LOUD).then(|| format!("#{red:02x}{green:02x}{blue:02x}"))
}

/// `#rgb`, `#rrggbb`, `rgb(…)` and `rgba(…)`.
fn in_figures(value: &str) -> Option<[u8; 3]> {
    if let Some(figures) = value.strip_prefix('#') {
        let at = |range: std::ops::Range<usize>| u8::from_str_radix(figures.get(range)?, 16).ok();
        return match figures.len() {
            3 => Some([at(0..1)? * 17, at(1..2)? * 17, at(2..3)? * 17]),
            6 => Some([at(0..2)?, at(2..4)?, at(4..6)?]),
            _ => None,
        };
    }
    let figures = value.strip_prefix("rgba(").or_else(|| value.strip_prefix("rgb("))?.strip_suffix(')')?;
    let mut parts = figures.split([',', ' ', '/']).filter(|part| !part.is_empty()).map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::{Colour, of_style, of_value};

    #[test]
    fn what_catches_the_eye_is_loud() {
        for (value, expected) in [
            ("red", Some("#ff0000")),
            (" #F00 ", Some("#ff0000")),
            ("#0070C0", Some("#0070c0")),
            ("rgb(192, 0, 0)", Some("#c00000")),
            ("rgba(0,176,80,1)", Some("#00b050")),
            ("RED !important", Some("#ff0000")),
            ("black", None),
            ("windowtext", None),
            ("#1F497D", None),
            ("#242424", None),
            ("#12345", None),
            ("#éé", None),
            ("url(https://x.fr/a.png)", None),
            ("", None),
        ] {
            assert_eq!(of_value(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_style_tells_the_colour_of_its_text() {
        let loud = |style: &str| Some(Colour::Loud(style.to_owned()));
        for (element, style, expected) in [
            ("span", "font-size:11pt;COLOR: Red", loud("color:#ff0000")),
            ("p", "color:red;color:blue", loud("color:#0000ff")),
            ("span", "background:yellow;mso-highlight:yellow", loud("background:#ffff00")),
            ("span", "color:black;background-color:#ff0", loud("background:#ffff00")),
            ("span", "color:black", Some(Colour::Quiet)),
            ("div", "background:yellow", None),
            ("td", "color:red", None),
            ("span", "font-size:11pt", None),
        ] {
            assert_eq!(of_style(element, style), expected, "{element} {style}");
        }
    }
}
