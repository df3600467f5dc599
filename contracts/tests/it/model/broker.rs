//! Deposits, reserves and tickets.

use std::rc::Rc;

use alloy::primitives::U256;
use weir_contracts::Change;

use super::Who;
use super::state::{Mark, Model, NO_REASON, NOBODY, Step, refuse, require};

/// What a ticket refers to as its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nothing: the data has the wrong length.
    Malformed,
    Round {
        created: u64,
        hash_is_right: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    Short,
    OfSomeoneElse,
    Right,
}

/// A ticket as it is handed in, in what matters to the rules.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub id: u64,
    pub recipient: Who,
    pub sender: Who,
    pub value: U256,
    pub origin: Origin,
    pub secret_is_right: bool,
    pub signature: Signature,
    pub wins: bool,
    /// Chance, nonce and secret, as they are announced.
    pub numbers: [U256; 3],
}

/// Which funds a payment goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    Deposit,
    Reserve,
    Both,
}

impl Model {
    fn sender_mut(&mut self, who: Who) -> &mut super::state::Sender {
        &mut self.person_mut(who).sender
    }

    fn has_funds(&self, who: Who) -> Step {
        let s = &self.person(who).sender;
        require(!s.deposit.is_zero() || !s.reserve.is_zero(), "sender deposit and reserve are zero")
    }

    fn stop_unlock(&mut self, caller: Who, who: Who) {
        if caller == who && self.person(who).sender.withdraw_round > 0 {
            self.sender_mut(who).withdraw_round = 0;
            self.announce("UnlockCancelled", &[who], &[]);
        }
    }

    pub fn fund(&mut self, caller: Who, who: Who, deposit: U256, reserve: U256, paid: U256, to: Funds) -> Step {
        self.running()?;
        let reason = "msg.value does not equal sum of deposit amount and reserve amount";
        require(paid == deposit + reserve, reason)?;
        if to != Funds::Reserve {
            self.sender_mut(who).deposit += deposit;
            self.stop_unlock(caller, who);
        }
        if to != Funds::Deposit {
            self.sender_mut(who).reserve += reserve;
            self.announce("ReserveFunded", &[who], &[reserve]);
            self.stop_unlock(caller, who);
        }
        if to != Funds::Reserve {
            self.announce("DepositFunded", &[who], &[deposit]);
        }
        self.person_mut(caller).eth -= paid;
        self.minting.eth += paid;
        Ok(())
    }

    pub fn unlock(&mut self, who: Who) -> Step {
        self.running()?;
        self.has_funds(who)?;
        require(self.person(who).sender.withdraw_round == 0, "unlock already initiated")?;
        let (from, until) = (self.round(), self.round() + self.unlock_period);
        self.sender_mut(who).withdraw_round = until;
        self.announce("Unlock", &[who], &[U256::from(from), U256::from(until)]);
        Ok(())
    }

    pub fn cancel_unlock(&mut self, who: Who) -> Step {
        self.running()?;
        require(self.person(who).sender.withdraw_round > 0, "no unlock request in progress")?;
        self.stop_unlock(who, who);
        Ok(())
    }

    fn is_locked(&self, who: Who) -> bool {
        let at = self.person(who).sender.withdraw_round;
        at == 0 || self.round() < at
    }

    /// ETH out of the vault. It holds what it owes, unless fees were shared by more stake than was on record.
    pub fn pay_out(&mut self, to: Who, amount: U256) -> Step {
        if self.minting.eth < amount {
            assert!(self.fees_overpaid, "{amount} of ETH is due, {} is there", self.minting.eth);
            return refuse(NO_REASON);
        }
        self.minting.eth -= amount;
        self.person_mut(to).eth += amount;
        Ok(())
    }

