//! The rules of the protocol, case by case: on the EVM of this process, and on Anvil.

mod anvil;
mod coverage;
mod evm;
mod expect;
mod net;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use alloy::primitives::Address;

use anvil::Anvil;
use evm::{Embedded, Evm};
use expect::Record;
use net::{Net, Setup};

/// One rule at work, on a deployment of its own.
pub type Case = fn(&mut Net);

/// Cases that are played on the same deployments.
pub struct Group {
    name: &'static str,
    setups: fn() -> Vec<Setup>,
    cases: &'static [(&'static str, Case)],
    /// Played once, whoever asks first.
    embedded: OnceLock<Verdict>,
}

#[derive(Default)]
pub struct Verdict {
    record: Record,
    failures: Vec<String>,
}

impl Group {
    const fn new(name: &'static str, setups: fn() -> Vec<Setup>, cases: &'static [(&'static str, Case)]) -> Self {
        Self { name, setups, cases, embedded: OnceLock::new() }
    }

    fn embedded(&self) -> &Verdict {
        self.embedded.get_or_init(|| self.play(|height| Box::new(Embedded::new(height))))
    }

    fn on_anvil(&self) -> Verdict {
        self.play(|height| Box::new(Anvil::start(height)))
    }

    /// Every case on every deployment, each from the same state.
    fn play(&self, start: fn(u64) -> Box<dyn Evm>) -> Verdict {
        let mut verdict = Verdict::default();
        for setup in (self.setups)() {
            let mut net = Net::deploy(start(setup.height), &setup, Address::repeat_byte(0xd0));
            net.evm.mark();
            for (name, case) in self.cases {
                if catch_unwind(AssertUnwindSafe(|| case(&mut net))).is_err() {
                    verdict.failures.push(format!("{}::{name} under {}", self.name, setup.name()));
                }
                verdict.record.merge(&net.record);
                net = net.again();
            }
        }
        verdict
    }
}

impl Verdict {
    fn assert(&self) {
        assert!(self.failures.is_empty(), "failed, for the reasons above: {:#?}", self.failures);
    }
}

impl Net {
    /// The same deployment before anything was done to it.
    fn again(mut self) -> Self {
        self.evm.rewind();
        Self { record: Record::default(), tickets: 0, names: self.first_names.clone(), ..self }
    }
}

/// The cases of a module, and its two tests.
macro_rules! rules {
    ($setups:expr; $($case:ident),+ $(,)?) => {
        pub static GROUP: crate::rules::Group =
            crate::rules::Group::new(module_path!(), || $setups, &[$((stringify!($case), $case)),+]);

        #[test]
        fn on_the_embedded_evm() {
            GROUP.embedded().assert();
        }

        #[test]
        fn on_anvil() {
            if crate::rules::anvil::is_here() {
                GROUP.on_anvil().assert();
            }
        }
    };
}

/// What is played.
macro_rules! groups {
    ($($module:ident $(:: $inner:ident)*),+ $(,)?) => {
        static GROUPS: &[&Group] = &[$(&$module $(::$inner)*::GROUP),+];
    };
}

mod bonding;
mod broker;
mod changes;
mod controller;
mod governor;
mod lists;
mod livepeer_governor;
mod minter;
mod proxy;
mod rounds;
mod token;
mod treasury;
mod upgrade;
mod votes;

groups!(
    bonding::bond,
    bonding::claim,
    bonding::fees,
    bonding::parameters,
    bonding::pool,
    bonding::reward,
    bonding::slash,
    bonding::transfer,
    bonding::unbond,
    broker::funds,
    broker::redeem,
    broker::reserve,
    changes::covered_tickets,
    changes::factor_from_mintable,
    changes::fees_to_active,
    changes::guard_leaving,
    changes::reward_caller,
    changes::stake_while_active,
    controller,
    governor,
    lists,
    livepeer_governor,
    minter,
    proxy,
    rounds,
    rounds::at_the_start,
    rounds::by_hand,
    token,
    treasury,
    upgrade,
    votes,
    votes::by_hand,
);
