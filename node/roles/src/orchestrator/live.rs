//! Live sessions: paid ahead when they start, debited by the time that they take, and stopped when their credit is used
//! up or nobody feeds them any more.

use std::collections::BTreeMap;

use weir_market::price::ModelKey;
use weir_ticket::Value;
use weir_ticket::balance::Key;
use weir_types::{Instant, Millis, Price};

use super::{Job, Orchestrator, Turn};
use crate::io::{
    Answer, Effect, LiveNews, Made, Message, Observation, OrchestratorInfo, Order, Peer, Refusal, Work, WorkId,
};
use crate::job::{LIVE_INTERVAL, LiveMeter};

/// Time without input after which a session ends: its gateway is gone.
const IDLE: Millis = Millis::from_secs(5 * 60);

struct Session {
    from: Peer,
    key: ModelKey,
    account: Key,
    price: Price,
    work: WorkId,
    meter: LiveMeter,
    heard: Instant,
}

#[derive(Default)]
pub(super) struct LiveSessions {
    sessions: BTreeMap<u64, Session>,
}

impl Orchestrator {
    /// Live sessions at present.
    #[must_use]
    pub fn live_sessions(&self) -> usize {
        self.live.sessions.len()
    }

    pub(super) fn start_live(
        &mut self,
        t: &mut Turn<'_>,
        from: Peer,
        order: &Order,
        key: &ModelKey,
    ) -> Result<Answer, Refusal> {
        self.models.reserve(key)?;
        // The wire gives a session eight hexadecimal digits.
        let manifest = loop {
            let name = t.rng.below(1 << 32);
            if !self.live.sessions.contains_key(&name) {
                break name;
            }
        };
        let paid = self.pay_for_model(t, order, key, Some(manifest));
        let (price, account) = paid.inspect_err(|_| self.models.free(key))?;
        let balance = self.desk.balance(account);
        t.out.observe(Observation::Served { sender: order.sender, session: manifest, balance });
        let work = self.start(Job::Live(manifest), manifest, Work::Live { manifest, model: key.clone() }, t.out);
        let rate = self.models.rate(key);
        if rate.per_second().is_none() && !price.is_free() {
            self.desk.debit(t.now, account, Value::fee(&price, rate.units(LIVE_INTERVAL)), t.out);
        }
        let meter = LiveMeter::new(rate, t.now);
        let session = Session { from, key: key.clone(), account, price, work, meter, heard: t.now };
        self.live.sessions.insert(manifest, session);
        Ok(Answer::Live { manifest })
    }

    /// Takes credit for a session under way, at the price that its start fixed.
    pub(super) fn take_credit(&mut self, t: &mut Turn<'_>, order: &Order, manifest: u64) -> Result<Answer, Refusal> {
        let gone = || Refusal::BadRequest("session is over".to_owned());
        let session = self.live.sessions.get(&manifest).filter(|s| s.account.0 == order.sender).ok_or_else(gone)?;
        let (account, key) = (session.account, session.key.clone());
        self.desk.take_payment(t.now, &order.payment, account.1, t.out)?;
        let subject = self.models.subject(&key).ok_or_else(gone)?;
        let info = self.desk.info(account, subject, order.auth, t.rng);
        let rate = self.models.rate(&key);
        info.map(|i| Answer::Credited(Box::new(OrchestratorInfo { rate, ..i })))
            .map_err(|e| Refusal::BadRequest(e.to_string()))
    }

    pub(super) fn on_live(&mut self, t: &mut Turn<'_>, from: Peer, manifest: u64, news: &LiveNews) {
        if self.live.sessions.get(&manifest).is_none_or(|s| s.from != from) {
            return;
        }
        match news {
            LiveNews::Input { .. } => self.on_live_input(t, manifest),
            LiveNews::End => self.end_live(t, manifest, None),
            LiveNews::Output { .. } | LiveNews::Closed { .. } => {}
        }
    }

    /// A segment of input comes in: time to look at what the session has used.
    fn on_live_input(&mut self, t: &mut Turn<'_>, manifest: u64) {
        let Some(s) = self.live.sessions.get_mut(&manifest) else { return };
        s.heard = t.now;
        let Some(units) = s.meter.due(t.now) else { return };
        if s.price.is_free() {
            return;
        }
        let (account, fee) = (s.account, Value::fee(&s.price, units));
        if self.desk.balance(account) < fee {
            self.end_live(t, manifest, Some("insufficient balance".to_owned()));
        } else {
            self.desk.debit(t.now, account, fee, t.out);
        }
    }

    /// Ends sessions that have had no input for long.
    pub(super) fn end_idle(&mut self, t: &mut Turn<'_>) {
        let idle = |s: &Session| s.heard + IDLE <= t.now;
        let over: Vec<u64> = self.live.sessions.iter().filter(|(_, s)| idle(s)).map(|(m, _)| *m).collect();
        for manifest in over {
            self.end_live(t, manifest, Some("no input".to_owned()));
        }
    }

    /// Ends a session; its gateway is told why, unless it wanted it.
    fn end_live(&mut self, t: &mut Turn<'_>, manifest: u64, why: Option<String>) {
        let Some(s) = self.live.sessions.remove(&manifest) else { return };
        self.models.free(&s.key);
        if self.working.remove(&s.work).is_some() {
            t.out.push(Effect::Stop { id: s.work });
        }
        if let Some(why) = why {
            t.out.send(s.from, Message::Live { manifest, news: LiveNews::Closed { why } });
        }
    }

    /// The model gave up.
    pub(super) fn on_live_done(&mut self, t: &mut Turn<'_>, manifest: u64, result: Result<Made, String>) {
        let why = result.err().unwrap_or_else(|| "the model ended".to_owned());
        self.end_live(t, manifest, Some(why));
    }
}
