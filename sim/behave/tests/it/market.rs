//! The pool meets measured impacts, and the oracle is as late as it should be.

use proptest::prelude::*;
use weir_behave::{OracleConfig, PoolConfig};

use crate::support::{near, rng};

const ETH_USD: f64 = 2976.0;
const LPT_ETH: f64 = 3.0961 / ETH_USD;

/// The .3 % pool on Arbitrum on 20 December 2025: US dollars, and impact in percent of a buy and of a sale.
const MEASURED: [(f64, f64, f64); 4] = [
    (1_000.0, 0.595987, 0.589297),
    (5_000.0, 1.776324, 1.729890),
    (10_000.0, 3.251745, 3.123340),
    (25_000.0, 7.673810, 7.138132),
];

#[test]
fn impacts_are_those_of_the_measured_pool() {
    let pool = PoolConfig::default().build(LPT_ETH, ETH_USD);
    for (usd, buy, sell) in MEASURED {
        near(pool.buy_impact(usd / ETH_USD) * 100.0, buy, 0.15);
        near(pool.sell_impact(usd / ETH_USD / LPT_ETH) * 100.0, sell, 0.15);
    }
}

#[test]
fn traders_close_the_gap_but_not_within_the_fee() {
    let mut pool = PoolConfig::default().build(LPT_ETH, ETH_USD);
    pool.sell(20_000.0);
    let gap = |p: &weir_behave::Pool| (p.lpt_eth() / LPT_ETH).ln();
    let before = gap(&pool);
    assert!(before < -0.1);
    // After a day at 48 a day nothing is left but the fee.
    let mut halfway = pool.clone();
    halfway.arbitrage(LPT_ETH, 2f64.ln() / 48.0);
    let edge = (1.0f64 - 0.003).ln();
    near(gap(&halfway) - edge, (before - edge) / 2.0, 1e-9);
    let moved = pool.arbitrage(LPT_ETH, 1.0);
    assert!(moved < 0.0, "traders buy LPT out of the pool");
    near(gap(&pool), edge, 1e-9);
    assert_eq!(pool.arbitrage(LPT_ETH, 1.0), 0.0);
}

#[test]
fn a_part_of_a_sale_can_move_the_price_for_good() {
    let config = PoolConfig { permanent: 0.5, ..PoolConfig::default() };
    let mut pool = config.build(LPT_ETH, ETH_USD);
    assert_eq!(pool.outside(LPT_ETH), LPT_ETH);
    pool.sell(10_000.0);
    let moved = (pool.lpt_eth() / LPT_ETH).ln();
    near((pool.outside(LPT_ETH) / LPT_ETH).ln(), moved / 2.0, 1e-12);
}

proptest! {
    /// No trade takes value out: the product of the reserves never falls, and there and back is a loss.
    #[test]
    fn the_product_never_falls(trades in prop::collection::vec((any::<bool>(), 0.0f64..50_000.0), 1..40)) {
        let mut pool = PoolConfig::default().build(LPT_ETH, ETH_USD);
        for (buy, usd) in trades {
            let (lpt, eth) = pool.reserves();
            let out = if buy { pool.buy(usd / ETH_USD) } else { pool.sell(usd / ETH_USD / LPT_ETH) };
            let (l, e) = pool.reserves();
            prop_assert!(out >= 0.0 && l > 0.0 && e > 0.0);
            prop_assert!(l * e >= lpt * eth * (1.0 - 1e-12));
        }
        let mut there = pool.clone();
        let out = there.sell(100.0);
        prop_assert!(there.buy(out) < 100.0);
    }

    /// Larger sales get worse prices, and no sale gets more than the price.
    #[test]
    fn impact_grows_with_size(lpt in 1.0f64..50_000.0, more in 1.01f64..4.0) {
        let pool = PoolConfig::default().build(LPT_ETH, ETH_USD);
        prop_assert!(pool.sell_impact(lpt) > 0.0029);
        prop_assert!(pool.sell_impact(lpt * more) > pool.sell_impact(lpt));
        prop_assert!(pool.buy_impact(lpt * more * LPT_ETH) > pool.buy_impact(lpt * LPT_ETH));
    }
}

#[test]
fn prices_are_seen_when_sampled_and_late() {
    let config = OracleConfig { every_minutes: 60.0, delay_minutes: 30.0, ..OracleConfig::default() };
    let mut oracle = config.build([1.0, 100.0]);
    let mut r = rng(1);
    let minute = |m: f64| m / 1440.0;
    assert_eq!(oracle.look(minute(59.0), [2.0, 200.0], &mut r), [1.0, 100.0]);
    assert_eq!(oracle.look(minute(60.0), [2.0, 200.0], &mut r), [1.0, 100.0]);
    assert_eq!(oracle.look(minute(89.0), [3.0, 300.0], &mut r), [1.0, 100.0]);
    assert_eq!(oracle.look(minute(90.5), [3.0, 300.0], &mut r), [2.0, 200.0]);
    near(oracle.age(minute(90.5)), minute(30.5), 1e-12);
}

#[test]
fn outages_leave_prices_stale() {
    let config =
        OracleConfig { every_minutes: 10.0, outages_per_year: 24.0, outage_hours: 24.0, ..OracleConfig::default() };
    let mut oracle = config.build([0.0]);
    let mut r = rng(2);
    let (mut stale, n) = (0, 200_000);
    for i in 0..n {
        let day = f64::from(i) / 48.0;
        oracle.look(day, [day], &mut r);
        stale += u32::from(oracle.age(day) > 0.1);
    }
    // An outage of a mean day, from its 2.4th hour, per 365.25 / 24 days and a day.
    let share = (-0.1f64).exp() / (365.25 / 24.0 + 1.0);
    near(f64::from(stale) / f64::from(n), share, 0.012);
}

#[test]
fn samples_err_by_their_spread() {
    let config = OracleConfig { every_minutes: 1.0, delay_minutes: 0.0, error: 0.05, ..OracleConfig::default() };
    let mut oracle = config.build([10.0]);
    let mut r = rng(3);
    let seen: Vec<f64> =
        (1..5000).map(|i| (oracle.look(f64::from(i) / 1440.0 + 1e-9, [10.0], &mut r)[0] / 10.0).ln()).collect();
    near(crate::support::sd(&seen), 0.05, 0.003);
}
