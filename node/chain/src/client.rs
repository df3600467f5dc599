//! Typed reads of the protocol's state.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::U64;
use alloy::providers::Provider;
use serde::Deserialize;
use weir_contracts::Deployment;
use weir_contracts::bindings::{BondingManager, LivepeerToken, Minter, RoundsManager, ServiceRegistry, TicketBroker};
use weir_roles::{RoundInfo, SenderFunds};
use weir_types::{Address, B256, L1Block, L2Block, LptWei, Perc6, Perc9, Round, U256, Wei};

use crate::ChainError;

/// Addresses of the contracts a node talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Registry of all others.
    pub controller: Address,
    /// LPT.
    pub token: Address,
    /// Stake, rewards, fees.
    pub bonding_manager: Address,
    /// Deposits, reserves, tickets.
    pub ticket_broker: Address,
    /// Rounds.
    pub rounds_manager: Address,
    /// Inflation, and the vault of stake and fees.
    pub minter: Address,
    /// Service URIs.
    pub service_registry: Address,
}

impl Addresses {
    /// The contracts whose logs tell what happens.
    #[must_use]
    pub const fn watched(&self) -> [Address; 4] {
        [self.rounds_manager, self.bonding_manager, self.ticket_broker, self.service_registry]
    }
}

impl From<&Deployment> for Addresses {
    fn from(d: &Deployment) -> Self {
        Self {
            controller: d.controller,
            token: d.token,
            bonding_manager: d.bonding_manager,
            ticket_broker: d.ticket_broker,
            rounds_manager: d.rounds_manager,
            minter: d.minter,
            service_registry: d.service_registry,
        }
    }
}

/// A block's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub l2: L2Block,
    /// Its hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent: B256,
    /// L1 number it carries; equal to `l2` on a chain without the field.
    pub l1: L1Block,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
}

/// A member of the orchestrator pool (the set of the next round).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolMember {
    /// The orchestrator.
    pub address: Address,
    /// Stake behind it.
    pub stake: LptWei,
    /// Whether it is active in the current round.
    pub active: bool,
}

/// An orchestrator of the active set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveOrchestrator {
    /// The orchestrator.
    pub address: Address,
    /// Its service URI; empty when it has none.
    pub uri: String,
    /// Stake behind it.
    pub stake: LptWei,
}

/// An orchestrator's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TranscoderState {
    /// Whether it is active in the current round.
    pub active: bool,
    /// Last round in which it called reward.
    pub last_reward_round: Round,
    /// Share of rewards it keeps.
    pub reward_cut: Perc6,
    /// Share of fees it gives away.
    pub fee_share: Perc6,
    /// Stake behind it.
    pub stake: LptWei,
}

/// A delegator's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegatorState {
    /// Bonded amount as stored: without earnings not yet claimed.
    pub bonded: LptWei,
    /// Stake with earnings as of the current round.
    pub stake: LptWei,
    /// Fees with earnings as of the current round.
    pub fees: Wei,
    /// Delegate.
    pub delegate: Address,
    /// Id that the next unbonding lock will get.
    pub next_lock: u64,
}

/// Reads over one provider.
#[derive(Debug, Clone)]
pub struct Client<P> {
    provider: P,
    addresses: Addresses,
}

macro_rules! read {
    ($name:literal, $call:expr) => {
        $call.call().await.map_err(|source| ChainError::Call { call: $name, source: Box::new(source) })
    };
}

/// Which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockAt {
    Latest,
    Number(L2Block),
}

/// What a head is read from. On a chain without L1 numbers the field is not there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RpcHead {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    l1_block_number: Option<U64>,
}

/// Reads a block's head.
pub(crate) async fn block_head<P: Provider>(provider: &P, at: BlockAt) -> Result<Head, ChainError> {
    const METHOD: &str = "eth_getBlockByNumber";
    let tag = match at {
        BlockAt::Latest => BlockNumberOrTag::Latest,
        BlockAt::Number(n) => BlockNumberOrTag::Number(n.0),
    };
    let head: Option<RpcHead> = provider
        .raw_request(METHOD.into(), (tag, false))
        .await
        .map_err(|source| ChainError::Rpc { method: METHOD, source })?;
    let Some(head) = head else {
        return Err(match at {
            BlockAt::Latest => ChainError::Missing { method: METHOD, field: "the newest block" },
            BlockAt::Number(n) => ChainError::NoBlock { number: n.0 },
        });
    };
    let l2 = head.number.to();
    if matches!(at, BlockAt::Number(n) if n.0 != l2) {
        return Err(ChainError::Inconsistent { what: format!("asked for block {at:?} it gives block {l2}") });
    }
    Ok(Head {
        l2: L2Block(l2),
        hash: head.hash,
        parent: head.parent_hash,
        l1: L1Block(head.l1_block_number.map_or(l2, |n| n.to())),
        timestamp: head.timestamp.to(),
    })
}

