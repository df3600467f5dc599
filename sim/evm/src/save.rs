//! A chain in a file.
//!
//! The file is a line that names the format and its version, and a zstd frame with a checksum. In the frame is
//! one JSON object, with maps in the order of their keys: equal chains give equal bytes. It holds everything
//! but snapshots and what followers of the chain had not heard yet.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{Header, TxEnvelope};
use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_types::Instant;

use crate::block::Block;
use crate::chain::Chain;
use crate::config::ChainConfig;
use crate::exec::Sender;
use crate::fees::Fees;
use crate::inner::Inner;
use crate::ledger::{Ledger, Mined};
use crate::mempool::{Mempool, PoolTx};
use crate::receipt::{Outcome, Receipts};
use crate::state::{SavedState, State};

const MAGIC: &str = "weir chain";
const VERSION: u32 = 1;
const LEVEL: i32 = 3;

/// A chain could not be saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file system refuses. A file that was there before is as it was.
    #[error("{what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// It is some other file.
    #[error("{} holds no saved chain", path.display())]
    NotAChain {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the program wrote it.
    #[error("{} is in version {found} of the format, and this program knows {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version of the file.
        found: String,
        /// Version of this program.
        known: u32,
    },
    /// What a fork has not read yet is not here to be saved.
    #[error("a fork is not saved: keep its cache, and make the transactions again")]
    Fork,
    /// It was cut off or altered.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Saved {
    config: ChainConfig,
    now: Instant,
    fees: Fees,
    automine: bool,
    stopped: bool,
    impersonated: BTreeSet<Address>,
    impersonate_all: bool,
    snapshots_taken: u64,
    state: SavedState,
    blocks: Vec<SavedBlock>,
    arrivals: u64,
    pool: Vec<(u64, SavedTx)>,
}

#[derive(Serialize, Deserialize)]
struct SavedTx {
    tx: TxEnvelope,
    from: Address,
    signed: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedBlock {
    header: Header,
    l1_block_number: u64,
    transactions: Vec<SavedMined>,
}

#[derive(Serialize, Deserialize)]
struct SavedMined {
    #[serde(flatten)]
    tx: SavedTx,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Chain {
    /// Saves the chain. The file is replaced in one step: it is the old one or the new one, never a part.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save(&self, path: &Path) -> Result<(), SaveError> {
        if self.lock().state.remote().is_some() {
            return Err(SaveError::Fork);
        }
        let fail =
            |what: &'static str| move |source: io::Error| SaveError::Io { what, path: path.to_path_buf(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail("making a file beside"))?;
        self.write(file.as_file_mut()).map_err(fail("writing"))?;
        file.as_file().sync_all().map_err(fail("writing"))?;
        file.persist(path).map_err(|e| fail("replacing")(e.error))?;
        // The new name is on the disk when the folder is.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail("writing the folder of"))
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let saved = Saved::of(&self.lock());
        let mut out = BufWriter::new(file);
        writeln!(out, "{MAGIC} {VERSION}")?;
        let mut frame = zstd::Encoder::new(out, LEVEL)?;
        frame.include_checksum(true)?;
        serde_json::to_writer(&mut frame, &saved)?;
        frame.finish()?.flush()
    }

    /// Loads a chain that was saved. It goes on as that one would have.
    ///
    /// # Errors
    /// The file does not read, or is not whole.
    pub fn load(path: &Path) -> Result<Self, SaveError> {
        let damaged = |what: String| SaveError::Damaged { path: path.to_path_buf(), what };
        let file =
            File::open(path).map_err(|source| SaveError::Io { what: "opening", path: path.to_path_buf(), source })?;
        let mut file = BufReader::new(file);
        check_first_line(&mut file, path)?;
        let mut text = Vec::new();
        zstd::Decoder::with_buffer(file)
            .and_then(|mut frame| frame.read_to_end(&mut text))
            .map_err(|e| damaged(e.to_string()))?;
        let saved: Saved = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        Ok(Self::from(saved.restore().map_err(damaged)?))
    }
}

fn check_first_line(file: &mut impl BufRead, path: &Path) -> Result<(), SaveError> {
    let mut line = Vec::new();
    // A file without line ends is not read to its end.
    file.take(64).read_until(b'\n', &mut line).map_err(|source| SaveError::Io {
        what: "reading",
        path: path.to_path_buf(),
        source,
    })?;
    let line = String::from_utf8_lossy(&line);
    let Some(found) = line.trim_end().strip_prefix(MAGIC) else {
        return Err(SaveError::NotAChain { path: path.to_path_buf() });
    };
    if found.trim() != VERSION.to_string() {
        let found = found.trim().to_owned();
        return Err(SaveError::Version { path: path.to_path_buf(), found, known: VERSION });
    }
    Ok(())
}

impl SavedTx {
    fn of(tx: &Recovered<TxEnvelope>, sender: Sender) -> Self {
        Self { tx: tx.inner().clone(), from: tx.signer(), signed: sender == Sender::Signed }
    }

