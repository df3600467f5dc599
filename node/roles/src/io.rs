//! What crosses the seam between a machine and its driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_market::price::ModelKey;
pub use weir_ticket::monitor::Funds as SenderFunds;
use weir_ticket::{Payment, Signature, Ticket, Value, WinningTicket};
use weir_types::{Address, B256, Instant, L1Block, LptWei, Millis, Perc6, Round, U256, Wei};

pub use crate::job::{Answer, Asked, JobMeta, JobResult, LiveNews, ModelOffer, Order, OrderResult};
pub use crate::offer::{AuthToken, OrchestratorInfo, Rate, Refusal};
pub use crate::segment::{RenditionMeta, Renditions, Segment, SegmentMeta, SegmentResult};

/// A reachable endpoint, numbered by the driver (which knows the address behind it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer(pub u32);

/// Number of a transaction intent, unique within one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TxId(pub u64);

/// Number of a piece of work, unique within one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkId(pub u64);

/// The newest head a driver has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// L1 block number, as the contracts see it.
    pub l1: L1Block,
    /// Gas price of the chain.
    pub gas_price: Wei,
}

/// State of the round that was initialised last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundInfo {
    /// Last initialised round.
    pub round: Round,
    /// Its stored L1 block hash; zero where the chain kept none.
    pub block_hash: B256,
    /// Hash of the round before.
    pub previous_block_hash: B256,
    /// First L1 block of the round.
    pub start_block: L1Block,
    /// Length of a round in L1 blocks.
    pub length: u64,
    /// Size of the orchestrator pool: the divisor of every reserve.
    pub pool_size: u64,
}

impl RoundInfo {
    /// First block of the round after this one.
    #[must_use]
    pub const fn next_start(&self) -> L1Block {
        L1Block(self.start_block.0.saturating_add(self.length))
    }
}

/// What a sender is good for, as its orchestrator's redeemer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Largest face value that deposit and reserve are sure to pay.
    pub max_float: Wei,
    /// Deposit, above which a gateway signs no face value; zero when unknown.
    pub deposit: Wei,
    /// Round in which the sender may withdraw; 0 when no unlock is under way.
    pub withdraw_round: Round,
    /// Gas that a redemption took lately, of whatever sender; nothing before the first one.
    pub redeem_gas: Option<u64>,
}

/// An orchestrator as the chain lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrchestratorEntry {
    /// Address that is bonded and receives tickets.
    pub address: Address,
    /// Service URI.
    pub uri: String,
    /// Endpoint behind it.
    pub peer: Peer,
    /// Total stake behind it.
    pub stake: LptWei,
}

/// What a watcher of the chain reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainEvent {
    /// A new head.
    Head(ChainHead),
    /// A round was initialised.
    Round(RoundInfo),
    /// The active orchestrators of the round, with their service URIs resolved.
    ActiveSet(Arc<[OrchestratorEntry]>),
    /// A sender's money, first read or changed.
    Funds {
        /// The sender.
        sender: Address,
        /// Its money as of now.
        funds: SenderFunds,
    },
}

/// Something a machine wants on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxIntent {
    /// `RoundsManager.initializeRound`.
    InitializeRound,
    /// `BondingManager.reward`, with pool hints from the driver.
    Reward,
    /// `TicketBroker.redeemWinningTicket`.
    Redeem {
        /// The winning ticket.
        ticket: Box<Ticket>,
        /// Its sender's signature.
        sig: Signature,
        /// Preimage of the ticket's rand hash.
        recipient_rand: U256,
    },
    /// `TicketBroker.batchRedeemWinningTickets`. The broker skips tickets that fail, so that the outcome is
    /// [`TxOutcome::Batch`] where it gets into a block.
    RedeemBatch(Vec<WinningTicket>),
    /// `BondingManager.bond`, approving the amount where the allowance is short.
    Bond {
        /// Amount to add; may be zero to change the delegate only.
        amount: LptWei,
        /// Delegate.
        to: Address,
    },
    /// `BondingManager.unbond`.
    Unbond {
        /// Amount to take out.
        amount: LptWei,
    },
    /// `BondingManager.rebond`.
    Rebond {
        /// Unbonding lock.
        lock: u64,
    },
    /// `BondingManager.withdrawStake`.
    WithdrawStake {
        /// Unbonding lock.
        lock: u64,
    },
    /// `BondingManager.withdrawFees`.
    WithdrawFees {
        /// Amount of wei.
        amount: Wei,
    },
    /// `BondingManager.claimEarnings`.
    ClaimEarnings {
        /// Last round to claim.
        end: Round,
    },
    /// `BondingManager.transcoder`.
    Commission {
        /// Share of rewards the orchestrator keeps.
        reward_cut: Perc6,
        /// Share of fees it gives to delegators.
        fee_share: Perc6,
    },
    /// `ServiceRegistry.setServiceURI`.
    ServiceUri(String),
    /// `TicketBroker.fundDepositAndReserve`.
    Fund {
        /// Added to the deposit.
        deposit: Wei,
        /// Added to the reserve.
        reserve: Wei,
    },
}