fn number(v: U256) -> u64 {
    v.saturating_to()
}

fn perc6(v: U256) -> Perc6 {
    Perc6(v.saturating_to())
}

impl<P: Provider + Clone> Client<P> {
    /// Reads of contracts whose addresses are known.
    #[must_use]
    pub const fn new(provider: P, addresses: Addresses) -> Self {
        Self { provider, addresses }
    }

    /// The contracts' addresses.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The provider underneath.
    #[must_use]
    pub const fn provider(&self) -> &P {
        &self.provider
    }

    fn bonding(&self) -> BondingManager::BondingManagerInstance<P> {
        BondingManager::new(self.addresses.bonding_manager, self.provider.clone())
    }

    fn rounds(&self) -> RoundsManager::RoundsManagerInstance<P> {
        RoundsManager::new(self.addresses.rounds_manager, self.provider.clone())
    }

    fn broker(&self) -> TicketBroker::TicketBrokerInstance<P> {
        TicketBroker::new(self.addresses.ticket_broker, self.provider.clone())
    }

    fn minter(&self) -> Minter::MinterInstance<P> {
        Minter::new(self.addresses.minter, self.provider.clone())
    }

    fn token(&self) -> LivepeerToken::LivepeerTokenInstance<P> {
        LivepeerToken::new(self.addresses.token, self.provider.clone())
    }

    /// The newest block.
    ///
    /// # Errors
    /// The endpoint's failure, or an answer that is no block.
    pub async fn head(&self) -> Result<Head, ChainError> {
        block_head(&self.provider, BlockAt::Latest).await
    }

    /// The same reads over another provider.
    #[must_use]
    pub const fn at<Q: Provider + Clone>(&self, provider: Q) -> Client<Q> {
        Client { provider, addresses: self.addresses }
    }

