//! What is counted while a run goes on: from the machines' observations and from the chain's logs.
//!
//! Two sources are kept apart on purpose. Observations say what the nodes believe; logs say what
//! the contracts did. The invariants hold one against the other.

use std::collections::BTreeMap;

use weir_chain::LogKind;
use weir_roles::Observation;
use weir_ticket::{TicketParams, Value};
use weir_types::{Address, B256, Instant, LptWei, Round, Wei, WinProb};

/// A gateway and an orchestrator.
pub type Pair = (Address, Address);

/// What passed between a pair.
#[derive(Debug, Clone, Default)]
pub struct PairBook {
    /// Tickets sent.
    pub sent: u64,
    /// Their expected value.
    pub paid_ev: Value,
    /// Expected number of winners.
    pub expected_wins: f64,
    /// Variance of the money won, in wei squared.
    pub variance: f64,
    /// Largest face value, in wei.
    pub largest: f64,
    /// Winners the orchestrator found.
    pub won: u64,
    /// Winners redeemed on the chain.
    pub redeemed: u64,
    /// What the chain moved for them.
    pub redeemed_wei: Wei,
}

/// Gas of one kind of transaction.
#[derive(Debug, Clone, Copy, Default)]
pub struct GasBook {
    /// Transactions.
    pub transactions: u64,
    /// Gas used.
    pub gas: u64,
    /// Wei paid for it.
    pub fee: Wei,
}

/// A segment's end, as its gateway saw it.
#[derive(Debug, Clone)]
pub struct SegmentRow {
    /// When.
    pub at: Instant,
    /// The gateway.
    pub gateway: Address,
    /// Orchestrator of the last attempt.
    pub orchestrator: Option<Address>,
    /// Stream.
    pub stream: u64,
    /// Position.
    pub seq: u64,
    /// Tickets sent for it.
    pub tickets: u64,
    /// Fee.
    pub fee: Value,
    /// Arrival to result, in milliseconds.
    pub latency_ms: f64,
    /// The parts of the latency.
    pub parts: LatencyParts,
    /// `None` when served.
    pub error: Option<String>,
}

/// Where a segment's time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct LatencyParts {
    /// Source to the orchestrator.
    pub upload_ms: f64,
    /// Work.
    pub transcode_ms: f64,
    /// Renditions back.
    pub download_ms: f64,
}

/// A stream's totals.
#[derive(Debug, Clone, Default)]
pub struct StreamBook {
    /// When it began.
    pub start: Instant,
    /// Segments that came in.
    pub segments: u64,
    /// Served.
    pub served: u64,
    /// Given up.
    pub failed: u64,
    /// Changes of orchestrator.
    pub swaps: u64,
}

/// A redemption as the chain shows it.
#[derive(Debug, Clone)]
pub struct RedemptionRow {
    /// When the block was made.
    pub at: Instant,
    /// Round.
    pub round: Round,
    /// The gateway.
    pub sender: Address,
    /// The orchestrator.
    pub recipient: Address,
    /// Face value.
    pub face_value: Wei,
    /// What moved.
    pub paid: Wei,
    /// Gas used.
    pub gas: u64,
    /// Wei paid for it.
    pub fee: Wei,
    /// Hash of the ticket.
    pub hash: B256,
}

/// Sums over segments, however many there are.
#[derive(Debug, Clone, Default)]
pub struct SegmentSums {
    /// Served.
    pub served: u64,
    /// Given up.
    pub failed: u64,
    /// Fees of those that were served.
    pub fees: Value,
    /// How many of those that were served took so many milliseconds.
    pub latencies: BTreeMap<u64, u64>,
}

impl SegmentSums {
    /// Time in milliseconds within which a share `q` of the segments was served; 0 where there are none.
    #[must_use]
    pub fn latency(&self, q: f64) -> f64 {
        let Some(last) = self.served.checked_sub(1) else { return 0.0 };
        let at = (q * last as f64).round() as u64;
        let mut before = 0;
        for (ms, count) in &self.latencies {
            before += count;
            if before > at {
                return *ms as f64;
            }
        }
        0.0
    }
}

/// A stretch of a session, all of whose segments cost the same.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The gateway.
    pub gateway: Address,
    /// The orchestrator.
    pub orchestrator: Address,
    /// Stream.
    pub stream: u64,
    /// Segments that were served.
    pub segments: u64,
    /// Fee of one.
    pub fee: Value,
    /// Time that one took.
    pub latency: weir_types::Millis,
    /// Encoded pixels of one.
    pub pixels: u64,
    /// Tickets that were sent for them.
    pub tickets: u64,
    /// Those that won.
    pub won: u64,
}

