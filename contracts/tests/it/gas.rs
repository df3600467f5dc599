//! What each action costs, against the committed table.
//!
//! `WEIR_UPDATE=1 cargo test --workspace --test it gas::` writes the table anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use weir_contracts::ProtocolParams;
use weir_contracts::bindings::{BondingManager, LivepeerGovernor, ServiceRegistry, TicketBroker};
use weir_types::Perc27;

use crate::deploy::owner;
use crate::world::{World, account, lpt, signer};

/// Parts of a thousand by which a figure may differ from the committed one.
const DRIFT: u64 = 10;
const GATEWAY: u8 = 210;
const NEWCOMER: u8 = 220;
/// Delegators of the orchestrator in the middle: one that only earns, one with a lock that is over,
/// one that unbonded everything.
const EARNING: u8 = 201;
const LOCKED: u8 = 202;
const UNBONDED: u8 = 203;

/// An active set of so many places, all taken, in a round in which nobody was rewarded yet.
struct Full {
    w: World,
    size: u8,
}

/// Neighbours of a place in the list.
type Hints = (Address, Address);

fn params(places: u64) -> ProtocolParams {
    ProtocolParams {
        round_length: 20_000,
        num_active_transcoders: places,
        unbonding_period: 1,
        treasury_reward_cut: Perc27(Perc27::DIVISOR / 10),
        ..ProtocolParams::devnet()
    }
}

impl Full {
    fn new(size: u8) -> Self {
        let mut w = World::new(&params(size.into()));
        for n in 1..=size {
            w.bond(account(n), lpt(1_000 + 10 * u64::from(n)), account(n)).expect("bonds to itself");
            w.commission(account(n), 100_000, 500_000).expect("may set its commission");
        }
        let mut full = Self { w, size };
        let (middle, bm) = (full.middle(), full.w.d.bonding_manager);
        for n in [EARNING, LOCKED, UNBONDED] {
            full.w.bond(account(n), lpt(1), middle).expect("anyone may bond");
        }
        full.w.fund(signer(GATEWAY).address(), lpt(10), lpt(10));
        full.w.next_round();
        for (n, amount) in [(LOCKED, lpt(1) / U256::from(2)), (UNBONDED, lpt(1))] {
            full.w.chain.send(account(n), bm, &BondingManager::unbondCall { _amount: amount }).expect("is bonded");
        }
        // A first round with everything in it, so that the measured one writes no slots for the first time.
        full.w.pay_fees(&signer(GATEWAY), middle, lpt(1) / U256::from(100)).expect("the deposit is large");
        full.w.reward(middle).expect("is active");
        full.w.next_round();
        full
    }

    fn middle(&self) -> Address {
        account(self.size / 2 + 1)
    }

    /// The place of a stake among all others, as a caller would look it up beforehand.
    fn hints(w: &mut World, who: Address, stake: U256) -> Hints {
        let (mut prev, mut next) = (Address::ZERO, Address::ZERO);
        for member in w.pool().into_iter().filter(|member| *member != who) {
            if w.total_stake(member) <= stake {
                next = member;
                break;
            }
            prev = member;
        }
        (prev, next)
    }
}

fn none() -> Hints {
    (Address::ZERO, Address::ZERO)
}

fn gas<C: SolCall>(w: &mut World, from: Address, to: Address, call: &C) -> u64 {
    w.chain.send(from, to, call).unwrap_or_else(|e| panic!("{}: {e}", C::SIGNATURE)).gas_used
}

/// Bonds with the hints of the new place of `to`, and of the old one's.
fn bond(w: &mut World, who: Address, amount: U256, to: Address, old: Hints, new: Hints) -> u64 {
    if !amount.is_zero() {
        w.give(who, amount);
    }
    let call = BondingManager::bondWithHintCall {
        _amount: amount,
        _to: to,
        _oldDelegateNewPosPrev: old.0,
        _oldDelegateNewPosNext: old.1,
        _currDelegateNewPosPrev: new.0,
        _currDelegateNewPosNext: new.1,
    };
    let bm = w.d.bonding_manager;
    gas(w, who, bm, &call)
}

