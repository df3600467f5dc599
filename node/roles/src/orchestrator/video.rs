//! Segments of video: sessions, their queues, and the way of a segment through them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use weir_market::admission::{Accepted, Admission, AdmissionConfig};
use weir_market::devices::{Devices, session_load};
use weir_ticket::balance::Key;
use weir_ticket::sender::fee_estimate;
use weir_ticket::{Payment, Signature, Value};
use weir_types::{Address, Entropy, Instant, Price};

use super::desk::{Credentials, Desk};
use super::{Job, Orchestrator, Turn};
use crate::auth::TokenError;
use crate::io::{AuthToken, Effect, Effects, Made, Message, Observation, Peer, Refusal, Segment, SegmentResult, Work};
use crate::segment::{RenditionMeta, pixels};

/// A segment that was accepted.
#[derive(Debug, Clone)]
pub(super) struct SegmentJob {
    from: Peer,
    request: u64,
    sender: Address,
    auth: AuthToken,
    price: Price,
    segment: Arc<Segment>,
    /// What it will cost at most, as its gateway reckons.
    estimate: Value,
}

impl SegmentJob {
    const fn key(&self) -> Key {
        (self.sender, self.auth.session_id)
    }
}

/// A request for a segment as it came in.
pub(super) struct Ordered {
    pub(super) from: Peer,
    pub(super) request: u64,
    pub(super) sender: Address,
    pub(super) sig: Signature,
    pub(super) auth: AuthToken,
    pub(super) segment: Arc<Segment>,
    pub(super) payment: Box<Payment>,
}

/// The sessions of streams.
pub(super) struct Video {
    pub(super) admission: Admission<u64>,
    /// Where it works, if that is known.
    pub(super) devices: Option<Devices<u64>>,
    queues: BTreeMap<u64, VecDeque<Box<SegmentJob>>>,
}

impl Video {
    pub(super) fn new(config: AdmissionConfig) -> Self {
        Self { admission: Admission::new(config), devices: None, queues: BTreeMap::new() }
    }

    pub(super) fn clean_up(&mut self, now: Instant, desk: &mut Desk, out: &mut Effects) {
        for session in self.admission.expire(now) {
            self.session_over(session, out);
            // An idle session has nothing in its queue; one that is out of step must not keep its
            // gateway waiting for ever.
            self.drop_queue(session, desk, out);
        }
    }

    /// Whether there is room for another segment of a session.
    fn check(&self, session: u64, load: u64) -> Result<(), Refusal> {
        let devices = || self.devices.as_ref().map_or(Ok(()), |d| d.check(Some(&session), load));
        let room = self.admission.check(Some(&session)).and_then(|()| devices());
        room.map_err(|e| Refusal::Capacity(e.to_string()))
    }

    /// Takes a segment in.
    fn submit(&mut self, session: u64, load: u64) -> Result<Accepted, Refusal> {
        let accepted = self.admission.submit(session).map_err(|e| Refusal::Capacity(e.to_string()))?;
        if let Some(devices) = &mut self.devices
            && let Err(e) = devices.assign(session, load)
        {
            self.admission.end(&session);
            return Err(Refusal::Capacity(e.to_string()));
        }
        Ok(accepted)
    }

    /// A session is over: its place is free, and whoever worked for it is told.
    fn session_over(&mut self, session: u64, out: &mut Effects) {
        if let Some(devices) = &mut self.devices {
            devices.release(&session);
        }
        out.push(Effect::SessionOver { session });
    }

    /// Refuse what waits in a session that is over.
    fn drop_queue(&mut self, session: u64, desk: &mut Desk, out: &mut Effects) {
        for job in self.queues.remove(&session).unwrap_or_default() {
            desk.release(job.key(), &job.estimate);
            let result = Err(Refusal::Failed("session is over".to_owned()));
            out.send(job.from, Message::Transcoded { request: job.request, result, info: None });
        }
    }
}

impl Orchestrator {
    pub(super) fn on_segment(&mut self, t: &mut Turn<'_>, order: Ordered) {
        let (from, request, sender) = (order.from, order.request, order.sender);
        if let Err(refusal) = self.accept(t, order) {
            t.out.observe(Observation::Refused { sender, reason: refusal.text().to_owned() });
            t.out.send(from, Message::Transcoded { request, result: Err(refusal), info: None });
        }
    }

