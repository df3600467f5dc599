//! Live sessions: a stream that a model works on for as long as it lasts. Its orchestrator is paid ahead for a minute,
//! and by interval for what was used. When one fails or stops, another one goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_market::class::classify_answer;
use weir_market::limits::REFRESH;
use weir_ticket::Value;
use weir_ticket::balance::Key;
use weir_types::{Instant, Millis, Pixels, Price};

use super::payment::{Purpose, recipient};
use super::selector::{Seeker, Terms};
use super::work::observe_payment;
use super::{Asked, Gateway, Session, Turn};
use crate::io::{
    Answer, Effect, LiveNews, Message, Observation, OrchestratorInfo, Order, OrderResult, Peer, Rate, Refusal,
    TimerKind,
};
use crate::job::{Asked as Ask, LIVE_AHEAD, LiveMeter, ModelKey};

/// Longest wait for the start of a session.
const START_LIMIT: Millis = Millis::from_secs(5);
/// Longest wait for the answer to a payment: so short that the minute paid ahead bears the loss of some.
const PAYMENT_LIMIT: Millis = Millis::from_secs(15);
/// Longest time without output while input comes in.
const OUTPUT_LIMIT: Millis = Millis::from_secs(30);
/// Time within which changes of the orchestrator count together.
const SWAP_TIME: Millis = Millis::from_secs(3 * 60);
/// Changes within that time, at most.
const SWAPS: u32 = 2;
/// Accounts of sessions under way, apart from those of sessions that only began: both are named in 32 bits.
const ACCOUNTS: u64 = 1 << 63;

/// A session under way.
struct Running {
    uri: Arc<str>,
    peer: Peer,
    manifest: u64,
    /// The orchestrator's book of the session, as the gateway reckons it.
    account: Key,
    /// Price that its start fixed.
    price: Price,
    meter: LiveMeter,
    rate: Rate,
    heard: Instant,
    /// Whether a payment, or a request for the terms of one, is under way.
    paying: bool,
}

/// A live stream on its way through the gateway.
pub(super) struct LiveRun {
    stream: u64,
    selector: u64,
    running: Option<Running>,
    /// Whether this start has waited for a search, which is enough.
    waited: bool,
    /// Who is not asked again for this start.
    but: BTreeSet<Arc<str>>,
    tickets: u64,
    orchestrators: u64,
    swaps: u32,
    swapped: Option<Instant>,
    ended: bool,
    why: Option<String>,
}

impl Gateway {
    pub(super) fn on_live_start(&mut self, t: &mut Turn<'_>, stream: u64, key: &ModelKey) {
        let selector = self.selector_of(key);
        let run = LiveRun {
            stream,
            selector,
            running: None,
            waited: false,
            but: BTreeSet::new(),
            tickets: 0,
            orchestrators: 0,
            swaps: 0,
            swapped: None,
            ended: false,
            why: None,
        };
        self.find_live(t, run);
    }

    pub(super) fn go_on_with_live(&mut self, t: &mut Turn<'_>, stream: u64) {
        if let Some(run) = self.lives.remove(&stream) {
            self.find_live(t, run);
        }
    }

    /// Finds an orchestrator and asks it to start.
    fn find_live(&mut self, t: &mut Turn<'_>, mut run: LiveRun) {
        while !run.ended {
            let searching = !run.waited && self.search_model(t, run.selector);
            let Some(s) = self.selectors.get_mut(run.selector) else { break };
            let Some(uri) = s.pool.pick_live(&run.but) else {
                if !searching {
                    break;
                }
                run.waited = true;
                s.waiting.push(Seeker::Live(run.stream));
                self.lives.insert(run.stream, run);
                return;
            };
            match self.terms(t, run.selector, &uri) {
                Terms::Good(session) => {
                    if self.start_live(t, &mut run, &session) {
                        self.lives.insert(run.stream, run);
                        return;
                    }
                }
                Terms::Stale if self.renew_live(t, &run, &uri) => {
                    self.lives.insert(run.stream, run);
                    return;
                }
                Terms::Stale | Terms::Gone => self.drop_session(run.selector, &uri, false),
                Terms::Bad(e) => {
                    run.why = Some(e.to_string());
                    if e.is_own() {
                        break;
                    }
                    self.drop_session(run.selector, &uri, true);
                }
            }
        }
        self.live_done(t, &run);
    }