/// An action that moves an orchestrator in the list, on a world of its own.
type Moving = fn(&mut World, Address, bool) -> u64;

fn hinted(w: &mut World, who: Address, stake: U256, hint: bool) -> Hints {
    if hint { Full::hints(w, who, stake) } else { none() }
}

fn join(w: &mut World, middle: Address, hint: bool) -> u64 {
    let stake = w.total_stake(middle) + lpt(5);
    let hints = hinted(w, account(NEWCOMER), stake, hint);
    bond(w, account(NEWCOMER), stake, account(NEWCOMER), none(), hints)
}

fn delegate(w: &mut World, middle: Address, hint: bool) -> u64 {
    let stake = w.total_stake(middle) + lpt(25);
    let hints = hinted(w, middle, stake, hint);
    bond(w, account(NEWCOMER), lpt(25), middle, none(), hints)
}

fn bond_more(w: &mut World, middle: Address, hint: bool) -> u64 {
    let stake = w.total_stake(middle) + lpt(25);
    let hints = hinted(w, middle, stake, hint);
    bond(w, account(EARNING), lpt(25), middle, none(), hints)
}

/// To the orchestrator with the least stake.
fn move_bond(w: &mut World, middle: Address, hint: bool) -> u64 {
    let to = *w.pool().last().expect("the pool is full");
    if to == middle {
        return 0;
    }
    let who = account(EARNING);
    let bonded = w.stake(who);
    let old = w.total_stake(middle) - bonded;
    let new = w.total_stake(to) + bonded;
    let old = hinted(w, middle, old, hint);
    let new = hinted(w, to, new, hint);
    bond(w, who, U256::ZERO, to, old, new)
}

fn unbond(w: &mut World, middle: Address, hint: bool) -> u64 {
    let amount = lpt(1) / U256::from(4);
    let stake = w.total_stake(middle) - amount;
    let (prev, next) = hinted(w, middle, stake, hint);
    let call = BondingManager::unbondWithHintCall { _amount: amount, _newPosPrev: prev, _newPosNext: next };
    let bm = w.d.bonding_manager;
    gas(w, account(EARNING), bm, &call)
}

/// The orchestrator itself takes everything and leaves.
fn resign(w: &mut World, middle: Address, _: bool) -> u64 {
    let amount = w.stake(middle);
    let bm = w.d.bonding_manager;
    gas(w, middle, bm, &BondingManager::unbondCall { _amount: amount })
}

fn rebond(w: &mut World, middle: Address, hint: bool) -> u64 {
    let stake = w.total_stake(middle) + lpt(1) / U256::from(2);
    let (prev, next) = hinted(w, middle, stake, hint);
    let call =
        BondingManager::rebondWithHintCall { _unbondingLockId: U256::ZERO, _newPosPrev: prev, _newPosNext: next };
    let bm = w.d.bonding_manager;
    gas(w, account(LOCKED), bm, &call)
}

fn rebond_from_unbonded(w: &mut World, middle: Address, hint: bool) -> u64 {
    let stake = w.total_stake(middle) + lpt(1);
    let (prev, next) = hinted(w, middle, stake, hint);
    let call = BondingManager::rebondFromUnbondedWithHintCall {
        _to: middle,
        _unbondingLockId: U256::ZERO,
        _newPosPrev: prev,
        _newPosNext: next,
    };
    let bm = w.d.bonding_manager;
    gas(w, account(UNBONDED), bm, &call)
}

