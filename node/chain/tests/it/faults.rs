//! Random sequences of blocks, reorganisations, troubles, transactions and crashes: in the end, and whenever
//! the sound endpoints can be told from the others, the driver's book is the chain's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use weir_chain::{
    Account, Driver, GasPolicy, Notice, OutboxConfig, Submission, Tick, TxError, TxManager, WatchConfig, Watcher,
};
use weir_roles::{ChainEvent, MemoryJournal, Peer, RoundInfo, SenderFunds, TxIntent};
use weir_types::{Address, L2Block, Wei};

use crate::support::{CHAIN_ID, Line, Listener, SENDERS, Town, Trouble, endpoints, key, run};

const LINES: usize = 3;

/// Kinds of trouble, to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silent,
    Late,
    Old,
    Drops,
    Garbage,
    Null,
    Limits,
    Internal,
    Loses,
    Fork,
    NoLogs,
    Foreign,
}

impl Kind {
    /// Whether the driver can know of it, so that it must be right as long as most endpoints are sound.
    const fn shows(self) -> bool {
        !matches!(self, Self::Old | Self::Loses | Self::NoLogs)
    }
}

#[derive(Debug, Clone)]
enum Op {
    /// A sender funds its deposit, and a block is made.
    Fund { sender: usize, wei: u128 },
    /// Blocks without transactions.
    Blocks(u64),
    /// The next round begins, initialised or not.
    Round(bool),
    /// The newest blocks are replaced.
    Reorg(u64),
    /// An endpoint gets into trouble.
    Trouble { line: usize, kind: Kind },
    /// An endpoint is well again.
    Heal(usize),
    /// The node wants to add to its own deposit.
    Submit,
    /// Time passes for the node.
    Wait(u64),
    /// The node looks.
    Tick,
    /// The node dies and starts again.
    Crash,
}

fn kind() -> impl Strategy<Value = Kind> {
    use Kind::*;
    prop_oneof![
        Just(Silent),
        Just(Late),
        Just(Old),
        Just(Drops),
        Just(Garbage),
        Just(Null),
        Just(Limits),
        Just(Internal),
        Just(Loses),
        Just(Fork),
        Just(NoLogs),
        Just(Foreign),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..SENDERS.len(), 1..1_000_000u128).prop_map(|(sender, wei)| Op::Fund { sender, wei }),
        3 => (1..6u64).prop_map(Op::Blocks),
        1 => any::<bool>().prop_map(Op::Round),
        2 => (1..6u64).prop_map(Op::Reorg),
        5 => (0..LINES, kind()).prop_map(|(line, kind)| Op::Trouble { line, kind }),
        3 => (0..LINES).prop_map(Op::Heal),
        4 => Just(Op::Submit),
        2 => (1..40u64).prop_map(Op::Wait),
        8 => Just(Op::Tick),
        1 => Just(Op::Crash),
    ]
}

/// What a node's machines know after hearing all events.
#[derive(Debug, Default)]
struct Machines {
    round: Option<RoundInfo>,
    funds: BTreeMap<Address, SenderFunds>,
}

struct Node {
    town: Town,
    lines: Vec<Line>,
    troubles: [Option<Kind>; LINES],
    from: L2Block,
    driver: Option<Driver<MemoryJournal>>,
    heard: Listener,
    machines: Machines,
    /// Amounts that were handed in, by key, and what the driver said of them.
    wanted: BTreeMap<String, u128>,
    sent: BTreeSet<String>,
    dropped: BTreeSet<String>,
    next: u32,
}

fn watch() -> WatchConfig {
    // Longer than any run: what came late is found however late.
    WatchConfig { overlap: 400, ..WatchConfig::default() }
}

impl Node {
    fn new() -> Self {
        let town = Town::new();
        let from = L2Block(town.head().0 + 1);
        let mut node = Self {
            lines: Vec::new(),
            troubles: [None; LINES],
            from,
            driver: None,
            heard: Listener::default(),
            machines: Machines::default(),
            wanted: BTreeMap::new(),
            sent: BTreeSet::new(),
            dropped: BTreeSet::new(),
            next: 0,
            town,
        };
        node.start(MemoryJournal::default());
        node
    }

