//! Accounts, code and storage: layers that branches share, and what recent blocks overwrote.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use revm::bytecode::Bytecode;
use revm::database_interface::DatabaseRef;
use revm::primitives::{AddressMap, B256Map, HashMap, KECCAK_EMPTY, StorageKeyMap};
use revm::state::{AccountInfo, EvmState};

use crate::fork::{ForkError, Remote};

mod looks;
mod saved;

pub(crate) use looks::Looks;
pub(crate) use saved::SavedState;

/// Layers below the top one, from which on the upper ones are merged.
const LAYERS_MAX: usize = 6;

/// What a layer knows of an account. Its code is shared with the code table, analysed once.
#[derive(Debug, Clone, Default)]
struct Entry {
    /// Known here; `Some(None)` for an account that is gone.
    info: Option<Option<AccountInfo>>,
    /// Whether storage in the layers below is of no account that still exists.
    cleared: bool,
    /// Slots known here. A zero hides what a layer below has.
    storage: StorageKeyMap<U256>,
}

type Layer = AddressMap<Entry>;

/// What blocks overwrote: values as they were before.
#[derive(Debug, Clone, Default)]
struct Undo {
    infos: AddressMap<Option<AccountInfo>>,
    slots: HashMap<(Address, U256), U256>,
}

/// The world state.
///
/// A read goes through the layers from the top. A branch freezes the top layer and shares all of them,
/// whatever their size; without branches there is one layer, and a read is one look-up.
///
/// The maps are hashed for speed. Nothing that can be seen from outside depends on their order: reads
/// are by key, the total is a sum, and the digest sorts.
#[derive(Debug, Default)]
pub(crate) struct State {
    top: Layer,
    /// From the newest to the oldest.
    below: Vec<Arc<Layer>>,
    codes: B256Map<Bytecode>,
    /// Hashes of L1 blocks that are given and not made up.
    l1_hashes: BTreeMap<u64, B256>,
    /// What each of the last blocks overwrote, oldest first; the last entry is of the block in the making.
    past: VecDeque<Undo>,
    /// How many blocks' entries are kept.
    keep: usize,
    /// What is below all layers.
    remote: Option<Arc<Remote>>,
}

impl State {
    /// A state that remembers what so many blocks overwrote: an empty one, or another chain's.
    pub(crate) fn new(keep: usize, remote: Option<Arc<Remote>>) -> Self {
        Self { past: VecDeque::from([Undo::default()]), keep, remote, ..Self::default() }
    }