/// To a newcomer, so that the orchestrator loses and gains the amount.
fn transfer_bond(w: &mut World, middle: Address, hint: bool) -> u64 {
    let amount = lpt(1) / U256::from(4);
    let stake = w.total_stake(middle);
    let old = hinted(w, middle, stake - amount, hint);
    let new = hinted(w, middle, stake, hint);
    let call = BondingManager::transferBondCall {
        _delegator: account(NEWCOMER),
        _amount: amount,
        _oldDelegateNewPosPrev: old.0,
        _oldDelegateNewPosNext: old.1,
        _newDelegateNewPosPrev: new.0,
        _newDelegateNewPosNext: new.1,
    };
    let bm = w.d.bonding_manager;
    gas(w, account(EARNING), bm, &call)
}

fn reward(w: &mut World, middle: Address, hint: bool) -> u64 {
    let bm = w.d.bonding_manager;
    // What the reward will be is known to a caller only nearly; nearly is enough for a place.
    let stake = w.total_stake(middle) + lpt(1);
    let (prev, next) = hinted(w, middle, stake, hint);
    gas(w, middle, bm, &BondingManager::rewardWithHintCall { _newPosPrev: prev, _newPosNext: next })
}

const MOVING: [(&str, Moving); 10] = [
    ("bond: become an orchestrator", join),
    ("bond: become a delegator", delegate),
    ("bond: add to a bond", bond_more),
    ("bond: move to another orchestrator", move_bond),
    ("unbond: a part", unbond),
    ("unbond: an orchestrator, everything", resign),
    ("rebond", rebond),
    ("rebondFromUnbonded", rebond_from_unbonded),
    ("transferBond", transfer_bond),
    ("reward", reward),
];

/// An action that no list plays a part in.
type Still = fn(&mut World, Address) -> u64;

fn call_as<C: SolCall>(w: &mut World, who: u8, call: &C) -> u64 {
    let bm = w.d.bonding_manager;
    gas(w, account(who), bm, call)
}

fn ticket(w: &mut World, to: Address, value: U256) -> u64 {
    w.pay_fees(&signer(GATEWAY), to, value).expect("the deposit is large").gas_used
}

fn batch(w: &mut World, to: Address) -> u64 {
    let key = signer(GATEWAY);
    let mut call = TicketBroker::batchRedeemWinningTicketsCall {
        _tickets: Vec::new(),
        _sigs: Vec::new(),
        _recipientRands: Vec::new(),
    };
    for _ in 0..10 {
        let (ticket, secret) = w.ticket(key.address(), to, lpt(1) / U256::from(100), U256::MAX);
        call._sigs.push(w.sign(&key, &ticket));
        call._tickets.push(ticket);
        call._recipientRands.push(secret);
    }
    let tb = w.d.ticket_broker;
    gas(w, to, tb, &call)
}

fn broker<C: SolCall>(w: &mut World, call: &C, value: U256) -> u64 {
    let (who, tb) = (signer(GATEWAY).address(), w.d.ticket_broker);
    w.chain.fund(who, value);
    w.chain.pay(who, tb, call, value).unwrap_or_else(|e| panic!("{}: {e}", C::SIGNATURE)).gas_used
}

fn fund_both(w: &mut World, _: Address) -> u64 {
    let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: lpt(1), _reserveAmount: lpt(1) };
    broker(w, &call, lpt(2))
}

fn unlock(w: &mut World, _: Address) -> u64 {
    broker(w, &TicketBroker::unlockCall {}, U256::ZERO)
}

fn withdraw(w: &mut World, middle: Address) -> u64 {
    unlock(w, middle);
    for _ in 0..51 {
        w.next_round();
    }
    broker(w, &TicketBroker::withdrawCall {}, U256::ZERO)
}

fn initialize_round(w: &mut World, _: Address) -> u64 {
    w.next_round().gas_used
}

/// After which the middle one's stake speaks.
fn proposal(w: &mut World, middle: Address) -> (u64, U256) {
    let call = LivepeerGovernor::proposeCall {
        targets: vec![w.d.token],
        values: vec![U256::ZERO],
        calldatas: vec![Default::default()],
        description: "nothing".into(),
    };
    w.next_round();
    let lg = w.d.livepeer_governor;
    let done = w.chain.send(middle, lg, &call).expect("has enough stake");
    (done.gas_used, U256::from_be_slice(&done.output))
}

