//! Announcements of the contracts in the model's terms.

use alloy::primitives::{Address, Log, U256, keccak256};
use alloy::sol_types::SolEventInterface;
use weir_contracts::Deployment;
use weir_contracts::bindings::BondingManager::BondingManagerEvents as Bonding;
use weir_contracts::bindings::BondingVotes::BondingVotesEvents as Votes;
use weir_contracts::bindings::Controller::ControllerEvents as Control;
use weir_contracts::bindings::Minter::MinterEvents as Minting;
use weir_contracts::bindings::RoundsManager::RoundsManagerEvents as Rounds;
use weir_contracts::bindings::TicketBroker::TicketBrokerEvents as Broker;

use super::Who;
use super::cast::Book;

/// An event with its accounts and its numbers, each in the order of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub name: &'static str,
    pub who: Vec<Who>,
    pub numbers: Vec<U256>,
}

impl Event {
    pub fn new(name: &'static str, who: &[Who], numbers: &[U256]) -> Self {
        Self { name, who: who.to_vec(), numbers: numbers.to_vec() }
    }
}

/// A change of a parameter has the parameter's name as its number.
pub fn parameter(name: &str) -> U256 {
    U256::from_be_bytes(keccak256(name).0)
}

/// The events of the protocol's contracts among some logs. Those of the token are left out: balances
/// are compared instead.
pub fn decode(logs: &[Log], d: &Deployment, book: &Book) -> Vec<Event> {
    logs.iter().filter(|log| log.address != d.token).map(|log| one(log, d, book)).collect()
}

fn one(log: &Log, d: &Deployment, book: &Book) -> Event {
    let at = log.address;
    let found = if at == d.bonding_manager {
        Bonding::decode_log(log).map(|e| bonding(&e.data, book))
    } else if at == d.bonding_votes {
        Votes::decode_log(log).map(|e| votes(&e.data, book))
    } else if at == d.ticket_broker {
        Broker::decode_log(log).map(|e| broker(&e.data, book))
    } else if at == d.rounds_manager {
        Rounds::decode_log(log).map(|e| rounds(&e.data))
    } else if at == d.minter {
        Minting::decode_log(log).map(|e| minting(&e.data))
    } else {
        Control::decode_log(log).map(|e| control(&e.data))
    };
    found.unwrap_or_else(|e| panic!("{log:?} is no event of its contract: {e}"))
}

fn event<const W: usize, const N: usize>(
    name: &'static str,
    book: &Book,
    who: [Address; W],
    numbers: [U256; N],
) -> Event {
    Event { name, who: who.map(|address| book.who(address)).to_vec(), numbers: numbers.to_vec() }
}

fn bonding(e: &Bonding, book: &Book) -> Event {
    match e {
        Bonding::Bond(e) => {
            let numbers = [e.additionalAmount, e.bondedAmount];
            event("Bond", book, [e.newDelegate, e.oldDelegate, e.delegator], numbers)
        }
        Bonding::EarningsClaimed(e) => {
            let numbers = [e.rewards, e.fees, e.startRound, e.endRound];
            event("EarningsClaimed", book, [e.delegate, e.delegator], numbers)
        }
        Bonding::ParameterUpdate(e) => event("ParameterUpdate", book, [], [parameter(&e.param)]),
        Bonding::Rebond(e) => event("Rebond", book, [e.delegate, e.delegator], [e.unbondingLockId, e.amount]),
        Bonding::Reward(e) => event("Reward", book, [e.transcoder], [e.amount]),
        Bonding::RewardCallerSet(e) => event("RewardCallerSet", book, [e.transcoder, e.rewardCaller], []),
        Bonding::TranscoderActivated(e) => event("TranscoderActivated", book, [e.transcoder], [e.activationRound]),
        Bonding::TranscoderDeactivated(e) => {
            event("TranscoderDeactivated", book, [e.transcoder], [e.deactivationRound])
        }
        Bonding::TranscoderSlashed(e) => {
            event("TranscoderSlashed", book, [e.transcoder, e.finder], [e.penalty, e.finderReward])
        }
        Bonding::TranscoderUpdate(e) => event("TranscoderUpdate", book, [e.transcoder], [e.rewardCut, e.feeShare]),
        Bonding::TransferBond(e) => {
            let numbers = [e.oldUnbondingLockId, e.newUnbondingLockId, e.amount];
            event("TransferBond", book, [e.oldDelegator, e.newDelegator], numbers)
        }
        Bonding::TreasuryReward(e) => event("TreasuryReward", book, [e.transcoder, e.treasury], [e.amount]),
        Bonding::Unbond(e) => {
            let numbers = [e.unbondingLockId, e.amount, e.withdrawRound];
            event("Unbond", book, [e.delegate, e.delegator], numbers)
        }
        Bonding::WithdrawFees(e) => event("WithdrawFees", book, [e.delegator, e.recipient], [e.amount]),
        Bonding::WithdrawStake(e) => {
            event("WithdrawStake", book, [e.delegator], [e.unbondingLockId, e.amount, e.withdrawRound])
        }
        other => panic!("unexpected {other:?}"),
    }
}

