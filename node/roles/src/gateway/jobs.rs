//! Jobs of a model: each is paid ahead by its units, and tried with one orchestrator after another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_market::class::{Class, classify_answer};
use weir_market::limits::REFRESH;
use weir_market::price::MaxPrice;
use weir_market::selection::{Probability, Weights};
use weir_market::units::{self, latency_score};
use weir_ticket::Value;
use weir_types::{Address, Instant, Millis, Pixels};

use super::payment::Purpose;
use super::selector::{Seeker, Terms};
use super::work::observe_payment;
use super::{Asked, Gateway, PayError, Session, Turn};
use crate::io::{
    Answer, Effect, JobMeta, JobResult, Message, Observation, OrchestratorInfo, Order, OrderResult, Refusal, TimerKind,
};
use crate::job::Asked as Ask;

/// Attempts at one job.
const TRIES: u32 = 20;
/// Attempts with one orchestrator whose parameters are always expired.
const TRIES_WITH_ONE: u32 = 3;
/// Time after which no other attempt begins.
const RETRY_TIME: Millis = Millis(2_000);
/// Longest wait for a job's answer.
const JOB_LIMIT: Millis = Millis::from_secs(15 * 60);

/// How a gateway chooses and pays for jobs.
#[derive(Debug, Clone)]
pub struct JobConfig {
    /// The draw among orchestrators that have not shown how fast they are. Its highest price does not count.
    pub selection: Probability,
    /// Highest prices.
    pub max_price: MaxPrice,
}

impl Default for JobConfig {
    /// The original's: seven parts of stake and three of chance, at any price.
    fn default() -> Self {
        let weights = Weights::new(0.7, 0.0, 0.3).unwrap_or_default();
        Self { selection: Probability { weights, ..Probability::default() }, max_price: MaxPrice::default() }
    }
}

/// A job on its way through the gateway.
pub(super) struct JobRun {
    meta: Arc<JobMeta>,
    selector: u64,
    units: Pixels,
    arrived: Instant,
    tries: u32,
    /// Whether it has waited for a search, which is enough.
    waited: bool,
    /// Attempts by orchestrator.
    with: BTreeMap<Arc<str>, u32>,
    /// Who is not asked again for this job.
    but: BTreeSet<Arc<str>>,
    tickets: u64,
    sent: Instant,
    orchestrator: Option<Address>,
    why: Option<String>,
}

/// What became of an attempt.
enum Step {
    /// It is under way.
    Waits,
    /// Another orchestrator may do better.
    Next,
    /// None can.
    Over(String),
}

impl Gateway {
    pub(super) fn on_job(&mut self, t: &mut Turn<'_>, meta: Arc<JobMeta>) {
        let selector = self.selector_of(&meta.key());
        let (units, problem) = match meta.work.paid() {
            Ok(units) => (units, None),
            Err(e) => (Pixels(0), Some(e.to_string())),
        };
        let run = JobRun {
            meta,
            selector,
            units,
            arrived: t.now,
            tries: 0,
            waited: false,
            with: BTreeMap::new(),
            but: BTreeSet::new(),
            tickets: 0,
            sent: t.now,
            orchestrator: None,
            why: None,
        };
        match problem {
            None => self.try_job(t, run),
            Some(why) => job_done(t, &run, Value::zero(), Some(why)),
        }
    }

    pub(super) fn go_on_with_job(&mut self, t: &mut Turn<'_>, number: u64) {
        if let Some(run) = self.jobs.remove(&number) {
            self.try_job(t, run);
        }
    }