fn vote(w: &mut World, middle: Address, who: Address) -> u64 {
    let (_, id) = proposal(w, middle);
    w.next_round();
    w.next_round();
    let lg = w.d.livepeer_governor;
    gas(w, who, lg, &LivepeerGovernor::castVoteCall { proposalId: id, support: 1 })
}

const STILL: [(&str, Still); 19] = [
    ("transcoder", |w, middle| {
        let call = BondingManager::transcoderCall { _rewardCut: U256::from(1), _feeShare: U256::from(2) };
        w.reward(middle).expect("is active");
        let bm = w.d.bonding_manager;
        gas(w, middle, bm, &call)
    }),
    ("setRewardCaller", |w, middle| {
        let bm = w.d.bonding_manager;
        gas(w, middle, bm, &BondingManager::setRewardCallerCall { _rewardCaller: owner() })
    }),
    ("claimEarnings", |w, _| call_as(w, EARNING, &BondingManager::claimEarningsCall { _endRound: U256::ZERO })),
    ("withdrawStake", |w, _| call_as(w, UNBONDED, &BondingManager::withdrawStakeCall { _unbondingLockId: U256::ZERO })),
    ("withdrawFees", |w, _| {
        let call = BondingManager::withdrawFeesCall { _recipient: account(EARNING), _amount: U256::from(1) };
        call_as(w, EARNING, &call)
    }),
    ("fundDeposit", |w, _| broker(w, &TicketBroker::fundDepositCall {}, lpt(1))),
    ("fundReserve", |w, _| broker(w, &TicketBroker::fundReserveCall {}, lpt(1))),
    ("fundDepositAndReserve", fund_both),
    ("unlock", unlock),
    ("cancelUnlock", |w, middle| {
        unlock(w, middle);
        broker(w, &TicketBroker::cancelUnlockCall {}, U256::ZERO)
    }),
    ("withdraw", withdraw),
    ("redeemWinningTicket: from the deposit", |w, middle| ticket(w, middle, lpt(1) / U256::from(100))),
    ("redeemWinningTicket: from the reserve too", |w, middle| ticket(w, middle, lpt(10))),
    ("batchRedeemWinningTickets: ten tickets", batch),
    ("initializeRound", initialize_round),
    ("setServiceURI", |w, middle| {
        let call = ServiceRegistry::setServiceURICall { _serviceURI: "https://orchestrator.example:8935".into() };
        let sr = w.d.service_registry;
        gas(w, middle, sr, &call)
    }),
    ("propose", |w, middle| proposal(w, middle).0),
    ("castVote: an orchestrator", |w, middle| vote(w, middle, middle)),
    ("castVote: a delegator", |w, middle| vote(w, middle, account(EARNING))),
];

/// Rows of figures by action.
type Rows = Vec<(String, Vec<Option<u64>>)>;

fn moving() -> Rows {
    let worlds: Vec<Full> = [1, 20, 100].into_iter().map(Full::new).collect();
    let mut empty = World::new(&params(100));
    MOVING
        .iter()
        .map(|(name, action)| {
            let nobody = name
                .contains("become an orchestrator")
                .then(|| bond(&mut empty, account(NEWCOMER), lpt(1_000), account(NEWCOMER), none(), none()));
            let mut figures = vec![nobody];
            for full in &worlds {
                for hint in [false, true] {
                    let used = action(&mut full.w.clone(), full.middle(), hint);
                    figures.push(Some(used).filter(|used| *used > 0));
                }
            }
            ((*name).to_owned(), figures)
        })
        .collect()
}

