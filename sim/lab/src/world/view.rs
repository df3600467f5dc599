//! The chain as nodes see it when they look: one reader serves them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::executor::block_on;
use weir_chain::hints::pool_hints;
use weir_chain::{ActiveOrchestrator, Book, ChainError, Client, Head, Log, LogKind, News};
use weir_evm::{BlockSummary, LocalProvider};
use weir_roles::{ChainHead, OrchestratorEntry, Peer, RoundInfo, SenderFunds};
use weir_types::{Address, B256, L1Block, L2Block, LptWei, Round, Wei};

/// State read once per block and handed to every node that asks.
pub(crate) struct View {
    pub(crate) client: Client<LocalProvider>,
    /// Contracts whose logs are read.
    contracts: BTreeSet<Address>,
    /// What of the chain's state is known: read once, for all nodes.
    book: Book,
    /// Pool of the next round and the stake behind each, largest first, as far as logs tell.
    pub(crate) pool: Vec<(Address, LptWei)>,
    /// Places in the pool.
    pub(crate) pool_max: usize,
    /// What may be minted in the round, and the stake that shares it.
    pub(crate) mintable: (LptWei, LptWei),
    /// The round initialised last.
    pub(crate) round: RoundInfo,
    /// Its active orchestrators.
    pub(crate) active: Arc<[OrchestratorEntry]>,
    /// Round of everybody's last reward, as far as it was read.
    rewarded: BTreeMap<Address, Round>,
    /// How often they were read.
    pub(crate) active_reading: u64,
    /// The newest head.
    pub(crate) head: ChainHead,
    peers: BTreeMap<String, Peer>,
}

impl View {
    /// A view of the chain as it stands; `peers` maps service URIs to endpoints.
    pub(crate) fn new(client: Client<LocalProvider>, peers: BTreeMap<String, Peer>) -> Result<Self, ChainError> {
        let head = block_on(client.head())?;
        let contracts = client.addresses().watched().into_iter().collect();
        let round = block_on(client.round_info())?;
        let gas_price = block_on(client.gas_price())?;
        let mut view = Self {
            contracts,
            book: Book::new(),
            pool: Vec::new(),
            pool_max: block_on(client.pool_max_size())?,
            mintable: (LptWei::ZERO, LptWei::ZERO),
            round,
            active: [].into(),
            rewarded: BTreeMap::new(),
            active_reading: 0,
            head: ChainHead { l1: head.l1, gas_price },
            peers,
            client,
        };
        view.book.set_round(round);
        view.read_active()?;
        Ok(view)
    }

    /// Read what a new block brought: its logs.
    pub(crate) fn take(&mut self, block: &BlockSummary) -> Result<Vec<Log>, ChainError> {
        let mut news = Vec::new();
        for log in block.receipts.iter().flat_map(|r| &r.logs).filter(|log| self.contracts.contains(&log.address())) {
            news.extend(Log::read(log)?.map(News::Log));
        }
        news.push(News::Head(Head {
            l2: L2Block(block.number),
            hash: block.hash,
            // Nobody here asks for it: a block of this chain is taken back by nobody but this program.
            parent: B256::ZERO,
            l1: L1Block(block.l1_block_number),
            timestamp: block.timestamp,
        }));
        let changed = self.book.apply(&news);
        self.head.l1 = L1Block(block.l1_block_number);
        let logs: Vec<Log> = news
            .into_iter()
            .filter_map(|item| match item {
                News::Log(log) => Some(log),
                _ => None,
            })
            .collect();
        self.follow_pool(&logs);
        if changed.round {
            self.round = block_on(self.client.round_info())?;
            self.book.set_round(self.round);
        }
        if changed.active {
            self.read_active()?;
        }
        Ok(logs)
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
        let pool = block_on(self.client.pool())?;
        self.mintable = (block_on(self.client.mintable())?.0, block_on(self.client.total_bonded())?);
        self.pool = pool.iter().map(|m| (m.address, m.stake)).collect();
        let mut active = Vec::with_capacity(pool.len());
        for m in pool.into_iter().filter(|m| m.active) {
            let uri = match self.book.uri(&m.address) {
                Some(uri) => uri.to_owned(),
                None => block_on(self.client.service_uri(m.address))?,
            };
            active.push(ActiveOrchestrator { address: m.address, uri, stake: m.stake });
        }
        // An orchestrator without a reachable URI cannot be asked for work.
        let entry = |o: &ActiveOrchestrator| {
            let peer = *self.peers.get(&o.uri)?;
            Some(OrchestratorEntry { address: o.address, uri: o.uri.clone(), peer, stake: o.stake })
        };
        self.active = active.iter().filter_map(entry).collect();
        self.active_reading += 1;
        self.book.set_active(active);
        Ok(())
    }

    /// Keeps the order of the pool up to date, so that hints are good. A hint that is not only costs gas.
    fn follow_pool(&mut self, logs: &[Log]) {
        for log in logs {
            let (who, more) = match &log.kind {
                LogKind::Reward { transcoder, amount } => {
                    self.rewarded.insert(*transcoder, self.round.round);
                    (transcoder, *amount)
                }
                LogKind::Bond { delegate, additional, .. } => (delegate, *additional),
                LogKind::Rebond { delegate, amount, .. } => (delegate, *amount),
                _ => continue,
            };
            let Some(at) = self.pool.iter().position(|(m, _)| m == who) else { continue };
            let (who, stake) = self.pool.remove(at);
            let stake = LptWei(stake.0.saturating_add(more.0));
            let to = self.pool.partition_point(|(_, other)| *other >= stake);
            self.pool.insert(to, (who, stake));
        }
    }

    /// Last round in which an orchestrator called reward.
    pub(crate) fn last_reward(&mut self, who: Address) -> Result<Round, ChainError> {
        if let Some(round) = self.rewarded.get(&who) {
            return Ok(*round);
        }
        let round = block_on(self.client.transcoder(who))?.last_reward_round;
        self.rewarded.insert(who, round);
        Ok(round)
    }

    /// Where an orchestrator stands in the pool after its reward of the round.
    pub(crate) fn reward_hints(&self, who: Address) -> (Address, Address) {
        let own = self.pool.iter().find(|(m, _)| *m == who).map_or(LptWei::ZERO, |(_, stake)| *stake);
        let (mintable, total) = self.mintable;
        let reward = mintable.0.checked_mul(own.0).and_then(|v| v.checked_div(total.0)).unwrap_or_default();
        pool_hints(&self.pool, self.pool_max, who, LptWei(own.0.saturating_add(reward)))
    }
}
