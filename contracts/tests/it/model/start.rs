//! The model of freshly deployed contracts.

use std::collections::BTreeMap;
use std::rc::Rc;

use alloy::primitives::U256;
use weir_contracts::ProtocolVersion;
use weir_contracts::bindings::{BondingManager, LivepeerToken, Minter, RoundsManager, TicketBroker};

use super::cast::{ALL, CAST};
use super::exact::percentage;
use super::play::Stage;
use super::ranking::Ranking;
use super::state::{Claims, Clock, Minting, Model, Orchestrator, Person, SIX};

pub fn model(stage: &mut Stage, version: ProtocolVersion) -> Model {
    let people = (0..ALL).map(|who| {
        let address = stage.book.address(who);
        let lpt = stage.chain.read(stage.d.token, &LivepeerToken::balanceOfCall { account: address });
        Rc::new(Person { lpt, eth: stage.chain.balance(address), ..Person::default() })
    });
    let people = people.collect();
    let bm = stage.d.bonding_manager;
    let clock = clock(stage);
    let minting = minting(stage);
    let c = &mut stage.chain;
    Model {
        version,
        cast: CAST,
        clock,
        paused: false,
        last_initialized: c.read(stage.d.rounds_manager, &RoundsManager::lastInitializedRoundCall {}).to(),
        totals: BTreeMap::new(),
        past_votes: BTreeMap::new(),
        people,
        orchestrators: (0..ALL).map(|_| Rc::new(Orchestrator::default())).collect(),
        ranking: Ranking::of(c.read(bm, &BondingManager::getTranscoderPoolMaxSizeCall {}).to()),
        current_total: U256::ZERO,
        next_total: U256::ZERO,
        cut_rate: c.read(bm, &BondingManager::treasuryRewardCutRateCall {}),
        next_cut_rate: c.read(bm, &BondingManager::nextRoundTreasuryRewardCutRateCall {}),
        ceiling: c.read(bm, &BondingManager::treasuryBalanceCeilingCall {}),
        unbonding_period: c.read(bm, &BondingManager::unbondingPeriodCall {}),
        unlock_period: c.read(stage.d.ticket_broker, &TicketBroker::unlockPeriodCall {}).to(),
        validity_period: c.read(stage.d.ticket_broker, &TicketBroker::ticketValidityPeriodCall {}).to(),
        minting,
        used: Rc::default(),
        unmarked_penalties: U256::ZERO,
        pool_slashed: false,
        fees_overpaid: false,
        events: Vec::new(),
        claims: Claims::Pending(BTreeMap::new()),
        faults: Vec::new(),
        marks: Vec::new(),
    }
}

fn clock(stage: &mut Stage) -> Clock {
    let (c, rm) = (&mut stage.chain, stage.d.rounds_manager);
    let length: U256 = c.read(rm, &RoundsManager::roundLengthCall {});
    let lock: U256 = c.read(rm, &RoundsManager::roundLockAmountCall {});
    Clock {
        block: c.number,
        first_round: c.read(rm, &RoundsManager::lastRoundLengthUpdateRoundCall {}).to(),
        first_block: c.read(rm, &RoundsManager::lastRoundLengthUpdateStartBlockCall {}).to(),
        length: length.to(),
        locked: percentage(length, lock, SIX).expect("small numbers").to(),
    }
}

fn minting(stage: &mut Stage) -> Minting {
    let (c, minter) = (&mut stage.chain, stage.d.minter);
    Minting {
        inflation: c.read(minter, &Minter::inflationCall {}),
        change: c.read(minter, &Minter::inflationChangeCall {}),
        target: c.read(minter, &Minter::targetBondingRateCall {}),
        mintable: c.read(minter, &Minter::currentMintableTokensCall {}),
        minted: c.read(minter, &Minter::currentMintedTokensCall {}),
        supply: c.read(stage.d.token, &LivepeerToken::totalSupplyCall {}),
        lpt: c.read(stage.d.token, &LivepeerToken::balanceOfCall { account: minter }),
        eth: c.balance(minter),
    }
}
