//! What happens in a simulated network.

use alloy::primitives::Bytes;
use weir_kernel::{ActorId, TraceHasher, Traced};
use weir_roles::io::{Answer, LiveNews, Made, Message, WorkDone};
use weir_roles::{TimerKind, TxId, TxOutcome};
use weir_ticket::WinningTicket;
use weir_types::{Address, B256, Wei};

/// A machine within a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Orchestrator,
    Redeemer,
    RewardCaller,
    RoundKeeper,
    Gateway,
    Delegator,
    /// No machine: what an operator does by hand.
    Operator,
}

impl Part {
    const fn code(self) -> u64 {
        match self {
            Self::Orchestrator => 0,
            Self::Redeemer => 1,
            Self::RewardCaller => 2,
            Self::RoundKeeper => 3,
            Self::Gateway => 4,
            Self::Delegator => 5,
            Self::Operator => 6,
        }
    }
}

/// A transaction intent of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) actor: ActorId,
    pub(crate) part: Part,
    pub(crate) id: TxId,
    /// Life of the node that sent it: a restarted node has no use for its predecessor's answers.
    pub(crate) life: u32,
}

/// A transaction that nobody signed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) value: Wei,
    pub(crate) data: Bytes,
    pub(crate) kind: &'static str,
}

/// An event of the simulation.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A node looks at the chain.
    Poll { life: u32 },
    /// A node looks at the chain once, for a reason.
    Look { life: u32 },
    /// Those who follow behaviours think about a round.
    Think,
    /// Numbers that move on their own move on.
    Market,
    /// A message reaches a node.
    Deliver { from: ActorId, message: Box<Message> },
    /// A timer of a machine fires.
    Timer { part: Part, kind: TimerKind, life: u32 },
    /// A signed transaction reaches the sequencer.
    Arrive { raw: Bytes, hash: B256, kind: &'static str, origin: Option<Origin> },
    /// A transaction that nobody signed reaches the sequencer.
    Call { draft: Box<Draft>, origin: Option<Origin> },
    /// The sequencer makes a block.
    Seal,
    /// A stretch of a session is over: what it came to is summed up. A session's earlier turns are of no account.
    Settle { stream: u64, turn: u32 },
    /// A ticket of a summed-up stretch turned out to win.
    Win { winner: Box<WinningTicket> },
    /// A node learns what became of its transaction.
    Outcome { part: Part, id: TxId, outcome: TxOutcome, life: u32 },
    /// A machine's work is done.
    Work { part: Part, done: WorkDone, life: u32 },
    /// A stream reaches a gateway.
    StreamStart { stream: u64 },
    /// A segment of a stream reaches its gateway.
    Segment { stream: u64, seq: u64 },
    /// A stream is over.
    StreamEnd { stream: u64 },
    /// A delegator thinks about its stake.
    Decide,
    /// A node dies.
    Crash,
    /// A node starts again.
    Restart,
    /// The gas price changes.
    GasPrice,
    /// Other contracts take the place of those behind the proxies.
    Upgrade { index: u64 },
}

impl Traced for Event {
    fn kind(&self) -> &'static str {
        match self {
            Self::Poll { .. } => "poll",
            Self::Look { .. } => "look",
            Self::Think => "think",
            Self::Market => "market",
            Self::Deliver { message, .. } => message.kind(),
            Self::Timer { .. } => "timer",
            Self::Arrive { .. } => "arrive",
            Self::Call { .. } => "call",
            Self::Seal => "seal",
            Self::Settle { .. } => "settle",
            Self::Win { .. } => "win",
            Self::Outcome { .. } => "outcome",
            Self::Work { .. } => "work",
            Self::StreamStart { .. } => "stream_start",
            Self::Segment { .. } => "source_segment",
            Self::StreamEnd { .. } => "stream_end",
            Self::Decide => "decide",
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::GasPrice => "gas_price",
            Self::Upgrade { .. } => "upgrade",
        }
    }

    fn digest(&self, h: &mut TraceHasher) {
        match self {
            Self::Poll { life } | Self::Look { life } => h.u64(u64::from(*life)),
            Self::Deliver { from, message } => {
                h.u64(u64::from(from.0));
                message_digest(message, h);
            }
            Self::Timer { part, kind, life } => {
                h.u64(part.code());
                timer_digest(*kind, h);
                h.u64(u64::from(*life));
            }
            Self::Arrive { hash, kind, .. } => {
                h.bytes(hash.as_slice());
                h.str(kind);
            }
            Self::Call { draft, .. } => {
                h.bytes(draft.from.as_slice());
                h.bytes(&draft.data);
                h.str(draft.kind);
            }
            Self::Settle { stream, turn } => {
                h.u64(*stream);
                h.u64(u64::from(*turn));
            }
            Self::Win { winner } => {
                h.bytes(winner.ticket.sender.as_slice());
                h.bytes(winner.ticket.recipient_rand_hash.as_slice());
                h.bytes(&winner.ticket.face_value.0.to_be_bytes::<32>());
            }
            Self::Outcome { part, id, outcome, .. } => {
                h.u64(part.code());
                h.u64(id.0);
                outcome_digest(outcome, h);
            }
            Self::Work { part, done, .. } => {
                h.u64(part.code());
                h.u64(done.id.0);
                match &done.result {
                    Ok(Made::Answer(r)) => h.u64(r.bytes),
                    Ok(Made::Renditions(r)) => r.iter().for_each(|x| {
                        h.u64(x.pixels.0);
                        h.u64(x.bytes);
                        h.bytes(x.hash.as_slice());
                    }),
                    Err(e) => h.str(e),
                }
            }
            Self::StreamStart { stream } | Self::StreamEnd { stream } => h.u64(*stream),
            Self::Segment { stream, seq } => {
                h.u64(*stream);
                h.u64(*seq);
            }
            Self::Upgrade { index } => h.u64(*index),
            Self::Think | Self::Market | Self::Seal | Self::Decide | Self::Crash | Self::Restart | Self::GasPrice => {}
        }
    }
}

