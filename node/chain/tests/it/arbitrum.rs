//! What is different on Arbitrum, seen by a node on the real contracts.

use weir_chain::{Addresses, Client, Driver, Endpoints, TxError, WatchConfig};
use weir_roles::{ChainEvent, TxIntent};
use weir_ticket::recipient::{ChainView, Recipient, RecipientConfig};
use weir_ticket::sender::{Sender, SenderConfig, SenderView};
use weir_ticket::{EthVerifier, ExpirationParams, SigningKey, Ticket, WinningTicket};
use weir_types::{B256, Instant, L1Block, Price, Round, U256, Wei};

use crate::manager::fresh;
use crate::support::{L1_SECONDS, ORCHESTRATORS, ROUND, Town, endpoints, run};

const FACE_VALUE: u128 = 1_000_000_000_000_000;

/// A gateway that can sign tickets, with money in the broker, and an orchestrator that takes them.
pub(crate) struct Pair {
    key: SigningKey,
    sender: Sender,
    recipient: Recipient,
    price: Price,
}

impl Pair {
    pub(crate) fn new(town: &Town) -> Self {
        let key = SigningKey::from_bytes([7; 32]).expect("a key");
        let config = RecipientConfig {
            ev: Wei::new(FACE_VALUE / 4),
            max_face_value: Wei::new(FACE_VALUE),
            ..RecipientConfig::default()
        };
        let config_of_sender = SenderConfig {
            max_ticket_ev: Wei::new(FACE_VALUE).into(),
            max_total_ev: Wei::new(FACE_VALUE).into(),
            ..SenderConfig::default()
        };
        let broker = town.d.ticket_broker;
        town.chain.set_balance(key.address(), Wei::from_whole(10));
        let fund = weir_contracts::bindings::TicketBroker::fundDepositAndReserveCall {
            _depositAmount: Wei::from_whole(1).0,
            _reserveAmount: Wei::from_whole(1).0,
        };
        let data = alloy::sol_types::SolCall::abi_encode(&fund);
        town.raw(key.address(), Some(broker), Wei::from_whole(2), data.into());
        Self {
            sender: Sender::new(config_of_sender),
            recipient: Recipient::new(ORCHESTRATORS[0], [3; 32], config),
            price: Price::new(1, 1).expect("a price"),
            key,
        }
    }

    /// A ticket that wins, its parameters issued under a view; `without` leaves the round to the sender.
    pub(crate) fn winner(&mut self, view: &ChainView, without: bool) -> WinningTicket {
        let me = self.key.address();
        let seed = U256::from(view.l1.0);
        let float = Wei::from_whole(1);
        let mut params = self.recipient.ticket_params(me, &self.price, float, view, seed).expect("there is money");
        if without {
            params.expiration_params = ExpirationParams::default();
        }
        let own = SenderView {
            l1: view.l1,
            round: view.round,
            round_hash: view.round_hash,
            previous_hash: view.previous_hash,
            deposit: Wei::from_whole(1),
            reserve: Wei::from_whole(1),
            ..SenderView::default()
        };
        let session = self.sender.start(params.clone());
        for _ in 0..100 {
            let batch = self.sender.batch(&session, 1, &own, &self.key).expect("the sender has money");
            let one = batch.tickets.first().expect("a ticket");
            let ticket = params.ticket(me, one.nonce, batch.expiration);
            let got = self.recipient.receive(&ticket, &one.sig, seed, &self.price, view.l1, &EthVerifier);
            // Without the round in the parameters the recipient derives another number, and refuses.
            assert_eq!(got.error.is_some(), without, "{:?}", got.error);
            if got.won || without {
                return WinningTicket { ticket, sig: one.sig, recipient_rand: got.recipient_rand };
            }
        }
        panic!("one in four wins, and a hundred did not");
    }
}

pub(crate) fn view(client: &Client<impl alloy::providers::Provider + Clone>, l1: u64) -> ChainView {
    let info = run(async { client.round_info().await }).expect("the chain answers");
    ChainView {
        l1: L1Block(l1),
        gas_price: Wei::new(100_000_000),
        round: info.round,
        round_hash: info.block_hash,
        previous_hash: info.previous_block_hash,
    }
}

fn redeem(won: &WinningTicket) -> TxIntent {
    TxIntent::Redeem { ticket: Box::new(won.ticket.clone()), sig: won.sig, recipient_rand: won.recipient_rand }
}

fn try_to_redeem(e: &Endpoints, a: &Addresses, town: &Town, won: &WinningTicket) -> Result<(), TxError> {
    run(async {
        let mut txs = fresh(e);
        txs.submit(e, a, "redeem", &redeem(won)).await?;
        town.mine(1);
        let notices = txs.tick(e).await?;
        assert_eq!(notices.len(), 1, "{notices:?}");
        Ok::<(), TxError>(())
    })?;
    let used = run(async { town.client().ticket_used(won.ticket.hash()).await });
    assert!(used.expect("the chain answers"), "the ticket is paid");
    Ok(())
}