fn votes(e: &Votes, book: &Book) -> Event {
    match e {
        Votes::DelegateChanged(e) => event("DelegateChanged", book, [e.delegator, e.fromDelegate, e.toDelegate], []),
        Votes::DelegateVotesChanged(e) => {
            event("DelegateVotesChanged", book, [e.delegate], [e.previousBalance, e.newBalance])
        }
        Votes::DelegatorBondedAmountChanged(e) => {
            let numbers = [e.previousBondedAmount, e.previousLastClaimRound, e.newBondedAmount, e.newLastClaimRound];
            event("DelegatorBondedAmountChanged", book, [e.delegate], numbers)
        }
        other => panic!("unexpected {other:?}"),
    }
}

fn broker(e: &Broker, book: &Book) -> Event {
    match e {
        Broker::DepositFunded(e) => event("DepositFunded", book, [e.sender], [e.amount]),
        Broker::ReserveClaimed(e) => event("ReserveClaimed", book, [e.reserveHolder, e.claimant], [e.amount]),
        Broker::ReserveFunded(e) => event("ReserveFunded", book, [e.reserveHolder], [e.amount]),
        Broker::Unlock(e) => event("Unlock", book, [e.sender], [e.startRound, e.endRound]),
        Broker::UnlockCancelled(e) => event("UnlockCancelled", book, [e.sender], []),
        Broker::WinningTicketRedeemed(e) => {
            let numbers = [e.faceValue, e.winProb, e.senderNonce, e.recipientRand];
            event("WinningTicketRedeemed", book, [e.sender, e.recipient], numbers)
        }
        Broker::WinningTicketTransfer(e) => event("WinningTicketTransfer", book, [e.sender, e.recipient], [e.amount]),
        Broker::Withdrawal(e) => event("Withdrawal", book, [e.sender], [e.deposit, e.reserve]),
        other => panic!("unexpected {other:?}"),
    }
}

fn rounds(e: &Rounds) -> Event {
    match e {
        Rounds::NewRound(e) => Event::new("NewRound", &[], &[e.round]),
        other => panic!("unexpected {other:?}"),
    }
}

fn minting(e: &Minting) -> Event {
    match e {
        Minting::SetCurrentRewardTokens(e) => {
            Event::new("SetCurrentRewardTokens", &[], &[e.currentMintableTokens, e.currentInflation])
        }
        Minting::ParameterUpdate(e) => Event::new("ParameterUpdate", &[], &[parameter(&e.param)]),
        other => panic!("unexpected {other:?}"),
    }
}

fn control(e: &Control) -> Event {
    match e {
        Control::Pause(_) => Event::new("Pause", &[], &[]),
        Control::Unpause(_) => Event::new("Unpause", &[], &[]),
        other => panic!("unexpected {other:?}"),
    }
}
