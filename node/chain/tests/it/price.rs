//! Prices are read from aggregators, and only those that can be trusted.

use alloy::sol_types::SolValue;
use num_rational::BigRational;
use weir_chain::price::{PriceFeed, Quote};
use weir_types::{Address, Millis, U256};

use crate::support::{Town, run, set_code};

const FEED: Address = Address::repeat_byte(0xfd);
const NOW: u64 = 1_700_000_000;

/// Code that answers calls of these selectors with these bytes, and reverts on others.
fn answering(cases: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let head = 5 + cases.len() * 11 + 3;
    let block = 15;
    let mut code = vec![0x5f, 0x35, 0x60, 0xe0, 0x1c];
    for (i, (selector, _)) in cases.iter().enumerate() {
        let [high, low] = ((head + i * block) as u16).to_be_bytes();
        code.extend([0x80, 0x63]);
        code.extend(selector);
        code.extend([0x14, 0x61, high, low, 0x57]);
    }
    code.extend([0x5f, 0x5f, 0xfd]);
    let mut data = head + cases.len() * block;
    for (_, answer) in cases {
        let ([lh, ll], [oh, ol]) = ((answer.len() as u16).to_be_bytes(), (data as u16).to_be_bytes());
        code.extend([0x5b, 0x61, lh, ll, 0x61, oh, ol, 0x5f, 0x39, 0x61, lh, ll, 0x5f, 0xf3, 0x00]);
        data += answer.len();
    }
    cases.iter().for_each(|(_, answer)| code.extend(answer));
    code
}

fn aggregator(town: &Town, description: &str, answer: i64, updated: u64) {
    let answer = if answer < 0 { U256::MAX - U256::from(answer.unsigned_abs() - 1) } else { U256::from(answer as u64) };
    let one = U256::from(1u64);
    let round = (one, answer, U256::from(updated), U256::from(updated), one).abi_encode();
    let code = answering(&[
        ([0x31, 0x3c, 0xe5, 0x67], U256::from(8u64).abi_encode()),
        ([0x72, 0x84, 0xe4, 0x16], description.to_owned().abi_encode()),
        ([0xfe, 0xaf, 0x96, 0x8c], round),
    ]);
    set_code(town, FEED, &code);
}

fn feed() -> PriceFeed {
    PriceFeed { feed: FEED, pair: ("ETH".into(), "USD".into()), age_max: Millis::from_secs(3600) }
}

fn ratio(n: i64, d: i64) -> BigRational {
    BigRational::new(n.into(), d.into())
}

#[test]
fn a_price_is_an_exact_number() {
    let town = Town::new();
    aggregator(&town, "ETH / USD", 312_345_678_901, NOW - 60);
    let quote = run(feed().read(&town.chain.provider(), NOW)).expect("a price");
    let want = Quote {
        base: "ETH".into(),
        quote: "USD".into(),
        price: ratio(312_345_678_901, 100_000_000),
        updated_at: NOW - 60,
    };
    assert_eq!(quote, want);
    aggregator(&town, "usd / eth", 32_000, NOW);
    let quote = run(feed().read(&town.chain.provider(), NOW)).expect("a price");
    assert_eq!(quote.price, ratio(100_000_000, 32_000), "the other way round");
}

#[test]
fn what_cannot_be_trusted_is_refused() {
    let town = Town::new();
    for (description, answer, updated, error) in [
        ("BTC / USD", 1, NOW, "for BTC / USD, expected ETH / USD"),
        ("Ether", 1, NOW, "describes itself as \"Ether\", not as a pair such as \"ETH / USD\""),
        ("ETH / USD", 0, NOW, "answers 0"),
        ("ETH / USD", -5, NOW, "answers -5"),
        ("ETH / USD", 1, NOW - 3601, "is 3601 s old, more than 3600 s"),
    ] {
        aggregator(&town, description, answer, updated);
        let text = run(feed().read(&town.chain.provider(), NOW)).expect_err(error).to_string();
        assert!(text.ends_with(error), "{text}");
        assert!(text.contains(&FEED.to_string()), "{text}");
    }
    let nobody = PriceFeed { feed: Address::repeat_byte(1), ..feed() };
    let text = run(nobody.read(&town.chain.provider(), NOW)).expect_err("nobody is there").to_string();
    assert!(text.starts_with("call Aggregator.description:"), "{text}");
}
