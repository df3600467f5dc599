//! A segment's way: choose, pay, send, check what comes back, or try another.

use std::sync::Arc;

use weir_market::class::classify_answer;
use weir_market::limits::{REFRESH, SegmentLimits, token_ends};
use weir_ticket::sender::fee_estimate;
use weir_ticket::{Payment, TicketVerifier, Value};

use super::payment::Purpose;
use super::{Asked, Gateway, Job, PayError, Session, Task, Turn};
use crate::io::{Effect, Message, Observation, OrchestratorInfo, Refusal, SegmentMeta, SegmentResult, TimerKind};

impl Gateway {
    /// Find a session for a segment and send it.
    pub(super) fn serve(&mut self, t: &mut Turn<'_>, mut job: Job) {
        let id = job.meta.stream;
        let Some(s) = self.streams.get_mut(&id) else {
            self.give_up(t, &job, "stream is over".to_owned());
            return;
        };
        let pick = s.pools.select(t.now, t.rng).map(|(_, pick)| pick);
        let (searching, needs) = (s.is_searching(), s.needs_refresh());
        match pick {
            Some(pick) => {
                if needs {
                    self.search(t, id);
                }
                self.prepare(t, job, pick.uri);
            }
            None if searching => s.waiting.push_back(job),
            None if needs && !job.searched => {
                job.searched = true;
                s.waiting.push_back(job);
                self.search(t, id);
            }
            None => {
                let why = self.nobody(&job);
                self.give_up(t, &job, why);
            }
        }
    }

    /// Why nobody works for a segment.
    fn nobody(&self, job: &Job) -> String {
        let own = self.purse.trouble().map(|e| e.to_string());
        let reason = own.or_else(|| job.why.clone());
        reason.map_or_else(|| "no orchestrator available".to_owned(), |r| format!("no orchestrator available: {r}"))
    }

    /// Make sure that the session's parameters hold, then pay and send.
    fn prepare(&mut self, t: &mut Turn<'_>, job: Job, uri: Arc<str>) {
        let task = Task { stream: job.meta.stream, seq: job.meta.seq, uri };
        let Some(session) = self.session(&task) else {
            self.retry(t, job, &task.uri, "session is gone".to_owned());
            return;
        };
        let token_ends = token_ends(session.info.auth.expires, t.now);
        match self.purse.check(&session) {
            Ok(()) if !token_ends => self.pay_and_send(t, job, &session),
            Ok(()) | Err(PayError::Expired) => {
                self.keep(job);
                match self.ask(t, &task.uri, Asked::Renewal(task.clone()), None) {
                    Some(request) => {
                        t.out.push(Effect::Timer { at: t.now + REFRESH, kind: TimerKind::Segment { request } });
                    }
                    None => self.fail(t, &task, "orchestrator left the active set".to_owned()),
                }
            }
            Err(e) => self.unpaid(t, job, &task.uri, &e),
        }
    }

    pub(super) fn on_renewal(&mut self, t: &mut Turn<'_>, task: &Task, result: Result<Box<OrchestratorInfo>, String>) {
        let old = self.session(task);
        let Some(s) = self.streams.get_mut(&task.stream) else { return };
        let Some(job) = s.jobs.remove(&task.seq) else { return };
        match (result, old) {
            (Ok(info), Some(old)) => {
                let session = Arc::new(old.renewed(*info));
                s.pools.of(&session.uri).renew(Arc::clone(&session));
                match self.purse.check(&session) {
                    Ok(()) => self.pay_and_send(t, job, &session),
                    Err(e) => self.unpaid(t, job, &session.uri, &e),
                }
            }
            (Err(e), _) => self.retry(t, job, &task.uri, e),
            (_, None) => self.retry(t, job, &task.uri, "session is gone".to_owned()),
        }
    }

