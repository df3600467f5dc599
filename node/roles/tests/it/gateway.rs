//! A gateway among orchestrators that work, fail, cheat and go silent.

use weir_roles::gateway::GatewayConfig;
use weir_roles::io::Message;
use weir_roles::{ChainEvent, Observation, Peer};
use weir_ticket::sender::SenderConfig;
use weir_types::{Credit, Millis, Round, Wei};

use crate::support::{EV, GATEWAY, World, funds};

fn errors(w: &World) -> Vec<Option<String>> {
    w.results().into_iter().map(|r| r.2).collect()
}

#[test]
fn a_stream_is_served_and_every_ticket_sent_is_credited() {
    let mut w = World::new(3);
    w.stream(1, 20);
    assert_eq!(errors(&w), vec![None; 20]);
    let (paid, credited) = w.books();
    assert_eq!(paid, credited);
    let fees = w.observed().fold(Credit::zero(), |mut sum, (_, o)| {
        if let Observation::Debited { fee, .. } = o {
            sum += &fee.credit();
        }
        sum
    });
    assert!(paid >= fees, "{paid} wei paid for work of {fees} wei");
    // Credit is topped up to the fee of a segment, never far beyond it.
    let slack = Credit::from(Wei::new(40 * EV));
    assert!(paid.clone() - &fees < slack, "{paid} wei paid for work of {fees} wei");
    assert_eq!(w.gateway.streams(), 0);
}

#[test]
fn sessions_are_ended_with_the_stream() {
    let mut w = World::new(2);
    w.stream(1, 3);
    let used: Vec<Peer> =
        w.sent().filter(|(_, _, m)| matches!(m, Message::Segment { .. })).map(|(_, to, _)| to).collect();
    let ended: Vec<Peer> =
        w.sent().filter(|(_, _, m)| matches!(m, Message::EndSession { .. })).map(|(_, to, _)| to).collect();
    assert!(used.iter().all(|p| ended.contains(p)), "used {used:?}, ended {ended:?}");
    assert!(w.nodes.iter().all(|n| n.orchestrator.sessions() == 0));
}

#[test]
fn a_failing_orchestrator_is_left_for_another() {
    let mut w = World::new(2);
    w.nodes[0].manners.fails = Some("TranscoderBusy".to_owned());
    w.stream(1, 20);
    assert_eq!(errors(&w), vec![None; 20]);
    let good = w.nodes[1].key.address();
    assert!(w.results().iter().all(|r| r.0 == Some(good)));
    // Whoever keeps up goes on; the other is not asked for every segment.
    let tries = w.sent().filter(|(_, to, m)| *to == Peer(0) && matches!(m, Message::Segment { .. })).count();
    assert!(tries <= 1, "it was tried {tries} times");
}

#[test]
fn attempts_are_limited() {
    let mut w = World::new(6);
    for n in &mut w.nodes {
        n.manners.fails = Some("TranscoderBusy".to_owned());
    }
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(60));
    assert_eq!(errors(&w), [Some("TranscoderBusy".to_owned())]);
    assert_eq!(w.sent().filter(|(_, _, m)| matches!(m, Message::Segment { .. })).count(), 3);
}

#[test]
fn a_segment_that_nobody_could_transcode_is_tried_once_and_nobody_is_blamed() {
    let mut w = World::new(3);
    for n in &mut w.nodes {
        n.manners.fails = Some("No keyframes in input".to_owned());
    }
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(20));
    assert_eq!(errors(&w), [Some("No keyframes in input".to_owned())]);
    assert_eq!(w.sent().filter(|(_, _, m)| matches!(m, Message::Segment { .. })).count(), 1);
    for n in &mut w.nodes {
        n.manners.fails = None;
    }
    w.segment(1, 1);
    w.run(Millis::from_secs(5));
    assert_eq!(errors(&w)[1], None, "the same sessions serve the next segment");
}

#[test]
fn a_silent_orchestrator_costs_a_segment_its_time_and_no_more() {
    let mut w = World::new(2);
    w.start(1);
    w.nodes[0].manners.silent = true;
    for seq in 0..3 {
        w.segment(1, seq);
        w.run(Millis::from_secs(10));
    }
    w.run(Millis::from_secs(30));
    assert_eq!(errors(&w), vec![None; 3]);
    let asked: Vec<Peer> =
        w.sent().filter(|(_, _, m)| matches!(m, Message::Segment { .. })).map(|(_, to, _)| to).collect();
    let moves = asked.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let swaps = w.observed().filter(|(_, o)| matches!(o, Observation::Swapped { .. })).count();
    assert_eq!(swaps, moves, "every move to another orchestrator is reported");
}

