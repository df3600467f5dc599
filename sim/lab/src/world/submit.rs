//! From what a machine wants on the chain to what the sequencer gets.
//!
//! With real signatures a node tries its transaction, signs it and sends it. With lazy ones nobody signs: the chain
//! drops what would fail when its turn comes, and what wins by a checksum is signed for the broker before it is sent.

use alloy::sol_types::SolCall;
use futures::executor::block_on;
use weir_chain::call::drafts;
use weir_contracts::bindings::BondingManager;
use weir_kernel::ActorId;
use weir_roles::{TxId, TxIntent};
use weir_ticket::{
    EthVerifier, LazySigner, LazyVerifier, Signature, Ticket, TicketSigner, TicketVerifier, WinningTicket,
};
use weir_types::{Address, Instant, WinProb};

use super::actors::{Identity, SEQUENCER};
use super::event::{Draft, Event, Origin, Part};
use super::node::Node;
use super::{World, index, priority};
use crate::LabError;
use crate::scenario::{Scenario, Signatures};

impl World {
    pub(super) fn submit(
        &mut self,
        now: Instant,
        actor: ActorId,
        part: Part,
        id: TxId,
        intent: &TxIntent,
    ) -> Result<(), LabError> {
        let latency = self.sequencer_latency();
        if self.scenario.fidelity.signatures == Signatures::Lazy {
            return self.submit_unsigned(now, actor, part, id, intent);
        }
        let Some(node) = index(actor).and_then(|i| self.nodes.get_mut(i)) else { return Ok(()) };
        let life = node.life;
        self.chain.advance_to(now);
        let prepared = block_on(node.tx.prepare(&self.view.client, intent, None))?;
        match prepared {
            Err(outcome) => {
                // The dry run's answer takes a round trip.
                let at = now + latency + latency;
                self.kernel.schedule(at, priority::NEWS, actor, Event::Outcome { part, id, outcome, life });
            }
            Ok(txs) => {
                let last = txs.len().saturating_sub(1);
                for (i, tx) in txs.into_iter().enumerate() {
                    let origin = (i == last).then_some(Origin { actor, part, id, life });
                    let arrive = Event::Arrive { raw: tx.raw, hash: tx.hash, kind: tx.kind, origin };
                    self.kernel.schedule(now + latency, priority::CHAIN, SEQUENCER, arrive);
                }
            }
        }
        Ok(())
    }

    /// [`Self::submit`] of a transaction that nobody signs.
    fn submit_unsigned(
        &mut self,
        now: Instant,
        actor: ActorId,
        part: Part,
        id: TxId,
        intent: &TxIntent,
    ) -> Result<(), LabError> {
        let Some(node) = index(actor).and_then(|i| self.nodes.get(i)) else { return Ok(()) };
        let (life, who) = (node.life, node.address());
        let drafts = self.unsigned(who, intent)?;
        let last = drafts.len().saturating_sub(1);
        let at = now + self.sequencer_latency();
        for (i, draft) in drafts.into_iter().enumerate() {
            let origin = (i == last).then_some(Origin { actor, part, id, life });
            self.kernel.schedule(at, priority::CHAIN, SEQUENCER, Event::Call { draft: Box::new(draft), origin });
        }
        Ok(())
    }

    fn unsigned(&mut self, who: Address, intent: &TxIntent) -> Result<Vec<Draft>, LabError> {
        let certain = match intent {
            TxIntent::Reward => {
                let (prev, next) = self.view.reward_hints(who);
                let data = BondingManager::rewardWithHintCall { _newPosPrev: prev, _newPosNext: next }.abi_encode();
                let to = self.view.client.addresses().bonding_manager;
                return Ok(vec![Draft {
                    from: who,
                    to,
                    value: Default::default(),
                    data: data.into(),
                    kind: intent.kind(),
                }]);
            }
            TxIntent::Redeem { ticket, sig, recipient_rand } => {
                let (ticket, sig) = self.sure_to_win(ticket, sig);
                Some(TxIntent::Redeem { ticket: Box::new(ticket), sig, recipient_rand: *recipient_rand })
            }
            TxIntent::RedeemBatch(all) => {
                let mut sure = Vec::with_capacity(all.len());
                for w in all {
                    let (ticket, sig) = self.sure_to_win(&w.ticket, &w.sig);
                    self.sure.insert(ticket.hash(), w.ticket.hash());
                    sure.push(WinningTicket { ticket, sig, recipient_rand: w.recipient_rand });
                }
                Some(TxIntent::RedeemBatch(sure))
            }
            _ => None,
        };
        // A gas limit is named so that nothing is tried here; it goes no further.
        let made = block_on(drafts(&self.view.client, who, "", certain.as_ref().unwrap_or(intent), Some(0)))?;
        let draft = |d: weir_chain::outbox::Draft| Draft {
            from: who,
            to: d.to,
            value: d.value,
            data: d.data,
            kind: if d.kind == "approve" { "approve" } else { intent.kind() },
        };
        Ok(made.map(|all| all.into_iter().map(draft).collect()).unwrap_or_default())
    }

    /// A ticket that won without a real signature, as one that the broker takes: the same in sender, recipient, face
    /// value and round, and sure to win, signed by its sender.
    fn sure_to_win(&self, ticket: &Ticket, sig: &Signature) -> (Ticket, Signature) {
        let sure = Ticket { win_prob: WinProb::ONE, ..ticket.clone() };
        let Some(sender) = self.by_address.get(&ticket.sender).and_then(|i| self.nodes.get(*i)) else {
            return (sure, *sig);
        };
        let sig = sender.id.key.sign(sure.hash());
        (sure, sig)
    }

    /// What a node signs with off chain.
    pub(super) fn signer(&self, node: &Node) -> Box<dyn TicketSigner> {
        signer(&self.scenario, &node.id)
    }

    /// An unsigned transaction reaches the sequencer.
    pub(super) fn arrive_unsigned(&mut self, now: Instant, draft: Draft, origin: Option<Origin>) {
        self.chain.advance_to(now);
        match self.chain.send_tried(draft.from, draft.to, draft.value, draft.data) {
            Err(e) => self.refuse(now, origin, e.to_string()),
            Ok(hash) => {
                self.pending.insert(hash, super::Pending { origin, kind: draft.kind });
                self.schedule_seal(now);
            }
        }
    }
}

/// What somebody signs with off chain.
pub(super) fn signer(s: &Scenario, id: &Identity) -> Box<dyn TicketSigner> {
    match s.fidelity.signatures {
        Signatures::Real => Box::new(id.key.clone()),
        Signatures::Lazy => Box::new(LazySigner(id.address())),
    }
}

/// What checks those signatures.
pub(super) fn verifier(s: &Scenario) -> Box<dyn TicketVerifier> {
    match s.fidelity.signatures {
        Signatures::Real => Box::new(EthVerifier),
        Signatures::Lazy => Box::new(LazyVerifier),
    }
}