    /// Finds an orchestrator for a job and sends it.
    fn try_job(&mut self, t: &mut Turn<'_>, mut run: JobRun) {
        while run.tries < TRIES && (run.tries == 0 || t.now < run.arrived + RETRY_TIME) {
            let searching = !run.waited && self.search_model(t, run.selector);
            let Some(s) = self.selectors.get_mut(run.selector) else { break };
            let Some(uri) = s.pool.pick(&run.but, t.rng) else {
                if !searching {
                    break;
                }
                run.waited = true;
                s.waiting.push(Seeker::Job(run.meta.number));
                self.jobs.insert(run.meta.number, run);
                return;
            };
            run.tries += 1;
            *run.with.entry(Arc::clone(&uri)).or_default() += 1;
            match self.attempt(t, &mut run, &uri) {
                Step::Waits => {
                    self.jobs.insert(run.meta.number, run);
                    return;
                }
                Step::Next => {}
                Step::Over(why) => {
                    job_done(t, &run, Value::zero(), Some(why));
                    return;
                }
            }
        }
        let reason = self.purse.trouble().map(|e| e.to_string()).or_else(|| run.why.take());
        let why = reason.map_or_else(String::new, |r| format!(": {r}"));
        job_done(t, &run, Value::zero(), Some(format!("no orchestrators available{why}")));
    }

    /// Sends a job to an orchestrator, or asks it for fresh terms first.
    fn attempt(&mut self, t: &mut Turn<'_>, run: &mut JobRun, uri: &Arc<str>) -> Step {
        match self.terms(t, run.selector, uri) {
            Terms::Good(session) => self.send_job(t, run, &session),
            Terms::Stale => {
                let asked = Asked::JobRenewal { number: run.meta.number, uri: Arc::clone(uri) };
                match self.ask(t, uri, asked, Some(&run.meta.key())) {
                    Some(request) => {
                        t.out.push(Effect::Timer { at: t.now + REFRESH, kind: TimerKind::Segment { request } });
                        Step::Waits
                    }
                    None => self.gone(run, uri),
                }
            }
            Terms::Gone => self.gone(run, uri),
            Terms::Bad(e) => self.bad_terms(run, uri, &e),
        }
    }

    fn gone(&mut self, run: &mut JobRun, uri: &Arc<str>) -> Step {
        self.drop_session(run.selector, uri, false);
        run.why = Some("orchestrator left the active set".to_owned());
        Step::Next
    }

    fn bad_terms(&mut self, run: &mut JobRun, uri: &Arc<str>, e: &PayError) -> Step {
        if e.is_own() {
            return Step::Over(e.to_string());
        }
        self.drop_session(run.selector, uri, true);
        run.why = Some(e.to_string());
        Step::Next
    }

    fn send_job(&mut self, t: &mut Turn<'_>, run: &mut JobRun, session: &Session) -> Step {
        let estimate = Value::fee(&session.info.price, run.units);
        let purpose = Purpose::Job(run.meta.number);
        let payment = match self.purse.pay(t, session, purpose, estimate, self.signer.as_ref()) {
            Ok(payment) => payment,
            Err(e) => return self.bad_terms(run, &session.uri, &e),
        };
        run.tickets += observe_payment(t, &payment);
        run.sent = t.now;
        run.orchestrator = Some(session.info.address);
        let request = self.request(Asked::Job { number: run.meta.number, uri: Arc::clone(&session.uri) });
        t.out.push(Effect::Timer { at: t.now + JOB_LIMIT, kind: TimerKind::Segment { request } });
        let asked = Ask::Job(Arc::clone(&run.meta));
        let (sender, sig) = (self.signer.address(), asked.sign(self.signer.as_ref()));
        let order = Order { request, sender, sig, auth: session.info.auth, asked, payment };
        t.out.send(session.peer, Message::Order(Box::new(order)));
        if let Some(s) = self.selectors.get_mut(run.selector) {
            s.pool.sent(&session.uri);
        }
        Step::Waits
    }

    pub(super) fn on_job_renewal(
        &mut self,
        t: &mut Turn<'_>,
        number: u64,
        uri: &Arc<str>,
        result: Result<Box<OrchestratorInfo>, String>,
    ) {
        let Some(mut run) = self.jobs.remove(&number) else { return };
        let step = match result {
            Ok(info) => {
                self.renew_terms(run.selector, uri, *info);
                match self.terms(t, run.selector, uri) {
                    Terms::Good(session) => self.send_job(t, &mut run, &session),
                    Terms::Bad(e) => self.bad_terms(&mut run, uri, &e),
                    Terms::Stale | Terms::Gone => self.bad_terms(&mut run, uri, &PayError::Expired),
                }
            }
            Err(e) => {
                self.drop_session(run.selector, uri, classify_answer(&e).suspends());
                run.why = Some(e);
                Step::Next
            }
        };
        match step {
            Step::Waits => {
                self.jobs.insert(number, run);
            }
            Step::Next => self.try_job(t, run),
            Step::Over(why) => job_done(t, &run, Value::zero(), Some(why)),
        }
    }