#[test]
fn a_result_with_too_many_pixels_is_not_paid_for() {
    let mut w = World::new(2);
    w.nodes[0].manners.cheats = 1;
    w.nodes[1].manners.cheats = 1;
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(10));
    assert_eq!(errors(&w).len(), 1);
    let why = errors(&w)[0].clone().expect("nobody is honest");
    assert!(why.contains("PixelMismatch"), "{why}");
}

#[test]
fn renditions_signed_by_somebody_else_are_refused() {
    let mut w = World::new(2);
    w.start(1);
    w.segment(1, 0);
    // Run until the work was given out, then answer in another's name.
    w.run(Millis(100));
    let (to, request) = w
        .sent()
        .find_map(|(_, to, m)| match m {
            Message::Segment { request, .. } => Some((to, *request)),
            _ => None,
        })
        .expect("work was given out");
    let other = Peer(1 - to.0);
    let forged = Message::Transcoded {
        request,
        result: Err(weir_roles::io::Refusal::Failed("No keyframes in input".to_owned())),
        info: None,
    };
    w.tell_gateway(weir_roles::gateway::Input::Message { from: other, message: Box::new(forged) });
    assert_eq!(errors(&w), [], "an answer from somebody else changes nothing");
    w.run(Millis::from_secs(5));
    assert_eq!(errors(&w), [None]);
}

#[test]
fn segments_in_flight_with_one_set_of_parameters_have_nonces_of_their_own() {
    let mut w = World::new(1);
    w.start(1);
    w.segment(1, 0);
    w.run(Millis(100));
    // A block goes by while the first segment is worked on; stale credit is cleared with it.
    w.l1(1_001);
    w.segment(1, 1);
    w.run(Millis::from_secs(5));
    assert_eq!(errors(&w), [None, None]);
    let nonces: Vec<u32> = w
        .sent()
        .filter_map(|(_, _, m)| match m {
            Message::Segment { payment, .. } => Some(payment.tickets.iter().map(|t| t.nonce)),
            _ => None,
        })
        .flatten()
        .collect();
    let distinct: std::collections::BTreeSet<u32> = nonces.iter().copied().collect();
    assert_eq!(distinct.len(), nonces.len(), "{nonces:?}");
}

#[test]
fn without_orchestrators_a_segment_fails_at_once_with_the_reason() {
    let mut w = World::new(0);
    w.start(1);
    w.segment(1, 0);
    assert_eq!(errors(&w), [Some("no orchestrator available".to_owned())]);
}

#[test]
fn own_money_is_named_as_the_reason() {
    let cases = [
        (funds(0, 50), "no sender deposit"),
        (funds(5, 0), "no sender reserve"),
        (weir_roles::SenderFunds { withdraw_round: Round(11), ..funds(5, 50) }, "unlock soon"),
    ];
    for (money, reason) in cases {
        let mut w = World::with(2, money, GatewayConfig::default(), 10);
        w.start(1);
        w.segment(1, 0);
        w.run(Millis::from_secs(20));
        let all = errors(&w);
        assert_eq!(all.len(), 1, "{reason}");
        let why = all[0].clone().expect("it cannot be paid");
        assert!(why.contains(reason), "{why} does not name {reason}");
        assert_eq!(w.books().0, Credit::zero());
    }
}

#[test]
fn a_deposit_that_runs_out_in_mid_stream_blames_no_orchestrator() {
    let mut w = World::new(2);
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(2));
    let sender = w.gateway_key.address();
    let poor = funds(0, 50);
    w.chain(&ChainEvent::Funds { sender, funds: poor });
    // Credit from the first segment may still pay; the empty deposit must show up soon.
    for seq in 1..5 {
        w.segment(1, seq);
        w.run(Millis::from_secs(2));
    }
    let why = errors(&w).pop().flatten().expect("the deposit is empty");
    assert!(why.contains("no sender deposit"), "{why}");
    let rich = funds(5, 50);
    w.chain(&ChainEvent::Funds { sender, funds: rich });
    w.segment(1, 5);
    w.run(Millis::from_secs(3));
    assert_eq!(errors(&w).pop(), Some(None), "the sessions are still there");
}

#[test]
fn tickets_worth_too_much_are_not_sent() {
    let payment = SenderConfig { max_ticket_ev: Wei::new(EV).into(), ..SenderConfig::default() };
    let mut w = World::with(2, funds(5, 50), GatewayConfig { payment, ..GatewayConfig::default() }, 10);
    w.stream(1, 2);
    assert!(errors(&w).iter().all(Option::is_some), "win probabilities are rounded up, so EV lies above the limit");
    assert_eq!(w.books().0, Credit::zero());
}

