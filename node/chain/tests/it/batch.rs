//! Several tickets in one transaction, on the real contracts: what the broker pays is paid once, and what it skips is
//! tried alone.

use std::collections::BTreeMap;

use weir_chain::{Driver, GasPolicy, TxError, WatchConfig};
use weir_roles::io::Records;
use weir_roles::redeemer::{Input, Redeemer};
use weir_roles::{Effect, Effects, MemoryJournal, Observation, Peer, TxId, TxIntent, TxOutcome};
use weir_ticket::WinningTicket;
use weir_types::{B256, Entropy, Instant};

use crate::arbitrum::{Pair, view};
use crate::manager::manager;
use crate::support::{L1_SECONDS, ORCHESTRATORS, ROUND, Town, endpoints, run};

/// Most tickets of a transaction here.
const BATCH: usize = 3;
const GAS: u64 = 350_000;

/// An orchestrator's redeemer over a driver.
struct House {
    town: Town,
    driver: Driver<MemoryJournal>,
    redeemer: Redeemer,
    rng: Entropy,
    disk: Records,
    /// Transactions on their way, by key.
    sent: BTreeMap<String, TxId>,
    /// Numbers of tickets of the transactions that were wanted.
    sizes: Vec<usize>,
    outcomes: Vec<TxOutcome>,
    ended: Vec<Option<String>>,
}

impl House {
    /// With so many winners in it, whose parameters hold no longer.
    fn new(winners: u64) -> (Self, Vec<WinningTicket>) {
        let town = Town::new();
        let mut pair = Pair::new(&town);
        town.mine(1);
        let now = town.chain.l1_block_number();
        let mut house = Self::over(town, MemoryJournal::default(), Records::new());
        let won: Vec<_> = (0..winners).map(|n| pair.winner(&view(&house.town.client(), now + n), false)).collect();
        for w in &won {
            house.tell(Input::Winner(Box::new(w.clone())));
        }
        house.hear();
        // Ticket parameters hold for 40 blocks, rounds have 50: the tickets are redeemed in the next one.
        house.town.next_round();
        let edge = now + ROUND - now % ROUND;
        let open = now + winners + 40;
        if open > edge {
            house.town.pass((open - edge) * L1_SECONDS);
        }
        house.town.chain.mine();
        (house, won)
    }