    fn live_done(&mut self, t: &mut Turn<'_>, run: &LiveRun) {
        let reason = self.purse.trouble().map(|e| e.to_string()).or_else(|| run.why.clone());
        let why = reason.map_or_else(String::new, |r| format!(": {r}"));
        t.out.observe(Observation::LiveDone {
            stream: run.stream,
            orchestrators: run.orchestrators,
            tickets: run.tickets,
            error: (!run.ended).then(|| format!("no orchestrators available{why}")),
        });
    }

    /// Asks for fresh terms; false where nobody is to be asked.
    fn renew_live(&mut self, t: &mut Turn<'_>, run: &LiveRun, uri: &Arc<str>) -> bool {
        let asked = Asked::LiveRenewal { stream: run.stream, uri: Arc::clone(uri), running: run.running.is_some() };
        let key = self.selectors.get(run.selector).map(|s| s.key.clone());
        let Some(request) = self.ask(t, uri, asked, key.as_ref()) else { return false };
        t.out.push(Effect::Timer { at: t.now + REFRESH, kind: TimerKind::Segment { request } });
        true
    }

    /// Pays for the first minute and asks for the start; false where the session cannot be paid.
    fn start_live(&mut self, t: &mut Turn<'_>, run: &mut LiveRun, session: &Arc<Session>) -> bool {
        let Some(key) = self.selectors.get(run.selector).map(|s| s.key.clone()) else { return false };
        let purpose = Purpose::Live(run.stream);
        let estimate = Value::fee(&session.info.price, session.info.rate.units(LIVE_AHEAD));
        match self.purse.pay(t, session, purpose, estimate, self.signer.as_ref()) {
            Ok(payment) => {
                run.tickets += observe_payment(t, &payment);
                let asked = Asked::Live { stream: run.stream, uri: Arc::clone(&session.uri) };
                self.order(t, session, asked, Ask::Live(key), payment, START_LIMIT);
                true
            }
            Err(e) => {
                run.why = Some(e.to_string());
                run.but.insert(Arc::clone(&session.uri));
                false
            }
        }
    }

    fn order(
        &mut self,
        t: &mut Turn<'_>,
        session: &Session,
        question: Asked,
        asked: Ask,
        payment: weir_ticket::Payment,
        limit: Millis,
    ) {
        let request = self.request(question);
        t.out.push(Effect::Timer { at: t.now + limit, kind: TimerKind::Segment { request } });
        let (sender, sig) = (self.signer.address(), asked.sign(self.signer.as_ref()));
        let order = Order { request, sender, sig, auth: session.info.auth, asked, payment };
        t.out.send(session.peer, Message::Order(Box::new(order)));
    }

    pub(super) fn on_live_started(&mut self, t: &mut Turn<'_>, stream: u64, uri: &Arc<str>, result: OrderResult) {
        let Some(mut run) = self.lives.remove(&stream) else { return };
        let session = self.selectors.get(run.selector).and_then(|s| s.pool.get(uri)).map(Arc::clone);
        let refusal = match (result, session) {
            (Ok(Answer::Live { manifest }), Some(session)) => {
                self.go_live(t, &mut run, &session, manifest);
                if run.ended {
                    self.stop_live(t, &mut run);
                    self.live_done(t, &run);
                } else {
                    self.lives.insert(stream, run);
                }
                return;
            }
            (Ok(_), _) => Refusal::BadRequest("not an answer to a start".to_owned()),
            (Err(refusal), _) => refusal,
        };
        self.start_failed(t, run, uri, refusal.text());
    }

    /// A start failed: its payment is lost, and somebody else is looked for.
    fn start_failed(&mut self, t: &mut Turn<'_>, mut run: LiveRun, uri: &Arc<str>, why: &str) {
        self.purse.lose(Purpose::Live(run.stream));
        run.why = Some(why.to_owned());
        run.but.insert(Arc::clone(uri));
        let class = classify_answer(why);
        if class.retries() {
            self.drop_session(run.selector, uri, class.suspends());
        }
        self.find_live(t, run);
    }