/// All counts of a run.
#[derive(Debug, Default)]
pub struct Books {
    /// Whether segments get rows.
    pub keep_segments: bool,
    /// Sums over all segments.
    pub sums: SegmentSums,
    /// Per round and pair.
    pub pairs: BTreeMap<(Round, Pair), PairBook>,
    /// Per gateway and stream.
    pub streams: BTreeMap<(Address, u64), StreamBook>,
    /// Every segment.
    pub segments: Vec<SegmentRow>,
    /// Every redemption on the chain.
    pub redemptions: Vec<RedemptionRow>,
    /// Every reward on the chain.
    pub rewards: Vec<(Round, Address, LptWei)>,
    /// Per round and kind of transaction.
    pub gas: BTreeMap<(Round, &'static str), GasBook>,
    /// Deposits and reserves funded on the chain, by sender.
    pub funded: BTreeMap<Address, Wei>,
    /// Deposits and reserves withdrawn on the chain, by sender.
    pub withdrawn: BTreeMap<Address, Wei>,
    /// Fees that left the protocol.
    pub fees_withdrawn: Wei,
    /// Redemptions given up, with the reason.
    pub given_up: Vec<(Address, Wei, String)>,
    /// Refusals by reason's first words.
    pub refusals: BTreeMap<String, u64>,
    /// Pixels of work done, by round and orchestrator.
    pub pixels: BTreeMap<(Round, Address), u64>,
    ledgers: BTreeMap<(Address, Address, u64), Value>,
    overdrawn: Vec<String>,
    served: u64,
    // The broker logs the transfer before the redemption it belongs to, in one transaction.
    last_transfer: Option<(Pair, Wei)>,
}

impl Books {
    /// Enter what a machine of `node` observed. `ticket_ev` is the node's rule for admission.
    pub fn observe(&mut self, at: Instant, round: Round, node: Address, ticket_ev: &Value, o: &Observation) {
        match o {
            Observation::Paid { recipient, tickets, ev, win_prob, face_value } => {
                self.paid(round, (node, *recipient), *tickets, ev, *win_prob, *face_value);
            }
            Observation::Credited { sender, session, ev, won } => {
                *self.ledgers.entry((node, *sender, *session)).or_default() += ev;
                if *won > 0 {
                    self.pairs.entry((round, (*sender, node))).or_default().won += won;
                }
            }
            Observation::Served { sender, session, balance } => {
                self.served += 1;
                let own = self.ledgers.entry((node, *sender, *session)).or_default();
                if own != balance || &*own < ticket_ev {
                    self.overdrawn.push(format!(
                        "{node} served {sender} at {:.3} s with a balance of {own}, said {balance}, needs {ticket_ev}",
                        at.as_secs_f64()
                    ));
                }
            }
            Observation::Debited { sender, session, fee, .. } => {
                *self.ledgers.entry((node, *sender, *session)).or_default() -= fee;
            }
            Observation::Refused { reason, .. } => {
                let short: String = reason.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
                *self.refusals.entry(short).or_default() += 1;
            }
            Observation::SegmentDone { stream, seq, orchestrator, tickets, fee, latency, error } => {
                let s = self.streams.entry((node, *stream)).or_default();
                match error {
                    None => {
                        s.served += 1;
                        self.sums.served += 1;
                        self.sums.fees += fee;
                        *self.sums.latencies.entry(latency.0).or_default() += 1;
                    }
                    Some(_) => {
                        s.failed += 1;
                        self.sums.failed += 1;
                    }
                }
                if !self.keep_segments {
                    return;
                }
                self.segments.push(SegmentRow {
                    at,
                    gateway: node,
                    orchestrator: *orchestrator,
                    stream: *stream,
                    seq: *seq,
                    tickets: *tickets,
                    fee: fee.clone(),
                    latency_ms: latency.0 as f64,
                    parts: LatencyParts::default(),
                    error: error.clone(),
                });
            }
            Observation::Swapped { stream } => self.swapped(node, *stream),
            // No scenario has work for models.
            Observation::JobDone { .. } | Observation::LiveDone { .. } => {}
            Observation::Redemption { sender, face_value, error } => {
                if let Some(e) = error {
                    self.given_up.push((*sender, *face_value, e.clone()));
                }
            }
        }
    }

    fn paid(&mut self, round: Round, pair: Pair, tickets: u64, ev: &Value, win_prob: WinProb, face_value: Wei) {
        if tickets == 0 {
            return;
        }
        let b = self.pairs.entry((round, pair)).or_default();
        let (n, p) = (tickets as f64, win_prob.to_f64());
        b.sent += tickets;
        b.paid_ev += ev;
        b.expected_wins += n * p;
        b.variance += n * p * (1.0 - p) * face_value.to_f64() * face_value.to_f64();
        b.largest = b.largest.max(face_value.to_f64());
    }

    /// A stream changed its orchestrator.
    pub fn swapped(&mut self, gateway: Address, stream: u64) {
        self.streams.entry((gateway, stream)).or_default().swaps += 1;
    }

