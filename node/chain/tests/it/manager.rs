//! Transactions have their effect once, whatever happens on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::consensus::Transaction;
use alloy::providers::Provider;
use weir_chain::outbox::RECORDS;
use weir_chain::{Account, Endpoints, GasPolicy, Notice, OutboxConfig, Submission, TxError, TxManager};
use weir_roles::{Journal, JournalError, MemoryJournal, Record, TxIntent};
use weir_types::{LptWei, Wei};

use crate::support::{CHAIN_ID, Line, ORCHESTRATORS, Town, Trouble, endpoints, key, lpt, run};

/// Adds so much to the account's deposit: no two tests' amounts are the same, so effects can be told apart.
fn fund(wei: u128) -> TxIntent {
    TxIntent::Fund { deposit: Wei::new(wei), reserve: Wei::ZERO }
}

fn config() -> OutboxConfig {
    OutboxConfig { settle: 10, ..OutboxConfig::default() }
}

pub(crate) fn manager<J: Journal>(e: &Endpoints, policy: GasPolicy, journal: J) -> TxManager<J> {
    TxManager::open(e, Account::new(key(), CHAIN_ID), config(), policy, journal).expect("the journal reads")
}

pub(crate) fn fresh(e: &Endpoints) -> TxManager<MemoryJournal> {
    manager(e, GasPolicy::default(), MemoryJournal::default())
}

fn deposit(town: &Town) -> Wei {
    let me = key().address();
    run(async { town.client().sender_funds(me, me).await }).expect("the chain answers").deposit
}

fn stored(journal: &MemoryJournal) -> usize {
    journal.read(RECORDS).expect("memory reads").len()
}

fn mined(notices: &[Notice]) -> Vec<&str> {
    notices.iter().filter_map(|n| if let Notice::Mined { key, .. } = n { Some(key.as_str()) } else { None }).collect()
}

#[test]
fn from_intent_to_settled() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        let a = town.addresses();
        assert_eq!(txs.submit(&e, &a, "fund/1", &fund(1)).await.expect("it goes"), Submission::Sent);
        assert_eq!(txs.submit(&e, &a, "fund/1", &fund(1)).await.expect("it is known"), Submission::Joined);
        assert_eq!(txs.submit(&e, &a, "fund/2", &fund(2)).await.expect("it goes"), Submission::Sent);
        assert_eq!(txs.tick(&e).await.expect("the chain answers"), []);
        town.mine(1);
        let notices = txs.tick(&e).await.expect("the chain answers");
        assert_eq!(mined(&notices), ["fund/1", "fund/2"]);
        assert_eq!(txs.tick(&e).await.expect("the chain answers"), [], "an outcome is told once");
        for _ in 0..10 {
            town.mine(1);
        }
        let notices = txs.tick(&e).await.expect("the chain answers");
        assert!(notices.iter().all(|n| matches!(n, Notice::Settled { .. })) && notices.len() == 2, "{notices:?}");
        assert!(txs.outbox().is_empty());
        assert_eq!(stored(&txs.into_journal()), 0, "what is settled is stored no more");
    });
    assert_eq!(deposit(&town), Wei::new(3));
}

#[test]
fn an_allowance_is_raised_before_stake_is_bonded() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        let bond = TxIntent::Bond { amount: LptWei(lpt(5)), to: ORCHESTRATORS[0] };
        txs.submit(&e, &town.addresses(), "bond", &bond).await.expect("it goes");
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["bond/approve", "bond"]);
        let bonded = town.client().delegator(key().address()).await.expect("the chain answers").bonded;
        assert_eq!(bonded, LptWei(lpt(5)));
    });
}

#[test]
fn what_would_fail_is_not_sent_and_the_reason_is_typed() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        let failed = txs.submit(&e, &town.addresses(), "reward", &TxIntent::Reward).await.expect_err("no orchestrator");
        let TxError::DryRun(failed) = failed else { panic!("{failed:?}") };
        let reason = weir_contracts::Revert::Error("transcoder must be active".into());
        assert_eq!(failed.revert, Some(reason));
        assert!(txs.outbox().is_empty());
        assert_eq!(town.chain.pending_count(), 0);
    });
}

#[test]
fn a_transaction_that_fails_in_its_block_says_why() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        // Both pass the dry run; the second is one too many in the round.
        let a = town.addresses();
        town.next_round();
        town.chain.advance_to(town.chain.now() + weir_types::Millis::from_secs(50 * 12));
        txs.submit(&e, &a, "first", &TxIntent::InitializeRound).await.expect("it goes");
        txs.submit(&e, &a, "second", &TxIntent::InitializeRound).await.expect("it goes");
        town.chain.mine();
        let notices = txs.tick(&e).await.expect("the chain answers");
        let places: BTreeMap<&str, _> = notices
            .iter()
            .filter_map(|n| if let Notice::Mined { key, place, .. } = n { Some((key.as_str(), *place)) } else { None })
            .collect();
        assert!(places["first"].success && !places["second"].success);
        let reason = txs.reason(&e, places["second"].hash).await.expect("it reverts again");
        assert_eq!(reason.to_string(), "round already initialized");
        assert!(places["second"].fee > Wei::ZERO);
    });
}