    fn start(&mut self, journal: MemoryJournal) {
        let (lines, e) = endpoints(&self.town.chain, LINES);
        self.lines = lines;
        self.troubles = [None; LINES];
        let config = OutboxConfig { settle: 30, ..OutboxConfig::default() };
        let txs = TxManager::open(&e, Account::new(key(), CHAIN_ID), config, GasPolicy::default(), journal);
        let txs = txs.expect("the journal reads");
        let mut driver = Driver::new(e, self.town.addresses(), watch(), self.from, txs, Box::new(|_| Some(Peer(0))));
        SENDERS.iter().for_each(|s| driver.watch(*s));
        self.driver = Some(driver);
        // What a process has heard dies with it.
        self.heard = Listener::default();
        self.machines = Machines::default();
    }

    fn driver(&mut self) -> &mut Driver<MemoryJournal> {
        self.driver.as_mut().expect("it runs")
    }

    async fn step(&mut self, op: &Op) {
        match op {
            Op::Fund { sender, wei } => {
                self.town.fund(SENDERS[*sender], *wei);
                self.town.mine(2);
            }
            Op::Blocks(n) => (0..*n).for_each(|_| self.town.mine(13)),
            Op::Round(initialise) => {
                if *initialise {
                    self.town.next_round();
                } else {
                    self.town.mine(50 * 12);
                }
            }
            Op::Reorg(depth) => {
                // Not below what the node may have seen at its start.
                let depth = (*depth).min(self.town.head().0 + 1 - self.from.0);
                if depth > 0 {
                    self.town.chain.reorg(depth).expect("it is kept");
                    (0..=depth).for_each(|_| self.town.mine(3));
                }
            }
            Op::Trouble { line, kind } => self.trouble(*line, *kind),
            Op::Heal(line) => {
                self.troubles[*line] = None;
                self.lines[*line].trouble(None);
            }
            Op::Submit => self.submit().await,
            Op::Wait(seconds) => tokio::time::sleep(Duration::from_secs(*seconds)).await,
            Op::Tick => {
                self.tick().await;
            }
            Op::Crash => {
                let journal = self.driver.take().expect("it runs").into_journal();
                self.start(journal);
            }
        }
    }

    fn trouble(&mut self, line: usize, kind: Kind) {
        let copy = || Town { chain: self.town.chain.branch(), d: self.town.d };
        let trouble = match kind {
            Kind::Silent => Trouble::Silent,
            Kind::Late => Trouble::Late(700),
            Kind::Old => Trouble::Old(copy().chain),
            Kind::Drops => Trouble::Drops,
            Kind::Garbage => Trouble::Garbage,
            Kind::Null => Trouble::Null,
            Kind::Limits => Trouble::Limits,
            Kind::Internal => Trouble::Internal,
            Kind::Loses => Trouble::Loses,
            Kind::Fork => {
                // Deep enough below its head that a comparison shows it.
                let fork = copy();
                for n in 0..20 {
                    fork.fund(SENDERS[0], 7);
                    fork.mine(2 + n % 2);
                }
                Trouble::Fork(fork.chain)
            }
            Kind::NoLogs => Trouble::NoLogs,
            Kind::Foreign => Trouble::Foreign,
        };
        self.troubles[line] = Some(kind);
        self.lines[line].trouble(Some(trouble));
    }

