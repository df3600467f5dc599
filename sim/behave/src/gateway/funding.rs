//! How a gateway keeps its deposit and its reserve.

use super::view::{Act, View};
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, Problem, choice, params};

params! {
    /// Pays in once and never again; what the scenario pays in at the start where nothing is given here.
    pub struct Once {
        /// ETH added to the deposit in the first round.
        deposit_eth: f64 = 0.0 => NOT_NEGATIVE,
        /// ETH added to the reserve in the first round.
        reserve_eth: f64 = 0.0 => NOT_NEGATIVE,
    }
}

params! {
    /// Fills up to a target whenever it is below a threshold. The reserve that go-livepeer's guides ask for is .36
    /// ETH: a hundred winning tickets at 3 gwei.
    pub struct TopUp {
        /// Deposit in ETH below which it pays in.
        deposit_below: f64 = 0.05 => NOT_NEGATIVE,
        /// Deposit in ETH afterwards.
        deposit_to: f64 = 0.1 => NOT_NEGATIVE,
        /// Reserve in ETH below which it pays in.
        reserve_below: f64 = 0.3 => NOT_NEGATIVE,
        /// Reserve in ETH afterwards.
        reserve_to: f64 = 0.36 => NOT_NEGATIVE,
    }
    and |p| {
        let pairs = [("deposit_to", p.deposit_to, p.deposit_below), ("reserve_to", p.reserve_to, p.reserve_below)];
        let (key, to, below) = pairs.iter().find(|(_, to, below)| to < below)?;
        Some(Problem::new(*key, format!("{to} is below the threshold {below}"), "give the threshold or more"))
    }
}

params! {
    /// Keeps no more than what it will need: the expected spending of some rounds ahead, with a safety factor.
    pub struct JustInTime {
        /// Rounds ahead.
        rounds: f64 = 1.0 => ABOVE_ZERO,
        /// Deposit over expected spending.
        safety: f64 = 1.5 => NOT_NEGATIVE,
        /// Smallest deposit in ETH.
        least_eth: f64 = 0.01 => NOT_NEGATIVE,
        /// Reserve in ETH.
        reserve_eth: f64 = 0.03 => NOT_NEGATIVE,
    }
}

params! {
    /// Pays in once and lets it run out. What happens then is up to the orchestrators: reserve first, then nothing.
    pub struct LetDrain {
        /// ETH added to the deposit in the first round.
        deposit_eth: f64 = 0.0 => NOT_NEGATIVE,
        /// ETH added to the reserve in the first round.
        reserve_eth: f64 = 0.0 => NOT_NEGATIVE,
        /// Stops when deposit and reserve together are below this many ETH.
        quit_below_eth: f64 = 0.0001 => NOT_NEGATIVE,
    }
}

choice! {
    /// How a gateway keeps its deposit and its reserve.
    pub enum Funding {
        Fixed(Once) = "fixed",
        TopUp(TopUp) = "top_up",
        JustInTime(JustInTime) = "just_in_time",
        LetDrain(LetDrain) = "let_drain",
    }
}

/// A deposit and a reserve that the wallet can pay, the deposit first.
fn fund(view: &View<'_>, deposit_eth: f64, reserve_eth: f64) -> Option<Act> {
    let deposit_eth = deposit_eth.max(0.0).min(view.wallet_eth.max(0.0));
    let reserve_eth = reserve_eth.max(0.0).min((view.wallet_eth - deposit_eth).max(0.0));
    (deposit_eth > 0.0 || reserve_eth > 0.0).then_some(Act::Fund { deposit_eth, reserve_eth })
}

impl Funding {
    pub(super) fn think(&self, view: &View<'_>) -> Option<Act> {
        let first = view.network.round == 0;
        match self {
            Self::Fixed(p) => first.then(|| fund(view, p.deposit_eth, p.reserve_eth)).flatten(),
            Self::LetDrain(p) if first => fund(view, p.deposit_eth, p.reserve_eth),
            Self::LetDrain(p) => (view.deposit_eth + view.reserve_eth < p.quit_below_eth).then_some(Act::Quit),
            Self::TopUp(p) => {
                let missing = |has: f64, below: f64, to: f64| if has < below { to - has } else { 0.0 };
                fund(
                    view,
                    missing(view.deposit_eth, p.deposit_below, p.deposit_to),
                    missing(view.reserve_eth, p.reserve_below, p.reserve_to),
                )
            }
            Self::JustInTime(p) => {
                let wanted = (view.spent_eth * p.rounds * p.safety).max(p.least_eth);
                fund(view, wanted - view.deposit_eth, p.reserve_eth - view.reserve_eth)
            }
        }
    }
}