    fn pay_and_send(&mut self, t: &mut Turn<'_>, mut job: Job, session: &Session) {
        let purpose = Purpose::Segment(job.meta.stream, job.meta.seq);
        let estimate = fee_estimate(&job.meta.profiles, job.meta.duration, &session.info.price);
        let payment = match self.purse.pay(t, session, purpose, estimate, self.signer.as_ref()) {
            Ok(p) => p,
            Err(e) => {
                self.unpaid(t, job, &session.uri, &e);
                return;
            }
        };
        let task = Task { stream: job.meta.stream, seq: job.meta.seq, uri: Arc::clone(&session.uri) };
        let request = self.request(Asked::Work(task));
        let tickets = observe_payment(t, &payment);
        job.tickets += tickets;
        job.sent = t.now;
        job.orchestrator = Some(session.info.address);
        let total = SegmentLimits::new(job.meta.duration, 1).total;
        t.out.push(Effect::Timer { at: t.now + total, kind: TimerKind::Segment { request } });
        t.out.send(
            session.peer,
            Message::Segment {
                request,
                sender: self.signer.address(),
                sig: job.meta.sign(self.signer.as_ref()),
                auth: session.info.auth,
                segment: Arc::clone(&job.meta),
                payment: Box::new(payment),
            },
        );
        if let Some(s) = self.streams.get_mut(&job.meta.stream) {
            s.pools.of(&session.uri).sent(&session.uri, t.now, job.meta.duration);
            s.used.insert(Arc::clone(&session.uri));
            let last = s.current.replace(Arc::clone(&session.uri));
            if last.is_some_and(|last| last != session.uri) {
                t.out.observe(Observation::Swapped { stream: job.meta.stream });
            }
        }
        self.keep(job);
    }

    fn keep(&mut self, job: Job) {
        if let Some(s) = self.streams.get_mut(&job.meta.stream) {
            s.jobs.insert(job.meta.seq, job);
        }
    }

    pub(super) fn on_answer(
        &mut self,
        t: &mut Turn<'_>,
        task: &Task,
        result: Result<SegmentResult, Refusal>,
        info: Option<Box<OrchestratorInfo>>,
    ) {
        let session = self.session(task);
        let Some(s) = self.streams.get_mut(&task.stream) else { return };
        let Some(job) = s.jobs.remove(&task.seq) else { return };
        let Some(session) = session else {
            self.purse.lose(task.purpose());
            self.retry(t, job, &task.uri, "session is gone".to_owned());
            return;
        };
        let checked =
            result.map_err(|r| r.text().to_owned()).and_then(|r| check(&session, &job.meta, r, self.verifier.as_ref()));
        match checked {
            Ok(r) => {
                let took = t.now.since(job.sent);
                let renewed = info.map(|i| Arc::new(session.renewed(*i)));
                self.records.entry(Arc::clone(&task.uri)).or_default().good += 1;
                s.pools.of(&task.uri).succeeded(&task.uri, took, job.meta.duration, renewed);
                let fee = self.purse.settle(t.now, task.purpose(), r.pixels());
                done(t, &job, fee, None);
                self.finish_if_ended(t, task.stream);
            }
            Err(e) => {
                self.purse.lose(task.purpose());
                self.retry(t, job, &task.uri, e);
            }
        }
    }

    pub(super) fn on_overdue(&mut self, t: &mut Turn<'_>, request: u64) {
        match self.requests.remove(&request) {
            Some(Asked::Work(task)) => {
                self.purse.lose(task.purpose());
                self.fail(t, &task, "body timeout: no answer in time".to_owned());
            }
            Some(Asked::Renewal(task)) => {
                self.fail(t, &task, "no answer to a request for fresh parameters".to_owned());
            }
            Some(Asked::Job { number, uri }) => self.on_job_overdue(t, number, &uri),
            Some(Asked::JobRenewal { number, uri }) => {
                let late = "no answer to a request for fresh parameters".to_owned();
                self.on_job_renewal(t, number, &uri, Err(late));
            }
            Some(live @ (Asked::Live { .. } | Asked::LiveRenewal { .. } | Asked::Credit { .. })) => {
                self.on_live_overdue(t, live);
            }
            Some(Asked::Offer { .. }) | None => {}
        }
    }

