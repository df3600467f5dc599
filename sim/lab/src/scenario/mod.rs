//! Scenarios: what a run is made of, read from TOML and checked before anything starts.

mod behaviour;
mod check;
mod error;
mod load;
mod tickets;
mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use weir_behave::{DelegatorRules, OrchestratorRules, ProcessConfig};
use weir_contracts::ProtocolVersion;
use weir_market::strategy::StrategyConfig;
use weir_media::geometry::fit;
use weir_types::Profile;

pub(crate) use behaviour::BONDING_RATE;
pub use behaviour::{Market, OrchestratorGroup};
pub use check::{Problem, check};
pub use error::ScenarioError;
pub use load::{from_toml, load, misnamed, nearest, parse, span_of};
pub use value::{Band, Count, Dist, NonNegative, Positive, Share, eth, lpt, price};

/// A run's parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name; part of the run folder's name.
    pub name: String,
    /// What the scenario is for, in a sentence or two.
    pub description: String,
    /// Seed where the command line gives none.
    #[serde(default)]
    pub seed: u64,
    /// How true to life each layer is.
    pub fidelity: Fidelity,
    /// How long it lasts.
    pub rounds: Rounds,
    /// The chain.
    pub chain: ChainParams,
    /// LPT and its inflation.
    pub token: Token,
    /// Regions and links.
    pub network: NetworkParams,
    /// Orchestrators.
    pub orchestrators: Orchestrators,
    /// Gateways.
    pub gateways: Gateways,
    /// Delegators.
    pub delegators: Delegators,
    /// Renditions every stream asks for.
    pub ladder: Vec<LadderStep>,
    /// The stream whose segments are really transcoded.
    pub real_stream: Option<RealStream>,
    /// Numbers that move on their own: `gas_gwei`, `lpt_eth`, `eth_usd`, `sentiment`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub processes: BTreeMap<String, ProcessConfig>,
    /// Where LPT is traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Market>,
    /// Texts of the scripts that behaviours name, by file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scripts: BTreeMap<String, String>,
    /// What goes wrong on the way.
    #[serde(default)]
    pub faults: Faults,
    /// What is kept of a run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub results: Keep,
    /// Folder against which paths in the file are resolved.
    #[serde(skip)]
    pub base: PathBuf,
}

/// Level of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// Every segment is a message through the role machines.
    Segment,
    /// Segments of a session are summed up, and how many tickets win is drawn; what follows from a winner is as real as
    /// in the other level.
    Round,
}

/// Kind of chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainKind {
    /// The contracts' bytecode in an EVM in process.
    Embedded,
}

/// Kind of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// secp256k1 everywhere.
    Real,
    /// A checksum stands in for signatures off chain and of transactions; a ticket that wins is signed.
    Lazy,
}

/// Kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// Durations and sizes from a work model; a `[real_stream]` is transcoded besides.
    Model,
}

/// How true to life each layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidelity {
    /// Traffic between nodes.
    pub traffic: Traffic,
    /// Chain.
    pub chain: ChainKind,
    /// Signatures of tickets and messages.
    pub signatures: Signatures,
    /// Media of all streams but the real one.
    pub media: Media,
}

/// How long a run lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounds {
    /// Rounds with demand.
    pub count: Count,
    /// Length of a round in L1 blocks.
    pub length_blocks: Count,
    /// Seconds between L1 blocks.
    pub l1_block_seconds: Count,
}

/// The chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainParams {
    /// Version of the protocol's contracts.
    pub protocol: ProtocolVersion,
    /// Changes of the contracts in mid-run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upgrades: Vec<Upgrade>,
    /// Gas price over time, drawn anew at each round.
    pub gas_price_gwei: Dist,
    /// Milliseconds between L2 blocks while transactions wait.
    pub l2_block_ms: Count,
    /// Seconds between a node's looks at the chain.
    pub poll_seconds: Count,
}

