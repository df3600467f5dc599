//! The protocol's state at the end of a round, for the tables.

use std::collections::BTreeMap;

use futures::executor::block_on;
use weir_chain::{ChainError, Client};
use weir_evm::LocalProvider;
use weir_types::{Address, LptWei, Perc6, Perc9, Round, Wei};

/// A round as the chain shows it when it is over.
#[derive(Debug, Clone)]
pub(crate) struct RoundRow {
    pub(crate) round: Round,
    /// First L1 block.
    pub(crate) l1_block: u64,
    /// Seconds since the run began.
    pub(crate) start_seconds: f64,
    pub(crate) inflation: Perc9,
    pub(crate) mintable: LptWei,
    pub(crate) minted: LptWei,
    pub(crate) active_stake: LptWei,
    pub(crate) supply: LptWei,
    pub(crate) gas_price: Wei,
    pub(crate) transcoders: Vec<TranscoderRow>,
    pub(crate) broadcasters: Vec<BroadcasterRow>,
}

/// An orchestrator at the end of a round.
#[derive(Debug, Clone)]
pub(crate) struct TranscoderRow {
    pub(crate) address: Address,
    pub(crate) active: bool,
    pub(crate) stake: LptWei,
    pub(crate) reward_cut: Perc6,
    pub(crate) fee_share: Perc6,
    pub(crate) rewarded: bool,
    /// Wei per pixel.
    pub(crate) price: f64,
}

/// A gateway at the end of a round.
#[derive(Debug, Clone)]
pub(crate) struct BroadcasterRow {
    pub(crate) address: Address,
    pub(crate) deposit: Wei,
    pub(crate) reserve: Wei,
}

/// When and at what price a round ran.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundMeta {
    pub(crate) round: Round,
    pub(crate) l1_block: u64,
    pub(crate) start_seconds: f64,
    pub(crate) gas_price: Wei,
}

/// Reads the state of the round that is just ending.
pub(crate) fn take(
    client: &Client<LocalProvider>,
    meta: RoundMeta,
    prices: &BTreeMap<Address, f64>,
    orchestrators: &[Address],
    gateways: &[Address],
) -> Result<RoundRow, ChainError> {
    block_on(async {
        let (mintable, minted) = client.mintable().await?;
        let mut transcoders = Vec::with_capacity(orchestrators.len());
        for &address in orchestrators {
            let t = client.transcoder(address).await?;
            transcoders.push(TranscoderRow {
                address,
                active: t.active,
                stake: t.stake,
                reward_cut: t.reward_cut,
                fee_share: t.fee_share,
                rewarded: t.last_reward_round == meta.round,
                price: prices.get(&address).copied().unwrap_or(0.0),
            });
        }
        let mut broadcasters = Vec::with_capacity(gateways.len());
        for &address in gateways {
            let f = client.sender_funds(address, Address::ZERO).await?;
            broadcasters.push(BroadcasterRow { address, deposit: f.deposit, reserve: f.reserve_remaining });
        }
        Ok(RoundRow {
            round: meta.round,
            l1_block: meta.l1_block,
            start_seconds: meta.start_seconds,
            inflation: client.inflation().await?,
            mintable,
            minted,
            active_stake: client.total_bonded().await?,
            supply: client.lpt_supply().await?,
            gas_price: meta.gas_price,
            transcoders,
            broadcasters,
        })
    })
}