fn still() -> Rows {
    let full = Full::new(20);
    STILL
        .iter()
        .map(|(name, action)| ((*name).to_owned(), vec![Some(action(&mut full.w.clone(), full.middle()))]))
        .collect()
}

fn rows(out: &mut String, rows: &Rows) {
    for (name, figures) in rows {
        let cells: Vec<String> = figures.iter().map(|f| f.map_or_else(|| "-".to_owned(), |f| f.to_string())).collect();
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
}

fn page(moving: &Rows, still: &Rows) -> String {
    let mut out = String::from(
        "# Gas per action\n\n\
         What actions cost on the contracts of version D26, in gas on an EVM with Cancun rules, without what a \n\
         rollup adds for its data. A test measures all of it again and fails when a figure differs by more than 1 %.\n\
         `WEIR_UPDATE=1 cargo test --workspace --test it gas::` writes this page.\n\n\
         ## Where an orchestrator moves in the list\n\n\
         The active set has 1, 20 or 100 places, all taken; the orchestrator concerned lies in the middle. With a \n\
         hint the caller names the neighbours of the new place, without one the contract walks the list.\n\n\
         | action | nobody there | 1 | 1, hint | 20 | 20, hint | 100 | 100, hint |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    out = out.replace(" \n", "\n");
    rows(&mut out, moving);
    out.push_str("\n## All others\n\nAn active set of 20 places.\n\n| action | gas |\n|---|---|\n");
    rows(&mut out, still);
    out
}

/// Figures of a page by action.
fn figures(page: &str) -> BTreeMap<String, Vec<Option<u64>>> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(name, _)| *name != "action")
        .map(|(name, cells)| (name.to_owned(), cells.split(" | ").map(|cell| cell.parse().ok()).collect()))
        .collect()
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gas.md")
}

/// Names of the actions whose figures are no longer those of the committed page.
fn drifted(now: &BTreeMap<String, Vec<Option<u64>>>, committed: &BTreeMap<String, Vec<Option<u64>>>) -> Vec<String> {
    let near = |a: &Option<u64>, b: &Option<u64>| match (a, b) {
        (Some(a), Some(b)) => a.abs_diff(*b) * 1_000 <= b * DRIFT,
        (a, b) => a == b,
    };
    let same =
        |a: &Vec<Option<u64>>, b: &Vec<Option<u64>>| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b));
    let mut names: Vec<String> = now
        .iter()
        .filter(|(name, figures)| !committed.get(*name).is_some_and(|old| same(figures, old)))
        .map(|(name, figures)| format!("{name}: {figures:?}, committed {:?}", committed.get(name)))
        .collect();
    names.extend(committed.keys().filter(|name| !now.contains_key(*name)).map(|name| format!("{name} is gone")));
    names
}

#[test]
fn actions_cost_what_the_page_says() {
    let text = page(&moving(), &still());
    let now = figures(&text);
    assert_eq!(now.len(), MOVING.len() + STILL.len());
    if std::env::var_os("WEIR_UPDATE").is_some() {
        std::fs::write(path(), &text).expect("docs can be written");
    }
    let committed = figures(&std::fs::read_to_string(path()).expect("the page is committed"));
    let names = drifted(&now, &committed);
    assert!(names.is_empty(), "not what docs/gas.md says: {names:#?}");
}

#[test]
fn a_drift_of_more_than_a_hundredth_is_named() {
    let row = |n: Option<u64>| BTreeMap::from([("bond".to_owned(), vec![n])]);
    for (now, committed, found) in [
        (Some(100_000), Some(100_000), 0),
        (Some(101_000), Some(100_000), 0),
        (Some(101_001), Some(100_000), 1),
        (Some(98_999), Some(100_000), 1),
        (None, Some(100_000), 1),
    ] {
        assert_eq!(drifted(&row(now), &row(committed)).len(), found, "{now:?}");
    }
    assert_eq!(drifted(&BTreeMap::new(), &row(None)), ["bond is gone"]);
}