fn timer_digest(kind: TimerKind, h: &mut TraceHasher) {
    match kind {
        TimerKind::InitializeRound => h.u64(0),
        TimerKind::Discovery { stream, attempt } => {
            h.u64(1);
            h.u64(stream);
            h.u64(u64::from(attempt));
        }
        TimerKind::Segment { request } => {
            h.u64(2);
            h.u64(request);
        }
    }
}

fn outcome_digest(o: &TxOutcome, h: &mut TraceHasher) {
    match o {
        TxOutcome::Mined { fee } => h.bytes(&fee.0.to_be_bytes::<32>()),
        TxOutcome::Batch { redeemed, fee } => {
            redeemed.iter().for_each(|hash| h.bytes(hash.as_slice()));
            h.bytes(&fee.0.to_be_bytes::<32>());
        }
        TxOutcome::Reverted { reason, fee } => {
            h.str(reason);
            h.bytes(&fee.0.to_be_bytes::<32>());
        }
        TxOutcome::Refused { reason } => h.str(reason),
    }
}

fn message_digest(m: &Message, h: &mut TraceHasher) {
    match m {
        Message::GetOrchestrator { request, sender, .. } => {
            h.u64(*request);
            h.bytes(sender.as_slice());
        }
        Message::Info { request, result } => {
            h.u64(*request);
            match result {
                Ok(i) => info_digest(i, h),
                Err(e) => h.str(e),
            }
        }
        Message::Segment { request, sender, auth, segment, payment, .. } => {
            h.u64(*request);
            h.bytes(sender.as_slice());
            h.u64(auth.session_id);
            h.u64(segment.stream);
            h.u64(segment.seq);
            h.bytes(segment.hash.as_slice());
            h.u64(payment.tickets.len() as u64);
            for t in &payment.tickets {
                h.u64(u64::from(t.nonce));
                h.bytes(t.sig.as_bytes());
            }
        }
        Message::Transcoded { request, result, info } => {
            h.u64(*request);
            match result {
                Ok(r) => r.renditions().iter().for_each(|x| h.bytes(x.hash.as_slice())),
                Err(e) => h.str(e.text()),
            }
            if let Some(i) = info {
                info_digest(i, h);
            }
        }
        Message::EndSession { auth } => h.u64(auth.session_id),
        Message::Order(o) => {
            h.u64(o.request);
            h.bytes(o.sender.as_slice());
            h.u64(o.auth.session_id);
            h.str(&o.asked.manifest());
            h.u64(o.payment.tickets.len() as u64);
            o.payment.tickets.iter().for_each(|t| h.bytes(t.sig.as_bytes()));
        }
        Message::OrderDone { request, result } => {
            h.u64(*request);
            match result {
                Ok(Answer::Job(r)) => h.u64(r.bytes),
                Ok(Answer::Live { manifest }) => h.u64(*manifest),
                Ok(Answer::Credited(i)) => info_digest(i, h),
                Err(e) => h.str(e.text()),
            }
        }
        Message::Live { manifest, news } => {
            h.u64(*manifest);
            match news {
                LiveNews::Input { seq } | LiveNews::Output { seq } => h.u64(*seq),
                LiveNews::End => {}
                LiveNews::Closed { why } => h.str(why),
            }
        }
    }
}

fn info_digest(i: &weir_roles::io::OrchestratorInfo, h: &mut TraceHasher) {
    h.bytes(i.address.as_slice());
    h.u64(i.auth.session_id);
    if let Some(p) = &i.ticket_params {
        h.bytes(&p.face_value.0.to_be_bytes::<32>());
        h.bytes(&p.win_prob.0.to_be_bytes::<32>());
        h.bytes(p.recipient_rand_hash.as_slice());
    }
}