impl TxIntent {
    /// [`Self::kind`] of a [`Self::RedeemBatch`]: a driver looks there for the tickets that were paid.
    pub const REDEEM_BATCH: &'static str = "batchRedeemWinningTickets";

    /// Name of the contract function, for tables and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InitializeRound => "initializeRound",
            Self::Reward => "reward",
            Self::Redeem { .. } => "redeemWinningTicket",
            Self::RedeemBatch(_) => Self::REDEEM_BATCH,
            Self::Bond { .. } => "bond",
            Self::Unbond { .. } => "unbond",
            Self::Rebond { .. } => "rebond",
            Self::WithdrawStake { .. } => "withdrawStake",
            Self::WithdrawFees { .. } => "withdrawFees",
            Self::ClaimEarnings { .. } => "claimEarnings",
            Self::Commission { .. } => "transcoder",
            Self::ServiceUri(_) => "setServiceURI",
            Self::Fund { .. } => "fundDepositAndReserve",
        }
    }
}

/// What became of a transaction intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxOutcome {
    /// It is in a block and did what it should.
    Mined {
        /// Wei paid for gas.
        fee: Wei,
    },
    /// It is in a block and is a batch of redemptions, of which some may have failed.
    Batch {
        /// Hashes of the tickets that the broker says it redeemed. Empty where a driver cannot tell: tickets that
        /// are missing here are tried again, and one that was paid is found to be used.
        redeemed: Vec<B256>,
        /// Wei paid for gas.
        fee: Wei,
    },
    /// It is in a block and was reverted.
    Reverted {
        /// Revert text.
        reason: String,
        /// Wei paid for gas.
        fee: Wei,
    },
    /// It was never sent: the dry run reverted, or the driver's limits forbid it.
    Refused {
        /// Revert text or the limit.
        reason: String,
    },
}

/// Work for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Transcode a segment to its profiles.
    Transcode(Arc<Segment>),
    /// Have a model do a job.
    Job(Arc<JobMeta>),
    /// Have a model work on a live session until it is stopped. It is done when the model gave up.
    Live {
        /// The session.
        manifest: u64,
        /// The model.
        model: ModelKey,
    },
}

/// What came of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// Renditions in the order of the profiles.
    Renditions(Vec<RenditionMeta>),
    /// A job's answer.
    Answer(JobResult),
}

impl From<Vec<RenditionMeta>> for Made {
    fn from(renditions: Vec<RenditionMeta>) -> Self {
        Self::Renditions(renditions)
    }
}

/// Finished work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDone {
    /// The piece of work.
    pub id: WorkId,
    /// What came of it, or why nothing did.
    pub result: Result<Made, String>,
}

/// What must survive a crash. A driver stores it before it carries out any later effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Table-like prefix and key, e.g. `ticket/<signature>`.
    pub key: String,
    /// Serialised value; `None` deletes.
    pub value: Option<Vec<u8>>,
}

/// Why a timer was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// The round keeper's random wait is over.
    InitializeRound,
    /// Answers to a discovery are overdue.
    Discovery {
        /// Stream that waits.
        stream: u64,
        /// Which discovery of the stream.
        attempt: u32,
    },
    /// A segment's answer is overdue.
    Segment {
        /// Number of the request.
        request: u64,
    },
}

