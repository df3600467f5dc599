//! Several endpoints as one.

use weir_chain::health::Verdict;
use weir_chain::{ChainError, Client, Fault, Head};
use weir_types::{LptWei, Millis};

use crate::support::{Line, SENDERS, Town, Trouble, endpoints, lpt, run};

async fn head(e: &weir_chain::Endpoints, town: &Town) -> Result<Head, ChainError> {
    let addresses = town.addresses();
    e.with(|p| async move { Client::new(p, addresses).head().await }).await
}

#[test]
fn every_trouble_of_the_first_leads_to_the_second() {
    let town = Town::new();
    for trouble in [
        Trouble::Silent,
        Trouble::Late(10_000),
        Trouble::Drops,
        Trouble::Garbage,
        Trouble::Null,
        Trouble::Limits,
        Trouble::Internal,
    ] {
        run(async {
            let (lines, e) = endpoints(&town.chain, 2);
            lines[0].trouble(Some(trouble.clone()));
            let got = head(&e, &town).await.unwrap_or_else(|err| panic!("{trouble:?}: {err}"));
            assert_eq!(got.l2, town.head());
            let status = e.status();
            assert!(!status[0].good && status[1].good, "{trouble:?}: {status:?}");
            assert_eq!(status[0].failed, 1);
            // While the first one rests it is not asked, and costs no time.
            let before = e.now();
            head(&e, &town).await.expect("the second answers");
            assert_eq!(e.now(), before, "{trouble:?}");
            lines[0].trouble(None);
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            head(&e, &town).await.expect("the first is back");
            assert!(e.status()[0].good, "{trouble:?}");
        });
    }
}

#[test]
fn a_slow_answer_is_an_answer() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        lines[0].trouble(Some(Trouble::Late(1_500)));
        head(&e, &town).await.expect("it answers in time");
        assert_eq!(e.status()[0].answered, 1);
        assert_eq!(e.status()[0].latency_ms, 1_500);
    });
}

#[test]
fn a_refusal_by_the_chain_is_not_asked_for_twice() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 3);
        let addresses = town.addresses();
        // Withdrawing what was never unlocked reverts.
        let failed = e
            .with(|p| async move {
                let b = weir_contracts::bindings::TicketBroker::new(addresses.ticket_broker, p);
                b.withdraw().call().await.map_err(|s| ChainError::Call { call: "withdraw", source: Box::new(s) })
            })
            .await
            .err()
            .expect("nothing is unlocked");
        assert_eq!(failed.fault(), None);
        assert_eq!(failed.revert().expect("a reason").to_string(), "sender deposit and reserve are zero");
        assert_eq!(e.status().iter().map(|s| s.answered + s.failed).collect::<Vec<_>>(), [1, 0, 0]);
    });
}

#[test]
fn when_none_answers_the_error_says_who_was_asked_and_what_was_wrong() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        lines.iter().for_each(|l| l.trouble(Some(Trouble::Silent)));
        let err = head(&e, &town).await.expect_err("both are silent");
        assert_eq!(
            err.to_string(),
            "none of 2 endpoints answered; line 1: rpc eth_getBlockByNumber: no answer within 2 s"
        );
        assert_eq!(err.fault(), Some(Fault::TimedOut));
        assert_eq!(e.rest(), Some(Millis(0)).filter(|m| m.0 > 0), "the first has rested while the second was asked");
        let none = weir_chain::Endpoints::of(Vec::new(), weir_chain::HealthConfig::default());
        assert_eq!(head(&none, &town).await.expect_err("there is none").to_string(), "no endpoint is configured");
    });
}

#[test]
fn one_that_tells_another_chain_is_outvoted() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 3);
        let fork = Town { chain: town.chain.branch(), d: town.d };
        for _ in 0..20 {
            town.mine(5);
            fork.mine(6);
        }
        fork.fund(SENDERS[0], 5);
        fork.mine(5);
        lines[0].trouble(Some(Trouble::Fork(fork.chain.clone())));
        assert_eq!(e.survey(None).await, Verdict::Outvoted(vec![0]));
        let got = head(&e, &town).await.expect("the others answer");
        assert_eq!(got.hash, town.client().head().await.expect("the chain answers").hash);
        lines[0].trouble(None);
        assert_eq!(e.survey(None).await, Verdict::Agreed);
        assert!(e.status()[0].good);
        // Without a majority nobody is accused.
        let (lines, e) = endpoints(&town.chain, 2);
        lines[1].trouble(Some(Trouble::Fork(fork.chain)));
        assert_eq!(e.survey(None).await, Verdict::Split(2));
        assert!(e.any_good());
    });
}

#[test]
fn another_chain_than_the_pinned_one_is_not_asked_until_it_is_back() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        lines[0].trouble(Some(Trouble::Foreign));
        e.survey(None).await;
        let status = e.status();
        assert_eq!(status[0].last_fault.as_deref(), Some("not the configured chain"));
        tokio::time::sleep(std::time::Duration::from_secs(100)).await;
        head(&e, &town).await.expect("the second answers");
        assert_eq!(e.status()[0].answered, status[0].answered);
        lines[0].trouble(None);
        e.survey(None).await;
        assert!(e.status()[0].good);
    });
}

#[test]
fn a_head_that_stands_still_is_noticed() {
    let town = Town::new();
    run(async {
        let health = weir_chain::HealthConfig { head_age_max: Some(Millis::from_secs(60)), ..Default::default() };
        let line = Line::new(town.chain.clone());
        let e = weir_chain::Endpoints::of(vec![("only".into(), line.provider(crate::support::PATIENCE))], health);
        let unix = town.chain.timestamp();
        e.survey(Some(unix)).await;
        assert!(e.any_good());
        tokio::time::sleep(std::time::Duration::from_secs(90)).await;
        e.survey(Some(unix + 90)).await;
        assert!(!e.any_good());
        assert!(e.status()[0].head_age_seconds >= Some(90));
        assert_eq!(e.height(), Some(town.head()));
        // It is asked all the same: there is no other.
        head(&e, &town).await.expect("it answers");
    });
}

#[test]
fn reads_are_the_chains() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let addresses = town.addresses();
        let pool = e.with(|p| async move { Client::new(p, addresses).pool().await }).await.expect("the chain answers");
        assert_eq!(pool.iter().map(|m| m.stake).collect::<Vec<_>>(), [LptWei(lpt(501)), LptWei(lpt(500))]);
    });
}