    /// The chain below, of a fork.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        self.remote.as_deref()
    }

    /// What a layer says of an account.
    fn told(&self, who: Address) -> Option<Option<&AccountInfo>> {
        self.layers().find_map(|layer| layer.get(&who)?.info.as_ref()).map(Option::as_ref)
    }

    /// Makes an account of the chain below known here. Before that it counts as empty.
    pub(crate) fn load(&mut self, who: Address) -> Result<(), Box<ForkError>> {
        let Some(remote) = self.remote.clone().filter(|_| self.told(who).is_none()) else { return Ok(()) };
        let info = remote.account(who)?;
        if let Some((hash, code)) = info.as_ref().and_then(|info| Some((info.code_hash, info.code.as_ref()?))) {
            self.codes.entry(hash).or_insert_with(|| code.clone());
        }
        // It is as it was: nothing for the undo log.
        self.top.entry(who).or_default().info = Some(info);
        Ok(())
    }

    /// Account data, with the chain below.
    pub(crate) fn account(&self, who: Address) -> Result<Option<AccountInfo>, Box<ForkError>> {
        match (self.told(who), &self.remote) {
            (Some(info), _) => Ok(info.cloned()),
            (None, Some(remote)) => remote.account(who),
            (None, None) => Ok(None),
        }
    }

    /// A slot, with the chain below.
    pub(crate) fn slot(&self, who: Address, slot: U256) -> Result<U256, Box<ForkError>> {
        match (self.told_slot(who, slot), &self.remote) {
            (Some(value), _) => Ok(value),
            (None, Some(remote)) => remote.slot(who, slot),
            (None, None) => Ok(U256::ZERO),
        }
    }

    /// All layers, the newest first.
    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.top).chain(self.below.iter().map(Arc::as_ref))
    }

    /// Account data, none when the account is empty.
    pub(crate) fn info(&self, who: Address) -> Option<&AccountInfo> {
        self.told(who).flatten()
    }

    pub(crate) fn balance(&self, who: Address) -> U256 {
        self.info(who).map_or(U256::ZERO, |i| i.balance)
    }

    pub(crate) fn nonce(&self, who: Address) -> u64 {
        self.info(who).map_or(0, |i| i.nonce)
    }

    /// What the layers say of a slot.
    fn told_slot(&self, who: Address, slot: U256) -> Option<U256> {
        for layer in self.layers() {
            let Some(entry) = layer.get(&who) else { continue };
            if let Some(value) = entry.storage.get(&slot) {
                return Some(*value);
            }
            if entry.cleared {
                return Some(U256::ZERO);
            }
        }
        None
    }

    /// A slot, as far as it is known here.
    pub(crate) fn storage(&self, who: Address, slot: U256) -> U256 {
        let below = || self.remote.as_ref()?.known_slot(who, slot);
        self.told_slot(who, slot).or_else(below).unwrap_or_default()
    }

    /// All slots of an account that hold something, in order.
    pub(crate) fn slots(&self, who: Address) -> BTreeMap<U256, U256> {
        let mut all = BTreeMap::new();
        for layer in self.layers() {
            let Some(entry) = layer.get(&who) else { continue };
            entry.storage.iter().for_each(|(slot, value)| {
                all.entry(*slot).or_insert(*value);
            });
            if entry.cleared {
                break;
            }
        }
        all.retain(|_, value| !value.is_zero());
        all
    }

    pub(crate) fn set_l1_hash(&mut self, number: u64, hash: B256) {
        self.l1_hashes.insert(number, hash);
    }

    pub(crate) fn set_balance(&mut self, who: Address, balance: U256) {
        let mut info = self.info(who).cloned().unwrap_or_default();
        info.balance = balance;
        self.set_info(who, info);
        self.drop_if_empty(who);
    }

    pub(crate) fn set_nonce(&mut self, who: Address, nonce: u64) {
        let mut info = self.info(who).cloned().unwrap_or_default();
        info.nonce = nonce;
        self.set_info(who, info);
        self.drop_if_empty(who);
    }

    pub(crate) fn set_code(&mut self, who: Address, code: Bytes) {
        let mut info = self.info(who).cloned().unwrap_or_default();
        info.set_code(Bytecode::new_legacy(code));
        self.set_info(who, info);
        self.drop_if_empty(who);
    }

    pub(crate) fn credit(&mut self, who: Address, amount: U256) {
        if !amount.is_zero() {
            self.set_balance(who, self.balance(who).saturating_add(amount));
        }
    }

    /// Takes over what a transaction changed.
    pub(crate) fn commit(&mut self, changes: EvmState) {
        for (who, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() {
                self.clear(who);
                self.put_info(who, None);
                continue;
            }
            if account.is_created() {
                self.clear(who);
            }
            self.set_info(who, account.info);
            for (slot, value) in account.storage {
                if value.is_changed() {
                    self.set_slot(who, slot, value.present_value);
                }
            }
            self.drop_if_empty(who);
        }
    }

    fn set_info(&mut self, who: Address, mut info: AccountInfo) {
        if info.code_hash == KECCAK_EMPTY || info.code_hash.is_zero() {
            info.code_hash = KECCAK_EMPTY;
            info.code = None;
        } else if let Some(code) = info.code.take() {
            info.code = Some(self.codes.entry(info.code_hash).or_insert(code).clone());
        } else {
            info.code = self.codes.get(&info.code_hash).cloned();
        }
        self.put_info(who, Some(info));
    }

    fn put_info(&mut self, who: Address, info: Option<AccountInfo>) {
        if self.keep > 0 {
            let below = || self.remote.as_ref()?.known_account(who).flatten();
            let old = self.told(who).map_or_else(below, |info| info.cloned());
            if let Some(undo) = self.past.back_mut() {
                undo.infos.entry(who).or_insert(old);
            }
        }
        self.top.entry(who).or_default().info = Some(info);
    }

    pub(crate) fn set_slot(&mut self, who: Address, slot: U256, value: U256) {
        if self.keep > 0 {
            let old = self.storage(who, slot);
            if let Some(undo) = self.past.back_mut() {
                undo.slots.entry((who, slot)).or_insert(old);
            }
        }
        let entry = self.top.entry(who).or_default();
        // A zero hides what is below.
        let bottom = self.below.is_empty() && self.remote.is_none();
        if value.is_zero() && (bottom || entry.cleared) {
            entry.storage.remove(&slot);
        } else {
            entry.storage.insert(slot, value);
        }
    }

    /// Empties an account's storage.
    fn clear(&mut self, who: Address) {
        // Hardly ever is there any: an address gets code once.
        for (slot, value) in self.slots(who) {
            if let Some(undo) = self.past.back_mut().filter(|_| self.keep > 0) {
                undo.slots.entry((who, slot)).or_insert(value);
            }
        }
        let entry = self.top.entry(who).or_default();
        entry.storage.clear();
        entry.cleared = true;
    }

    fn drop_if_empty(&mut self, who: Address) {
        if self.info(who).is_some_and(AccountInfo::is_empty) {
            self.put_info(who, None);
        }
    }

    /// The block in the making is done: what comes now is of the next.
    pub(crate) fn seal(&mut self) {
        if self.keep == 0 {
            return;
        }
        self.past.push_back(Undo::default());
        while self.past.len() > self.keep + 1 {
            self.past.pop_front();
        }
    }

    /// How many blocks back from the newest the state is known.
    pub(crate) fn depth(&self) -> u64 {
        (self.past.len() as u64).saturating_sub(1)
    }

    /// A copy that goes its own way. Both share what is there now.
    pub(crate) fn branch(&mut self) -> Self {
        if !self.top.is_empty() {
            self.below.insert(0, Arc::new(std::mem::take(&mut self.top)));
            self.merge();
        }
        Self {
            top: Layer::default(),
            below: self.below.clone(),
            codes: self.codes.clone(),
            l1_hashes: self.l1_hashes.clone(),
            past: self.past.clone(),
            keep: self.keep,
            remote: self.remote.clone(),
        }
    }

    /// The state as it was `back` blocks before the newest, as a branch.
    pub(crate) fn branch_at(&mut self, back: u64) -> Option<Self> {
        let overlay = self.overlay(back)?;
        let mut branch = self.branch();
        let kept = branch.past.len().saturating_sub(usize::try_from(back).ok()?).saturating_sub(1);
        branch.past.truncate(kept);
        branch.past.push_back(Undo::default());
        // Written past the undo log: for the branch nothing was overwritten.
        for (who, info) in overlay.infos {
            branch.top.entry(who).or_default().info = Some(info);
        }
        for ((who, slot), value) in overlay.slots {
            branch.top.entry(who).or_default().storage.insert(slot, value);
        }
        Some(branch)
    }

    /// Values that differ from those `back` blocks before the newest, as they were then. The block in the
    /// making counts as changes after the newest.
    fn overlay(&self, back: u64) -> Option<Undo> {
        let blocks = usize::try_from(back).ok()?.checked_add(1)?;
        let first = self.past.len().checked_sub(blocks)?;
        let mut overlay = Undo::default();
        for undo in self.past.range(first..) {
            for (who, info) in &undo.infos {
                overlay.infos.entry(*who).or_insert_with(|| info.clone());
            }
            for (at, value) in &undo.slots {
                overlay.slots.entry(*at).or_insert(*value);
            }
        }
        Some(overlay)
    }

    /// Keeps reads short: upper layers that nobody else holds become one.
    fn merge(&mut self) {
        while self.below.len() > LAYERS_MAX {
            let upper = self.below.remove(0);
            let lower = self.below.remove(0);
            let last = self.below.is_empty() && self.remote.is_none();
            let mut merged = Arc::unwrap_or_clone(lower);
            for (who, entry) in upper.iter() {
                let into = merged.entry(*who).or_default();
                if entry.cleared {
                    into.storage.clear();
                    into.cleared = true;
                }
                if entry.info.is_some() {
                    into.info.clone_from(&entry.info);
                }
                for (slot, value) in &entry.storage {
                    if value.is_zero() && last {
                        into.storage.remove(slot);
                    } else {
                        into.storage.insert(*slot, *value);
                    }
                }
            }
            self.below.insert(0, Arc::new(merged));
        }
    }

    /// All accounts that are not empty, by address.
    fn accounts(&self) -> BTreeMap<Address, &AccountInfo> {
        let mut all: BTreeMap<Address, Option<&AccountInfo>> = BTreeMap::new();
        for layer in self.layers() {
            for (who, entry) in layer {
                if let Some(info) = &entry.info {
                    all.entry(*who).or_insert(info.as_ref());
                }
            }
        }
        all.into_iter().filter_map(|(who, info)| Some((who, info?))).collect()
    }

    /// Sum of all balances.
    pub(crate) fn total(&self) -> U256 {
        self.accounts().values().fold(U256::ZERO, |sum, info| sum.saturating_add(info.balance))
    }

    /// A hash of everything: two chains in the same state have the same.
    pub(crate) fn digest(&self) -> B256 {
        let mut bytes = Vec::new();
        for (who, info) in self.accounts() {
            bytes.extend_from_slice(who.as_slice());
            bytes.extend_from_slice(&info.balance.to_be_bytes::<32>());
            bytes.extend_from_slice(&info.nonce.to_be_bytes());
            bytes.extend_from_slice(info.code_hash.as_slice());
            let slots = self.slots(who);
            bytes.extend_from_slice(&(slots.len() as u64).to_be_bytes());
            for (slot, value) in slots {
                bytes.extend_from_slice(&slot.to_be_bytes::<32>());
                bytes.extend_from_slice(&value.to_be_bytes::<32>());
            }
        }
        keccak256(bytes)
    }
}