#[test]
fn expired_parameters_and_tokens_are_renewed_before_a_payment() {
    let mut w = World::new(1);
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(2));
    // Forty blocks later the parameters of the last answer hold no longer.
    w.l1(1_039);
    w.segment(1, 1);
    w.run(Millis::from_secs(2));
    assert_eq!(errors(&w), [None, None]);
    // Less than three minutes are left of the token's thirty.
    w.run(Millis::from_secs(28 * 60));
    w.segment(1, 2);
    w.run(Millis::from_secs(2));
    assert_eq!(errors(&w), [None, None, None]);
    let asked =
        w.sent().filter(|(from, _, m)| *from == GATEWAY && matches!(m, Message::GetOrchestrator { .. })).count();
    assert!(asked >= 3, "{asked} requests: one search and two renewals at least");
    let (paid, credited) = w.books();
    assert_eq!(paid, credited);
}

#[test]
fn an_orchestrator_without_room_is_left_and_not_put_to_rest() {
    // One place each: the second stream's first choice may be taken, and its segments go to the other at once.
    let mut w = World::with(2, funds(5, 50), GatewayConfig::default(), 1);
    w.nodes[0].manners.fails = Some("no transcoders available".to_owned());
    w.start(1);
    w.segment(1, 0);
    w.run(Millis::from_secs(5));
    assert_eq!(errors(&w), [None], "the other took it");
    w.nodes[0].manners.fails = None;
    w.nodes[1].manners.fails = Some("no transcoders available".to_owned());
    w.segment(1, 1);
    w.run(Millis::from_secs(5));
    assert_eq!(errors(&w), [None, None], "whoever had no room a moment ago is asked again");
}

#[test]
fn orchestrators_below_the_lowest_score_are_passed_over() {
    use weir_market::scores::Scores;
    let mut config = GatewayConfig { region: Some("fra".to_owned()), ..GatewayConfig::default() };
    config.selection.min_performance = 0.8;
    let mut w = World::with(2, funds(5, 50), config, 10);
    let [slow, good] = [0, 1].map(|i: usize| w.nodes[i].key.address());
    let json = format!(
        r#"{{"{slow}": {{"FRA": {{"score": 0.5}}, "LAX": {{"score": 1}}}}, "{good}": {{"FRA": {{"score": 0.9}}}}}}"#
    );
    let scores = Scores::parse(&json).expect("scores");
    w.tell_gateway(weir_roles::gateway::Input::Scores(scores));
    for stream in 0..5 {
        w.stream(stream, 1);
    }
    assert!(w.results().iter().all(|r| r.0 == Some(good) && r.2.is_none()), "{:?}", w.results());
}

#[test]
fn a_gateway_chooses_by_the_rule_it_is_given() {
    use weir_market::strategy::StrategyConfig;
    let config = GatewayConfig { strategy: StrategyConfig::LowestPrice, ..GatewayConfig::default() };
    let mut w = World::with(3, funds(5, 50), config, 10);
    let mut rng = weir_types::Entropy::from_seed([6; 32]);
    let cheap = w.nodes[1].key.clone();
    w.nodes[1].orchestrator = crate::support::orchestrator(&cheap, crate::support::PRICE / 2, 10, &mut rng);
    let (head, set) = (weir_roles::ChainEvent::Head(w.head()), weir_roles::ChainEvent::ActiveSet(w.entries().into()));
    for e in [head, weir_roles::ChainEvent::Round(crate::support::round(10)), set] {
        w.chain(&e);
    }
    for stream in 0..5 {
        w.stream(stream, 1);
    }
    assert!(w.results().iter().all(|r| r.0 == Some(cheap.address()) && r.2.is_none()), "{:?}", w.results());
}

#[test]
fn a_peer_cannot_excuse_itself_nor_stop_the_search_for_another() {
    for excuse in ["context canceled", "stream is over", "no sender deposit", "connection refused"] {
        let mut w = World::new(2);
        w.start(1);
        w.nodes[0].manners.fails = Some(excuse.to_owned());
        for seq in 0..4 {
            w.segment(1, seq);
            w.run(Millis::from_secs(5));
        }
        let good = Some(w.nodes[1].key.address());
        assert!(w.results().iter().all(|r| r.0 == good && r.2.is_none()), "{excuse}: {:?}", w.results());
    }
}