impl ChainParams {
    /// The version of the contracts and those that take its place, in words.
    #[must_use]
    pub fn versions(&self) -> String {
        let later = self.upgrades.iter().map(|u| format!(", {} from round {}", u.protocol, u.round.0));
        std::iter::once(self.protocol.to_string()).chain(later).collect()
    }
}

/// Other contracts behind the same proxies from a round on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// Round with demand at whose start it happens, counted from 1.
    pub round: Count,
    /// Version from then on.
    pub protocol: ProtocolVersion,
}

/// LPT and its inflation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Supply at the start.
    pub genesis_lpt: Positive,
    /// Inflation per round, in parts per billion.
    pub inflation_ppb: u64,
    /// Its change per round.
    pub inflation_change_ppb: u64,
    /// Bonding rate at which inflation turns.
    pub target_bonding_rate: Share,
    /// Price of one LPT in ETH, for figures that put fees beside rewards.
    pub lpt_price_eth: Positive,
}

/// One-way latency between two regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// A region.
    pub from: String,
    /// Another, or the same.
    pub to: String,
    /// Median one-way latency.
    pub latency_ms: Positive,
    /// Share of packets lost.
    #[serde(default)]
    pub loss: Share,
}

/// Regions and links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkParams {
    /// Regions; nodes are spread over them evenly at random.
    pub regions: Vec<String>,
    /// Every pair of regions once.
    pub links: Vec<Link>,
    /// Standard deviation of the logarithm of latency.
    pub jitter_sigma: NonNegative,
    /// Megabits per second of a node, up and down.
    pub bandwidth_mbps: Dist,
    /// Latency to the sequencer.
    pub sequencer_ms: Positive,
}

/// Orchestrators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orchestrators {
    /// How many.
    pub count: Count,
    /// Places in the active set.
    pub active: Count,
    /// Stake of its own, by rank.
    pub stake_lpt: Dist,
    /// Share of rewards it keeps.
    pub reward_cut: Dist,
    /// Share of fees it gives to delegators.
    pub fee_share: Dist,
    /// Price per pixel.
    pub price_wei_per_pixel: Dist,
    /// Factor on all prices: squeezes a network's day into a short run.
    pub price_scale: Positive,
    /// Streams at a time.
    pub max_sessions: Count,
    /// Encoded megapixels per second.
    pub megapixels_per_second: Dist,
    /// Expected value of a ticket.
    pub ticket_ev_wei: u64,
    /// Gas it reckons for a redemption.
    pub redeem_gas: u64,
    /// Tickets that it redeems in one transaction, at most.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub redeem_batch: Count,
    /// Face value over cost of redemption.
    pub tx_cost_multiplier: Count,
    /// ETH for gas.
    pub gas_eth: Positive,
    /// What they do; without it they keep what they start with, and call reward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<OrchestratorRules>,
    /// Those that behave otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<OrchestratorGroup>,
}

/// What is so by default stays out of a scenario's text, and with it out of its hash.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

const fn one() -> Count {
    Count(1)
}

fn is_one(value: &Count) -> bool {
    *value == one()
}

/// Weights of the network's own selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Weight of stake.
    pub stake_weight: Share,
    /// Weight of price.
    pub price_weight: Share,
    /// Weight of chance.
    pub random_weight: Share,
    /// Factor in the exponent of price.
    pub price_exp_factor: Positive,
}

