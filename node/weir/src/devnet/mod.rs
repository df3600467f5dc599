//! `weir devnet`: a chain of its own with the protocol on it, for nodes and wallets to talk to.

mod begin;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256, U256, hex};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use clap::Args;
use eyre::{Result, WrapErr};
use serde::Serialize;
use tokio::net::TcpListener;
use weir_contracts::Deployment;
use weir_contracts::bindings::RoundsManager;
use weir_evm::Chain;
use weir_types::{Instant, Millis};

use crate::ctl::params::ParamArguments;
use crate::failure::Failure;
use crate::{interrupt, output};

/// Keys that every development chain uses and everybody knows: they are worth nothing elsewhere.
/// The first account deploys and owns the protocol.
const KEYS: [B256; 10] = [
    B256::new(hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")),
    B256::new(hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")),
    B256::new(hex!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a")),
    B256::new(hex!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")),
    B256::new(hex!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a")),
    B256::new(hex!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba")),
    B256::new(hex!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e")),
    B256::new(hex!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356")),
    B256::new(hex!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97")),
    B256::new(hex!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6")),
];
/// Chain id that go-livepeer's `devenv` network expects.
const CHAIN_ID: u64 = 1337;
/// How far back calls can look.
const HISTORY_BLOCKS: u64 = 10_000;
const ETH_EACH: u64 = 10_000;
const LPT_EACH: u64 = 10_000;

/// How the chain is made and where it listens.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8545", value_name = "HOST:PORT")]
    listen: SocketAddr,
    /// Chain id: that of a new chain, 1337 if none is given, or the one that a loaded chain or a fork has to
    /// have.
    #[arg(long)]
    chain_id: Option<u64>,
    /// Seconds from one L1 block to the next: 1 if none are given, 12 on a fork.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "load")]
    l1_block_seconds: Option<u64>,
    /// Collect transactions for so many milliseconds before they go into a block; without it each gets one
    /// at once.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    block_ms: Option<u64>,
    /// Go on with the chain in a file, from --save.
    #[arg(long, value_name = "FILE", conflicts_with = "fork")]
    load: Option<PathBuf>,
    /// Save the chain to a file when it is stopped.
    #[arg(long, value_name = "FILE", conflicts_with = "fork")]
    save: Option<PathBuf>,
    /// Go on from another chain: a JSON-RPC endpoint over HTTP, whose state is read as it is needed.
    #[arg(long, value_name = "URL")]
    fork: Option<String>,
    /// Block to go on from; without it the newest at the first run, and the same later.
    #[arg(long, value_name = "NUMBER", requires = "fork")]
    fork_block: Option<u64>,
    /// Folder for what is read of the other chain, so that the next run does without it.
    #[arg(long, value_name = "FOLDER", default_value = "weir-fork", requires = "fork")]
    fork_cache: PathBuf,
    /// Leave it to others to initialise rounds.
    #[arg(long)]
    no_round_keeper: bool,
    /// Print addresses and keys as one JSON object.
    #[arg(long)]
    json: bool,
    /// Write the same JSON object to a file as well.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    params: ParamArguments,
}

#[derive(Debug, Serialize)]
struct Account {
    address: Address,
    private_key: B256,
}

#[derive(Debug, Serialize)]
struct Summary {
    rpc: String,
    chain_id: u64,
    #[serde(flatten)]
    protocol: Option<Protocol>,
    l1_block_seconds: u64,
    accounts: Vec<Account>,
}

/// The protocol, where it is known to be on the chain.
#[derive(Debug, Serialize)]
struct Protocol {
    protocol: String,
    round_length: u64,
    contracts: Deployment,
}

/// Runs until Ctrl-C.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stop = interrupt::flag()?;
    let accounts = accounts()?;
    let (chain, protocol) = begin::begin(arguments, &accounts)?;
    chain.set_automine(arguments.block_ms.is_none());
    if let Some(ms) = arguments.block_ms {
        chain.set_block_time(Millis(ms));
    }
    let clock = Clock::new(&chain);
    let config = chain.config();
    let keeper = accounts.first().map(|account| account.address).filter(|_| !arguments.no_round_keeper);
    let keeper = keeper.zip(protocol.as_ref().map(|protocol| protocol.contracts.rounds_manager));
    let summary = Summary {
        rpc: format!("http://{}", arguments.listen),
        chain_id: config.chain_id,
        protocol,
        l1_block_seconds: config.l1_block_time_s,
        accounts,
    };
    serve(arguments, chain.clone(), clock, keeper, summary, &stop)?;
    if let Some(path) = &arguments.save {
        chain.save(path).map_err(eyre::Report::from)?;
        output::talk(&format!("saved at block {} to {}", chain.block_number(), path.display()));
    }
    Ok(())
}

fn accounts() -> Result<Vec<Account>> {
    KEYS.iter()
        .map(|key| Ok(Account { address: PrivateKeySigner::from_bytes(key)?.address(), private_key: *key }))
        .collect()
}

/// Wall time as the chain's time.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Virtual time when the clock started.
    from: Instant,
    started: std::time::Instant,
}

impl Clock {
    fn new(chain: &Chain) -> Self {
        Self { from: chain.now(), started: std::time::Instant::now() }
    }

    fn now(&self) -> Instant {
        let passed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Instant(self.from.0.saturating_add(passed))
    }

    /// Lets the chain's time pass, with the blocks that come meanwhile.
    fn advance(&self, chain: &Chain) {
        chain.run_to(self.now());
    }
}

fn serve(
    arguments: &Arguments,
    chain: Chain,
    clock: Clock,
    keeper: Option<(Address, Address)>,
    summary: Summary,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("starting the runtime")?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind(arguments.listen).await.wrap_err_with(|| format!("listening on {}", arguments.listen))?;
        let summary = Summary { rpc: format!("http://{}", listener.local_addr()?), ..summary };
        tell(arguments, &summary)?;
        let blocks = chain.clone();
        let beats = Duration::from_millis(arguments.block_ms.unwrap_or(100).min(100));
        let stopped = Arc::clone(stop);
        let until = async move {
            while !stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(beats).await;
                beat(&blocks, &clock, keeper);
            }
        };
        weir_evm::http::serve(chain, listener, move |chain| clock.advance(chain), until)
            .await
            .wrap_err("serving JSON-RPC")
    })
}

/// Lets time pass: an empty block for each new L1 number, and a round initialised when it is due.
fn beat(chain: &Chain, clock: &Clock, keeper: Option<(Address, Address)>) {
    let before = chain.block(chain.block_number()).map(|block| block.l1_block_number);
    clock.advance(chain);
    if let Some(failure) = chain.failure() {
        output::talk(&format!("{failure}"));
    }
    if before == Some(chain.l1_block_number()) {
        return;
    }
    chain.mine();
    let Some((keeper, rounds)) = keeper else { return };
    let initialized = RoundsManager::currentRoundInitializedCall {}.abi_encode();
    let due = chain.call(keeper, rounds, initialized.into()).is_ok_and(|out| U256::from_be_slice(&out).is_zero());
    if !due || chain.pending_nonce(keeper) > chain.nonce(keeper) {
        return;
    }
    if let Err(error) = begin::send(chain, keeper, Some(rounds), RoundsManager::initializeRoundCall {}.abi_encode()) {
        output::talk(&format!("round not initialised: {error:#}"));
    }
}

fn tell(arguments: &Arguments, summary: &Summary) -> Result<()> {
    let json = serde_json::to_string_pretty(summary)?;
    if let Some(path) = &arguments.write {
        std::fs::write(path, format!("{json}\n")).wrap_err_with(|| format!("writing {}", path.display()))?;
    }
    if arguments.json {
        output::result(&json);
        return Ok(());
    }
    let mut text = match &summary.protocol {
        Some(p) => format!(
            "Livepeer protocol {} on chain {}, JSON-RPC at {}\nrounds of {} L1 blocks, {} s each\n\n",
            p.protocol, summary.chain_id, summary.rpc, p.round_length, summary.l1_block_seconds
        ),
        None => format!("Chain {}, JSON-RPC at {}\n", summary.chain_id, summary.rpc),
    };
    for (name, address) in summary.protocol.iter().flat_map(|p| p.contracts.named()) {
        text.push_str(&format!("{name:20} {address}\n"));
    }
    let lpt = if arguments.fork.is_none() { format!(" and {LPT_EACH} LPT") } else { String::new() };
    text.push_str(&format!("\naccounts with {ETH_EACH} ETH{lpt}; their keys are public, use them nowhere else\n"));
    for account in &summary.accounts {
        text.push_str(&format!("{} {}\n", account.address, account.private_key));
    }
    let owner = if arguments.fork.is_none() { "the first one owns the Governor; " } else { "" };
    text.push_str(&format!("\n{owner}stop with Ctrl-C"));
    output::result(&text);
    Ok(())
}
