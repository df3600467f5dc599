//! The chain as nodes see it when they look: one reader serves them all.

use std::collections::BTreeMap;

use alloy::providers::RootProvider;
use futures::executor::block_on;
use weir_chain::{Book, ChainError, Client, Log, News, WatchConfig, Watcher};
use weir_roles::{ChainHead, OrchestratorEntry, Peer, RoundInfo, SenderFunds};
use weir_types::{Address, Round, Wei};

/// State read once per block and handed to every node that asks.
pub(crate) struct View {
    pub(crate) client: Client<RootProvider>,
    watcher: Watcher,
    /// What of the chain's state is known: read once, for all nodes.
    book: Book,
    /// All logs of the run, in order. A node keeps the index up to which it has read.
    pub(crate) logs: Vec<Log>,
    /// The round initialised last.
    pub(crate) round: RoundInfo,
    /// Its active orchestrators.
    pub(crate) active: Vec<OrchestratorEntry>,
    /// The newest head.
    pub(crate) head: ChainHead,
    peers: BTreeMap<String, Peer>,
}

impl View {
    /// A view of the chain as it stands; `peers` maps service URIs to endpoints.
    pub(crate) fn new(client: Client<RootProvider>, peers: BTreeMap<String, Peer>) -> Result<Self, ChainError> {
        let head = block_on(client.head())?;
        let watcher = Watcher::new(WatchConfig::in_process(), client.addresses(), weir_types::L2Block(head.l2.0 + 1));
        let round = block_on(client.round_info())?;
        let gas_price = block_on(client.gas_price())?;
        let mut view = Self {
            watcher,
            book: Book::new(),
            logs: Vec::new(),
            round,
            active: Vec::new(),
            head: ChainHead { l1: head.l1, gas_price },
            peers,
            client,
        };
        view.book.set_round(round);
        view.read_active()?;
        Ok(view)
    }

    /// Read what the newest block brought. Returns the index of its first log.
    pub(crate) fn refresh(&mut self) -> Result<usize, ChainError> {
        let first = self.logs.len();
        let news = block_on(self.watcher.poll(self.client.provider()))?;
        let changed = self.book.apply(&news);
        for item in news {
            match item {
                News::Head(head) => self.head.l1 = head.l1,
                News::Log(log) => self.logs.push(log),
                _ => {}
            }
        }
        if changed.round {
            self.round = block_on(self.client.round_info())?;
            self.book.set_round(self.round);
        }
        if changed.active {
            self.read_active()?;
        }
        Ok(first)
    }

    /// Set the gas price that heads report.
    pub(crate) const fn set_gas_price(&mut self, price: Wei) {
        self.head.gas_price = price;
    }

    /// The current round.
    pub(crate) const fn current(&self) -> Round {
        self.round.round
    }

    /// A sender's money as a claimant sees it.
    pub(crate) fn funds(&mut self, sender: Address, claimant: Address) -> Result<SenderFunds, ChainError> {
        if let Some(funds) = self.book.funds(&sender, &claimant) {
            return Ok(funds);
        }
        let funds = block_on(self.client.sender_funds(sender, claimant))?;
        self.book.set_funds(sender, claimant, &funds);
        Ok(funds)
    }

    fn read_active(&mut self) -> Result<(), ChainError> {
        let active = block_on(self.client.active(|who| self.book.uri(who).map(str::to_owned)))?;
        // An orchestrator without a reachable URI cannot be asked for work.
        let entry = |o: &weir_chain::ActiveOrchestrator| {
            let peer = *self.peers.get(&o.uri)?;
            Some(OrchestratorEntry { address: o.address, uri: o.uri.clone(), peer, stake: o.stake })
        };
        self.active = active.iter().filter_map(entry).collect();
        self.book.set_active(active);
        Ok(())
    }
}