#[test]
fn gas_above_the_limit_is_not_paid() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let limit = GasPolicy { max: Some(Wei::new(150_000_000)), ..GasPolicy::default() };
        let mut txs = manager(&e, limit, MemoryJournal::default());
        let a = town.addresses();
        txs.submit(&e, &a, "in time", &fund(1)).await.expect("it goes");
        town.chain.set_base_fee(Wei::new(200_000_000));
        let refused = txs.submit(&e, &a, "too late", &fund(2)).await.expect_err("too dear");
        let text = "current gas price 200000000 wei exceeds the maximum gas price 150000000 wei";
        assert_eq!(refused.to_string(), text);
        // The first waits: it offers the limit, and no replacement may offer more.
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            town.mine(60);
            assert_eq!(txs.tick(&e).await.expect("the chain answers"), []);
        }
        assert_eq!(txs.outbox().open()[0].1.len(), 1, "no replacement was signed");
        town.chain.set_base_fee(Wei::new(140_000_000));
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["in time"]);
    });
}

#[test]
fn what_waits_too_long_is_replaced_by_what_pays_more() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let limit = GasPolicy { max: Some(Wei::new(1_000_000_000)), ..GasPolicy::default() };
        let mut txs = manager(&e, limit, MemoryJournal::default());
        txs.submit(&e, &town.addresses(), "fund", &fund(1)).await.expect("it goes");
        assert_eq!(max_fee(&town, &txs), 200_000_000);
        // No block is made: it waits.
        tokio::time::sleep(Duration::from_secs(299)).await;
        txs.tick(&e).await.expect("the chain answers");
        assert_eq!(max_fee(&town, &txs), 200_000_000);
        tokio::time::sleep(Duration::from_secs(2)).await;
        txs.tick(&e).await.expect("the chain answers");
        assert_eq!(max_fee(&town, &txs), 222_000_000);
        // The base fee grows past the offer: there is no sense in waiting as long again.
        town.chain.set_base_fee(Wei::new(250_000_000));
        tokio::time::sleep(Duration::from_secs(16)).await;
        txs.tick(&e).await.expect("the chain answers");
        assert_eq!(max_fee(&town, &txs), 500_000_000);
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fund"]);
    });
    assert_eq!(deposit(&town), Wei::new(1));
}

/// What the only transaction on its way offers.
fn max_fee(town: &Town, txs: &TxManager<MemoryJournal>) -> u128 {
    let open = txs.outbox().open();
    let hash = *open[0].1.last().expect("it was signed");
    let found = futures::executor::block_on(async { town.chain.provider().get_transaction_by_hash(hash).await });
    found.expect("the chain answers").expect("it waits").max_fee_per_gas()
}

#[test]
fn a_lost_transaction_is_sent_again_to_all() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        let mut txs = fresh(&e);
        lines[0].trouble(Some(Trouble::Loses));
        txs.submit(&e, &town.addresses(), "fund", &fund(1)).await.expect("it goes");
        assert_eq!(town.chain.pending_count(), 0, "it is lost");
        txs.tick(&e).await.expect("the chain answers");
        assert_eq!(town.chain.pending_count(), 0, "it is given some time");
        tokio::time::sleep(Duration::from_secs(16)).await;
        txs.tick(&e).await.expect("the chain answers");
        assert_eq!(town.chain.pending_count(), 1);
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fund"]);
    });
    assert_eq!(deposit(&town), Wei::new(1));
}

#[test]
fn a_reorganisation_undoes_and_mines_again() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        txs.submit(&e, &town.addresses(), "fund", &fund(1)).await.expect("it goes");
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fund"]);
        // Taken out, in no block for a while, then in another one.
        town.chain.reorg(1).expect("it is kept");
        let notices = txs.tick(&e).await.expect("the chain answers");
        assert_eq!(notices, [Notice::Undone { key: "fund".into() }]);
        town.mine(3);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fund"]);
        // In another block at once: its outcome did not change, and nothing is told.
        town.chain.reorg(1).expect("it is kept");
        town.mine(3);
        town.mine(3);
        assert_eq!(txs.tick(&e).await.expect("the chain answers"), []);
    });
    assert_eq!(deposit(&town), Wei::new(1));
}

