//! Records by what they say, over any journal.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_roles::gateway::UsedNonce;
pub use weir_roles::reward_caller::RewardCall;
use weir_roles::{Journal, JournalError, Record};
use weir_types::{Address, B256, Credit, L1Block, Round};

/// Why a table does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The journal fails.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A nonce that was used.
    #[error("nonce {asked} under {rand_hash} was used: {last} was the last one, and a ticket could be spent twice")]
    NonceUsed {
        /// Hash of the recipient's random number.
        rand_hash: B256,
        /// The last one that was used.
        last: u32,
        /// The one that was to be used.
        asked: u32,
    },
    /// A record that is there and does not read.
    #[error("record {key}: {reason}")]
    Unreadable {
        /// Its key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that has no JSON form.
    #[error("record {key} cannot be written: {reason}")]
    Unwritable {
        /// Its key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The last block that was worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBlock {
    /// Its number.
    pub number: L1Block,
    /// Its hash: with another one at this number the chain was reorganised.
    pub hash: B256,
}

/// A nonce as it is stored, now and before layout 4.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredNonce {
    Used(UsedNonce),
    Plain(u32),
}

/// Key of the only record about blocks.
const LAST_BLOCK: &str = "block/last";

/// What a node knows, by kind. Every [`Journal`] has it: a file and a simulated disk behave the same.
///
/// The rule is that what could be spent twice is written before it leaves: first [`use_nonce`](Self::use_nonce), then
/// the payment; first [`redemption_sent`](Self::redemption_sent) or [`set_reward`](Self::set_reward), then the
/// transaction. When one of them fails, nothing may leave.
pub trait Tables: Journal {
    /// The last nonce that was used under a hash of the recipient's random number.
    ///
    /// # Errors
    /// The record does not read: it is not taken for a fresh one.
    fn nonce(&self, rand_hash: B256) -> Result<Option<u32>, TableError> {
        Ok(one::<StoredNonce, _>(self, &UsedNonce::key(&rand_hash))?.map(|stored| match stored {
            StoredNonce::Used(used) => used.nonce,
            StoredNonce::Plain(nonce) => nonce,
        }))
    }

    /// Notes that nonces up to this one are used, of parameters that hold up to a block.
    ///
    /// # Errors
    /// It was used before, or it could not be stored. No ticket with it may leave.
    fn use_nonce(&mut self, rand_hash: B256, nonce: u32, expires: L1Block) -> Result<(), TableError> {
        if let Some(last) = self.nonce(rand_hash)?.filter(|last| nonce <= *last) {
            return Err(TableError::NonceUsed { rand_hash, last, asked: nonce });
        }
        set(self, UsedNonce::key(&rand_hash), &UsedNonce { nonce, expires })
    }

    /// Forgets the nonces under parameters that have expired.
    ///
    /// # Errors
    /// It could not be stored.
    fn forget_nonce(&mut self, rand_hash: B256) -> Result<(), TableError> {
        Ok(self.put(&Record { key: UsedNonce::key(&rand_hash), value: None })?)
    }

    /// Signatures of the winning tickets that are kept, as the redeemer wrote them.
    ///
    /// # Errors
    /// They do not read.
    fn tickets_won(&self) -> Result<Vec<String>, TableError> {
        let found = self.read("ticket/")?;
        Ok(found.into_iter().filter_map(|(key, _)| key.strip_prefix("ticket/").map(str::to_owned)).collect())
    }

    /// The transaction that redeems a ticket, by the ticket's signature.
    ///
    /// # Errors
    /// The record does not read.
    fn redemption(&self, ticket: &str) -> Result<Option<B256>, TableError> {
        one(self, &redemption_key(ticket))
    }

    /// Notes the transaction that is about to redeem a ticket.
    ///
    /// # Errors
    /// It could not be stored: the transaction may not leave.
    fn redemption_sent(&mut self, ticket: &str, transaction: B256) -> Result<(), TableError> {
        set(self, redemption_key(ticket), &transaction)
    }

