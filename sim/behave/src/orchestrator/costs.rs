//! What it costs to be an orchestrator, and what it earns.

use weir_types::Entropy;

use super::view::View;
use crate::data;
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, between, params};
use crate::spread::Spread;

params! {
    /// What a machine costs. Prices of hardware, power and traffic are assumptions of 2025; the traffic of the
    /// standard ladder is 5.65 megabits per second for 99.85 million pixels in two seconds.
    pub struct Costs {
        /// Power of the machine under full load.
        watts: Spread = Spread::Same(450.0) => NOT_NEGATIVE,
        /// US dollars per kilowatt-hour.
        usd_per_kwh: Spread = Spread::Same(0.15) => NOT_NEGATIVE,
        /// Price of the machine in US dollars.
        hardware_usd: Spread = Spread::Same(2500.0) => NOT_NEGATIVE,
        /// Years until it is worth nothing.
        life_years: f64 = 3.0 => ABOVE_ZERO,
        /// US dollars per month for place, line and care.
        monthly_usd: Spread = Spread::Same(50.0) => NOT_NEGATIVE,
        /// US dollars per gigabyte sent.
        usd_per_gb: f64 = 0.005 => NOT_NEGATIVE,
        /// Gigabytes sent per billion pixels.
        gb_per_gigapixel: f64 = data::GB_PER_GIGAPIXEL => NOT_NEGATIVE,
        /// Millions of pixels that it encodes per second.
        megapixels_per_second: Spread = Spread::Same(2000.0) => ABOVE_ZERO,
        /// Share of its time that it reckons to work, when it sets a price by its costs.
        utilisation: f64 = 0.3 => between(0.001, 1.0),
    }
}

/// The costs of one machine.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Machine {
    standing_usd_per_day: f64,
    usd_per_megapixel: f64,
    megapixels_per_day: f64,
    utilisation: f64,
}

impl Costs {
    /// The costs of one machine, with its own draws.
    pub(super) fn build(&self, rng: &mut Entropy) -> Machine {
        let watts = self.watts.draw(rng);
        let usd_per_kwh = self.usd_per_kwh.draw(rng);
        let hardware_usd = self.hardware_usd.draw(rng);
        let monthly_usd = self.monthly_usd.draw(rng);
        let speed = self.megapixels_per_second.draw(rng);
        let hours_per_megapixel = 1.0 / speed / 3600.0;
        let power = watts / 1000.0 * usd_per_kwh * hours_per_megapixel;
        let traffic = self.usd_per_gb * self.gb_per_gigapixel / 1000.0;
        Machine {
            standing_usd_per_day: hardware_usd / (self.life_years * 365.25) + monthly_usd * 12.0 / 365.25,
            usd_per_megapixel: power + traffic,
            megapixels_per_day: speed * 86_400.0,
            utilisation: self.utilisation,
        }
    }
}

impl Machine {
    /// US dollars that an encoded megapixel costs, with its part of what stands even when nothing is done.
    pub(super) fn usd_per_megapixel(&self) -> f64 {
        self.usd_per_megapixel + self.standing_usd_per_day / (self.megapixels_per_day * self.utilisation)
    }

    /// Wei per pixel that cover the costs.
    pub(super) fn wei_per_pixel(&self, eth_usd: f64) -> f64 {
        self.usd_per_megapixel() / 1e6 / eth_usd * 1e18
    }

    /// US dollars of some days and some work.
    pub(super) fn usd(&self, days: f64, megapixels: f64) -> f64 {
        self.standing_usd_per_day * days + self.usd_per_megapixel * megapixels
    }
}

/// A round's income and costs in ETH.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Account {
    /// Fees, and rewards at the price of LPT.
    pub(super) income: f64,
    /// Machine, rent and gas.
    pub(super) costs: f64,
}

impl Account {
    /// Of the round that has ended. `rent_usd` is what rented machines cost.
    pub(super) fn of(view: &View<'_>, machine: &Machine, rent_usd: f64) -> Self {
        let n = view.network;
        let usd = machine.usd(n.round_days, view.megapixels) + rent_usd;
        Self {
            income: view.own_fees_eth + view.own_rewards_lpt * n.lpt_eth,
            costs: view.gas_spent_eth + if n.eth_usd > 0.0 { usd / n.eth_usd } else { 0.0 },
        }
    }

    /// Income less costs.
    pub(super) fn profit(&self) -> f64 {
        self.income - self.costs
    }
}