/// A message between a gateway and an orchestrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Ask for price, ticket parameters and a session.
    GetOrchestrator {
        /// Number of the request, echoed in the answer.
        request: u64,
        /// Who asks.
        sender: Address,
        /// Signature over the sender's address.
        sig: Signature,
        /// Model that is to be worked with; none for video.
        wants: Option<ModelKey>,
        /// Whether it is for a session under way, which needs no place of its own.
        ignore_capacity: bool,
    },
    /// Answer to [`Message::GetOrchestrator`].
    Info {
        /// Number of the request.
        request: u64,
        /// The information, or why there is none.
        result: Result<Box<OrchestratorInfo>, String>,
    },
    /// Transcode a segment; payment travels with it.
    Segment {
        /// Number of the request, echoed in the answer.
        request: u64,
        /// The gateway.
        sender: Address,
        /// Signature over the segment's credentials.
        sig: Signature,
        /// Session.
        auth: AuthToken,
        /// The segment.
        segment: Arc<Segment>,
        /// Tickets, possibly none.
        payment: Box<Payment>,
    },
    /// Answer to [`Message::Segment`].
    Transcoded {
        /// Number of the request.
        request: u64,
        /// Renditions with the orchestrator's signature, or the refusal.
        result: Result<SegmentResult, Refusal>,
        /// Fresh information for the next segment.
        info: Option<Box<OrchestratorInfo>>,
    },
    /// The stream is over.
    EndSession {
        /// Session.
        auth: AuthToken,
    },
    /// A paid request for something else than a segment.
    Order(Box<Order>),
    /// Answer to [`Message::Order`].
    OrderDone {
        /// Number of the request.
        request: u64,
        /// What came of it.
        result: OrderResult,
    },
    /// What goes on in a live session.
    Live {
        /// The session.
        manifest: u64,
        /// The news.
        news: LiveNews,
    },
}

impl Message {
    /// Short name for tables and traces.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::GetOrchestrator { .. } => "get_orchestrator",
            Self::Info { .. } => "info",
            Self::Segment { .. } => "segment",
            Self::Transcoded { .. } => "transcoded",
            Self::EndSession { .. } => "end_session",
            Self::Order(o) => match o.asked {
                Asked::Job(_) => "job",
                Asked::Live(_) => "start_live",
                Asked::Credit { .. } => "payment",
            },
            Self::OrderDone { .. } => "done",
            Self::Live { .. } => "live",
        }
    }

    /// Bytes on the wire, for the network model: headers plus what the message carries.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        const HEADERS: u64 = 400;
        const PARAMS: u64 = 260;
        const TICKET: u64 = 72;
        match self {
            Self::GetOrchestrator { .. } | Self::EndSession { .. } | Self::Live { .. } => HEADERS,
            Self::Info { .. } => HEADERS + PARAMS,
            Self::Order(o) => {
                let body = if let Asked::Job(job) = &o.asked { job.bytes } else { 0 };
                HEADERS + PARAMS + body + TICKET * o.payment.tickets.len() as u64
            }
            Self::OrderDone { result, .. } => HEADERS + if let Ok(Answer::Job(r)) = result { r.bytes } else { PARAMS },
            Self::Segment { segment, payment, .. } => {
                HEADERS + PARAMS + segment.bytes + TICKET * payment.tickets.len() as u64
            }
            Self::Transcoded { result, .. } => {
                HEADERS + PARAMS + result.as_ref().map_or(0, |r| r.renditions().iter().map(|x| x.bytes).sum())
            }
        }
    }
}

