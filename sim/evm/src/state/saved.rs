//! The state as it goes into a file.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::bytecode::Bytecode;
use revm::primitives::{B256Map, KECCAK_EMPTY};
use revm::state::AccountInfo;
use serde::{Deserialize, Serialize};

use super::{Entry, State, Undo};

/// An account as it is saved. Its code is in the list of codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedInfo {
    balance: U256,
    nonce: u64,
    code: Option<B256>,
}

/// A state as it is saved: its layers made one, and all in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedState {
    accounts: BTreeMap<Address, (SavedInfo, BTreeMap<U256, U256>)>,
    codes: BTreeMap<B256, Bytes>,
    l1_hashes: BTreeMap<u64, B256>,
    /// Accounts and slots as blocks found them, oldest block first.
    past: Vec<SavedUndo>,
    keep: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedUndo {
    infos: BTreeMap<Address, Option<SavedInfo>>,
    slots: BTreeMap<Address, BTreeMap<U256, U256>>,
}

impl SavedInfo {
    fn of(info: &AccountInfo) -> Self {
        let code = (info.code_hash != KECCAK_EMPTY).then_some(info.code_hash);
        Self { balance: info.balance, nonce: info.nonce, code }
    }

    fn restore(self, codes: &B256Map<Bytecode>) -> AccountInfo {
        AccountInfo {
            balance: self.balance,
            nonce: self.nonce,
            code_hash: self.code.unwrap_or(KECCAK_EMPTY),
            code: self.code.and_then(|hash| codes.get(&hash).cloned()),
            ..AccountInfo::default()
        }
    }
}

impl SavedUndo {
    fn of(undo: &Undo) -> Self {
        let mut slots: BTreeMap<Address, BTreeMap<U256, U256>> = BTreeMap::new();
        for ((who, slot), value) in &undo.slots {
            slots.entry(*who).or_default().insert(*slot, *value);
        }
        let infos = undo.infos.iter().map(|(who, info)| (*who, info.as_ref().map(SavedInfo::of)));
        Self { infos: infos.collect(), slots }
    }

    fn restore(self, codes: &B256Map<Bytecode>) -> Undo {
        let slots = self.slots.into_iter();
        Undo {
            infos: self.infos.into_iter().map(|(who, info)| (who, info.map(|info| info.restore(codes)))).collect(),
            slots: slots
                .flat_map(|(who, slots)| slots.into_iter().map(move |(slot, value)| ((who, slot), value)))
                .collect(),
        }
    }
}

impl State {
    /// Everything, as one layer.
    pub(crate) fn saved(&self) -> SavedState {
        let mut slots: BTreeMap<Address, BTreeMap<U256, U256>> = BTreeMap::new();
        // An account without data may have slots: what the chain itself notes.
        for who in self.layers().flat_map(|layer| layer.keys()) {
            slots.entry(*who).or_insert_with(|| self.slots(*who));
        }
        let none = SavedInfo { balance: U256::ZERO, nonce: 0, code: None };
        let account = |(who, slots): (Address, BTreeMap<U256, U256>)| {
            let info = self.info(who).map(SavedInfo::of);
            (info.is_some() || !slots.is_empty()).then(|| (who, (info.unwrap_or_else(|| none.clone()), slots)))
        };
        SavedState {
            accounts: slots.into_iter().filter_map(account).collect(),
            codes: self.codes.iter().map(|(hash, code)| (*hash, code.original_bytes())).collect(),
            l1_hashes: self.l1_hashes.clone(),
            past: self.past.iter().map(SavedUndo::of).collect(),
            keep: self.keep,
        }
    }

    pub(crate) fn restore(saved: SavedState) -> Self {
        let codes: B256Map<Bytecode> =
            saved.codes.into_iter().map(|(hash, code)| (hash, Bytecode::new_legacy(code))).collect();
        let entry = |(who, (info, storage)): (Address, (SavedInfo, BTreeMap<U256, U256>))| {
            let info = info.restore(&codes);
            let info = (!info.is_empty()).then_some(info);
            (who, Entry { info: Some(info), cleared: false, storage: storage.into_iter().collect() })
        };
        Self {
            top: saved.accounts.into_iter().map(entry).collect(),
            below: Vec::new(),
            past: saved.past.into_iter().map(|undo| undo.restore(&codes)).collect(),
            codes,
            l1_hashes: saved.l1_hashes,
            keep: saved.keep,
            remote: None,
        }
    }
}
