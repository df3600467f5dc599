//! Parameters of the processes.

use crate::data;
use crate::setting::{ABOVE_ZERO, ANY, NOT_NEGATIVE, Problem, SHARE, between, choice, params, words};

params! {
    /// The same for the whole run.
    pub struct Constant {
        /// The value.
        value: f64 = 1.0 => ANY,
    }
}

params! {
    /// A logarithm that returns to its mean, so that values spread log-normally about a median (Ornstein and
    /// Uhlenbeck).
    pub struct Lognormal {
        /// Median over long times, and the first value.
        median: f64 = 1.0 => ABOVE_ZERO,
        /// Standard deviation of the logarithm over long times.
        sigma: f64 = 0.4 => NOT_NEGATIVE,
        /// Days after which half of a distance from the median is gone.
        half_life_days: f64 = 7.0 => ABOVE_ZERO,
    }
}

params! {
    /// A price: the sum of its daily log-returns is a random walk with fat tails. Figures of LPT and ETH: daily
    /// prices of Dec 2024 to Dec 2025, fitted by Student's t; the year's drift is one path among many, so it is 0
    /// here.
    pub struct Gbm {
        /// First value.
        start: f64 = 2976.0 => ABOVE_ZERO,
        /// Log-return per day.
        loc: f64 = 0.0 => between(-1.0, 1.0),
        /// Scale of the daily shock.
        scale: f64 = data::ETH_SCALE => NOT_NEGATIVE,
        /// Degrees of freedom of the shock: the fewer, the fatter its tails.
        df: f64 = data::ETH_DF => between(1.0, 1000.0),
        /// Largest shock of a day, up or down.
        clip: f64 = data::SHOCK_CLIP => ABOVE_ZERO,
        /// Name of the process that this one follows; none where empty.
        follows: String = String::new() => ANY,
        /// Log-return per log-return of the followed process.
        beta: f64 = data::LPT_BETA => between(-100.0, 100.0),
    }
}

params! {
    /// A number that returns to its mean by a share of the distance each day. The defaults are those of the fear
    /// and greed index, 2022 to 2026.
    pub struct Ar1 {
        /// First value.
        start: f64 = 50.0 => ANY,
        /// Mean over long times.
        mean: f64 = 46.9 => ANY,
        /// Part of a distance from the mean that is left after a day.
        phi: f64 = 0.965 => SHARE,
        /// Standard deviation of a day's shock.
        sd: f64 = 5.6 => NOT_NEGATIVE,
        /// Smallest value.
        min: f64 = 0.0 => ANY,
        /// Largest value.
        max: f64 = 100.0 => ANY,
    }
    and |p| (p.min > p.max).then(|| Problem::new("min", format!("{} is above max, {}", p.min, p.max), "exchange them"))
}

params! {
    /// A floor with spikes, as the gas price of a rollup has: `floor` x (1 + X), where X jumps and decays. The floor
    /// is that of Arbitrum since ArbOS 51; rate and height of spikes are assumptions.
    pub struct Spikes {
        /// The price while nothing happens.
        floor: f64 = data::GAS_FLOOR_GWEI => NOT_NEGATIVE,
        /// Spikes per day.
        per_day: f64 = 2.0 => between(0.0, 10_000.0),
        /// Median of a spike's height, in floors.
        peak: f64 = 5.0 => between(1.0, 1e6),
        /// Standard deviation of the height's logarithm.
        sigma: f64 = 1.2 => NOT_NEGATIVE,
        /// Largest height, in floors.
        cap: f64 = 300.0 => between(1.0, 1e6),
        /// Seconds in which a spike falls to 1/e.
        decay_seconds: f64 = 100.0 => ABOVE_ZERO,
        /// Part of a spike that decays slowly.
        tail: f64 = 0.0 => SHARE,
        /// Seconds in which that part falls to 1/e.
        tail_seconds: f64 = 86_400.0 => ABOVE_ZERO,
    }
}

params! {
    /// Values for given days.
    pub struct Schedule {
        /// Pairs of a day, counted from 0, and the value from then on; days rise.
        points: Vec<[f64; 2]> = vec![[0.0, 1.0]] => ANY,
        /// Moves in straight lines from one value to the next, where true.
        linear: bool = false => ANY,
    }
    and |p| {
        if p.points.is_empty() {
            return Some(Problem::new("points", "needs at least one pair", "write [[0, 1.0]]"));
        }
        let late = p.points.windows(2).position(|w| w[1][0] <= w[0][0])?;
        Some(Problem::new(format!("points.{}", late + 2), "its day is not after that of the pair before", "sort the pairs by day"))
    }
}

params! {
    /// A list of values, one after the other.
    pub struct Replay {
        /// The values.
        values: Vec<f64> = vec![1.0] => ANY,
        /// Days for which each holds.
        days_each: f64 = 1.0 => ABOVE_ZERO,
        /// Starts again after the last one, where true; otherwise the last one stays.
        repeat: bool = false => ANY,
    }
    and |p| p.values.is_empty().then(|| Problem::new("values", "needs at least one value", "write [1.0]"))
}

words! {
    /// Which changes of participation are drawn.
    pub enum Residuals {
        /// 828 rounds, November 2023 to November 2025.
        Last828 = "last828",
        /// 1,389 rounds, July 2022 to November 2025.
        Full = "full",
    }
}

params! {
    /// The bonding rate as a whole, without delegators: each round its logit changes by a draw from what was
    /// measured. With `last828` this is the law behind the forecasts of LIP-107 as far as it can be told from
    /// noise (yields and moods explain 2 % of it).
    pub struct QuantileWalk {
        /// First bonding rate.
        start: f64 = data::PARTICIPATION_2025_11 => between(0.001, 0.999),
        /// The measured changes.
        table: Residuals = Residuals::Last828 => ANY,
        /// Factor on each change.
        factor: f64 = 1.0 => NOT_NEGATIVE,
        /// Added to each change.
        drift: f64 = 0.0 => between(-1.0, 1.0),
        /// Days between two changes.
        round_days: f64 = data::ROUND_DAYS => ABOVE_ZERO,
    }
}

choice! {
    /// How a number moves over time: the price of LPT or ETH, of gas, demand, mood, the bonding rate.
    pub enum ProcessConfig {
        Constant(Constant) = "constant",
        Lognormal(Lognormal) = "lognormal",
        Gbm(Gbm) = "gbm",
        Ar1(Ar1) = "ar1",
        Spikes(Spikes) = "spikes",
        Schedule(Schedule) = "schedule",
        Replay(Replay) = "replay",
        QuantileWalk(QuantileWalk) = "quantile_walk",
    }
}

impl ProcessConfig {
    /// Name of the process that this one follows.
    #[must_use]
    pub fn follows(&self) -> Option<&str> {
        match self {
            Self::Gbm(p) if !p.follows.is_empty() => Some(&p.follows),
            _ => None,
        }
    }
}