    /// Strikes out a ticket and its redemption together.
    ///
    /// # Errors
    /// It could not be stored.
    fn redemption_settled(&mut self, ticket: &str) -> Result<(), TableError> {
        let gone = |key| Record { key, value: None };
        Ok(self.put_all(&[gone(format!("ticket/{ticket}")), gone(redemption_key(ticket))])?)
    }

    /// How far the call of a round's reward has come.
    ///
    /// # Errors
    /// The record does not read.
    fn reward(&self, round: Round) -> Result<Option<RewardCall>, TableError> {
        one(self, &RewardCall::key(round))
    }

    /// Notes how far the call of a round's reward has come.
    ///
    /// # Errors
    /// It could not be stored.
    fn set_reward(&mut self, round: Round, call: RewardCall) -> Result<(), TableError> {
        set(self, RewardCall::key(round), &call)
    }

    /// What is left of a peer's payments in a session.
    ///
    /// # Errors
    /// The record does not read.
    fn balance(&self, peer: Address, session: &str) -> Result<Option<Credit>, TableError> {
        let key = balance_key(peer, session);
        let Some(text) = one::<String, _>(self, &key)? else { return Ok(None) };
        match text.parse() {
            Ok(amount) => Ok(Some(Credit(amount))),
            Err(_) => Err(TableError::Unreadable { key, reason: format!("{text} is no amount") }),
        }
    }

    /// Notes what is left of a peer's payments in a session, to the last fraction of a wei.
    ///
    /// # Errors
    /// It could not be stored.
    fn set_balance(&mut self, peer: Address, session: &str, balance: &Credit) -> Result<(), TableError> {
        set(self, balance_key(peer, session), &balance.0.to_string())
    }

    /// What is remembered of an orchestrator.
    ///
    /// # Errors
    /// The record does not read as what was asked for.
    fn orchestrator<T: DeserializeOwned>(&self, address: Address) -> Result<Option<T>, TableError> {
        one(self, &format!("orchestrator/{address:#x}"))
    }

    /// Remembers an orchestrator.
    ///
    /// # Errors
    /// It could not be stored.
    fn set_orchestrator<T: Serialize>(&mut self, address: Address, entry: &T) -> Result<(), TableError> {
        set(self, format!("orchestrator/{address:#x}"), entry)
    }

    /// The last block that was worked off.
    ///
    /// # Errors
    /// The record does not read.
    fn last_block(&self) -> Result<Option<LastBlock>, TableError> {
        one(self, LAST_BLOCK)
    }

    /// Notes the last block that was worked off. After a reorganisation it may be a lower one.
    ///
    /// # Errors
    /// It could not be stored.
    fn set_last_block(&mut self, block: LastBlock) -> Result<(), TableError> {
        set(self, LAST_BLOCK.to_owned(), &block)
    }
}

impl<J: Journal + ?Sized> Tables for J {}

fn redemption_key(ticket: &str) -> String {
    format!("redemption/{ticket}")
}

fn balance_key(peer: Address, session: &str) -> String {
    format!("balance/{peer:#x}/{session}")
}

/// The record with just this key; others begin with it too.
fn one<T: DeserializeOwned, J: Journal + ?Sized>(journal: &J, key: &str) -> Result<Option<T>, TableError> {
    let found = journal.read(key)?;
    let Some((_, value)) = found.into_iter().next().filter(|(k, _)| k == key) else { return Ok(None) };
    let unreadable = |e: serde_json::Error| TableError::Unreadable { key: key.to_owned(), reason: e.to_string() };
    serde_json::from_slice(&value).map(Some).map_err(unreadable)
}

fn set<T: Serialize, J: Journal + ?Sized>(journal: &mut J, key: String, value: &T) -> Result<(), TableError> {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(journal.put(&Record { key, value: Some(bytes) })?),
        Err(e) => Err(TableError::Unwritable { key, reason: e.to_string() }),
    }
}
