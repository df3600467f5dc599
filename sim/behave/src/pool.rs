//! The LPT/WETH pool, into which holders sell: a constant product with a fee.
//!
//! The default depth is fitted to the impacts of 1,000 to 25,000 US dollars on the .3 % pool on Arbitrum of 20
//! December 2025, which a constant product meets within .15 points. Its liquidity is concentrated, though: a sale of
//! 50,000 dollars left its range and lost 45 %, where a constant product loses 13. Sales of that size are too cheap here.

use crate::data;
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, SHARE, between, params};

params! {
    /// The pool and the world outside it.
    pub struct PoolConfig {
        /// US dollars on either side at the start.
        side_usd: f64 = data::POOL_SIDE_USD => ABOVE_ZERO,
        /// Share of a trade that the pool keeps.
        fee: f64 = data::POOL_FEE => between(0.0, 0.5),
        /// How fast the pool's price returns to the outside price: per day, as the rate of an exponential decay. An
        /// assumption: traders close most of a gap within an hour.
        arbitrage_per_day: f64 = 48.0 => NOT_NEGATIVE,
        /// Share of a trade's move of the pool's price that moves the outside price too, for good. An assumption.
        permanent: f64 = 0.0 => SHARE,
    }
}

/// The pool at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    config: PoolConfig,
    lpt: f64,
    eth: f64,
    shift: f64,
}

impl PoolConfig {
    /// The pool at a price of LPT in ETH and of ETH in US dollars.
    #[must_use]
    pub fn build(&self, lpt_eth: f64, eth_usd: f64) -> Pool {
        let eth = self.side_usd / eth_usd;
        Pool { config: self.clone(), lpt: eth / lpt_eth, eth, shift: 0.0 }
    }
}

impl Pool {
    /// Price of LPT in ETH for the smallest trade, before the fee.
    #[must_use]
    pub fn lpt_eth(&self) -> f64 {
        self.eth / self.lpt
    }

    /// LPT and ETH in the pool.
    #[must_use]
    pub const fn reserves(&self) -> (f64, f64) {
        (self.lpt, self.eth)
    }

    /// Sells LPT; the ETH that comes out.
    pub fn sell(&mut self, lpt: f64) -> f64 {
        if !(lpt > 0.0 && lpt.is_finite()) {
            return 0.0;
        }
        let before = self.lpt_eth();
        let taken = lpt * (1.0 - self.config.fee);
        let out = self.eth * taken / (self.lpt + taken);
        self.lpt += lpt;
        self.eth -= out;
        self.moved(before);
        out
    }

    /// Buys LPT for ETH; the LPT that comes out.
    pub fn buy(&mut self, eth: f64) -> f64 {
        if !(eth > 0.0 && eth.is_finite()) {
            return 0.0;
        }
        let before = self.lpt_eth();
        let taken = eth * (1.0 - self.config.fee);
        let out = self.lpt * taken / (self.eth + taken);
        self.eth += eth;
        self.lpt -= out;
        self.moved(before);
        out
    }

    fn moved(&mut self, before: f64) {
        self.shift += self.config.permanent * libm::log(self.lpt_eth() / before);
    }

    /// Price of LPT in ETH outside, after what trades did to it for good.
    #[must_use]
    pub fn outside(&self, lpt_eth: f64) -> f64 {
        lpt_eth * libm::exp(self.shift)
    }

    /// Lets traders close the gap to an outside price for some days. Within the fee they earn nothing and do nothing.
    /// The LPT that they bring in; below zero, take out.
    pub fn arbitrage(&mut self, lpt_eth: f64, days: f64) -> f64 {
        let outside = self.outside(lpt_eth);
        let keep = 1.0 - self.config.fee;
        let price = self.lpt_eth();
        let edge = if price < outside * keep {
            outside * keep
        } else if price > outside / keep {
            outside / keep
        } else {
            return 0.0;
        };
        let gap = libm::log(price / edge) * libm::exp(-self.config.arbitrage_per_day * days);
        let target = edge * libm::exp(gap);
        let product = self.lpt * self.eth;
        let lpt = libm::sqrt(product / target);
        let moved = lpt - self.lpt;
        self.lpt = lpt;
        self.eth = product / lpt;
        moved
    }

    /// What a sale loses against the price before it, as a share; changes nothing.
    #[must_use]
    pub fn sell_impact(&self, lpt: f64) -> f64 {
        let out = self.clone().sell(lpt);
        if lpt > 0.0 { 1.0 - out / (lpt * self.lpt_eth()) } else { 0.0 }
    }

    /// What a purchase pays above the price before it, as a share; changes nothing.
    #[must_use]
    pub fn buy_impact(&self, eth: f64) -> f64 {
        let out = self.clone().buy(eth);
        if out > 0.0 { eth / (out * self.lpt_eth()) - 1.0 } else { 0.0 }
    }
}
