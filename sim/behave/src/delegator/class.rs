//! Classes of delegators, by what was seen of their wallets.

use crate::data;
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, SHARE, between, choice, params};
use crate::spread::{Drawn, Spread};

params! {
    /// Dust: too little to be worth a transaction. 26 % of wallets hold less than 1 LPT; 84 % of those have never
    /// unbonded.
    pub struct Inert {}
}

params! {
    /// Holds its stake and does nothing with it, as about half of all wallets in a year. It still looks at its
    /// delegate from time to time, as `attention` says.
    pub struct Passive {}
}

params! {
    /// Acts at the rates that were measured over all wallets: claims .36 times a month, and takes stake out at a
    /// hazard that depends on its size (1.4e-4 a round below 1 LPT, 1.6e-3 from 10,000 LPT). Part of what is taken out
    /// is put back, by band.
    pub struct Ordinary {
        /// Claims per round.
        claims: f64 = data::CLAIM_RATE => SHARE,
        /// Factor on the measured hazard to take stake out.
        hazard: f64 = 1.0 => NOT_NEGATIVE,
        /// Chance that all stake goes; otherwise an even draw of a part of it. An assumption.
        all: f64 = 0.5 => SHARE,
    }
}

params! {
    /// Claims in a rhythm, so that rewards are seen as stake, and bonds what its wallet holds.
    pub struct Compounder {
        /// Days between two claims.
        every_days: Spread = Spread::Same(30.0) => ABOVE_ZERO,
        /// Bonds the LPT of its wallet, where true.
        bonds_wallet: bool = true => SHARE,
    }
}

params! {
    /// Takes its rewards out in a rhythm and keeps its principal bonded. Followed wallets had cycles of 30 to 95 days;
    /// in 68 of 85 what came out went to an exchange within hours.
    pub struct Extractor {
        /// Days between two withdrawals.
        every_days: Spread = CYCLE => ABOVE_ZERO,
        /// Share of the rewards of a cycle that is taken out.
        share: f64 = 1.0 => SHARE,
    }
}

const CYCLE: Spread = Spread::Drawn(Drawn::Uniform { from: data::EXTRACTION_DAYS.0, to: data::EXTRACTION_DAYS.1 });

params! {
    /// Leaves once and for all, after a time that follows Weibull's law: many soon, the rest late or never. The
    /// defaults give 7 % in 30 days, 14 % in 90 and 32 % in a year; 8.6, 15.0 and 30.1 % of new bonders withdrew.
    pub struct Exiter {
        /// Shape: below 1, the hazard falls with age.
        shape: f64 = data::CHURN_SHAPE => between(0.05, 20.0),
        /// Scale in days.
        scale_days: f64 = data::CHURN_SCALE_DAYS => ABOVE_ZERO,
        /// Age in days of a wallet that is there at the start; one that arrives has age 0.
        age_days: Spread = Spread::Drawn(Drawn::Uniform { from: 0.0, to: 1000.0 }) => NOT_NEGATIVE,
    }
}

params! {
    /// Moves much at once and rarely: jumps of its stake, out or in. One that comes back buys what it lacks. Of the
    /// network as a whole, 13 days a year saw more than 1 % of all stake move, 56 % of them outward; with the default
    /// population 33 wallets above 100,000 LPT that jump 1.8 times a year each come to that.
    pub struct Whale {
        /// Jumps per year of one wallet.
        jumps_per_year: f64 = 1.8 => NOT_NEGATIVE,
        /// Share of the jumps that go out.
        out: f64 = data::JUMPS_OUT => SHARE,
        /// Median of a jump's size over the stake.
        size: f64 = 0.5 => SHARE,
        /// Standard deviation of the size's logarithm.
        sigma: f64 = 0.62 => NOT_NEGATIVE,
        /// Claims per round.
        claims: f64 = data::CLAIM_RATE => SHARE,
    }
}

params! {
    /// Holds stake without the risk of its price: borrows LPT or sells it short, stakes, and sells all rewards. It
    /// comes while the yield after cuts is above what borrowing costs, and goes when it is not (forum thread 3139
    /// asks what such stakers do to the price). What borrowing costs is not known.
    pub struct Hedger {
        /// Cost of borrowing LPT per year, as a share.
        borrow_cost: Spread = Spread::Drawn(Drawn::Uniform { from: 0.2, to: 0.6 }) => NOT_NEGATIVE,
        /// Yield above the cost at which it comes.
        enter: f64 = 0.05 => between(-10.0, 10.0),
        /// Yield above the cost below which it goes.
        leave: f64 = 0.0 => between(-10.0, 10.0),
        /// Rounds between two looks.
        every: u64 = 7 => between(1.0, 1e6),
        /// Days between two sales of rewards.
        sell_days: f64 = 30.0 => ABOVE_ZERO,
    }
}

choice! {
    /// What a delegator does with its stake.
    pub enum Class {
        Passive(Passive) = "passive",
        Inert(Inert) = "inert",
        Ordinary(Ordinary) = "ordinary",
        Compounder(Compounder) = "compounder",
        Extractor(Extractor) = "extractor",
        Exiter(Exiter) = "exiter",
        Whale(Whale) = "whale",
        Hedger(Hedger) = "hedger",
    }
}
