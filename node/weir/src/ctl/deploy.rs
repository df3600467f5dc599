//! `weir ctl deploy`: the protocol on any chain.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy::network::EthereumWallet;
use alloy::providers::Provider;
use alloy::signers::local::PrivateKeySigner;
use clap::Args;
use eyre::WrapErr;
use serde::Serialize;
use weir_chain::EndpointUrl;
use weir_contracts::{DeployError, Deployer, Deployment};

use super::params::ParamArguments;
use crate::failure::Failure;
use crate::output;
use crate::progress::Bar;

/// Time for an answer: the largest contract has to get there first.
const ANSWER: Duration = Duration::from_secs(30);
/// Pause between two looks for a receipt: at first, and at most. It doubles from look to look.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MOST: Duration = Duration::from_millis(640);

/// Which chain, whose key, which parameters.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// JSON-RPC endpoint: http://, https://, ws://, wss://, or the path of an IPC socket.
    #[arg(long, value_name = "ENDPOINT")]
    rpc: String,
    /// File with the private key of the account that deploys and owns, in hex.
    #[arg(long, value_name = "FILE", required_unless_present = "key")]
    key_file: Option<PathBuf>,
    /// The key itself, from the environment alone: arguments can be seen by other users.
    #[arg(long, env = "WEIR_KEY", hide_env_values = true, hide = true)]
    key: Option<String>,
    /// Refuse another chain than the one with this id.
    #[arg(long)]
    chain_id: Option<u64>,
    /// Seconds to wait for each block.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    patience_seconds: u32,
    /// Print the addresses as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    params: ParamArguments,
}

#[derive(Debug, Serialize)]
struct Summary {
    chain_id: u64,
    protocol: String,
    contracts: Deployment,
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let params = arguments.params.resolve()?;
    let wallet = EthereumWallet::from(key(arguments)?);
    let rpc: EndpointUrl = arguments
        .rpc
        .parse()
        .map_err(|e| Failure::usage(format!("--rpc: {e}")).help("an endpoint looks like http://127.0.0.1:8545"))?;
    let provider = rpc.provider(ANSWER);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("starting the runtime")?;
    let summary = runtime.block_on(async {
        let chain_id = provider.get_chain_id().await.wrap_err_with(|| format!("asking {rpc}"))?;
        if let Some(wanted) = arguments.chain_id.filter(|wanted| *wanted != chain_id) {
            return Err(Failure::usage(format!("{rpc} is chain {chain_id}, not {wanted}")));
        }
        let deployer = Deployer::signing(&provider, &wallet).await.map_err(failed)?;
        let plan = deployer.plan(&params).await.map_err(failed)?;
        let patience = Duration::from_secs(arguments.patience_seconds.into());
        let begun = Cell::new(Instant::now());
        let wait = async |attempt: u32| {
            if attempt == 0 {
                begun.set(Instant::now());
            }
            tokio::time::sleep(PAUSE_FIRST.saturating_mul(1 << attempt.min(6)).min(PAUSE_MOST)).await;
            begun.get().elapsed() < patience
        };
        let bar = Bar::new();
        for (index, step) in plan.steps.iter().enumerate() {
            bar.step(index, plan.steps.len(), &step.label);
            deployer.send(&plan, index, &wait).await.map_err(failed)?;
        }
        Ok(Summary { chain_id, protocol: params.version.to_string(), contracts: plan.deployment })
    })?;
    if arguments.json {
        output::result(&serde_json::to_string(&summary).wrap_err("writing JSON")?);
    } else {
        output::result(&format!("Livepeer protocol {} on chain {}", summary.protocol, summary.chain_id));
        for (name, address) in summary.contracts.named() {
            output::result(&format!("{name:20} {address}"));
        }
    }
    Ok(())
}

fn failed(error: DeployError) -> Failure {
    let help = match error {
        DeployError::NotMined { .. } => Some("raise --patience-seconds; what was sent so far may still be mined"),
        DeployError::Address { .. } => Some("leave the account alone while it deploys, and start again"),
        _ => None,
    };
    let failure = Failure::from(eyre::Report::from(error));
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn key(arguments: &Arguments) -> Result<PrivateKeySigner, Failure> {
    let (text, from) = match (&arguments.key_file, &arguments.key) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).wrap_err_with(|| format!("reading {}", path.display()))?;
            (text, path.display().to_string())
        }
        (None, Some(key)) => (key.clone(), "WEIR_KEY".to_owned()),
        (None, None) => return Err(Failure::usage("no key").help("name one with --key-file")),
    };
    text.trim().parse().map_err(|_| {
        Failure::usage(format!("{from} holds no private key")).help("64 hex digits, with 0x before them or not")
    })
}