    fn over(town: Town, journal: MemoryJournal, disk: Records) -> Self {
        let (_, e) = endpoints(&town.chain, 1);
        let txs = manager(&e, GasPolicy::default(), journal);
        let resolve = Box::new(|_: &str| Some(Peer(1)));
        let driver = Driver::new(e, town.addresses(), WatchConfig::in_process(), town.head(), txs, resolve);
        let redeemer = Redeemer::restore(ORCHESTRATORS[0], GAS, &disk).expect("what was stored reads");
        Self {
            driver,
            town,
            redeemer: redeemer.with_batch(BATCH),
            rng: Entropy::from_seed([1; 32]),
            disk,
            sent: BTreeMap::new(),
            sizes: Vec::new(),
            outcomes: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// The node dies and starts again with what it stored.
    fn restart(self, batch: usize) -> Self {
        let mut fresh = Self::over(self.town, self.driver.into_journal(), self.disk);
        fresh.redeemer = fresh.redeemer.with_batch(batch);
        fresh
    }

    fn tell(&mut self, input: Input) {
        let mut out = Effects::new();
        self.redeemer.handle(Instant::ZERO, input, &mut self.rng, &mut out);
        for effect in out.drain().collect::<Vec<_>>() {
            match effect {
                Effect::WatchSender(sender) => self.driver.watch(sender),
                Effect::Persist(r) => {
                    let _ = match r.value {
                        Some(v) => self.disk.insert(r.key, v),
                        None => self.disk.remove(&r.key),
                    };
                }
                Effect::Submit { id, intent } => self.submit(id, &intent),
                Effect::Observe(Observation::Redemption { error, .. }) => self.ended.push(error),
                other => panic!("a redeemer wants {other:?}"),
            }
        }
    }

    fn submit(&mut self, id: TxId, intent: &TxIntent) {
        let hashes: Vec<String> = match intent {
            TxIntent::Redeem { ticket, .. } => vec![ticket.hash().to_string()],
            TxIntent::RedeemBatch(all) => all.iter().map(|w| w.ticket.hash().to_string()).collect(),
            other => panic!("a redeemer wants {other:?}"),
        };
        self.sizes.push(hashes.len());
        let key = format!("redeem/{}", hashes.join("/"));
        match run(self.driver.submit(&key, intent)) {
            Ok(_) => {
                self.sent.insert(key, id);
            }
            Err(TxError::DryRun(e)) => {
                let outcome = TxOutcome::Refused { reason: e.to_string() };
                self.outcomes.push(outcome.clone());
                self.tell(Input::Tx { id, outcome });
            }
            Err(e) => panic!("{e}"),
        }
    }

    /// One L1 block passes.
    fn look(&mut self) {
        self.town.mine(L1_SECONDS);
        self.hear();
    }

    fn hear(&mut self) {
        let (tick, error) = run(self.driver.tick());
        assert!(error.is_none(), "{error:?}");
        for (key, outcome) in tick.outcomes {
            self.outcomes.push(outcome.clone());
            if let Some(id) = self.sent.remove(&key) {
                self.tell(Input::Tx { id, outcome });
            }
        }
        for event in tick.events {
            self.tell(Input::Chain(event));
        }
    }

    fn used(&self, won: &[WinningTicket]) -> usize {
        let used = |w: &&WinningTicket| run(self.town.client().ticket_used(w.ticket.hash())).expect("it answers");
        won.iter().filter(used).count()
    }

    /// Somebody else is quicker: anybody may redeem a ticket, for its recipient.
    fn overtake(&self, w: &WinningTicket) {
        let data = weir_chain::call::redeem_data(&w.ticket, &w.sig, w.recipient_rand);
        self.town.raw(ORCHESTRATORS[1], Some(self.town.d.ticket_broker), weir_types::Wei::ZERO, data.into());
    }

    fn redeemed(&self) -> Vec<usize> {
        let of = |o: &TxOutcome| if let TxOutcome::Batch { redeemed, .. } = o { Some(redeemed.len()) } else { None };
        self.outcomes.iter().filter_map(of).collect()
    }
}

#[test]
fn tickets_that_are_due_share_transactions() {
    let (mut house, won) = House::new(5);
    house.look();
    assert_eq!(house.sizes, [3, 2]);
    house.look();
    assert_eq!((house.redeemed(), house.used(&won)), (vec![3, 2], 5));
    let TxOutcome::Batch { redeemed, .. } = &house.outcomes[0] else { panic!("{:?}", house.outcomes) };
    assert_eq!(*redeemed, won[..3].iter().map(|w| w.ticket.hash()).collect::<Vec<B256>>());
    assert_eq!(house.ended, [const { None }; 5]);
    assert!(house.redeemer.is_empty() && house.disk.is_empty());
    // A ticket among others takes less than one alone: the 21,000 of a transaction are shared.
    assert!(house.redeemer.redeem_gas() < GAS, "{}", house.redeemer.redeem_gas());
}

#[test]
fn a_ticket_that_fails_in_its_batch_harms_no_other_and_is_judged_alone() {
    let (mut house, won) = House::new(3);
    // Somebody else's transaction waits for the same block and comes first there: the dry run knows nothing of it.
    house.town.mine(L1_SECONDS);
    house.overtake(&won[1]);
    house.hear();
    assert_eq!(house.sizes, [3]);
    house.look();
    assert_eq!((house.redeemed(), house.used(&won)), (vec![2], 3));
    assert_eq!(house.sizes, [3, 1]);
    assert!(matches!(house.outcomes.last(), Some(TxOutcome::Refused { reason }) if reason.contains("ticket is used")));
    assert_eq!(house.ended, [const { None }; 3], "it is paid, whoever asked for it");
    assert!(house.redeemer.is_empty() && house.disk.is_empty());
}

#[test]
fn what_would_fail_is_left_out_of_the_batch_and_costs_nothing() {
    let (mut house, won) = House::new(3);
    house.overtake(&won[0]);
    house.look();
    assert_eq!(house.used(&won), 1);
    house.look();
    assert_eq!((house.sizes.as_slice(), house.redeemed()), ([3, 1].as_slice(), vec![2]));
    assert_eq!(house.used(&won), 3);
    assert_eq!(house.ended, [const { None }; 3]);
}

#[test]
fn a_crash_between_batch_and_block_pays_nothing_twice() {
    // The batch of the earlier life is joined where it is put together again, and otherwise what is used is not sent.
    for (most, sizes, refused) in [(BATCH, vec![3], 0), (2, vec![2, 1, 1, 1], 4)] {
        let (mut house, won) = House::new(3);
        house.look();
        let mut house = house.restart(most);
        for _ in 0..4 {
            house.look();
        }
        assert_eq!(house.used(&won), 3);
        assert_eq!(house.outcomes.iter().filter(|o| matches!(o, TxOutcome::Refused { .. })).count(), refused);
        assert_eq!(house.sizes, sizes);
        assert_eq!(house.ended, [const { None }; 3]);
        assert!(house.redeemer.is_empty() && house.disk.is_empty());
    }
}
