//! Paid requests beside segments. Of a job is checked in this order: who sent it, what it is paid by, whether there is
//! room, whether it is paid. A place that was taken is given back with every refusal.

use weir_market::price::ModelKey;
use weir_ticket::Value;
use weir_ticket::balance::Key;
use weir_types::{Pixels, Price};

use super::desk::Credentials;
use super::{Job, Orchestrator, Turn};
use crate::io::{Answer, Asked, JobMeta, Made, Message, Observation, Order, Peer, Refusal, Work};

/// A job that was accepted.
pub(super) struct AcceptedJob {
    from: Peer,
    request: u64,
    key: ModelKey,
    account: Key,
    fee: Value,
}

impl Orchestrator {
    pub(super) fn on_order(&mut self, t: &mut Turn<'_>, from: Peer, order: &Order) {
        let (request, sender) = (order.request, order.sender);
        let done = match self.check_order(t, order) {
            Err(e) => Err(e),
            Ok(()) => match &order.asked {
                Asked::Job(job) => self.accept_job(t, from, order, job).map(|()| None),
                Asked::Live(key) => self.start_live(t, from, order, key).map(Some),
                Asked::Credit { manifest } => self.take_credit(t, order, *manifest).map(Some),
            },
        };
        let result = match done {
            // A job is answered when it is done.
            Ok(None) => return,
            Ok(Some(answer)) => Ok(answer),
            Err(refusal) => {
                t.out.observe(Observation::Refused { sender, reason: refusal.text().to_owned() });
                Err(refusal)
            }
        };
        t.out.send(from, Message::OrderDone { request, result });
    }

    fn check_order(&self, t: &Turn<'_>, o: &Order) -> Result<(), Refusal> {
        let signed = self.desk.signed(&o.asked, o.sender, &o.sig);
        let who = Credentials { sender: o.sender, payer: o.payment.sender, signed, auth: &o.auth };
        self.desk.check_credentials(t.now, &who)
    }

    fn accept_job(
        &mut self,
        t: &mut Turn<'_>,
        from: Peer,
        order: &Order,
        job: &std::sync::Arc<JobMeta>,
    ) -> Result<(), Refusal> {
        let units = job.work.debited().map_err(|e| Refusal::BadRequest(e.to_string()))?;
        let key = job.key();
        self.models.reserve(&key)?;
        let taken = self.take_job(t, order, &key, units);
        let (account, fee) = taken.inspect_err(|_| self.models.free(&key))?;
        self.desk.owe(account, &fee);
        let accepted = AcceptedJob { from, request: order.request, key, account, fee };
        self.start(Job::Request(Box::new(accepted)), account.1, Work::Job(job.clone()), t.out);
        Ok(())
    }

    /// Takes a job's payment; what it is worth and whom it is debited.
    fn take_job(
        &mut self,
        t: &mut Turn<'_>,
        order: &Order,
        key: &ModelKey,
        units: Pixels,
    ) -> Result<(Key, Value), Refusal> {
        let (price, account) = self.pay_for_model(t, order, key, None)?;
        let balance = self.desk.balance(account);
        t.out.observe(Observation::Served { sender: order.sender, session: account.1, balance });
        Ok((account, Value::fee(&price, units)))
    }

    /// Takes a payment at the price of a model, into the model's account unless another one is named, and checks that
    /// there is credit.
    pub(super) fn pay_for_model(
        &mut self,
        t: &mut Turn<'_>,
        order: &Order,
        key: &ModelKey,
        account: Option<u64>,
    ) -> Result<(Price, Key), Refusal> {
        let none = || Refusal::Capacity("insufficient capacity".to_owned());
        let subject = self.models.subject(key).ok_or_else(none)?;
        let account = (order.sender, account.unwrap_or(subject.account));
        let price = self.desk.agreed_price(&order.payment, subject)?;
        self.desk.take_payment(t.now, &order.payment, account.1, t.out)?;
        let balance = self.desk.balance(account);
        if !self.desk.covered(account, &balance, &price) {
            return Err(Refusal::BadRequest("Insufficient balance".to_owned()));
        }
        Ok((price, account))
    }

    pub(super) fn on_job_done(&mut self, t: &mut Turn<'_>, job: AcceptedJob, result: Result<Made, String>) {
        self.models.free(&job.key);
        self.desk.release(job.account, &job.fee);
        let result = match result {
            Ok(Made::Answer(r)) => {
                self.desk.debit(t.now, job.account, job.fee, t.out);
                Ok(Answer::Job(r))
            }
            Ok(Made::Renditions(_)) => Err(Refusal::Failed("not an answer to a job".to_owned())),
            Err(e) => Err(Refusal::Failed(e)),
        };
        t.out.send(job.from, Message::OrderDone { request: job.request, result });
    }
}
