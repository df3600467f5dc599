//! Figures that behaviours are calibrated with, each with its source.
//!
//! "Delegation research" is the repository its-DeFine/livepeer-delegation-research at 3647f900 (MIT), which replays
//! the events of the bonding contracts on Arbitrum up to 19 January 2026. "Emissions risk" is the daily record of
//! inflation, supply and stake in shtukaresearch/livepeer-emissions-risk; only figures fitted to it are kept here.

/// Length of a round in days: 76,940 s, the mean of 2024 (6,377 blocks of 12.065 s). Emissions risk.
pub const ROUND_DAYS: f64 = 76_940.0 / 86_400.0;

/// Change of the logit of participation per round, 2023-11-13 to 2025-11-19 (828 rounds): probabilities and values.
/// Its mean is .000291, its standard deviation .0121. Emissions risk.
pub const RESIDUAL_LAST828: [(f64, f64); 25] = [
    (0.0, -0.11296),
    (0.001, -0.10790),
    (0.0025, -0.10015),
    (0.005, -0.07292),
    (0.01, -0.04371),
    (0.02, -0.01620),
    (0.03, -0.01194),
    (0.05, -0.00755),
    (0.075, -0.00511),
    (0.1, -0.00358),
    (0.2, -0.00021),
    (0.3, 0.0),
    (0.5, 0.00077),
    (0.7, 0.00133),
    (0.8, 0.00195),
    (0.9, 0.00421),
    (0.925, 0.00532),
    (0.95, 0.00786),
    (0.97, 0.01027),
    (0.98, 0.01379),
    (0.99, 0.03047),
    (0.995, 0.05007),
    (0.9975, 0.08147),
    (0.999, 0.09351),
    (1.0, 0.11339),
];

/// The same for 2022-07-01 to 2025-11-19 (1,389 rounds): mean .0000735, standard deviation .0134. Emissions risk.
pub const RESIDUAL_FULL: [(f64, f64); 25] = [
    (0.0, -0.25894),
    (0.001, -0.11364),
    (0.0025, -0.10391),
    (0.005, -0.08006),
    (0.01, -0.04461),
    (0.02, -0.01823),
    (0.03, -0.01196),
    (0.05, -0.00629),
    (0.075, -0.00363),
    (0.1, -0.00197),
    (0.2, 0.0),
    (0.3, 0.0),
    (0.5, 0.00059),
    (0.7, 0.00109),
    (0.8, 0.00166),
    (0.9, 0.00343),
    (0.925, 0.00480),
    (0.95, 0.00690),
    (0.97, 0.01010),
    (0.98, 0.01368),
    (0.99, 0.02954),
    (0.995, 0.04025),
    (0.9975, 0.07102),
    (0.999, 0.09223),
    (1.0, 0.11339),
];

/// Participation on 2025-11-19, from which forecasts of LIP-107 start. Emissions risk.
pub const PARTICIPATION_2025_11: f64 = 0.51355;

/// A band of wallets by stake.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Smallest stake in LPT.
    pub from: f64,
    /// Where the next band begins.
    pub to: f64,
    /// Wallets on 19 January 2026. Delegation research, delegator-band-timeseries.
    pub wallets: u32,
    /// Their mean principal in LPT: claimed stake, without rewards that wait in the pools. Same source.
    pub mean_lpt: f64,
    /// New bonders of 2025, by the largest stake that they reached. Delegation research, outflows-by-size-band.
    pub arrivals_2025: u32,
    /// Chance per round of a first unbond: ever unbonded over 2.2 to 3.1 years of exposure. Same source.
    pub unbond_hazard: f64,
    /// Share of unbonded LPT that is withdrawn; the rest is rebonded or moved. Same source.
    pub withdrawn: f64,
}

/// Bands of the delegators. The lower end of the first is the smallest stake that the generator draws.
pub const BANDS: [Band; 6] = [
    Band {
        from: 0.001,
        to: 1.0,
        wallets: 854,
        mean_lpt: 0.085,
        arrivals_2025: 54,
        unbond_hazard: 1.4e-4,
        withdrawn: 0.34,
    },
    Band {
        from: 1.0,
        to: 10.0,
        wallets: 297,
        mean_lpt: 4.14,
        arrivals_2025: 75,
        unbond_hazard: 7.6e-4,
        withdrawn: 0.61,
    },
    Band {
        from: 10.0,
        to: 100.0,
        wallets: 919,
        mean_lpt: 45.2,
        arrivals_2025: 98,
        unbond_hazard: 6.4e-4,
        withdrawn: 0.54,
    },
    Band {
        from: 100.0,
        to: 1_000.0,
        wallets: 681,
        mean_lpt: 317.0,
        arrivals_2025: 106,
        unbond_hazard: 9.8e-4,
        withdrawn: 0.60,
    },
    Band {
        from: 1_000.0,
        to: 10_000.0,
        wallets: 277,
        mean_lpt: 4_060.0,
        arrivals_2025: 100,
        unbond_hazard: 1.5e-3,
        withdrawn: 0.71,
    },
    Band {
        from: 10_000.0,
        to: 2_000_000.0,
        wallets: 194,
        mean_lpt: 85_224.0,
        arrivals_2025: 49,
        unbond_hazard: 1.6e-3,
        withdrawn: 0.55,
    },
];

/// The band of a stake.
#[must_use]
pub fn band(lpt: f64) -> usize {
    BANDS.iter().position(|b| lpt < b.to).unwrap_or(BANDS.len() - 1)
}