/// Something worth a row in a table or a metric. Machines report, drivers count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A gateway sent a payment.
    Paid {
        /// Orchestrator paid.
        recipient: Address,
        /// Tickets in the payment.
        tickets: u64,
        /// Expected value of all of them.
        ev: Value,
        /// Probability that one of them wins.
        win_prob: weir_types::WinProb,
        /// What a winner is worth.
        face_value: Wei,
    },
    /// An orchestrator accepted tickets.
    Credited {
        /// Who paid.
        sender: Address,
        /// Session credited.
        session: u64,
        /// Expected value credited.
        ev: Value,
        /// Winners among the tickets.
        won: u64,
    },
    /// An orchestrator started work on a segment.
    Served {
        /// Who ordered it.
        sender: Address,
        /// Session debited.
        session: u64,
        /// Balance before the work.
        balance: Value,
    },
    /// An orchestrator took its fee for finished work.
    Debited {
        /// Who ordered it.
        sender: Address,
        /// Session debited.
        session: u64,
        /// Fee.
        fee: Value,
        /// Balance after it.
        balance: Value,
    },
    /// An orchestrator refused a segment.
    Refused {
        /// Who ordered it.
        sender: Address,
        /// Why.
        reason: String,
    },
    /// A gateway has a segment's final result.
    SegmentDone {
        /// Stream.
        stream: u64,
        /// Position in the stream.
        seq: u64,
        /// Orchestrator of the last attempt, if one was found.
        orchestrator: Option<Address>,
        /// Tickets sent over all attempts.
        tickets: u64,
        /// Fee of the successful attempt.
        fee: Value,
        /// Time from the segment's arrival to its result.
        latency: Millis,
        /// `None` when it was served, else why not.
        error: Option<String>,
    },
    /// A gateway has a job's final result.
    JobDone {
        /// The job.
        number: u64,
        /// Orchestrator of the last attempt, if one was found.
        orchestrator: Option<Address>,
        /// Tickets sent over all attempts.
        tickets: u64,
        /// Fee of the successful attempt.
        fee: Value,
        /// Time from the job's arrival to its result.
        latency: Millis,
        /// `None` when it was done, else why not.
        error: Option<String>,
    },
    /// A live session of a gateway is over.
    LiveDone {
        /// Stream.
        stream: u64,
        /// Orchestrators that worked on it, one after another.
        orchestrators: u64,
        /// Tickets sent to all of them.
        tickets: u64,
        /// `None` when its source ended, else why it could not go on.
        error: Option<String>,
    },
    /// A gateway moved a stream to another orchestrator.
    Swapped {
        /// Stream.
        stream: u64,
    },
    /// A winning ticket's redemption ended.
    Redemption {
        /// Sender of the ticket.
        sender: Address,
        /// Face value of the ticket.
        face_value: Wei,
        /// `None` when paid, else why it was given up.
        error: Option<String>,
    },
}

/// One thing a machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a message.
    Send {
        /// To whom.
        to: Peer,
        /// What.
        message: Box<Message>,
    },
    /// Put a transaction on the chain and report its outcome under this number.
    Submit {
        /// Number of the intent.
        id: TxId,
        /// What to do.
        intent: TxIntent,
    },
    /// Read a sender's money and keep reporting its changes.
    WatchSender(Address),
    /// Ask this node's redeemer what a sender is good for, now and whenever it changes.
    Monitor(Address),
    /// Answer to [`Effect::Monitor`], for this node's orchestrator.
    Standing {
        /// The sender.
        sender: Address,
        /// What it is good for.
        standing: Standing,
    },
    /// Hand a winning ticket to this node's redeemer.
    Redeem(Box<WinningTicket>),
    /// Start work and report its end under this number.
    Start {
        /// Number of the work.
        id: WorkId,
        /// Session that it belongs to: work of one session is best done in one place.
        session: u64,
        /// What to do.
        work: Box<Work>,
    },
    /// No more work of a session comes: whatever is kept for it may go.
    SessionOver {
        /// The session.
        session: u64,
    },
    /// Stop work that was started. Nothing is reported of it any more.
    Stop {
        /// Number of the work.
        id: WorkId,
    },
    /// Store a record before carrying out any later effect.
    Persist(Record),
    /// Wake the machine at a time.
    Timer {
        /// When.
        at: Instant,
        /// Why.
        kind: TimerKind,
    },
    /// Tell the world.
    Observe(Observation),
}

/// Effects of one input, in the order in which they must happen.
#[derive(Debug, Default)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Add one.
    pub fn push(&mut self, e: Effect) {
        self.0.push(e);
    }

    /// Add a message.
    pub fn send(&mut self, to: Peer, message: Message) {
        self.push(Effect::Send { to, message: Box::new(message) });
    }

    /// Add an observation.
    pub fn observe(&mut self, o: Observation) {
        self.push(Effect::Observe(o));
    }

    /// Take all of them out, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.0.drain(..)
    }

    /// Look without taking.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.0
    }
}

/// Stored records by key: what a machine gets back after a crash.
pub type Records = BTreeMap<String, Vec<u8>>;