    fn go_live(&mut self, t: &mut Turn<'_>, run: &mut LiveRun, session: &Arc<Session>, manifest: u64) {
        let account = manifest | ACCOUNTS;
        let moved = self.purse.move_to(t.now, Purpose::Live(run.stream), account);
        let (rate, price) = (session.info.rate, &session.info.price);
        let account = moved.unwrap_or_else(|| (recipient(session), account));
        if rate.per_second().is_none() {
            self.purse.debit(t.now, account, &Value::fee(price, rate.units(LIVE_AHEAD)));
        }
        run.orchestrators += 1;
        run.but.clear();
        run.waited = false;
        run.running = Some(Running {
            uri: Arc::clone(&session.uri),
            peer: session.peer,
            manifest,
            account,
            price: price.clone(),
            meter: LiveMeter::new(rate, t.now),
            rate,
            heard: t.now,
            paying: false,
        });
    }

    pub(super) fn on_live_input(&mut self, t: &mut Turn<'_>, stream: u64, seq: u64) {
        let Some(mut run) = self.lives.remove(&stream) else { return };
        let Some(r) = &mut run.running else {
            self.lives.insert(stream, run);
            return;
        };
        t.out.send(r.peer, Message::Live { manifest: r.manifest, news: LiveNews::Input { seq } });
        if r.heard + OUTPUT_LIMIT <= t.now {
            self.swap(t, run, "no output while there was input", true);
            return;
        }
        if let Some(used) = r.meter.due(t.now) {
            let fee = Value::fee(&r.price, used);
            self.purse.debit(t.now, r.account, &fee);
            self.pay_live(t, &mut run);
        }
        self.lives.insert(stream, run);
    }

    /// Lifts the credit of a session to a minute again, unless a payment is under way or work is free.
    fn pay_live(&mut self, t: &mut Turn<'_>, run: &mut LiveRun) {
        let Some(r) = run.running.as_mut().filter(|r| !r.paying && !r.price.is_free()) else { return };
        let ahead = Value::fee(&r.price, r.rate.units(LIVE_AHEAD));
        if !self.purse.is_below(r.account, &ahead) {
            return;
        }
        let (uri, account, manifest) = (Arc::clone(&r.uri), r.account, r.manifest);
        r.paying = true;
        let under_way = match self.terms(t, run.selector, &uri) {
            Terms::Good(session) => {
                let purpose = Purpose::Live(run.stream);
                match self.purse.pay_into(t, account, &session, purpose, ahead, self.signer.as_ref()) {
                    Ok(payment) => {
                        run.tickets += observe_payment(t, &payment);
                        let asked = Asked::Credit { stream: run.stream, uri };
                        self.order(t, &session, asked, Ask::Credit { manifest }, payment, PAYMENT_LIMIT);
                        true
                    }
                    Err(e) => {
                        run.why = Some(e.to_string());
                        false
                    }
                }
            }
            Terms::Stale => self.renew_live(t, run, &uri),
            Terms::Gone => false,
            Terms::Bad(e) => {
                run.why = Some(e.to_string());
                false
            }
        };
        if let Some(r) = &mut run.running {
            r.paying = under_way;
        }
    }

    pub(super) fn on_live_renewal(
        &mut self,
        t: &mut Turn<'_>,
        stream: u64,
        uri: &Arc<str>,
        result: Result<Box<OrchestratorInfo>, String>,
    ) {
        let Some(mut run) = self.lives.remove(&stream) else { return };
        let renewed = result.map(|info| self.renew_terms(run.selector, uri, *info));
        if let Some(r) = run.running.as_mut().filter(|r| r.uri == *uri) {
            r.paying = false;
            if let Err(e) = renewed {
                // What was not paid is paid with the next interval: it is still missing from the credit.
                run.why = Some(e);
            } else {
                self.pay_live(t, &mut run);
            }
            self.lives.insert(stream, run);
            return;
        }
        if let Err(e) = renewed {
            self.drop_session(run.selector, uri, classify_answer(&e).suspends());
            run.why = Some(e);
        } else if let Terms::Stale = self.terms(t, run.selector, uri) {
            // Fresh terms that do not hold will never do.
            self.drop_session(run.selector, uri, true);
            run.why = Some("TicketParams expired".to_owned());
        }
        self.find_live(t, run);
    }