    fn fail(&mut self, t: &mut Turn<'_>, task: &Task, why: String) {
        if let Some(job) = self.streams.get_mut(&task.stream).and_then(|s| s.jobs.remove(&task.seq)) {
            self.retry(t, job, &task.uri, why);
        }
    }

    /// A session could not be paid. It is at fault only where its own terms are the reason.
    fn unpaid(&mut self, t: &mut Turn<'_>, job: Job, uri: &str, e: &PayError) {
        if !e.is_own() {
            self.retry(t, job, uri, e.to_string());
            return;
        }
        if let Some(s) = self.streams.get_mut(&job.meta.stream) {
            s.pools.of(uri).complete(uri);
        }
        self.give_up(t, &job, e.to_string());
    }

    /// An attempt failed: drop the orchestrator and try another, unless another would fail as well.
    fn retry(&mut self, t: &mut Turn<'_>, mut job: Job, uri: &str, why: String) {
        job.attempts += 1;
        // Most of these texts are a peer's, which could say anything.
        let class = classify_answer(&why);
        if class.suspends() {
            self.records.entry(uri.into()).or_default().failed += 1;
        }
        if let Some(s) = self.streams.get_mut(&job.meta.stream)
            && let Some(session) = s.pools.of(uri).failed_with(uri, class, t.now)
        {
            let offer = session.offer();
            self.purse.end(offer);
            // Its place is free for others at once, and not when it has been idle for long.
            if s.used.remove(uri) {
                t.out.send(offer.peer, Message::EndSession { auth: offer.info.auth });
            }
        }
        if class.retries() && job.attempts < self.config.max_attempts {
            job.why = Some(why);
            self.serve(t, job);
        } else {
            self.give_up(t, &job, why);
        }
    }

    fn give_up(&mut self, t: &mut Turn<'_>, job: &Job, why: String) {
        let id = job.meta.stream;
        done(t, job, Value::zero(), Some(why));
        self.finish_if_ended(t, id);
    }
}

/// Reports a payment that is about to leave; the number of its tickets.
pub(super) fn observe_payment(t: &mut Turn<'_>, payment: &Payment) -> u64 {
    let tickets = payment.tickets.len() as u64;
    if let (true, Some(p)) = (tickets > 0, &payment.ticket_params) {
        t.out.observe(Observation::Paid {
            recipient: p.recipient,
            tickets,
            ev: p.value().times(tickets),
            win_prob: p.win_prob,
            face_value: p.face_value,
        });
    }
    tickets
}

fn done(t: &mut Turn<'_>, job: &Job, fee: Value, error: Option<String>) {
    t.out.observe(Observation::SegmentDone {
        stream: job.meta.stream,
        seq: job.meta.seq,
        orchestrator: job.orchestrator,
        tickets: job.tickets,
        fee,
        latency: t.now.since(job.arrived),
        error,
    });
}

/// What a gateway can check of a result without decoding it: number, sizes and signature.
fn check(
    session: &Session,
    meta: &SegmentMeta,
    r: SegmentResult,
    verifier: &dyn TicketVerifier,
) -> Result<SegmentResult, String> {
    if r.renditions().len() != meta.profiles.len() {
        return Err("PM Check Failed".to_owned());
    }
    for (rendition, p) in r.renditions().iter().zip(meta.profiles.iter()) {
        let frame = u64::from(p.width).saturating_mul(u64::from(p.height));
        if p.fps == 0 && rendition.pixels.0 != frame.saturating_mul(u64::from(meta.frames)) {
            return Err("PixelMismatch".to_owned());
        }
    }
    match r.verify(session.info.address, verifier) {
        Ok(()) => Ok(r),
        Err(_) => Err("PM Check Failed".to_owned()),
    }
}