    /// Gas price of the moment.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn gas_price(&self) -> Result<Wei, ChainError> {
        let p =
            self.provider.get_gas_price().await.map_err(|source| ChainError::Rpc { method: "eth_gasPrice", source })?;
        Ok(Wei::new(p))
    }

    /// State of the last initialised round.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn round_info(&self) -> Result<RoundInfo, ChainError> {
        let c = self.rounds();
        let last = number(read!("lastInitializedRound", c.lastInitializedRound())?);
        let current = number(read!("currentRound", c.currentRound())?);
        let length = number(read!("roundLength", c.roundLength())?);
        let start = number(read!("currentRoundStartBlock", c.currentRoundStartBlock())?);
        let block_hash = read!("blockHashForRound", c.blockHashForRound(U256::from(last)))?;
        let previous_block_hash = match last.checked_sub(1) {
            Some(r) => read!("blockHashForRound", c.blockHashForRound(U256::from(r)))?,
            None => B256::ZERO,
        };
        let pool_size = number(read!("getTranscoderPoolSize", self.bonding().getTranscoderPoolSize())?);
        // The contract's start follows the block number; rounds nobody initialised lie in between.
        let skipped = current.saturating_sub(last);
        Ok(RoundInfo {
            round: Round(last),
            block_hash,
            previous_block_hash,
            start_block: L1Block(start.saturating_sub(skipped.saturating_mul(length))),
            length,
            pool_size,
        })
    }

    /// The pool from largest stake to smallest.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn pool(&self) -> Result<Vec<PoolMember>, ChainError> {
        let c = self.bonding();
        let mut members = Vec::new();
        let mut at: Address = read!("getFirstTranscoderInPool", c.getFirstTranscoderInPool())?;
        while !at.is_zero() {
            let stake = LptWei(read!("transcoderTotalStake", c.transcoderTotalStake(at))?);
            let active = read!("isActiveTranscoder", c.isActiveTranscoder(at))?;
            members.push(PoolMember { address: at, stake, active });
            at = read!("getNextTranscoderInPool", c.getNextTranscoderInPool(at))?;
        }
        Ok(members)
    }

    /// The active set. Service URIs that are known are not asked for.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn active(
        &self,
        known: impl Fn(&Address) -> Option<String>,
    ) -> Result<Vec<ActiveOrchestrator>, ChainError> {
        let mut active = Vec::new();
        for m in self.pool().await?.into_iter().filter(|m| m.active) {
            let uri = match known(&m.address) {
                Some(uri) => uri,
                None => self.service_uri(m.address).await?,
            };
            active.push(ActiveOrchestrator { address: m.address, uri, stake: m.stake });
        }
        Ok(active)
    }

    /// Largest size of the pool.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn pool_max_size(&self) -> Result<usize, ChainError> {
        Ok(read!("getTranscoderPoolMaxSize", self.bonding().getTranscoderPoolMaxSize())?.saturating_to())
    }

    /// Service URI of an orchestrator; empty when it has none.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn service_uri(&self, who: Address) -> Result<String, ChainError> {
        let c = ServiceRegistry::new(self.addresses.service_registry, self.provider.clone());
        read!("getServiceURI", c.getServiceURI(who))
    }

    /// A sender's money as `claimant` sees it.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn sender_funds(&self, sender: Address, claimant: Address) -> Result<SenderFunds, ChainError> {
        let c = self.broker();
        let info = read!("getSenderInfo", c.getSenderInfo(sender))?;
        let claimed = read!("claimedReserve", c.claimedReserve(sender, claimant))?;
        Ok(SenderFunds {
            deposit: Wei(info.sender.deposit),
            withdraw_round: Round(number(info.sender.withdrawRound)),
            reserve_remaining: Wei(info.reserve.fundsRemaining),
            claimed_in_current_round: Wei(info.reserve.claimedInCurrentRound),
            claimed_by_me: Wei(claimed),
        })
    }

    /// An orchestrator's state.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn transcoder(&self, who: Address) -> Result<TranscoderState, ChainError> {
        let c = self.bonding();
        let t = read!("getTranscoder", c.getTranscoder(who))?;
        Ok(TranscoderState {
            active: read!("isActiveTranscoder", c.isActiveTranscoder(who))?,
            last_reward_round: Round(number(t.lastRewardRound)),
            reward_cut: perc6(t.rewardCut),
            fee_share: perc6(t.feeShare),
            stake: LptWei(read!("transcoderTotalStake", c.transcoderTotalStake(who))?),
        })
    }

    /// A delegator's state.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn delegator(&self, who: Address) -> Result<DelegatorState, ChainError> {
        let c = self.bonding();
        let d = read!("getDelegator", c.getDelegator(who))?;
        // The second argument is ignored by the contract: values are as of the current round.
        let stake = read!("pendingStake", c.pendingStake(who, U256::ZERO))?;
        let fees = read!("pendingFees", c.pendingFees(who, U256::ZERO))?;
        Ok(DelegatorState {
            bonded: LptWei(d.bondedAmount),
            stake: LptWei(stake),
            fees: Wei(fees),
            delegate: d.delegateAddress,
            next_lock: number(d.nextUnbondingLockId),
        })
    }

    /// First round in which an unbonding lock may be withdrawn; 0 when there is no such lock.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn lock_withdraw_round(&self, who: Address, lock: u64) -> Result<Round, ChainError> {
        let l = read!("getDelegatorUnbondingLock", self.bonding().getDelegatorUnbondingLock(who, U256::from(lock)))?;
        Ok(Round(number(l.withdrawRound)))
    }

    /// Inflation per round.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn inflation(&self) -> Result<Perc9, ChainError> {
        Ok(Perc9(number(read!("inflation", self.minter().inflation())?)))
    }

    /// What may be minted in the current round, and what was.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn mintable(&self) -> Result<(LptWei, LptWei), ChainError> {
        let c = self.minter();
        let mintable = read!("currentMintableTokens", c.currentMintableTokens())?;
        let minted = read!("currentMintedTokens", c.currentMintedTokens())?;
        Ok((LptWei(mintable), LptWei(minted)))
    }

    /// Active stake of the current round.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn total_bonded(&self) -> Result<LptWei, ChainError> {
        Ok(LptWei(read!("getTotalBonded", self.bonding().getTotalBonded())?))
    }

    /// Supply of LPT on this chain.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn lpt_supply(&self) -> Result<LptWei, ChainError> {
        Ok(LptWei(read!("totalSupply", self.token().totalSupply())?))
    }

    /// LPT of an account.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn lpt_balance(&self, who: Address) -> Result<LptWei, ChainError> {
        Ok(LptWei(read!("balanceOf", self.token().balanceOf(who))?))
    }

    /// LPT that `spender` may take from `owner`.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn lpt_allowance(&self, owner: Address, spender: Address) -> Result<LptWei, ChainError> {
        Ok(LptWei(read!("allowance", self.token().allowance(owner, spender))?))
    }

    /// ETH of an account.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn balance(&self, who: Address) -> Result<Wei, ChainError> {
        let b = self
            .provider
            .get_balance(who)
            .await
            .map_err(|source| ChainError::Rpc { method: "eth_getBalance", source })?;
        Ok(Wei(b))
    }

    /// Whether a ticket was redeemed.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn ticket_used(&self, hash: B256) -> Result<bool, ChainError> {
        read!("usedTickets", self.broker().usedTickets(hash))
    }
}
