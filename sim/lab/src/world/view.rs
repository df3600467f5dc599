//! The chain as nodes see it when they look: one reader serves them all.

use std::collections::BTreeMap;

use alloy::providers::RootProvider;
use futures::executor::block_on;
use weir_chain::{ChainError, Client, Log, LogKind, News, WatchConfig, Watcher};
use weir_roles::{ChainHead, OrchestratorEntry, Peer, RoundInfo};
use weir_types::{Address, Round, Wei};

/// Provider of the embedded chain.
pub(crate) type Rpc = RootProvider;

/// State read once per block and handed to every node that asks.
pub(crate) struct View {
    pub(crate) client: Client<Rpc>,
    watcher: Watcher,
    /// All logs of the run, in order. A node keeps the index up to which it has read.
    pub(crate) logs: Vec<Log>,
    /// The round initialised last.
    pub(crate) round: RoundInfo,
    /// Its active orchestrators.
    pub(crate) active: Vec<OrchestratorEntry>,
    /// The newest head.
    pub(crate) head: ChainHead,
    peers: BTreeMap<String, Peer>,
    uris: BTreeMap<Address, String>,
}

impl View {
    /// A view of the chain as it stands; `peers` maps service URIs to endpoints.
    pub(crate) fn new(client: Client<Rpc>, peers: BTreeMap<String, Peer>) -> Result<Self, ChainError> {
        let head = block_on(client.head())?;
        let watcher = Watcher::new(WatchConfig::in_process(), client.addresses(), weir_types::L2Block(head.l2.0 + 1));
        let round = block_on(client.round_info())?;
        let gas_price = block_on(client.gas_price())?;
        let mut view = Self {
            watcher,
            logs: Vec::new(),
            round,
            active: Vec::new(),
            head: ChainHead { l1: head.l1, gas_price },
            peers,
            uris: BTreeMap::new(),
            client,
        };
        view.read_round()?;
        Ok(view)
    }

    /// Read what the newest block brought. Returns the index of its first log.
    pub(crate) fn refresh(&mut self) -> Result<usize, ChainError> {
        let first = self.logs.len();
        for news in block_on(self.watcher.poll(self.client.provider()))? {
            match news {
                News::Head(head) => self.head.l1 = head.l1,
                News::Log(log) => self.logs.push(log),
                _ => {}
            }
        }
        let fresh = self.logs.get(first..).unwrap_or_default();
        if fresh.iter().any(|l| matches!(l.kind, LogKind::NewRound(_))) {
            self.round = block_on(self.client.round_info())?;
            self.read_round()?;
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

    fn read_round(&mut self) -> Result<(), ChainError> {
        let mut active = Vec::new();
        for m in block_on(self.client.pool())? {
            if !m.active {
                continue;
            }
            let uri = match self.uris.get(&m.address) {
                Some(u) => u.clone(),
                None => {
                    let u = block_on(self.client.service_uri(m.address))?;
                    self.uris.insert(m.address, u.clone());
                    u
                }
            };
            // An orchestrator without a reachable URI cannot be asked for work.
            if let Some(peer) = self.peers.get(&uri) {
                let peer = *peer;
                active.push(OrchestratorEntry { address: m.address, uri, peer, stake: m.stake });
            }
        }
        self.active = active;
        Ok(())
    }
}
