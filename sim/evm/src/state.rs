//! Accounts, code and storage, with an undo log while a snapshot is open.

use std::collections::BTreeMap;
use std::convert::Infallible;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use revm::bytecode::Bytecode;
use revm::database_interface::DatabaseRef;
use revm::primitives::{AddressMap, B256Map, KECCAK_EMPTY, StorageKeyMap};
use revm::state::{AccountInfo, EvmState};

/// An account as it is stored. Its code is shared with the code table, analysed once.
#[derive(Debug, Clone, Default)]
struct Account {
    info: AccountInfo,
    storage: StorageKeyMap<U256>,
}

/// How to take back one write.
#[derive(Debug, Clone)]
enum Undo {
    Info(Address, Option<AccountInfo>),
    Slot(Address, U256, U256),
    Storage(Address, StorageKeyMap<U256>),
}

/// The world state.
///
/// The maps are hashed for speed. Nothing that can be seen from outside depends on their order:
/// reads are by key, the total is a sum, and the digest sorts.
#[derive(Debug, Default)]
pub(crate) struct State {
    accounts: AddressMap<Account>,
    codes: B256Map<Bytecode>,
    /// Hashes of L1 blocks that are given and not made up.
    l1_hashes: BTreeMap<u64, B256>,
    undo: Vec<Undo>,
    recording: bool,
}

impl State {
    /// Account data, none when the account is empty.
    pub(crate) fn info(&self, who: Address) -> Option<&AccountInfo> {
        self.accounts.get(&who).map(|a| &a.info)
    }

    pub(crate) fn balance(&self, who: Address) -> U256 {
        self.info(who).map_or(U256::ZERO, |i| i.balance)
    }

    pub(crate) fn nonce(&self, who: Address) -> u64 {
        self.info(who).map_or(0, |i| i.nonce)
    }

    pub(crate) fn code(&self, who: Address) -> Bytes {
        self.info(who).and_then(|i| i.code.as_ref()).map(Bytecode::original_bytes).unwrap_or_default()
    }

    pub(crate) fn storage(&self, who: Address, slot: U256) -> U256 {
        self.accounts.get(&who).and_then(|a| a.storage.get(&slot)).copied().unwrap_or_default()
    }

    /// All slots of an account that hold something, in order.
    pub(crate) fn slots(&self, who: Address) -> BTreeMap<U256, U256> {
        self.accounts.get(&who).into_iter().flat_map(|a| a.storage.iter().map(|(k, v)| (*k, *v))).collect()
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

    pub(crate) fn set_code(&mut self, who: Address, code: Bytes) {
        let mut info = self.info(who).cloned().unwrap_or_default();
        info.set_code(Bytecode::new_legacy(code));
        self.set_info(who, info);
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
                self.remove(who);
                continue;
            }
            if account.is_created() {
                self.wipe(who);
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
        if self.recording {
            let old = self.accounts.get(&who).map(|a| a.info.clone());
            self.undo.push(Undo::Info(who, old));
        }
        self.accounts.entry(who).or_default().info = info;
    }

    pub(crate) fn set_slot(&mut self, who: Address, slot: U256, value: U256) {
        if self.recording {
            self.undo.push(Undo::Slot(who, slot, self.storage(who, slot)));
        }
        self.put_slot(who, slot, value);
    }

    fn put_slot(&mut self, who: Address, slot: U256, value: U256) {
        let storage = &mut self.accounts.entry(who).or_default().storage;
        if value.is_zero() {
            storage.remove(&slot);
        } else {
            storage.insert(slot, value);
        }
    }

    fn wipe(&mut self, who: Address) {
        let Some(account) = self.accounts.get_mut(&who) else { return };
        let old = std::mem::take(&mut account.storage);
        if self.recording && !old.is_empty() {
            self.undo.push(Undo::Storage(who, old));
        }
    }

    fn remove(&mut self, who: Address) {
        let Some(account) = self.accounts.remove(&who) else { return };
        if self.recording {
            self.undo.push(Undo::Info(who, Some(account.info)));
            self.undo.push(Undo::Storage(who, account.storage));
        }
    }

    fn drop_if_empty(&mut self, who: Address) {
        if self.info(who).is_some_and(AccountInfo::is_empty) {
            self.remove(who);
        }
    }

    /// Starts or goes on recording; returns the mark to go back to.
    pub(crate) fn mark(&mut self) -> usize {
        self.recording = true;
        self.undo.len()
    }

    /// Takes back all writes since a mark. With `last` there is no older mark, so recording ends.
    pub(crate) fn rewind(&mut self, mark: usize, last: bool) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Info(who, Some(info))) => self.accounts.entry(who).or_default().info = info,
                Some(Undo::Info(who, None)) => {
                    self.accounts.remove(&who);
                }
                Some(Undo::Slot(who, slot, value)) => self.put_slot(who, slot, value),
                Some(Undo::Storage(who, storage)) => self.accounts.entry(who).or_default().storage = storage,
                None => break,
            }
        }
        self.recording = !last;
    }

    /// Sum of all balances.
    pub(crate) fn total(&self) -> U256 {
        self.accounts.values().fold(U256::ZERO, |sum, a| sum.saturating_add(a.info.balance))
    }

    /// A hash of everything: two chains in the same state have the same.
    pub(crate) fn digest(&self) -> B256 {
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_unstable_by_key(|(who, _)| **who);
        let mut bytes = Vec::new();
        for (who, account) in accounts {
            bytes.extend_from_slice(who.as_slice());
            bytes.extend_from_slice(&account.info.balance.to_be_bytes::<32>());
            bytes.extend_from_slice(&account.info.nonce.to_be_bytes());
            bytes.extend_from_slice(account.info.code_hash.as_slice());
            let mut slots: Vec<_> = account.storage.iter().collect();
            slots.sort_unstable();
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
    type Error = Infallible;

    fn basic_ref(&self, who: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.state.info(who).map(|info| {
            let mut info = info.clone();
            info.code.get_or_insert_default();
            info
        }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.state.codes.get(&hash).cloned().unwrap_or_default())
    }

    fn storage_ref(&self, who: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.state.storage(who, slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok(self.state.l1_hashes.get(&number).copied().unwrap_or_else(|| l1_hash(self.chain_id, number)))
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