/// The state as the EVM reads it. Nothing is copied: what a run changes stays in its journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateView<'a> {
    pub(crate) state: &'a State,
    pub(crate) chain_id: u64,
}

impl DatabaseRef for StateView<'_> {
    type Error = Box<ForkError>;

    fn basic_ref(&self, who: Address) -> Result<Option<AccountInfo>, Box<ForkError>> {
        Ok(self.state.account(who)?.map(|mut info| {
            info.code.get_or_insert_default();
            info
        }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Box<ForkError>> {
        Ok(self.state.codes.get(&hash).cloned().unwrap_or_default())
    }

    fn storage_ref(&self, who: Address, slot: U256) -> Result<U256, Box<ForkError>> {
        self.state.slot(who, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Box<ForkError>> {
        if let Some(given) = self.state.l1_hashes.get(&number) {
            return Ok(*given);
        }
        match self.state.remote().filter(|remote| number <= remote.l1_number()) {
            Some(remote) => remote.l1_hash(number),
            None => Ok(l1_hash(self.chain_id, number)),
        }
    }
}

/// Hash of an L1 block. It is a function of the number, so blocks that a jump in time went over
/// have theirs too.
#[must_use]
pub fn l1_hash(chain_id: u64, number: u64) -> B256 {
    let mut bytes = b"weir l1 block".to_vec();
    bytes.extend_from_slice(&chain_id.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    keccak256(bytes)
}