    fn restore(self) -> (Arc<Recovered<TxEnvelope>>, Sender) {
        let sender = if self.signed { Sender::Signed } else { Sender::Impersonated };
        (Arc::new(Recovered::new_unchecked(self.tx, self.from)), sender)
    }
}

impl SavedBlock {
    fn of(ledger: &Ledger, block: &Block) -> Self {
        let mined = |hash: &B256| {
            let m = ledger.mined(*hash)?;
            let r = &m.receipt;
            let outcome = Outcome {
                created: r.contract_address,
                success: r.success,
                gas_used: r.gas_used,
                gas_used_for_l1: r.gas_used_for_l1,
                logs: r.logs.iter().map(|log| log.inner.clone()).collect(),
                output: r.output.clone(),
                halt: r.halt.clone(),
            };
            Some(SavedMined { tx: SavedTx::of(&m.tx, m.sender), outcome })
        };
        Self {
            header: block.header.clone(),
            l1_block_number: block.l1_block_number,
            transactions: block.transactions.iter().filter_map(mined).collect(),
        }
    }

    fn restore(self, ledger: &mut Ledger) {
        let (txs, outcomes): (Vec<_>, Vec<_>) = self
            .transactions
            .into_iter()
            .map(|mined| {
                let (tx, sender) = mined.tx.restore();
                (PoolTx::again(tx, sender), mined.outcome)
            })
            .unzip();
        let block = Block {
            hash: self.header.hash_slow(),
            header: self.header,
            l1_block_number: self.l1_block_number,
            transactions: txs.iter().map(PoolTx::hash).collect(),
        };
        let mut receipts = Receipts::of(&block);
        for (waited, outcome) in txs.into_iter().zip(outcomes) {
            let receipt = Arc::new(receipts.next(&waited, outcome));
            ledger.note(Mined { tx: waited.tx, sender: waited.sender, receipt });
        }
        ledger.push(Arc::new(block));
    }
}

impl Saved {
    fn of(inner: &Inner) -> Self {
        let ledger = &inner.ledger;
        let numbers = ledger.oldest()..=ledger.newest();
        Self {
            config: inner.config.clone(),
            now: inner.now,
            fees: inner.fees,
            automine: inner.automine,
            stopped: inner.stopped,
            impersonated: inner.impersonated.clone(),
            impersonate_all: inner.impersonate_all,
            snapshots_taken: inner.snapshots_taken,
            state: inner.state.saved(),
            blocks: numbers.filter_map(|n| Some(SavedBlock::of(ledger, ledger.block(n)?))).collect(),
            arrivals: inner.pool.arrivals(),
            pool: inner.pool.waiting_by_arrival().map(|(at, tx)| (at, SavedTx::of(&tx.tx, tx.sender))).collect(),
        }
    }

    fn restore(self) -> Result<Inner, String> {
        let mut ledger = Ledger::default();
        for block in self.blocks {
            let (number, parent) = (block.header.number, block.header.parent_hash);
            if let Some(last) = ledger.last().filter(|last| last.hash != parent || last.header.number + 1 != number) {
                return Err(format!("block {number} does not follow block {}", last.header.number));
            }
            block.restore(&mut ledger);
        }
        if ledger.last().is_none() {
            return Err("it has no block".to_owned());
        }
        let pool = self.pool.into_iter().map(|(at, tx)| {
            let (tx, sender) = tx.restore();
            (at, PoolTx::again(tx, sender))
        });
        Ok(Inner {
            state: State::restore(self.state),
            now: self.now,
            fees: self.fees,
            pool: Mempool::restore(self.arrivals, pool),
            ledger,
            automine: self.automine,
            stopped: self.stopped,
            impersonated: self.impersonated,
            impersonate_all: self.impersonate_all,
            snapshots: Vec::new(),
            snapshots_taken: self.snapshots_taken,
            looks: Default::default(),
            feed: Default::default(),
            failure: None,
            config: self.config,
        })
    }
}
