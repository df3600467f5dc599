//! What follows from an expected value, and what does not fit.

use weir_ticket::policy::{EvPolicy, PolicyError};
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::sender::SenderConfig;
use weir_types::{Millis, Price, Wei};

/// Live video at 720p30, as its units are counted.
const LIVE: u64 = 1_280 * 720 * 30;

/// A live session at 0.001 wei a pixel, paid every five seconds, a minute ahead.
fn live() -> EvPolicy {
    EvPolicy {
        tickets: RecipientConfig { ev: Wei::new(80_000_000), ..RecipientConfig::default() },
        sender: SenderConfig::default(),
        price: Price::new(1, 1).expect("a price"),
        units_per_second: LIVE,
        interval: Millis::from_secs(5),
        buffer: Some(Millis::from_secs(60)),
        gas_price: Wei::new(100_000_000),
        pool_size: 100,
    }
}

#[test]
fn what_follows_from_a_policy() {
    let plan = live().plan().expect("it fits");
    assert_eq!(plan.redemption, Wei::new(120_000_000_000_000));
    assert_eq!(plan.face_value, Wei::new(12_000_000_000_000_000));
    assert_eq!(plan.tickets_per_winner, 150_000_000);
    assert_eq!(plan.per_second, Wei::new(27_648_000).into());
    assert_eq!(plan.ticket_pays, Millis(2_893));
    assert_eq!(plan.tickets_per_payment, 2);
    assert_eq!(plan.deposit, plan.face_value);
    assert_eq!(plan.reserve, Wei::new(1_200_000_000_000_000_000));
}

#[test]
fn what_does_not_fit_is_named() {
    let ev =
        |ev: u128, p: EvPolicy| EvPolicy { tickets: RecipientConfig { ev: Wei::new(ev), ..p.tickets.clone() }, ..p };
    let free = EvPolicy { price: Price::free(), ..ev(0, live()) };
    assert!(free.plan().is_ok(), "free work needs no tickets");
    let cases: [(EvPolicy, &str); 6] = [
        (ev(0, live()), "tickets are worth nothing: set an expected value"),
        (
            EvPolicy { buffer: Some(Millis(u64::MAX)), ..ev(3_000_000_000_000, live()) },
            "a ticket is worth 3000000000000 wei, and gateways sign below 3000000000000 wei: lower the expected value",
        ),
        (
            // Ten seconds ahead, tickets worth minutes: what stopped live sessions of the network.
            EvPolicy { buffer: Some(Millis::from_secs(10)), ..ev(8_000_000_000, live()) },
            "a ticket pays for 289.351 s of work, a payment comes every 5.000 s, and 10.000 s are paid ahead: a session \
             would stop in between; the buffer must be longer than both together",
        ),
        (
            EvPolicy {
                tickets: RecipientConfig { max_face_value: Wei::new(100_000_000_000_000), ..live().tickets },
                gas_price: Wei::new(90_000_000),
                ..live()
            },
            "a winner is worth 0 wei, its redemption costs 108000000000000 wei: raise the highest face value",
        ),
        (
            ev(8_000_000, live()),
            "1728 tickets are sent while parameters hold, and they take 600: raise the expected value",
        ),
        (
            EvPolicy {
                interval: Millis::from_secs(800_000),
                buffer: Some(Millis(u64::MAX)),
                tickets: RecipientConfig { ev: Wei::new(2_000_000_000_000), ..live().tickets },
                ..live()
            },
            "an interval of 800000.000 s takes tickets worth 24000000000000 wei, and gateways send 20000000000000 wei at most: \
             shorten it",
        ),
    ];
    for (policy, text) in cases {
        let errors: Vec<String> =
            policy.plan().expect_err("it does not fit").iter().map(PolicyError::to_string).collect();
        assert_eq!(errors, [text]);
    }
}

#[test]
fn what_a_network_with_the_usual_limits_takes() {
    // 8 gwei tickets, 30 wei a pixel, two renditions at two seconds a segment: most gateways' case.
    let video = EvPolicy {
        tickets: RecipientConfig::default(),
        price: Price::new(303, 10).expect("a price"),
        units_per_second: 9_979_200,
        interval: Millis::from_secs(2),
        buffer: None,
        ..live()
    };
    let plan = video.plan().expect("it fits");
    assert_eq!((plan.tickets_per_payment, plan.ticket_pays), (1, Millis(26_457)));
}

#[test]
fn a_payment_for_every_segment_needs_no_buffer_and_wears_no_parameters_out() {
    let by_segment = |ev: u128| EvPolicy {
        tickets: RecipientConfig { ev: Wei::new(ev), ..RecipientConfig::default() },
        buffer: None,
        ..live()
    };
    assert!(by_segment(8_000_000_000).plan().is_ok(), "tickets of minutes");
    assert!(by_segment(8_000_000).plan().is_ok(), "18 tickets a segment, each under new parameters");
    let errors = by_segment(200_000).plan().expect_err("too many at once");
    let want = "692 tickets are sent while parameters hold, and they take 600: raise the expected value";
    assert_eq!(errors.iter().map(PolicyError::to_string).collect::<Vec<_>>(), [want]);
}