    async fn submit(&mut self) {
        let (key, wei) = (format!("fund/{}", self.next), 1u128 << self.next.min(100));
        self.next += 1;
        self.wanted.insert(key.clone(), wei);
        let intent = TxIntent::Fund { deposit: Wei::new(wei), reserve: Wei::ZERO };
        match self.driver().submit(&key, &intent).await {
            Ok(Submission::Sent) => {
                self.sent.insert(key);
            }
            // Nothing was sent, or so the driver says: the final deposit tells.
            Err(TxError::Chain(_) | TxError::DryRun(_)) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Whether the look was whole.
    async fn tick(&mut self) -> bool {
        let begun = self.driver().endpoints().now();
        let (Tick { news, events, notices, .. }, failed) = self.driver().tick().await;
        // However bad it is, a tick comes back: requests are bounded in number and in time.
        assert!(self.driver().endpoints().now().since(begun).0 < 600_000, "a tick took too long");
        self.heard.hear(&news);
        for event in events {
            match event {
                ChainEvent::Round(round) => self.machines.round = Some(round),
                ChainEvent::Funds { sender, funds } => {
                    self.machines.funds.insert(sender, funds);
                }
                _ => {}
            }
        }
        for notice in notices {
            if let Notice::Dropped { key, .. } = notice {
                self.dropped.insert(key);
            }
        }
        failed.is_none()
    }

    /// Holds what the node knows against the chain.
    async fn compare(&self, when: &str) {
        let mut truth = Listener::default();
        let mut fresh = Watcher::new(WatchConfig::default(), &self.town.addresses(), self.from);
        truth.hear(&fresh.poll(&self.town.chain.provider()).await.expect("the chain answers"));
        let brief = |l: &weir_chain::Log| {
            (l.block.0, l.index, l.block_hash.to_string(), format!("{:.16}", format!("{:?}", l.kind)))
        };
        let brief = |logs: &[weir_chain::Log]| logs.iter().map(brief).collect::<Vec<_>>();
        let (heard, truth) = (brief(&self.heard.logs), brief(&truth.logs));
        let missing: Vec<_> = truth.iter().filter(|l| !heard.contains(l)).collect();
        let excess: Vec<_> = heard.iter().filter(|l| !truth.contains(l)).collect();
        assert!(missing.is_empty() && excess.is_empty(), "{when}: missing {missing:?}, too many {excess:?}");
        let client = self.town.client();
        let round = client.round_info().await.expect("the chain answers");
        assert_eq!(self.machines.round, Some(round), "{when}: round");
        for sender in SENDERS {
            let funds = client.sender_funds(sender, key().address()).await.expect("the chain answers");
            assert_eq!(self.machines.funds.get(&sender), Some(&funds), "{when}: money of {sender}");
        }
    }

    /// Whether what is wrong shows, and most endpoints are sound.
    fn must_be_right(&self) -> bool {
        self.troubles.iter().flatten().all(|k| k.shows()) && self.troubles.iter().flatten().count() * 2 < LINES
    }
}

async fn life(ops: &[Op]) {
    let mut node = Node::new();
    let mut tainted = false;
    for op in ops {
        node.step(op).await;
        tainted |= !node.must_be_right();
        tainted &= !matches!(op, Op::Crash);
        if matches!(op, Op::Tick) && !tainted {
            // Whatever was put aside has had its rest.
            tokio::time::sleep(Duration::from_secs(61)).await;
            node.tick().await;
            assert!(node.tick().await, "most endpoints are sound");
            node.compare("meanwhile").await;
        }
    }
    for line in 0..LINES {
        node.step(&Op::Heal(line)).await;
    }
    // Time enough for rests to end, for lost transactions to be sent again, and for all of them to settle.
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(61)).await;
        for _ in 0..6 {
            node.town.mine(13);
        }
        node.tick().await;
    }
    assert!(node.tick().await, "all endpoints are sound");
    node.compare("in the end").await;
    settle(&mut node).await;
}

/// Each intent that was taken had its effect exactly once.
async fn settle(node: &mut Node) {
    let me = key().address();
    let funds = node.town.client().sender_funds(me, me).await.expect("the chain answers");
    assert!(node.driver().txs().outbox().is_empty(), "{:?}", node.driver().txs().outbox());
    assert!(node.dropped.is_empty(), "nobody else uses the account: {:?}", node.dropped);
    // Amounts are powers of two: the sum says which had an effect, and a second one would show.
    let expected: u128 = node.sent.iter().filter_map(|k| node.wanted.get(k)).sum();
    let mut amounts: Vec<Wei> = node.sent.iter().filter_map(|k| node.wanted.get(k)).map(|w| Wei::new(*w)).collect();
    amounts.sort();
    let mut logged = node.heard.funded(me);
    logged.sort();
    assert_eq!(logged, amounts, "each once");
    assert_eq!(funds.deposit, Wei::new(expected));
}

/// Lives to try: `PROPTEST_CASES`, or what takes a few seconds.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(192)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_book_is_right_after_each_fault(ops in proptest::collection::vec(op(), 1..60)) {
        run(life(&ops));
    }
}