    /// Enter a stretch of a session. `balance` is what the session had left before the last of its segments.
    pub fn stretch(
        &mut self,
        at: Instant,
        round: Round,
        s: &Stretch,
        params: Option<&TicketParams>,
        balance: &Value,
        ticket_ev: &Value,
    ) {
        let n = s.segments;
        if let Some(p) = params {
            self.paid(
                round,
                (s.gateway, s.orchestrator),
                s.tickets,
                &p.value().times(s.tickets),
                p.win_prob,
                p.face_value,
            );
            self.pairs.entry((round, (s.gateway, s.orchestrator))).or_default().won += s.won;
        }
        if n > 0 && params.is_some() && balance < ticket_ev {
            self.overdrawn.push(format!(
                "{} served {} at {:.3} s with a balance of {balance}, needs {ticket_ev}",
                s.orchestrator,
                s.gateway,
                at.as_secs_f64()
            ));
        }
        self.served += n;
        self.streams.entry((s.gateway, s.stream)).or_default().served += n;
        self.sums.served += n;
        self.sums.fees += &s.fee.times(n);
        *self.sums.latencies.entry(s.latency.0).or_default() += n;
        self.worked(round, s.orchestrator, s.pixels.saturating_mul(n));
    }

    /// Segments of a stream that were given up.
    pub fn given_up_on(&mut self, gateway: Address, stream: u64, segments: u64) {
        self.streams.entry((gateway, stream)).or_default().failed += segments;
        self.sums.failed += segments;
    }

    /// Says where the time of the segment entered last went.
    pub fn explain_last(&mut self, parts: LatencyParts) {
        if !self.keep_segments {
            return;
        }
        if let Some(row) = self.segments.last_mut() {
            row.parts = parts;
        }
    }

    /// A stream began.
    pub fn stream_started(&mut self, gateway: Address, stream: u64, at: Instant) {
        self.streams.entry((gateway, stream)).or_default().start = at;
    }

    /// Segments came in at a gateway.
    pub fn segments_arrived(&mut self, gateway: Address, stream: u64, n: u64) {
        self.streams.entry((gateway, stream)).or_default().segments += n;
    }

    /// Work of an orchestrator.
    pub fn worked(&mut self, round: Round, orchestrator: Address, pixels: u64) {
        *self.pixels.entry((round, orchestrator)).or_default() += pixels;
    }

    /// Enter a log of the chain. `gas` is that of its transaction.
    pub fn log(&mut self, at: Instant, round: Round, kind: &LogKind, gas: u64, fee: Wei) {
        match kind {
            LogKind::DepositFunded { sender, amount } | LogKind::ReserveFunded { sender, amount } => {
                add(self.funded.entry(*sender).or_default(), *amount);
            }
            LogKind::Withdrawal { sender, deposit, reserve } => {
                let w = self.withdrawn.entry(*sender).or_default();
                add(w, *deposit);
                add(w, *reserve);
            }
            LogKind::WithdrawFees { amount, .. } => add(&mut self.fees_withdrawn, *amount),
            LogKind::Redeemed { sender, recipient, face_value, hash, .. } => {
                let pair = (*sender, *recipient);
                // No transfer is logged when deposit and reserve were empty.
                let paid = self.last_transfer.take().filter(|(p, _)| *p == pair).map_or(Wei::ZERO, |(_, w)| w);
                let b = self.pairs.entry((round, pair)).or_default();
                b.redeemed += 1;
                add(&mut b.redeemed_wei, paid);
                self.redemptions.push(RedemptionRow {
                    at,
                    round,
                    sender: *sender,
                    recipient: *recipient,
                    face_value: *face_value,
                    paid,
                    gas,
                    fee,
                    hash: *hash,
                });
            }
            LogKind::Paid { sender, recipient, amount } => {
                self.last_transfer = Some(((*sender, *recipient), *amount));
            }
            LogKind::Reward { transcoder, amount } => self.rewards.push((round, *transcoder, *amount)),
            _ => {}
        }
    }

    /// A transaction is in a block.
    pub fn spent(&mut self, round: Round, kind: &'static str, gas: u64, fee: Wei) {
        let g = self.gas.entry((round, kind)).or_default();
        g.transactions += 1;
        g.gas += gas;
        add(&mut g.fee, fee);
    }

    /// Services given beyond a session's credit, in words; empty in a sound run.
    #[must_use]
    pub fn overdrawn(&self) -> &[String] {
        &self.overdrawn
    }

    /// Segments that orchestrators began to work on.
    #[must_use]
    pub const fn served(&self) -> u64 {
        self.served
    }

    /// Totals of a pair over all rounds.
    #[must_use]
    pub fn pair_totals(&self) -> BTreeMap<Pair, PairBook> {
        let mut out: BTreeMap<Pair, PairBook> = BTreeMap::new();
        for ((_, pair), b) in &self.pairs {
            let t = out.entry(*pair).or_default();
            t.sent += b.sent;
            t.paid_ev += &b.paid_ev;
            t.expected_wins += b.expected_wins;
            t.variance += b.variance;
            t.largest = t.largest.max(b.largest);
            t.won += b.won;
            t.redeemed += b.redeemed;
            add(&mut t.redeemed_wei, b.redeemed_wei);
        }
        out
    }
}

/// Adds amounts that are bounded by the chain's total supply, far below 2^256.
fn add(to: &mut Wei, amount: Wei) {
    *to = to.checked_add(amount).expect("sum of wei on one chain fits 256 bits");
}