    pub(super) fn on_job_answer(&mut self, t: &mut Turn<'_>, number: u64, uri: &Arc<str>, result: OrderResult) {
        let Some(mut run) = self.jobs.remove(&number) else { return };
        let refusal = match result {
            Ok(Answer::Job(r)) => {
                let fee = self.purse.settle(t.now, Purpose::Job(number), run.units);
                if let Some(s) = self.selectors.get_mut(run.selector) {
                    s.pool.complete(uri, Some(score(&run, &r, t.now)));
                }
                job_done(t, &run, fee, None);
                return;
            }
            Ok(Answer::Live { .. } | Answer::Credited(_)) => Refusal::BadRequest("not an answer to a job".to_owned()),
            Err(refusal) => refusal,
        };
        if let Refusal::Failed(_) = refusal {
            // It was paid and not done: the orchestrator has the credit and takes nothing of it.
            self.purse.settle(t.now, Purpose::Job(number), Pixels(0));
        } else {
            self.purse.lose(Purpose::Job(number));
        }
        if let Some(over) = self.judge_refusal(&mut run, uri, refusal.text()) {
            job_done(t, &run, Value::zero(), Some(over));
        } else {
            self.try_job(t, run);
        }
    }

    /// What follows from a refusal; a text where no other orchestrator would do better.
    fn judge_refusal(&mut self, run: &mut JobRun, uri: &Arc<str>, text: &str) -> Option<String> {
        let Some(s) = self.selectors.get_mut(run.selector) else { return Some(text.to_owned()) };
        run.why = Some(text.to_owned());
        let expired = text.contains("TicketParams expired");
        let nonce = text.contains("invalid ticket senderNonce");
        let class = classify_answer(text);
        if expired || nonce || class == Class::Capacity {
            s.pool.complete(uri, None);
            if expired || nonce {
                s.stale.insert(Arc::clone(uri));
            }
            if !expired || run.with.get(uri).is_some_and(|n| *n >= TRIES_WITH_ONE) {
                run.but.insert(Arc::clone(uri));
            }
            return None;
        }
        if class == Class::Input || is_of_input(text) {
            s.pool.complete(uri, None);
            return Some(text.to_owned());
        }
        self.drop_session(run.selector, uri, class.suspends());
        None
    }

    /// An answer is overdue.
    pub(super) fn on_job_overdue(&mut self, t: &mut Turn<'_>, number: u64, uri: &Arc<str>) {
        let Some(mut run) = self.jobs.remove(&number) else { return };
        self.purse.lose(Purpose::Job(number));
        self.drop_session(run.selector, uri, true);
        run.why = Some("no answer in time".to_owned());
        self.try_job(t, run);
    }
}

/// Refusals of a request that every orchestrator would refuse.
fn is_of_input(text: &str) -> bool {
    let known = [units::UnitsError::NoSound, units::UnitsError::NoText, units::UnitsError::TooMany];
    known.iter().any(|e| text.contains(&e.to_string()))
}

fn score(run: &JobRun, r: &JobResult, now: Instant) -> f64 {
    let units = r.tokens.unwrap_or(match run.meta.work {
        units::Job::AudioToText { seconds } => seconds,
        _ => run.units.0,
    });
    latency_score(run.meta.work.capability(), now.since(run.sent), units, &run.meta.model, None)
}

fn job_done(t: &mut Turn<'_>, run: &JobRun, fee: Value, error: Option<String>) {
    t.out.observe(Observation::JobDone {
        number: run.meta.number,
        orchestrator: run.orchestrator,
        tickets: run.tickets,
        fee,
        latency: t.now.since(run.arrived),
        error,
    });
}