#[test]
fn a_nonce_that_somebody_else_used_is_told() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 1);
        let mut txs = fresh(&e);
        lines[0].trouble(Some(Trouble::Loses));
        txs.submit(&e, &town.addresses(), "fund", &fund(1)).await.expect("it goes");
        lines[0].trouble(None);
        // The same key in another program.
        town.raw(key().address(), Some(ORCHESTRATORS[0]), Wei::new(7), Default::default());
        town.mine(1);
        assert_eq!(txs.tick(&e).await.expect("the chain answers"), [], "not before it is deep");
        for _ in 0..11 {
            town.mine(1);
        }
        let notices = txs.tick(&e).await.expect("the chain answers");
        let [Notice::Dropped { key, reason }] = notices.as_slice() else { panic!("{notices:?}") };
        assert_eq!(key, "fund");
        assert_eq!(reason, "nonce 0 was used by a transaction from elsewhere");
        assert!(txs.outbox().is_empty());
        txs.submit(&e, &town.addresses(), "fund", &fund(1)).await.expect("it goes with the next nonce");
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fund"]);
    });
    assert_eq!(deposit(&town), Wei::new(1));
}

#[test]
fn after_a_crash_the_same_bytes_are_sent_again() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 1);
        // One is lost on the way, one waits, one is in a block when the process dies.
        let mut txs = fresh(&e);
        let a = town.addresses();
        txs.submit(&e, &a, "mined", &fund(1)).await.expect("it goes");
        town.mine(1);
        txs.submit(&e, &a, "waits", &fund(2)).await.expect("it goes");
        lines[0].trouble(Some(Trouble::Loses));
        txs.submit(&e, &a, "lost", &fund(4)).await.expect("it goes");
        lines[0].trouble(None);
        let mut txs = manager(&e, GasPolicy::default(), txs.into_journal());
        assert_eq!(txs.submit(&e, &a, "lost", &fund(4)).await.expect("it is known"), Submission::Joined);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["mined"]);
        assert_eq!(town.chain.pending_count(), 2);
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["waits", "lost"]);
    });
    assert_eq!(deposit(&town), Wei::new(7));
}

/// A disk that is full after so many records.
#[derive(Debug)]
struct Full(MemoryJournal, usize);

impl Journal for Full {
    fn put(&mut self, record: &Record) -> Result<(), JournalError> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| JournalError("no space left on device".into()))?;
        self.0.put(record)
    }

    fn read(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.0.read(prefix)
    }
}

#[test]
fn what_cannot_be_stored_is_not_sent() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut txs = manager(&e, GasPolicy::default(), Full(MemoryJournal::default(), 1));
        let a = town.addresses();
        txs.submit(&e, &a, "fits", &fund(1)).await.expect("it goes");
        let refused = txs.submit(&e, &a, "does not", &fund(2)).await.expect_err("the disk is full");
        assert_eq!(refused.to_string(), "storage: no space left on device");
        assert_eq!(town.chain.pending_count(), 1);
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["fits"]);
        // Its nonce is free again.
        let mut txs = manager(&e, GasPolicy::default(), txs.into_journal().0);
        txs.submit(&e, &a, "does", &fund(4)).await.expect("it goes");
        town.mine(1);
        assert!(mined(&txs.tick(&e).await.expect("the chain answers")).contains(&"does"));
    });
    assert_eq!(deposit(&town), Wei::new(5));
}

#[test]
fn a_record_that_does_not_read_is_not_passed_over() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let mut journal = MemoryJournal::default();
        let key_of = format!("{RECORDS}{:#x}/{:020}", key().address(), 0);
        journal.put(&Record { key: key_of.clone(), value: Some(b"{".to_vec()) }).expect("memory");
        let account = Account::new(key(), CHAIN_ID);
        let failed = TxManager::open(&e, account, config(), GasPolicy::default(), journal).expect_err("it is torn");
        assert!(failed.to_string().starts_with(&format!("storage: record {key_of}: EOF")), "{failed}");
    });
}

#[test]
fn dead_endpoints_delay_and_lose_nothing() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        let mut txs = fresh(&e);
        let a = town.addresses();
        txs.submit(&e, &a, "before", &fund(1)).await.expect("it goes");
        let kill = |t: Option<Trouble>| lines.iter().for_each(|l: &Line| l.trouble(t.clone()));
        kill(Some(Trouble::Drops));
        let failed = txs.submit(&e, &a, "meanwhile", &fund(2)).await.expect_err("nobody answers");
        assert!(matches!(failed, TxError::Chain(_)), "{failed}");
        txs.tick(&e).await.expect_err("nobody answers");
        town.mine(1);
        kill(None);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["before"]);
        txs.submit(&e, &a, "meanwhile", &fund(2)).await.expect("it goes");
        town.mine(1);
        assert_eq!(mined(&txs.tick(&e).await.expect("the chain answers")), ["meanwhile"]);
    });
    assert_eq!(deposit(&town), Wei::new(3));
}