    pub fn withdraw(&mut self, who: Who) -> Step {
        self.running()?;
        self.has_funds(who)?;
        require(self.person(who).sender.withdraw_round > 0, "no unlock request in progress")?;
        require(!self.is_locked(who), "account is locked")?;
        let s = self.sender_mut(who);
        let (deposit, reserve) = (std::mem::take(&mut s.deposit), std::mem::take(&mut s.reserve));
        self.pay_out(who, deposit + reserve)?;
        self.announce("Withdrawal", &[who], &[deposit, reserve]);
        Ok(())
    }

    pub fn redeem(&mut self, ticket: &Ticket) -> Step {
        self.open()?;
        self.check_ticket(ticket)?;
        Rc::make_mut(&mut self.used).insert(ticket.id);
        let (sender, recipient) = (ticket.sender, ticket.recipient);
        let deposit = self.person(sender).sender.deposit;
        let pay = if ticket.value > deposit {
            self.sender_mut(sender).deposit = U256::ZERO;
            deposit + self.claim_reserve(sender, recipient, ticket.value - deposit)?
        } else {
            self.sender_mut(sender).deposit -= ticket.value;
            ticket.value
        };
        self.mark(Mark::NothingPaid, pay.is_zero() && !ticket.value.is_zero());
        if !pay.is_zero() {
            self.credit_fees(recipient, pay)?;
            self.announce("WinningTicketTransfer", &[sender, recipient], &[pay]);
        }
        let [chance, nonce, secret] = ticket.numbers;
        self.announce("WinningTicketRedeemed", &[sender, recipient], &[ticket.value, chance, nonce, secret]);
        Ok(())
    }

    fn check_ticket(&self, ticket: &Ticket) -> Step {
        require(ticket.recipient != NOBODY, "ticket recipient is null address")?;
        require(ticket.sender != NOBODY, "ticket sender is null address")?;
        let Origin::Round { created, hash_is_right } = ticket.origin else {
            return Err("invalid length for ticket auxData: must be 64 bytes".to_owned());
        };
        require(self.totals.contains_key(&created), "ticket creationRound does not have a block hash")?;
        require(hash_is_right, "ticket creationRoundBlockHash invalid for creationRound")?;
        require(created + self.validity_period > self.round(), "ticket is expired")?;
        require(ticket.secret_is_right, "recipientRand does not match recipientRandHash")?;
        require(!self.used.contains(&ticket.id), "ticket is used")?;
        match ticket.signature {
            Signature::Short => return Err("INVALID_SIGNATURE_LENGTH".to_owned()),
            Signature::OfSomeoneElse => return Err("invalid signature over ticket hash".to_owned()),
            Signature::Right => {}
        }
        require(ticket.wins, "ticket did not win")?;
        require(self.is_locked(ticket.sender), "sender is unlocked")?;
        if self.has(Change::CoveredTickets) {
            let s = &self.person(ticket.sender).sender;
            let reason = "sender deposit and reserve insufficient to cover ticket face value";
            require(s.deposit + s.reserve >= ticket.value, reason)
        } else {
            self.has_funds(ticket.sender)
        }
    }

    fn claim_reserve(&mut self, sender: Who, claimant: Who, asked: U256) -> Result<U256, String> {
        let amount = asked.min(self.claimable(sender, claimant)?);
        if amount.is_zero() {
            return Ok(amount);
        }
        let round = self.round();
        let s = self.sender_mut(sender);
        *s.claimed.entry(round).or_default() += amount;
        *s.claimed_by.entry((round, claimant)).or_default() += amount;
        s.reserve -= amount;
        self.mark(Mark::ReserveClaimed, true);
        self.announce("ReserveClaimed", &[sender, claimant], &[amount]);
        Ok(amount)
    }

    /// Redeems what can be redeemed; what fails changes nothing.
    pub fn redeem_all(&mut self, tickets: &[Ticket]) -> Step {
        self.open()?;
        for ticket in tickets {
            let before = self.clone();
            if self.redeem(ticket).is_err() {
                let faults = std::mem::take(&mut self.faults);
                *self = before;
                self.faults.extend(faults);
            }
        }
        Ok(())
    }
}
