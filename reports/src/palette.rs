//! Colours by role, in light and in dark.
//!
//! The hues are Okabe and Ito's, which stay apart for people who confuse colours. Charts are drawn
//! in the light ones; the page's style sheet turns each into its dark partner.

use plotters::style::RGBColor;

/// A colour by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Paper,
    Ink,
    Muted,
    Axis,
    Grid,
    Faint,
    Blue,
    Pale,
    Orange,
    Green,
    Red,
    Sky,
    Purple,
    /// A step of the heat scale, from 0, the least, to [`HEAT`] - 1.
    Heat(u8),
}

/// Steps of the heat scale: one hue, even in lightness, so that it survives print in grey.
pub(crate) const HEAT: u8 = 7;

impl Color {
    /// All of them.
    pub(crate) const ALL: [Self; 20] = [
        Self::Paper,
        Self::Ink,
        Self::Muted,
        Self::Axis,
        Self::Grid,
        Self::Faint,
        Self::Blue,
        Self::Pale,
        Self::Orange,
        Self::Green,
        Self::Red,
        Self::Sky,
        Self::Purple,
        Self::Heat(0),
        Self::Heat(1),
        Self::Heat(2),
        Self::Heat(3),
        Self::Heat(4),
        Self::Heat(5),
        Self::Heat(6),
    ];

    /// The colour on a light page and on a dark one.
    const fn pair(self) -> (u32, u32) {
        match self {
            Self::Paper => (0xFFFFFF, 0x161C23),
            Self::Ink => (0x18222C, 0xE7ECF1),
            Self::Muted => (0x566370, 0x9DA9B5),
            Self::Axis => (0x8B97A3, 0x687480),
            Self::Grid => (0xE4E9EE, 0x29323B),
            Self::Faint => (0xC3CCD5, 0x47525D),
            Self::Blue => (0x0072B2, 0x4AA8E0),
            Self::Pale => (0xCFE3F1, 0x203B50),
            Self::Orange => (0xE69F00, 0xEBAE2B),
            Self::Green => (0x009E73, 0x2CBF95),
            Self::Red => (0xD55E00, 0xF07F33),
            Self::Sky => (0x56B4E9, 0x7CC7F0),
            Self::Purple => (0xA0578A, 0xD79BC4),
            Self::Heat(0) => (0xEEF5FB, 0x14222E),
            Self::Heat(1) => (0xD3E5F3, 0x18314A),
            Self::Heat(2) => (0xB0D0E9, 0x1C4262),
            Self::Heat(3) => (0x86B8DD, 0x22557F),
            Self::Heat(4) => (0x599DCE, 0x2B6FA3),
            Self::Heat(5) => (0x2D7FB8, 0x4190CB),
            Self::Heat(_) => (0x0B5C94, 0x6FB7EA),
        }
    }

    /// As plotters has it.
    pub(crate) const fn light(self) -> RGBColor {
        let v = self.pair().0;
        RGBColor((v >> 16) as u8, (v >> 8) as u8, v as u8)
    }

    /// As a style sheet has it, on a light page.
    pub(crate) fn light_hex(self) -> String {
        format!("#{:06X}", self.pair().0)
    }

    /// As a style sheet has it, on a dark page.
    pub(crate) fn dark_hex(self) -> String {
        format!("#{:06X}", self.pair().1)
    }
}

/// Rules that turn inline charts dark; presentation attributes give way to any rule.
pub(crate) fn dark_rules() -> String {
    let mut css = String::new();
    for c in Color::ALL {
        let (light, dark) = (c.light_hex(), c.dark_hex());
        css.push_str(&format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}\n"));
    }
    css
}