/// Part of the last band: its ends, its wallets and their principal in LPT.
pub type TailPart = (f64, f64, u32, f64);
/// The wallets from 10,000 LPT. Those above 100,000 and their stake are counted, as are the largest ten, which hold
/// 46.2 % of all principal. No one power law fits: Hill estimates rise from .5 at 1,000 LPT to .9 at 50,000. The largest
/// stake of the list of Feb 2022 was 1.8 million. Delegation research.
pub const TAIL: [TailPart; 3] = [
    (10_000.0, TAIL_KNEE_LPT, 161, 5.3635e6),
    (TAIL_KNEE_LPT, 200_000.0, 23, 2.8926e6),
    (200_000.0, 2_000_000.0, 10, 8.2774e6),
];
/// Stake of a large holder, in LPT.
pub const TAIL_KNEE_LPT: f64 = 100_000.0;
/// Wallets above it. Same source.
pub const WALLETS_ABOVE_KNEE: u32 = 33;

/// Stake of the largest delegates on 19 January 2026, in LPT. Delegation research, delegator-band-timeseries.
pub const TOP_DELEGATES: [f64; 25] = [
    3_058_199.0,
    2_656_866.0,
    1_969_960.0,
    649_985.0,
    550_241.0,
    507_810.0,
    438_574.0,
    421_032.0,
    403_457.0,
    400_916.0,
    371_064.0,
    276_811.0,
    252_353.0,
    250_707.0,
    248_150.0,
    245_427.0,
    239_740.0,
    234_431.0,
    225_543.0,
    200_901.0,
    198_075.0,
    186_180.0,
    177_756.0,
    165_318.0,
    149_731.0,
];
/// Cumulative share of stake of the largest 50 and 100 of 197 delegates. Same source.
pub const DELEGATE_SHARES: [(usize, f64); 2] = [(50, 0.945), (100, 0.9985)];
/// Delegates with stake. Same source.
pub const DELEGATES: usize = 197;
/// Principal of all delegators, in LPT. Same source.
pub const PRINCIPAL_LPT: f64 = 17_916_550.0;

/// Share of the active stake that is rewards not yet claimed, end of 2025. Delegation research beside emissions risk.
pub const UNCLAIMED_SHARE: f64 = 0.29;
/// New bonders per round in 2025. Delegation research.
pub const ARRIVALS_PER_ROUND: f64 = 1.2;
/// Claims of an active wallet per round, 2023 to 2025: .36 a month. Delegation research, rewards-withdraw-timeseries.
pub const CLAIM_RATE: f64 = 0.011;
/// Shape of the time from a wallet's first bond to its first withdrawal (Weibull). Delegation research.
pub const CHURN_SHAPE: f64 = 0.65;
/// Its scale in days; with the shape it gives 7.3 % in 30 days, 14.5 % in 90 and 32.3 % in a year.
pub const CHURN_SCALE_DAYS: f64 = 1_572.0;
/// Days of an extractor's cycle of claim and withdrawal, from and to. Delegation research, followed wallets.
pub const EXTRACTION_DAYS: (f64, f64) = (30.0, 95.0);
/// Share of the days on which more than 1 % of stake moved that went out: 50 days in 1,368. Emissions risk.
pub const JUMPS_OUT: f64 = 0.56;

/// Student's t of daily log-returns of ETH, 2022 to 2026: degrees of freedom. CoinGecko series of delegation research.
pub const ETH_DF: f64 = 2.87;
/// Its scale.
pub const ETH_SCALE: f64 = 0.0230;
/// Degrees of freedom of LPT's daily log-returns, Dec 2024 to Dec 2025. Same source.
pub const LPT_DF: f64 = 2.93;
/// Growth of LPT in US dollars per growth of ETH. Same source.
pub const LPT_BETA: f64 = 1.02;
/// Scale of LPT's own noise, of standard deviation .0617 at [`LPT_DF`] degrees of freedom. Same source.
pub const LPT_OWN_SCALE: f64 = 0.0348;
/// Largest daily log-return in size that is let through.
pub const SHOCK_CLIP: f64 = 0.6;

/// US dollars on either side of the LPT/WETH pool (.3 %) on Arbitrum on 20 December 2025. Fitted to the impacts of
/// 1,000 to 25,000 dollars in delegation research, slippage table; a constant product meets them within .15 points.
pub const POOL_SIDE_USD: f64 = 340_000.0;
/// The pool's fee.
pub const POOL_FEE: f64 = 0.003;

/// Smallest gas price on Arbitrum in gwei since ArbOS 51 (8 January 2026). It was .1 up to March 2024 and .01 until
/// then; face values of winning tickets show all three.
pub const GAS_FLOOR_GWEI: f64 = 0.02;

/// Fees by day of the week, Monday first, May to December 2025. Emissions risk, fee table.
pub const WEEKDAYS: [f64; 7] = [0.957, 1.033, 1.064, 1.018, 1.042, 0.944, 0.925];
/// Standard deviation of the logarithm of demand's level over a week. Same source.
pub const DEMAND_WEEKLY_SD: f64 = 0.18;
/// Standard deviation of the logarithm of its daily noise. Same source.
pub const DEMAND_DAILY_SD: f64 = 0.15;

/// Share of mintable rewards that is lost to missing calls: minted over mintable was .985. Emissions risk.
pub const MISSED_REWARDS: f64 = 0.015;
/// Calls over rounds due of a node, unweighted, Feb to Mar 2022 (81 nodes). stronk-dev/LivepeerEvents at 11073a97.
pub const SMALL_CALL_RATIO: f64 = 0.72;

/// Pixels of two seconds of a source at 30 frames a second in the standard ladder of 240p to 720p.
pub const LADDER_PIXELS: f64 = 99.85e6;
/// Gigabytes that leave per billion pixels of that ladder: 5.65 megabits a second.
pub const GB_PER_GIGAPIXEL: f64 = 0.01415;