#[test]
fn a_round_without_an_l1_hash_takes_tickets_of_the_round_before() {
    let town = Town::new();
    let mut pair = Pair::new(&town);
    // The next round begins at an L1 block of whose parent Arbitrum keeps no hash.
    let l1 = town.chain.l1_block_number();
    let start = l1 + ROUND - l1 % ROUND;
    town.chain.set_l1_hash(start - 1, B256::ZERO);
    town.next_round();
    let now = view(&town.client(), start);
    assert_eq!((now.round_hash, now.round), (B256::ZERO, Round(start / ROUND)));
    assert_ne!(now.previous_hash, B256::ZERO);

    let won = pair.winner(&now, false);
    assert_eq!(won.ticket.creation_round, Round(now.round.0 - 1));
    assert_eq!(won.ticket.creation_round_block_hash, now.previous_hash);
    let (_, e) = endpoints(&town.chain, 1);
    let a = town.addresses();
    try_to_redeem(&e, &a, &town, &won).expect("the broker takes it");

    // A gateway that has to fill in the round does the same.
    let filled = pair.winner(&now, true).ticket;
    assert_eq!(filled.expiration_params(), won.ticket.expiration_params());

    // One of the round itself cannot be paid, and nothing is spent on it.
    let own_round = ChainView { previous_hash: B256::ZERO, ..now };
    let mut lost = pair.winner(&own_round, false);
    let ticket = Ticket { creation_round: now.round, creation_round_block_hash: B256::ZERO, ..lost.ticket };
    lost = WinningTicket { sig: pair.key.sign(ticket.hash()), ticket, ..lost };
    let refused = try_to_redeem(&e, &a, &town, &lost).expect_err("it has no hash");
    let TxError::DryRun(refused) = refused else { panic!("{refused:?}") };
    let text = "ticket creationRound does not have a block hash";
    assert_eq!(refused.revert, Some(weir_contracts::Revert::Error(text.into())));
    assert_eq!(town.chain.pending_count(), 0);
}

#[test]
fn a_stop_of_the_sequencer_across_the_edge_of_a_round_delays_everything_and_loses_nothing() {
    let town = Town::new();
    let mut pair = Pair::new(&town);
    town.mine(1);
    let before = view(&town.client(), town.chain.l1_block_number());
    let won = pair.winner(&before, false);
    let (_, e) = endpoints(&town.chain, 1);
    let txs = fresh(&e);
    let mut driver = Driver::new(e, town.addresses(), WatchConfig::in_process(), town.head(), txs, Box::new(|_| None));
    run(async {
        let (tick, error) = driver.tick().await;
        assert!(error.is_none(), "{error:?}");
        assert!(tick.events.iter().any(|e| matches!(e, ChainEvent::Round(r) if r.round == before.round)));

        // The sequencer stops before the edge, and comes back when the next round has 20 blocks.
        town.chain.stop_sequencer(true);
        let l1 = town.chain.l1_block_number();
        let edge = l1 + ROUND - l1 % ROUND;
        let seconds = |block: u64| (block - 1_000) * L1_SECONDS;
        for block in [edge - 1, edge + 1, edge + 10] {
            town.chain.advance_to(Instant::from_secs(seconds(block)));
            let (tick, _) = driver.tick().await;
            assert!(tick.news.is_empty(), "there is no block: {:?}", tick.news);
        }
        // What is wanted meanwhile is kept. Tickets have to wait for the round: nothing is spent on them.
        driver.submit("round", &TxIntent::InitializeRound).await.expect("it is kept");
        let TxError::DryRun(early) = driver.submit("redeem", &redeem(&won)).await.expect_err("no round") else {
            panic!("the dry run says why")
        };
        assert_eq!(early.revert, Some(weir_contracts::Revert::Error("current round is not initialized".into())));
        assert_eq!(town.chain.pending_count(), 0, "nobody takes it");

        town.chain.advance_to(Instant::from_secs(seconds(edge + 20)));
        town.chain.stop_sequencer(false);
        let mut outcomes = Vec::new();
        for _ in 0..20 {
            town.pass(30);
            tokio::time::advance(std::time::Duration::from_secs(30)).await;
            let (tick, error) = driver.tick().await;
            assert!(error.is_none(), "{error:?}");
            let begun = tick.outcomes.iter().any(|(key, _)| key == "round");
            outcomes.extend(tick.outcomes);
            if begun {
                driver.submit("redeem", &redeem(&won)).await.expect("it goes");
            }
            town.chain.mine();
        }
        assert_eq!(outcomes.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["round", "redeem"]);
        assert!(outcomes.iter().all(|(_, o)| matches!(o, weir_roles::TxOutcome::Mined { .. })), "{outcomes:?}");
    });
    let after = view(&town.client(), town.chain.l1_block_number());
    assert_eq!(after.round, Round(before.round.0 + 1), "the round that began meanwhile, begun late");
}
