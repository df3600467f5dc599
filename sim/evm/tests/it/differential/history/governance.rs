//! Decisions: over the treasury by stake, over code and parameters by the Governor's owner.

use super::*;

impl Story {
    pub(super) fn treasury(&mut self) -> Option<Step> {
        let (by, g) = (self.staker(), self.d.livepeer_governor);
        if self.proposals.is_empty() || self.chance(6) {
            return self.propose(by);
        }
        let decided = |p: &Proposal| {
            let state = self.read(g, &LivepeerGovernor::stateCall { proposalId: p.id });
            state.is_some_and(|state| [4, 5].contains(&state))
        };
        let newest = self.proposals.iter().rposition(decided).unwrap_or(self.proposals.len() - 1);
        let at = if self.chance(80) { newest } else { self.below(self.proposals.len() as u64) as usize };
        let p = &self.proposals[at];
        let (targets, calldatas) = (p.targets.clone(), p.calldatas.clone());
        let (values, hash, id) = (vec![U256::ZERO; targets.len()], keccak256(&p.description), p.id);
        let state = self.read(g, &LivepeerGovernor::stateCall { proposalId: id })?;
        Some(match (state, self.below(10)) {
            (4, 0..8) | (_, 8) => {
                let call = LivepeerGovernor::queueCall { targets, values, calldatas, descriptionHash: hash };
                self.step(by, g, "queue", &call)
            }
            (5, 0..8) | (_, 9) => {
                let call = LivepeerGovernor::executeCall { targets, values, calldatas, descriptionHash: hash };
                self.step(by, g, "execute proposal", &call)
            }
            _ => {
                let support = if self.chance(80) { 1 } else { self.below(4) as u8 };
                // Much stake hangs on few.
                let by = if self.chance(60) { self.orchestrator() } else { by };
                if self.chance(70) {
                    self.step(by, g, "castVote", &LivepeerGovernor::castVoteCall { proposalId: id, support })
                } else {
                    let reason = "because of the weather".to_owned();
                    let call = LivepeerGovernor::castVoteWithReasonCall { proposalId: id, support, reason };
                    self.step(by, g, "castVoteWithReason", &call)
                }
            }
        })
    }

    /// Whether the newest proposal waits for votes or to be carried out.
    pub(super) fn deciding(&self) -> bool {
        self.proposals.iter().rev().take(3).any(|p| {
            let state = self.read(self.d.livepeer_governor, &LivepeerGovernor::stateCall { proposalId: p.id });
            state.is_some_and(|state| [1, 4, 5].contains(&state))
        })
    }

    /// What brings a proposal through: votes of all who have much stake, and what carries it out. Last step
    /// first.
    pub(super) fn campaign(&mut self) -> Vec<Step> {
        let g = self.d.livepeer_governor;
        let Some(at) = self.proposals.iter().position(|p| p.campaign < 2) else { return Vec::new() };
        let p = &self.proposals[at];
        let (targets, calldatas, id) = (p.targets.clone(), p.calldatas.clone(), p.id);
        let (values, hash) = (vec![U256::ZERO; targets.len()], keccak256(&p.description));
        match self.read(g, &LivepeerGovernor::stateCall { proposalId: id }) {
            Some(1) if p.campaign == 0 => {
                self.proposals[at].campaign = 1;
                // Every third is left to chance.
                if at % 3 == 2 {
                    return Vec::new();
                }
                let vote = LivepeerGovernor::castVoteCall { proposalId: id, support: 1 };
                (0..ORCHESTRATORS).map(|n| self.step(account(b'o', n), g, "castVote", &vote)).collect()
            }
            Some(4) => {
                self.proposals[at].campaign = 2;
                let queue = LivepeerGovernor::queueCall {
                    targets: targets.clone(),
                    values: values.clone(),
                    calldatas: calldatas.clone(),
                    descriptionHash: hash,
                };
                let execute = LivepeerGovernor::executeCall { targets, values, calldatas, descriptionHash: hash };
                vec![self.step(OWNER, g, "execute proposal", &execute), self.step(OWNER, g, "queue", &queue)]
            }
            // Still to come, or under vote.
            Some(0 | 1) => Vec::new(),
            _ => {
                self.proposals[at].campaign = 2;
                Vec::new()
            }
        }
    }

    fn propose(&mut self, by: Address) -> Option<Step> {
        let grant = LivepeerToken::transferCall { to: self.delegator(), amount: lpt(1) };
        let mut targets = vec![self.d.token];
        let mut calldatas: Vec<Bytes> = vec![grant.abi_encode().into()];
        if self.chance(30) {
            targets.push(self.d.livepeer_governor);
            let call = LivepeerGovernor::setVotingDelayCall { newVotingDelay: U256::from(1 + self.below(2)) };
            calldatas.push(call.abi_encode().into());
        }
        let description = format!("Proposal {}", self.proposals.len());
        let values = vec![U256::ZERO; targets.len()];
        let hash = LivepeerGovernor::hashProposalCall {
            targets: targets.clone(),
            values: values.clone(),
            calldatas: calldatas.clone(),
            descriptionHash: keccak256(&description),
        };
        let id = self.read(self.d.livepeer_governor, &hash)?;
        let call = LivepeerGovernor::proposeCall {
            targets: targets.clone(),
            values,
            calldatas: calldatas.clone(),
            description: description.clone(),
        };
        self.proposals.push(Proposal { targets, calldatas, description, id, campaign: 0 });
        Some(self.step(by, self.d.livepeer_governor, "propose", &call))
    }

