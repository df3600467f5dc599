//! The figures of docs/tickets.md, made by the code that the page is about.

use std::fmt::Write as _;
use std::path::Path;

use weir_ticket::monitor::{Funds, SenderMonitor};
use weir_ticket::policy::EvPolicy;
use weir_ticket::recipient::{Recipient, RecipientConfig};
use weir_ticket::sender::SenderConfig;
use weir_types::{Address, Millis, Price, Wei};

use crate::worked_session::{FACE_VALUE, FEE, PIXELS, TICKET_EV, play};

const PAGE: &str = "../../docs/tickets.md";

/// An amount of wei in ether, as short as it goes.
fn ether(wei: u128) -> String {
    let text = format!("{}.{:018}", wei / 10u128.pow(18), wei % 10u128.pow(18));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

fn wei(v: Wei) -> u128 {
    u128::try_from(v.0).expect("a small sum")
}

fn terms() -> String {
    let mut out =
        "| gas price | cost of a redemption | face value | tickets per winner | EV |\n|---|---|---|---|---|\n"
            .to_owned();
    let recipient = Recipient::new(Address::ZERO, [0; 32], RecipientConfig::default());
    for gas_price in [10_000_000u128, 100_000_000, 1_000_000_000] {
        let cost = gas_price * u128::from(RecipientConfig::default().redeem_gas);
        let value = recipient.face_value(Wei::from_whole(100), Wei::new(gas_price)).expect("worth it");
        let per_winner = wei(value) / wei(RecipientConfig::default().ev);
        let _ = writeln!(
            out,
            "| {} gwei | {} ETH | {} ETH | {} | {} wei |",
            gas_price as f64 / 1e9,
            ether(cost),
            ether(wei(value)),
            grouped(per_winner),
            grouped(TICKET_EV),
        );
    }
    out
}

fn float() -> String {
    let mut out =
        "| deposit | reserve | on its way | share of the reserve | float |\n|---|---|---|---|---|\n".to_owned();
    for (deposit, reserve, pending) in [(10u128, 100u128, 0u128), (10, 100, 2), (1, 100, 1), (0, 100, 0), (10, 0, 0)] {
        let eth = |n: u128| Wei::new(n * 10u128.pow(17));
        let mut m =
            SenderMonitor::new(Funds { deposit: eth(deposit), reserve_remaining: eth(reserve), ..Funds::default() });
        m.add_pending(eth(pending));
        let _ = writeln!(
            out,
            "| {} ETH | {} ETH | {} ETH | {} ETH | {} ETH |",
            ether(wei(eth(deposit))),
            ether(wei(eth(reserve))),
            ether(wei(eth(pending))),
            ether(u128::try_from(m.reserve_alloc(100)).expect("a share")),
            ether(wei(m.max_float_wei(100))),
        );
    }
    out
}

fn session() -> String {
    let mut out = format!(
        "A ticket is worth {} wei and wins {} ETH. A segment has {} pixels and costs {} wei.\n\n\
         | segment | tickets | gateway's book after it, wei | orchestrator's book |\n|---|---|---|---|\n",
        grouped(TICKET_EV),
        ether(FACE_VALUE),
        grouped(PIXELS),
        grouped(FEE),
    );
    let rows = play();
    for r in rows.iter().filter(|r| r.number <= 4 || r.tickets > 0 || r.number % 13 == 1) {
        let _ =
            writeln!(out, "| {} | {} | {} | {} |", r.number, r.tickets, grouped(r.gateway), grouped(r.orchestrator));
    }
    let tickets: usize = rows.iter().map(|r| r.tickets).sum();
    let _ = writeln!(out, "\n{} segments, {tickets} tickets.", rows.len());
    out
}

fn policies() -> String {
    let mut out = "| EV, wei | interval | paid ahead | a ticket pays for | tickets a payment | what does not fit |\n\
                   |---|---|---|---|---|---|\n"
        .to_owned();
    for (ev, buffer) in
        [(8_000_000_000u128, 10u64), (8_000_000_000, 60), (250_000_000, 10), (80_000_000, 10), (8_000_000, 10)]
    {
        let policy = EvPolicy {
            tickets: RecipientConfig { ev: Wei::new(ev), ..RecipientConfig::default() },
            sender: SenderConfig::default(),
            price: Price::new(1, 1).expect("a price"),
            units_per_second: 1_280 * 720 * 30,
            interval: Millis::from_secs(5),
            buffer: Some(Millis::from_secs(buffer)),
            gas_price: Wei::new(100_000_000),
            pool_size: 100,
        };
        let (pays, tickets, errors) = match policy.plan() {
            Ok(p) => {
                (format!("{:.1} s", p.ticket_pays.as_secs_f64()), p.tickets_per_payment.to_string(), String::new())
            }
            Err(e) => (String::new(), String::new(), e.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        };
        let _ = writeln!(out, "| {} | 5 s | {buffer} s | {pays} | {tickets} | {errors} |", grouped(ev));
    }
    out
}

/// The page with a block of figures put in.
fn with(page: &str, name: &str, figures: &str) -> String {
    let (start, end) = (format!("<!-- figures:{name} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no place for {name}"));
    let (_, after) = rest.split_once(end).expect("a block ends");
    format!("{before}{start}{figures}{end}{after}")
}

#[test]
#[allow(clippy::disallowed_methods)] // The page is a file.
fn the_figures_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let committed = std::fs::read_to_string(&path).expect("the page is committed");
    let mut page = committed.clone();
    for (name, figures) in [("terms", terms()), ("float", float()), ("session", session()), ("policy", policies())] {
        page = with(&page, name, &figures);
    }
    if std::env::var_os("WEIR_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs can be written");
        return;
    }
    assert!(page == committed, "make it anew: WEIR_UPDATE=1 cargo test --workspace --test it page::");
}
