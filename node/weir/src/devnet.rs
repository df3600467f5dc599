//! `weir devnet`: a chain of its own with the protocol on it, for nodes and wallets to talk to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256, U256, hex};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use clap::Args;
use eyre::{Result, WrapErr, eyre};
use serde::Serialize;
use tokio::net::TcpListener;
use weir_contracts::bindings::{LivepeerToken, RoundsManager};
use weir_contracts::{Deployment, Plan};
use weir_evm::{Chain, ChainConfig};
use weir_types::{Instant, LptWei, Wei};

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
    /// Chain id.
    #[arg(long, default_value_t = CHAIN_ID)]
    chain_id: u64,
    /// Seconds from one L1 block to the next.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    l1_block_seconds: u64,
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
    protocol: String,
    round_length: u64,
    l1_block_seconds: u64,
    contracts: Deployment,
    accounts: Vec<Account>,
}

/// Runs until Ctrl-C.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let params = arguments.params.resolve()?;
    let stop = interrupt::flag()?;
    let accounts = accounts()?;
    let first = accounts.first().map(|account| account.address).unwrap_or_default();
    let clock = Clock::new()?;
    let chain = Chain::new(ChainConfig {
        chain_id: arguments.chain_id,
        genesis_time: clock.genesis,
        // The first rounds lie behind, so that one can be initialised at once.
        l1_start: params.round_length.saturating_mul(2).max(256),
        l1_block_time_s: arguments.l1_block_seconds,
        history_blocks: HISTORY_BLOCKS,
        ..ChainConfig::default()
    });
    chain.set_automine(true);
    for account in &accounts {
        chain.set_balance(account.address, Wei::from_whole(ETH_EACH));
        chain.impersonate(account.address);
    }
    let plan = Plan::new(first, 0, &params).map_err(eyre::Report::from)?;
    for step in &plan.steps {
        send(&chain, first, step.to, step.input.to_vec()).wrap_err_with(|| step.label.clone())?;
    }
    let each = LptWei::from_whole(LPT_EACH).0;
    if params.genesis_lpt.0 >= each.saturating_mul(U256::from(accounts.len())) {
        for account in accounts.iter().skip(1) {
            let give = LivepeerToken::transferCall { to: account.address, amount: each };
            send(&chain, first, Some(plan.deployment.token), give.abi_encode()).wrap_err("handing out LPT")?;
        }
    }
    let keeper = (!arguments.no_round_keeper).then_some(first);
    let summary = Summary {
        rpc: format!("http://{}", arguments.listen),
        chain_id: arguments.chain_id,
        protocol: params.version.to_string(),
        round_length: params.round_length,
        l1_block_seconds: arguments.l1_block_seconds,
        contracts: plan.deployment,
        accounts,
    };
    serve(arguments, chain, clock, keeper, summary, &stop)?;
    Ok(())
}

fn accounts() -> Result<Vec<Account>> {
    KEYS.iter()
        .map(|key| Ok(Account { address: PrivateKeySigner::from_bytes(key)?.address(), private_key: *key }))
        .collect()
}

fn send(chain: &Chain, from: Address, to: Option<Address>, data: Vec<u8>) -> Result<()> {
    let hash = chain.send_unsigned(from, to, Wei::ZERO, data.into(), None)?;
    let receipt = chain.receipt(hash).ok_or_else(|| eyre!("in no block"))?;
    match receipt.success {
        true => Ok(()),
        false => Err(eyre!(chain.revert_reason(hash).unwrap_or_default())),
    }
}

/// Wall time as the chain's time.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Unix time, in seconds, of the chain's start.
    genesis: u64,
    started: std::time::Instant,
}

impl Clock {
    fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).wrap_err("the clock shows a time before 1970")?;
        Ok(Self { genesis: now.as_secs(), started: std::time::Instant::now() })
    }

    fn advance(&self, chain: &Chain) {
        let passed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        chain.advance_to(Instant(passed));
    }
}

fn serve(
    arguments: &Arguments,
    chain: Chain,
    clock: Clock,
    keeper: Option<Address>,
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
        let (blocks, rounds) = (chain.clone(), summary.contracts.rounds_manager);
        let stopped = Arc::clone(stop);
        let until = async move {
            while !stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(100)).await;
                beat(&blocks, &clock, keeper, rounds);
            }
        };
        weir_evm::http::serve(chain, listener, move |chain| clock.advance(chain), until)
            .await
            .wrap_err("serving JSON-RPC")
    })
}

/// Lets time pass: an empty block for each new L1 number, and a round initialised when it is due.
fn beat(chain: &Chain, clock: &Clock, keeper: Option<Address>, rounds: Address) {
    let before = chain.block(chain.block_number()).map(|block| block.l1_block_number);
    clock.advance(chain);
    if before == Some(chain.l1_block_number()) {
        return;
    }
    chain.mine();
    let Some(keeper) = keeper else { return };
    let initialized = RoundsManager::currentRoundInitializedCall {}.abi_encode();
    let due = chain.call(keeper, rounds, initialized.into()).is_ok_and(|out| U256::from_be_slice(&out).is_zero());
    let initialize = || send(chain, keeper, Some(rounds), RoundsManager::initializeRoundCall {}.abi_encode());
    if due && let Err(error) = initialize() {
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
    let mut text = format!(
        "Livepeer protocol {} on chain {}, JSON-RPC at {}\nrounds of {} L1 blocks, {} s each\n\n",
        summary.protocol, summary.chain_id, summary.rpc, summary.round_length, summary.l1_block_seconds
    );
    for (name, address) in summary.contracts.named() {
        text.push_str(&format!("{name:20} {address}\n"));
    }
    text.push_str(&format!(
        "\naccounts with {ETH_EACH} ETH and {LPT_EACH} LPT; their keys are public, use them nowhere else\n"
    ));
    for account in &summary.accounts {
        text.push_str(&format!("{} {}\n", account.address, account.private_key));
    }
    text.push_str("\nthe first one owns the Governor; stop with Ctrl-C");
    output::result(&text);
    Ok(())
}