    pub(super) fn govern(&mut self) -> Option<Step> {
        let g = self.d.governor;
        if !self.staged.is_empty() && self.chance(50) {
            let at = self.below(self.staged.len() as u64) as usize;
            let keep = self.chance(20);
            let update = if keep { self.staged[at].clone() } else { self.staged.remove(at) };
            let by = self.staker();
            return Some(self.step(by, g, "execute update", &Governor::executeCall { _update: update }));
        }
        if self.chance(6) {
            // Anybody may try.
            let by = self.staker();
            return Some(self.step(
                by,
                self.d.treasury,
                "schedule",
                &Treasury::scheduleCall {
                    target: self.d.token,
                    value: U256::ZERO,
                    data: Bytes::new(),
                    predecessor: B256::ZERO,
                    salt: B256::ZERO,
                    delay: U256::ZERO,
                },
            ));
        }
        self.updates += 1;
        if !self.upgraded && self.updates > 12 {
            self.upgraded = true;
            self.script = self.upgrading();
            return self.script.pop();
        }
        let (target, data) = self.change();
        let update = Governor::Update {
            target: vec![target],
            value: vec![U256::ZERO],
            data: vec![data],
            nonce: U256::from(self.updates),
        };
        let delay = U256::from(self.below(4));
        self.staged.push(update.clone());
        let by = if self.chance(90) { OWNER } else { self.staker() };
        Some(self.step(by, g, "stage", &Governor::stageCall { _update: update, _delay: delay }))
    }

    /// A change of the Controller that is staged and carried out, last step first.
    pub(super) fn at_once(&mut self, data: Bytes) -> Vec<Step> {
        self.updates += 1;
        let update = Governor::Update {
            target: vec![self.d.controller],
            value: vec![U256::ZERO],
            data: vec![data],
            nonce: U256::from(self.updates),
        };
        let g = self.d.governor;
        let stage = Governor::stageCall { _update: update.clone(), _delay: U256::ZERO };
        let execute = Governor::executeCall { _update: update };
        vec![self.step(OWNER, g, "execute update", &execute), self.step(OWNER, g, "stage", &stage)]
    }

    fn change(&mut self) -> (Address, Bytes) {
        let d = self.d;
        let n = self.below(1_000);
        let (target, data) = match self.below(9) {
            0 => {
                (d.bonding_manager, BondingManager::setUnbondingPeriodCall { _unbondingPeriod: 1 + n % 3 }.abi_encode())
            }
            1 => {
                let call = BondingManager::setNumActiveTranscodersCall { _numActiveTranscoders: U256::from(8 + n % 4) };
                (d.bonding_manager, call.abi_encode())
            }
            2 => {
                let cut = U256::from(n) * U256::from(10u64).pow(U256::from(24));
                (d.bonding_manager, BondingManager::setTreasuryRewardCutRateCall { _cutRate: cut }.abi_encode())
            }
            3 => {
                let call = Minter::setTargetBondingRateCall { _targetBondingRate: U256::from(n * 1_000_000) };
                (d.minter, call.abi_encode())
            }
            4 => {
                let call = Minter::setInflationChangeCall { _inflationChange: U256::from(n) };
                (d.minter, call.abi_encode())
            }
            5 => {
                let call = TicketBroker::setUnlockPeriodCall { _unlockPeriod: U256::from(1 + n % 3) };
                (d.ticket_broker, call.abi_encode())
            }
            6 => {
                let call = RoundsManager::setLIPUpgradeRoundCall { _lip: U256::from(n), _round: U256::from(n) };
                (d.rounds_manager, call.abi_encode())
            }
            7 => {
                let call =
                    MerkleSnapshot::setSnapshotCall { _id: B256::repeat_byte(n as u8), _root: B256::repeat_byte(2) };
                (d.merkle_snapshot, call.abi_encode())
            }
            _ => {
                let id = keccak256(format!("Contract {n}"));
                let call = Controller::setContractInfoCall {
                    _id: id,
                    _contractAddress: d.token,
                    _gitCommitHash: FixedBytes::repeat_byte(n as u8),
                };
                (d.controller, call.abi_encode())
            }
        };
        (target, data.into())
    }

    /// The step to the newest rules, last step first.
    fn upgrading(&self) -> Vec<Step> {
        let nonce = self.chain.pending_nonce(OWNER);
        let rules = [ProtocolVersion::D24, ProtocolVersion::D26];
        let plan = Plan::upgrade(OWNER, nonce, &self.d, rules, 1_000).expect("the artifacts are whole");
        let step = |s: &weir_contracts::Step| Step {
            label: "upgrade".into(),
            from: OWNER,
            to: s.to,
            value: U256::ZERO,
            data: s.input.clone(),
            gas: GAS,
        };
        plan.steps.iter().rev().map(step).collect()
    }
}
