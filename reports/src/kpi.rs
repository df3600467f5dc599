//! Figures of runs: what their names mean, their units, and which way is better.

use crate::text;

/// A figure of a run and how it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kpi {
    /// As it stands in `summary.json`.
    pub(crate) name: String,
    /// In words.
    pub(crate) label: String,
    /// Unit in which it is shown; empty for a count.
    pub(crate) unit: &'static str,
    /// What a value is multiplied with to be shown.
    pub(crate) factor: f64,
}

/// Figures by name, in words.
const WORDS: [(&str, &str); 30] = [
    ("streams", "streams"),
    ("segments", "segments"),
    ("segments_served", "segments served"),
    ("segments_failed", "segments that failed"),
    ("success_rate", "segments served, of all"),
    ("swaps", "changes of orchestrator"),
    ("latency_ms_p50", "median latency"),
    ("latency_ms_p95", "latency, 95th percentile"),
    ("latency_ms_p99", "latency, 99th percentile"),
    ("pixels", "pixels transcoded"),
    ("tickets_sent", "tickets sent"),
    ("tickets_won", "tickets won"),
    ("tickets_expected_wins", "wins expected"),
    ("tickets_redeemed", "tickets redeemed"),
    ("tickets_unredeemed", "winners not redeemed"),
    ("pairs", "pairs of gateway and orchestrator"),
    ("pairs_over_1000_tickets", "pairs with over 1,000 tickets"),
    ("paid_ev_eth", "paid in expected value"),
    ("fees_eth", "fees earned"),
    ("work_fees_eth", "fees for work done"),
    ("gas_eth", "paid for gas"),
    ("reward_calls", "reward calls"),
    ("minted_lpt", "rewards minted"),
    ("active_stake_lpt", "active stake"),
    ("bonding_rate", "bonding rate"),
    ("renditions", "real renditions"),
    ("inflation_ppb", "inflation per round"),
    ("inflation_end_ppb", "inflation at the end"),
    ("gas_price_gwei", "gas price"),
    ("redemptions", "redemptions"),
];

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// Beginnings of figures of which less is better.
const LESS: [&str; 18] = [
    "latency",
    "gas",
    "segments_failed",
    "swaps",
    "dilution",
    "tickets_unredeemed",
    "minted",
    "inflation",
    "gini",
    "hhi",
    "top",
    "paid_ev",
    "missed",
    "failed",
    "broken",
    "slashed",
    "cost",
    "idle",
];

impl Kpi {
    pub(crate) fn of(name: &str) -> Self {
        let known = WORDS.iter().find(|(n, _)| *n == name);
        let label = known.map_or_else(|| name.replace('_', " "), |(_, words)| (*words).to_owned());
        let ends = |end: &str| name.ends_with(end) || name.contains(&format!("{end}_"));
        let (unit, factor) = match name {
            _ if ends("_gwei") => ("gwei", 1.0),
            _ if ends("_eth") => ("ETH", 1.0),
            _ if ends("_lpt") => ("LPT", 1.0),
            _ if ends("_ms") => ("ms", 1.0),
            _ if ends("_seconds") => ("s", 1.0),
            // Parts of a thousand million, as shares of a hundred.
            _ if ends("_ppb") => ("%", 1e-7),
            _ if ends("_rate") || ends("_share") => ("%", 100.0),
            _ => ("", 1.0),
        };
        Self { name: name.to_owned(), label, unit, factor }
    }

    /// Label and unit, for an axis.
    pub(crate) fn axis(&self) -> String {
        if self.unit.is_empty() { self.label.clone() } else { format!("{} ({})", self.label, self.unit) }
    }

    /// A value with its unit, in a sentence.
    pub(crate) fn show(&self, v: f64) -> String {
        self.with_unit(text::decimal(v * self.factor))
    }

    /// A value without its unit, in a column that is compared.
    pub(crate) fn cell(&self, v: f64) -> String {
        let v = v * self.factor;
        if v.fract() == 0.0 { text::whole(v) } else { text::digits(v, 4) }
    }

    /// A difference with its sign and unit; those of shares are in percentage points.
    pub(crate) fn change(&self, v: f64) -> String {
        let text = text::signed(v * self.factor);
        if self.unit == "%" { format!("{text}\u{a0}points") } else { self.with_unit(text) }
    }

    fn with_unit(&self, text: String) -> String {
        match self.unit {
            "" => text,
            unit => format!("{text}\u{a0}{unit}"),
        }
    }

    /// A verb that goes with the label: `rises` after the rate, `rise` after the fees.
    pub(crate) fn verb(&self, singular: &str) -> String {
        let plural = self.label.split(' ').take(2).any(|w| w.trim_end_matches(',').ends_with('s') && w != "gas");
        match singular {
            _ if !plural => singular.to_owned(),
            "is" => "are".to_owned(),
            "goes" => "go".to_owned(),
            "does" => "do".to_owned(),
            verb => verb.trim_end_matches('s').to_owned(),
        }
    }

    /// Which way it is better; that more is, unless it is a cost, a delay, a loss or a dilution.
    pub(crate) fn better(&self) -> Better {
        if LESS.iter().any(|l| self.name.starts_with(l)) { Better::Lower } else { Better::Higher }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_in_their_units() {
        let shown = |name: &str, v: f64| Kpi::of(name).show(v).replace('\u{a0}', " ");
        assert_eq!(shown("bonding_rate", 0.4971), "49.7 %");
        assert_eq!(shown("inflation_ppb", 663_500.0), "0.0663 %");
        assert_eq!(shown("latency_ms_p99", 1250.0), "1,250 ms");
        assert_eq!(shown("minted_lpt", 31_980.4), "31,980 LPT");
        assert_eq!(shown("reward_calls", 33.0), "33");
        assert_eq!(Kpi::of("dilution_h1_p95").label, "dilution h1 p95");
        assert_eq!(Kpi::of("bonding_rate").change(-0.02).replace('\u{a0}', " "), "−2 points");
        assert_eq!(Kpi::of("bonding_rate").verb("falls"), "falls");
        assert_eq!(Kpi::of("fees_eth").verb("falls"), "fall");
        assert_eq!(Kpi::of("reward_calls").verb("goes"), "go");
        assert_eq!(Kpi::of("latency_ms_p50").better(), Better::Lower);
        assert_eq!(Kpi::of("fees_eth").better(), Better::Higher);
    }
}