    fn accept(&mut self, t: &mut Turn<'_>, order: Ordered) -> Result<(), Refusal> {
        let session = order.auth.session_id;
        let signed = order.segment.verify(order.sender, &order.sig, self.desk.verifier.as_ref()).is_ok();
        let who = Credentials { sender: order.sender, payer: order.payment.sender, signed, auth: &order.auth };
        self.desk.check_credentials(t.now, &who)?;
        let load = session_load(&order.segment.profiles);
        self.video.check(session, load)?;
        let key: Key = (order.sender, session);
        if !order.payment.tickets.is_empty() && self.desk.is_new(key) {
            self.desk.agreed_price(&order.payment, &self.subject)?;
        }
        self.desk.take_payment(t.now, &order.payment, session, t.out)?;
        // The price of a payment without tickets is only the gateway's word.
        let price = self.desk.price(key, &self.subject.wants).map_err(|e| Refusal::Failed(e.to_string()))?;
        let balance = self.desk.balance(key);
        if !self.desk.covered(key, &balance, &price) {
            return Err(Refusal::BadRequest("Insufficient balance".to_owned()));
        }
        let accepted = self.video.submit(session, load)?;
        t.out.observe(Observation::Served { sender: order.sender, session, balance });
        let Ordered { from, request, sender, auth, segment, .. } = order;
        let estimate = fee_estimate(&segment.profiles, segment.duration, &price);
        self.desk.owe(key, &estimate);
        let job = Box::new(SegmentJob { from, request, sender, auth, price, segment, estimate });
        match accepted {
            Accepted::Start => self.start_segment(job, t.out),
            Accepted::Wait => self.video.queues.entry(session).or_default().push_back(job),
        }
        Ok(())
    }

    fn start_segment(&mut self, job: Box<SegmentJob>, out: &mut Effects) {
        let (session, work) = (job.auth.session_id, Work::Transcode(Arc::clone(&job.segment)));
        self.start(Job::Segment(job), session, work, out);
    }

    pub(super) fn on_segment_done(&mut self, t: &mut Turn<'_>, job: &SegmentJob, result: Result<Made, String>) {
        self.desk.release(job.key(), &job.estimate);
        let result = match result {
            Ok(Made::Renditions(r)) if r.len() == job.segment.profiles.len() => Ok(self.deliver(t, job, r)),
            Ok(_) => Err(Refusal::Failed("MismatchedSegments".to_owned())),
            Err(e) => Err(Refusal::Failed(e)),
        };
        let failed = result.is_err();
        // Parameters are made after the debit, so that they hold as long as possible.
        let info = self.desk.info(job.key(), &self.subject, job.auth, t.rng).ok().map(Box::new);
        t.out.send(job.from, Message::Transcoded { request: job.request, result, info });
        let (session, now) = (job.auth.session_id, t.now);
        let admission = &mut self.video.admission;
        let more = if failed { admission.segment_failed(&session, now) } else { admission.segment_done(&session, now) };
        if more && let Some(next) = self.video.queues.get_mut(&session).and_then(VecDeque::pop_front) {
            self.start_segment(next, t.out);
        } else if failed {
            self.video.session_over(session, t.out);
        }
    }

    /// Take the fee for finished renditions and sign them.
    fn deliver(&mut self, t: &mut Turn<'_>, job: &SegmentJob, renditions: Vec<RenditionMeta>) -> SegmentResult {
        let fee = Value::fee(&job.price, pixels(&renditions));
        self.desk.debit(t.now, job.key(), fee, t.out);
        self.desk.sign(renditions)
    }

    pub(super) fn on_end(&mut self, t: &mut Turn<'_>, token: &AuthToken) {
        // A session may be ended after its token has expired.
        if matches!(self.desk.check_token(token, t.now), Err(TokenError::Invalid)) {
            return;
        }
        if self.video.admission.end(&token.session_id) {
            self.video.session_over(token.session_id, t.out);
        }
        self.video.drop_queue(token.session_id, &mut self.desk, t.out);
    }

    /// Price and parameters of a new session for video.
    pub(super) fn video_offer(
        &mut self,
        now: Instant,
        sender: Address,
        rng: &mut Entropy,
    ) -> Result<crate::io::OrchestratorInfo, String> {
        let auth = self.desk.issue_token(now, rng);
        self.desk.info((sender, auth.session_id), &self.subject, auth, rng).map_err(|e| e.to_string())
    }
}