/// Gateways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateways {
    /// How many.
    pub count: Count,
    /// Deposit that pays winning tickets.
    pub deposit_eth: NonNegative,
    /// Reserve behind it.
    pub reserve_eth: NonNegative,
    /// ETH for gas.
    pub gas_eth: Positive,
    /// Highest price per pixel, before the orchestrators' `price_scale`.
    pub max_price_wei_per_pixel: NonNegative,
    /// Highest expected value of one ticket.
    pub max_ticket_ev_wei: u64,
    /// Highest expected value of one payment.
    pub max_total_ev_wei: u64,
    /// Rule by which a gateway chooses; the network's own where none is named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strategy: StrategyConfig,
    /// Weights of the network's own rule.
    pub selection: Selection,
    /// Streams a gateway carries on average.
    pub streams: Dist,
    /// Length of a stream.
    pub stream_seconds: Dist,
    /// Length of a segment.
    pub segment_seconds: Count,
    /// Width of the sources' pictures.
    pub source_width: Count,
    /// Height of the sources' pictures.
    pub source_height: Count,
    /// Frames per second of the sources.
    pub source_fps: Count,
    /// Bit rate of the sources.
    pub source_kbps: Count,
}

/// Delegators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegators {
    /// How many; may be none.
    pub count: u32,
    /// Stake of each.
    pub stake_lpt: Dist,
    /// ETH for gas.
    pub gas_eth: Positive,
    /// Chance per round to claim earnings.
    pub claim: Share,
    /// Chance per round to add to the stake.
    pub bond_more: Share,
    /// Chance per round to move to another orchestrator.
    pub move_delegate: Share,
    /// Chance per round to take half of the stake out.
    pub unbond: Share,
    /// Chance per round to withdraw fees.
    pub withdraw_fees: Share,
    /// What they do in the place of these chances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<DelegatorRules>,
}

/// One rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderStep {
    /// Its name.
    pub name: String,
    /// Width.
    pub width: Count,
    /// Height.
    pub height: Count,
    /// Bits per second.
    pub bitrate: Count,
    /// Frames per second; the source's where left out.
    #[serde(default)]
    pub fps: u32,
}

impl LadderStep {
    /// Width and height asked for.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.width.0, self.height.0)
    }

    /// Whether a source of a size becomes what is asked for, without distortion.
    #[must_use]
    pub fn has_shape_of(&self, source: (u32, u32)) -> bool {
        fit(source, self.size()) == Some(self.size())
    }
}

/// The stream whose segments are really transcoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealStream {
    /// The clip, relative to the scenario's folder.
    pub clip: PathBuf,
    /// Number of the gateway whose stream it is, from 1.
    pub gateway: Count,
    /// When the stream starts, in seconds from the first round's beginning.
    pub start_seconds: NonNegative,
}

/// What goes wrong on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Orchestrators that crash once, at a random time.
    pub orchestrator_crashes: u32,
    /// How long a crashed orchestrator is down.
    pub down_seconds: NonNegative,
    /// Orchestrators that never call reward in a round, as a share.
    pub missed_rewards: Share,
}

/// What is kept of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Whether each segment gets a row of a table. Sums and latencies are kept either way.
    pub segments: bool,
}

impl Default for Keep {
    fn default() -> Self {
        Self { segments: true }
    }
}

impl Scenario {
    /// The ladder as profiles.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        self.ladder
            .iter()
            .map(|s| Profile {
                name: s.name.clone(),
                width: s.width.0,
                height: s.height.0,
                bitrate: u64::from(s.bitrate.0),
                fps: s.fps,
                fps_den: 1,
            })
            .collect()
    }

    /// Path of the real stream's clip.
    #[must_use]
    pub fn clip(&self) -> Option<PathBuf> {
        self.real_stream.as_ref().map(|r| self.base.join(&r.clip))
    }

    /// Seconds of a round.
    #[must_use]
    pub fn round_seconds(&self) -> u64 {
        u64::from(self.rounds.length_blocks.0).saturating_mul(u64::from(self.rounds.l1_block_seconds.0))
    }

    /// Every file that the scenario names, in a fixed order: what a run depends on besides the text.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.clip().into_iter().collect()
    }

    /// Seconds of virtual time with demand.
    #[must_use]
    pub fn demand_seconds(&self) -> u64 {
        u64::from(self.rounds.count.0).saturating_mul(self.round_seconds())
    }
}
