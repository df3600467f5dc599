//! What Anvil is started with.

/// A chain that Anvil goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// JSON-RPC over HTTP.
    pub url: String,
    /// Block to go on from; the newest if none.
    pub block: Option<u64>,
}

/// How a chain begins and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Chain id.
    pub chain_id: u64,
    /// Number of the first block.
    pub number: u64,
    /// Unix time of the first block, in seconds; now if none.
    pub timestamp: Option<u64>,
    /// Seconds from one block to the next, when blocks are mined.
    pub block_seconds: u64,
    /// Most gas of a block.
    pub gas_limit: u64,
    /// Price of gas, in wei, the same in all blocks.
    pub base_fee: u64,
    /// A block for each transaction.
    pub automine: bool,
    /// JSON-RPC over HTTP and WebSocket on a port of the loopback, beside the socket.
    pub http: bool,
    /// Keep old states, so that calls can look at them.
    pub history: bool,
    /// A chain to go on from.
    pub fork: Option<Fork>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chain_id: 31_337,
            number: 0,
            timestamp: None,
            block_seconds: 12,
            gas_limit: 1_000_000_000_000,
            base_fee: 0,
            automine: false,
            http: false,
            history: false,
            fork: None,
        }
    }
}

impl Options {
    /// Arguments of the program, but for where it listens.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| all.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["--quiet", "--order", "fifo", "--hardfork", "cancun", "--accounts", "1", "--auto-impersonate"]);
        add(&["--disable-default-create2-deployer", "--disable-console-log", "--disable-min-priority-fee"]);
        add(&["--chain-id", &self.chain_id.to_string(), "--gas-limit", &self.gas_limit.to_string()]);
        add(&["--block-base-fee-per-gas", &self.base_fee.to_string(), "--gas-price", &self.base_fee.to_string()]);
        if !self.automine {
            add(&["--no-mining"]);
        }
        if !self.history {
            add(&["--prune-history"]);
        }
        match &self.fork {
            Some(fork) => {
                add(&["--fork-url", &fork.url, "--no-storage-caching"]);
                if let Some(block) = fork.block {
                    add(&["--fork-block-number", &block.to_string()]);
                }
            }
            None => add(&["--number", &self.number.to_string()]),
        }
        if let Some(timestamp) = self.timestamp {
            add(&["--timestamp", &timestamp.to_string()]);
        }
        all
    }
}
