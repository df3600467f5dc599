//! What operators set: whom a gateway asks, what an orchestrator charges, and how much it takes.

use weir_market::devices::Devices;
use weir_market::discovery::{Node, TRUSTED};
use weir_market::price::PriceList;
use weir_market::pricing::Pricing;
use weir_market::scores::{ScoreFloors, Scores};
use weir_market::sources::static_list;
use weir_roles::gateway::{self, GatewayConfig, Listed};
use weir_roles::orchestrator::{Input, Orchestrator, OrchestratorConfig};
use weir_roles::{Observation, Peer};
use weir_types::{Address, Entropy, Millis, Price};

use crate::support::{PRICE, World, funds, tickets};

fn listed(nodes: &[(usize, f64)]) -> gateway::Input {
    let one = |(i, score): &(usize, f64)| {
        let node = Node { uri: format!("https://o{i}:8935"), score: *score };
        Listed { node, peer: Peer(*i as u32) }
    };
    gateway::Input::Listed(nodes.iter().map(one).collect())
}

fn servers(w: &World) -> Vec<Option<usize>> {
    let who = |a: Address| w.nodes.iter().position(|n| n.key.address() == a);
    w.results().into_iter().map(|r| r.0.filter(|_| r.2.is_none()).and_then(who)).collect()
}

#[test]
fn a_list_takes_the_place_of_the_chain() {
    let mut w = World::new(3);
    let nodes = static_list("o2:8935").expect("an address");
    let of_list = nodes.into_iter().map(|node| Listed { node, peer: Peer(2) }).collect();
    w.tell_gateway(gateway::Input::Listed(of_list));
    w.stream(1, 4);
    assert_eq!(servers(&w), [Some(2); 4]);
    // A webhook names somebody else.
    w.tell_gateway(listed(&[(0, 0.0)]));
    w.stream(2, 3);
    assert_eq!(servers(&w)[4..], [Some(0); 3]);
    w.tell_gateway(listed(&[]));
    w.stream(3, 1);
    assert_eq!(servers(&w)[7..], [None]);
}

#[test]
fn trusted_orchestrators_serve_when_no_other_does() {
    let mut w = World::new(2);
    w.tell_gateway(listed(&[(0, TRUSTED), (1, 0.0)]));
    w.stream(1, 3);
    assert_eq!(servers(&w), [Some(1); 3], "those that were found come first");
    w.nodes[1].manners.fails = Some("it broke".to_owned());
    w.stream(2, 3);
    assert_eq!(servers(&w)[3..], [Some(0); 3]);
}

#[test]
fn the_floor_of_a_region_takes_the_place_of_the_general_one() {
    for (region, want) in [("FRA", [Some(1); 4]), ("NYC", [Some(0); 4])] {
        let floors = ScoreFloors::new(0.0, [("FRA", 0.8), ("NYC", 0.8)]).expect("floors");
        let config =
            GatewayConfig { region: Some(region.to_owned()), floors: Some(floors), ..GatewayConfig::default() };
        let mut w = World::with(2, funds(5, 50), config, 10);
        let score = |n: usize, fra: &str, nyc: &str| {
            format!(r#""{}":{{"FRA":{{"score":{fra}}},"NYC":{{"score":{nyc}}}}}"#, w.nodes[n].key.address())
        };
        let text = format!("{{{},{}}}", score(0, "0.5", "0.9"), score(1, "0.9", "0.5"));
        w.tell_gateway(gateway::Input::Scores(Scores::parse(&text).expect("scores")));
        w.stream(1, 4);
        assert_eq!(servers(&w), want, "{region}");
    }
}

fn replace(w: &mut World, node: usize, change: impl FnOnce(Orchestrator) -> Orchestrator) {
    let key = w.nodes[node].key.clone();
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(PRICE, 1), true),
        admission: Default::default(),
        tickets: tickets(),
    };
    let fresh = Orchestrator::new(config, Box::new(key), &mut Entropy::from_seed([7; 32]));
    w.nodes[node].orchestrator = change(fresh);
    w.tell_all();
}

#[test]
fn a_busy_orchestrator_asks_more_and_a_session_keeps_its_price() {
    let mut w = World::new(1);
    let price = |n| Price::new(n, 1).expect("a price");
    let policy = Pricing::Utilisation { floor: price(PRICE), ceiling: price(PRICE * 3) };
    replace(&mut w, 0, |o| o.with_pricing(Box::new(policy)));
    let mut fees = Vec::new();
    for stream in 1..=4 {
        w.start(stream);
        w.segment(stream, 0);
        w.run(Millis::from_secs(1));
        w.l1(w.l1 + 1);
    }
    // Later segments cost what the first ones did.
    for stream in 1..=4 {
        w.segment(stream, 1);
        w.run(Millis::from_secs(1));
    }
    for (_, o) in w.observed() {
        if let Observation::SegmentDone { stream, seq, fee, error, .. } = o {
            assert_eq!(*error, None);
            fees.push((*stream, *seq, fee.credit()));
        }
    }
    let fee = |stream, seq| fees.iter().find(|f| (f.0, f.1) == (stream, seq)).expect("it was served").2.clone();
    for stream in 1..4 {
        assert!(fee(stream, 0) < fee(stream + 1, 0), "each one makes it busier");
    }
    for stream in 1..=4 {
        assert_eq!(fee(stream, 0), fee(stream, 1));
    }
}

#[test]
fn an_orchestrator_stays_below_the_others_it_sees() {
    let mut w = World::new(1);
    let price = |n| Price::new(n, 1).expect("a price");
    let policy = Pricing::Undercut { cost: price(1_000), start: price(PRICE), by: 1_000 };
    replace(&mut w, 0, |o| o.with_pricing(Box::new(policy)));
    w.tell_orchestrator(0, Input::Others(vec![price(50_000), price(40_000)]));
    w.stream(1, 1);
    // A tenth below the cheapest, and what the redemption of tickets costs on top.
    let quoted = w.quoted(0);
    assert!(quoted >= price(36_000) && quoted < price(38_000), "{quoted}");
}

#[test]
fn streams_are_taken_while_the_devices_keep_up() {
    let mut w = World::new(1);
    // The ladder's two renditions at 30 frames a second.
    let load = (426 * 240 + 640 * 360) * 30;
    replace(&mut w, 0, |o| o.with_devices(Devices::in_real_time(&[load * 2])));
    for stream in 1..=3 {
        w.start(stream);
        w.segment(stream, 0);
        w.run(Millis::from_secs(8));
    }
    let errors: Vec<Option<String>> = w.results().into_iter().map(|r| r.2).collect();
    assert_eq!(errors[..2], [None, None]);
    assert!(errors[2].as_ref().is_some_and(|e| e.contains("OrchestratorCapped")), "{errors:?}");
    // A stream that ends makes room, and a device that is slower than was thought takes no more.
    w.tell_gateway(gateway::Input::StreamEnd { stream: 1 });
    w.run(Millis::from_secs(1));
    w.stream(4, 2);
    assert_eq!(w.results()[3].2, None);
    w.tell_orchestrator(0, Input::Device { device: 0, speed: load });
    w.stream(5, 1);
    assert!(w.results().last().is_some_and(|r| r.2.is_some()));
}
