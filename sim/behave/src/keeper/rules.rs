//! When keepers act.

use weir_types::Entropy;

use super::policy::KeeperPolicy;
use super::view::{QueueView, RoundView};
use crate::error::BehaveError;
use crate::setting::{ABOVE_ZERO, ANY, COUNT, NOT_NEGATIVE, SHARE, choice, params};

params! {
    /// Starts every round, after a while.
    pub struct Eager {
        /// Seconds that it waits.
        delay_seconds: f64 = 0.0 => NOT_NEGATIVE,
        /// Largest random part of the wait, in seconds, so that not all keepers send at once.
        jitter_seconds: f64 = 30.0 => NOT_NEGATIVE,
    }
}

params! {
    /// Takes turns: the keeper whose turn it is sends at once, the next after a slot, and so on.
    pub struct Rota {
        /// Seconds of a slot.
        slot_seconds: f64 = 60.0 => NOT_NEGATIVE,
    }
}

params! {
    /// Waits while gas is dear, but not for ever.
    pub struct CheapGas {
        /// Gas price in gwei up to which it sends at once.
        gwei: f64 = 0.1 => NOT_NEGATIVE,
        /// Seconds after which it sends at any price.
        wait_seconds: f64 = 3600.0 => NOT_NEGATIVE,
    }
}

params! {
    /// Leaves rounds to others.
    pub struct Idle {}
}

choice! {
    /// When a keeper starts a round.
    pub enum RoundStart {
        Eager(Eager) = "eager",
        Rota(Rota) = "rota",
        CheapGas(CheapGas) = "cheap_gas",
        Idle(Idle) = "idle",
    }
}

params! {
    /// Redeems each winning ticket at once, if it is worth more than its gas.
    pub struct AtOnce {}
}

params! {
    /// Waits for so many tickets, but not beyond the round in which the oldest is still good.
    pub struct Batch {
        /// Tickets.
        tickets: u64 = 10 => COUNT,
        /// Share of the last good round after which it waits no longer.
        latest: f64 = 0.5 => SHARE,
    }
}

params! {
    /// Waits while gas costs more than a share of the tickets' value, but not beyond the round in which the oldest is
    /// still good.
    pub struct WhenCheap {
        /// Cost over value up to which it redeems.
        cost_share: f64 = 0.02 => ABOVE_ZERO,
        /// Share of the last good round after which it redeems at any cost below the value.
        latest: f64 = 0.5 => SHARE,
    }
}

params! {
    /// Holds tickets back to the last round in which they are good. An orchestrator that does so can pay delegators
    /// less, who have left meanwhile (fee theft of the Streamflow paper).
    pub struct HoldBack {
        /// Share of the last good round after which it redeems.
        latest: f64 = 0.5 => SHARE,
    }
}

choice! {
    /// When a keeper redeems winning tickets.
    pub enum Redemption {
        AtOnce(AtOnce) = "at_once",
        Batch(Batch) = "batch",
        WhenCheap(WhenCheap) = "when_cheap",
        HoldBack(HoldBack) = "hold_back",
    }
}

params! {
    /// When somebody sends what keeps the protocol going.
    pub struct KeeperRules {
        /// When it starts a round.
        rounds: RoundStart = RoundStart::default() => ANY,
        /// When it redeems winning tickets.
        redemption: Redemption = Redemption::default() => ANY,
    }
}

impl KeeperRules {
    /// One keeper.
    ///
    /// # Errors
    /// When a parameter makes no sense.
    pub fn build(&self) -> Result<Box<dyn KeeperPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        Ok(Box::new(Keeper { rules: self.clone() }))
    }
}

#[derive(Debug, Clone)]
struct Keeper {
    rules: KeeperRules,
}

impl KeeperPolicy for Keeper {
    fn start_round(&mut self, view: &RoundView<'_>, rng: &mut Entropy) -> Option<f64> {
        let part = rng.unit();
        match &self.rules.rounds {
            RoundStart::Eager(p) => Some(p.delay_seconds + p.jitter_seconds * part),
            RoundStart::Rota(p) => {
                let keepers = view.keepers.max(1);
                let turn = view.network.round % keepers;
                let after = (view.place + keepers - turn) % keepers;
                Some(p.slot_seconds * after as f64)
            }
            RoundStart::CheapGas(p) => Some(if view.network.gas_gwei <= p.gwei { 0.0 } else { p.wait_seconds }),
            RoundStart::Idle(_) => None,
        }
    }

    fn redeem(&mut self, view: &QueueView<'_>) -> bool {
        let cost = view.network.gas_eth(view.gas);
        let due = |latest: f64| view.rounds_left == 0 && view.passed >= latest;
        view.tickets > 0
            && cost < view.value_eth
            && match &self.rules.redemption {
                Redemption::AtOnce(_) => true,
                Redemption::Batch(p) => view.tickets >= p.tickets || due(p.latest),
                Redemption::WhenCheap(p) => cost <= p.cost_share * view.value_eth || due(p.latest),
                Redemption::HoldBack(p) => due(p.latest),
            }
    }

    fn boxed(&self) -> Box<dyn KeeperPolicy> {
        Box::new(self.clone())
    }
}