    /// The answer to a payment. One that was not taken is missing from the credit, and made up for by the next one.
    pub(super) fn on_credit(&mut self, t: &mut Turn<'_>, stream: u64, uri: &Arc<str>, result: OrderResult) {
        let Some(mut run) = self.lives.remove(&stream) else { return };
        if let Some(r) = run.running.as_mut().filter(|r| r.uri == *uri) {
            r.paying = false;
            match result {
                Ok(Answer::Credited(info)) => {
                    self.purse.settle(t.now, Purpose::Live(stream), Pixels(0));
                    self.renew_terms(run.selector, uri, *info);
                }
                Ok(_) => self.purse.lose_new(t.now, Purpose::Live(stream)),
                Err(refusal) => {
                    self.purse.lose_new(t.now, Purpose::Live(stream));
                    run.why = Some(refusal.text().to_owned());
                    if let Some(s) = self.selectors.get_mut(run.selector) {
                        s.stale.insert(Arc::clone(uri));
                    }
                }
            }
        }
        self.lives.insert(stream, run);
    }

    pub(super) fn on_live_news(&mut self, t: &mut Turn<'_>, from: Peer, manifest: u64, news: LiveNews) {
        let of = |r: &LiveRun| r.running.as_ref().is_some_and(|r| r.peer == from && r.manifest == manifest);
        let Some(stream) = self.lives.values().find(|r| of(r)).map(|r| r.stream) else { return };
        match news {
            LiveNews::Output { .. } => {
                if let Some(r) = self.lives.get_mut(&stream).and_then(|run| run.running.as_mut()) {
                    r.heard = t.now;
                }
            }
            LiveNews::Closed { why } => {
                if let Some(run) = self.lives.remove(&stream) {
                    let at_fault = self.purse.trouble().is_none() && classify_answer(&why).suspends();
                    self.swap(t, run, &why, at_fault);
                }
            }
            LiveNews::Input { .. } | LiveNews::End => {}
        }
    }

    /// Goes on with another orchestrator.
    fn swap(&mut self, t: &mut Turn<'_>, mut run: LiveRun, why: &str, at_fault: bool) {
        let uri = run.running.as_ref().map(|r| Arc::clone(&r.uri));
        self.stop_live(t, &mut run);
        if let Some(uri) = uri {
            self.drop_session(run.selector, &uri, at_fault);
            run.but.insert(uri);
        }
        run.why = Some(why.to_owned());
        let soon = run.swapped.is_some_and(|at| t.now < at + SWAP_TIME);
        run.swaps = if soon { run.swaps + 1 } else { 1 };
        run.swapped = Some(t.now);
        if run.swaps > SWAPS {
            run.why = Some(format!("too many swaps: {why}"));
            self.live_done(t, &run);
            return;
        }
        t.out.observe(Observation::Swapped { stream: run.stream });
        self.find_live(t, run);
    }

    /// Tells the orchestrator that no more is needed.
    fn stop_live(&mut self, t: &mut Turn<'_>, run: &mut LiveRun) {
        self.purse.lose(Purpose::Live(run.stream));
        if let Some(r) = run.running.take() {
            t.out.send(r.peer, Message::Live { manifest: r.manifest, news: LiveNews::End });
        }
    }

    pub(super) fn on_live_end(&mut self, t: &mut Turn<'_>, stream: u64) {
        let Some(mut run) = self.lives.remove(&stream) else { return };
        run.ended = true;
        let starting =
            self.requests.values().any(|asked| matches!(asked, Asked::Live { stream: s, .. } if *s == stream));
        if starting {
            // The orchestrator is told when it has said what it calls the session.
            self.lives.insert(stream, run);
            return;
        }
        self.stop_live(t, &mut run);
        self.live_done(t, &run);
    }

    /// An answer is overdue.
    pub(super) fn on_live_overdue(&mut self, t: &mut Turn<'_>, asked: Asked) {
        let late = || Err(Refusal::Failed("no answer in time".to_owned()));
        match asked {
            Asked::Live { stream, uri } => self.on_live_started(t, stream, &uri, late()),
            Asked::Credit { stream, uri } => self.on_credit(t, stream, &uri, late()),
            Asked::LiveRenewal { stream, uri, .. } => {
                self.on_live_renewal(t, stream, &uri, Err("no answer to a request for fresh parameters".to_owned()));
            }
            _ => {}
        }
    }
}
