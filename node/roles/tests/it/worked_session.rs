//! One session from its first segment on, in numbers: what is quoted, what a ticket looks like, and both books after
//! each segment, to the wei.

use std::sync::Arc;

use weir_market::admission::AdmissionConfig;
use weir_market::price::PriceList;
use weir_roles::gateway::{self, GatewayConfig};
use weir_roles::io::{Message, Renditions, SegmentMeta};
use weir_roles::orchestrator::{Orchestrator, OrchestratorConfig};
use weir_roles::{ChainEvent, ChainHead, Observation};
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::{PriceInfo, Value};
use weir_types::{Credit, Entropy, L1Block, Millis, Price, Profile, U256, Wei};

use crate::support::{World, funds, round, segment};

/// 30 wei a pixel, and a hundredth on top for redemptions.
const QUOTED: PriceInfo = PriceInfo { price_per_unit: 303, pixels_per_unit: 10 };
/// 1,200,000 gas at 0.1 gwei, a hundred times.
pub(crate) const FACE_VALUE: u128 = 12_000_000_000_000_000;
pub(crate) const TICKET_EV: u128 = 8_000_000_000;
/// (426 × 240 + 640 × 360) × 30 frames × 2 s.
pub(crate) const PIXELS: u128 = 19_958_400;
pub(crate) const FEE: u128 = 604_739_520;

/// Segments with tickets, counted from 1, and both books after them.
const TABLE: [(u64, u128); 4] = [(1, 7_395_260_480), (2, 14_790_520_960), (15, 14_928_907_200), (28, 15_067_293_440)];
const SEGMENTS: u64 = 31;

fn ladder() -> Arc<Renditions> {
    let step = |name: &str, width, height, bitrate| Profile {
        name: name.to_owned(),
        width,
        height,
        bitrate,
        fps: 30,
        fps_den: 1,
    };
    Arc::new(vec![step("P240p30fps16x9", 426, 240, 600_000), step("P360p30fps16x9", 640, 360, 1_200_000)].into())
}

/// A gateway with money enough, and an orchestrator as it comes, on a chain where gas costs 0.1 gwei.
fn world() -> World {
    let mut w = World::with(1, funds(5, 50), GatewayConfig::default(), 10);
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(30, 1), true),
        admission: AdmissionConfig::default(),
        tickets: RecipientConfig::default(),
    };
    let mut rng = Entropy::from_seed([9; 32]);
    let key = w.nodes[0].key.clone();
    w.nodes[0].orchestrator = Orchestrator::new(config, Box::new(key), &mut rng);
    w.chain(&ChainEvent::Head(ChainHead { l1: L1Block(1_000), gas_price: Wei::new(100_000_000) }));
    w.chain(&ChainEvent::Round(round(10)));
    w.chain(&ChainEvent::ActiveSet(w.entries().into()));
    w
}

/// What the table says of a segment: its tickets, and the books after it.
fn row(segment: u64) -> (u64, u128) {
    let (paid, balance) = TABLE.iter().rev().find(|(paid, _)| *paid <= segment).expect("the first segment is paid");
    (u64::from(*paid == segment), balance - u128::from(segment - paid) * FEE)
}

/// A book in whole wei: a ticket is worth less than 10⁻⁵¹ wei more than was asked for.
fn wei(c: &Credit) -> u128 {
    u128::try_from(c.0.floor().to_integer()).expect("credit is above zero")
}

/// A segment as the machines did it.
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) tickets: usize,
    pub(crate) gateway: u128,
    pub(crate) orchestrator: u128,
}

#[test]
fn a_session_to_the_wei() {
    for r in play() {
        let (tickets, balance) = row(r.number);
        assert_eq!(r.tickets as u64, tickets, "tickets of segment {}", r.number);
        assert_eq!(r.gateway, balance, "the gateway's book after segment {}", r.number);
        assert_eq!(r.orchestrator, balance, "the orchestrator's book after segment {}", r.number);
    }
}

/// The session, with what holds for each of its segments.
pub(crate) fn play() -> Vec<Row> {
    assert_eq!(FEE * 10, PIXELS * 303);
    let mut rows = Vec::new();
    let mut w = world();
    let profiles = ladder();
    w.tell_gateway(gateway::Input::StreamStart { stream: 1, profiles: Arc::clone(&profiles) });
    w.run(Millis(700));
    for number in 1..=SEGMENTS {
        let from = w.seen.len();
        let meta = SegmentMeta { profiles: Arc::clone(&profiles), ..segment(1, number - 1) };
        w.tell_gateway(gateway::Input::segment(meta));
        w.run(Millis::from_secs(2));

        let seen = w.seen.split_off(from);
        let old = std::mem::replace(&mut w.seen, seen);
        let (payment, auth) = w
            .sent()
            .find_map(|(_, _, m)| match m {
                Message::Segment { payment, auth, .. } => Some((payment.clone(), *auth)),
                _ => None,
            })
            .expect("the segment went out");
        let debit = w.observed().find_map(|(_, o)| match o {
            Observation::Debited { fee, balance, .. } => Some((fee.clone(), balance.clone())),
            _ => None,
        });
        let (fee, orchestrators) = debit.expect("it was worked on");
        assert_eq!(payment.expected_price, Some(QUOTED), "segment {number}");
        assert_eq!(fee, Value::from(Wei::new(FEE)), "segment {number}");
        if let Some(p) = &payment.ticket_params {
            assert_eq!(p.face_value, Wei::new(FACE_VALUE));
            let step = U256::MAX / U256::from(FACE_VALUE) + U256::from(1u64);
            assert_eq!(p.win_prob.0, U256::from(TICKET_EV) * step);
            // Each answer brings new parameters, and their first nonce is 1.
            assert_eq!(payment.tickets[0].nonce, 1);
        }
        let book = w.gateway.book(w.nodes[0].key.address(), auth.session_id);
        assert_eq!(book.balance, orchestrators.credit(), "both books are the same to the last digit");
        let (gateway, orchestrator) = (wei(&book.balance), wei(&orchestrators.credit()));
        rows.push(Row { number, tickets: payment.tickets.len(), gateway, orchestrator });
        w.seen = old;
    }
    assert_eq!(wei(&w.gateway.book(w.nodes[0].key.address(), 0).balance), 0, "no other session was paid");
    rows
}
