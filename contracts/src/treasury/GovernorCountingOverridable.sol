// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts-upgradeable/governance/GovernorUpgradeable.sol";
import "../libraries/MathUtils.sol";
import "./IVotes.sol";

/// @notice Counts votes where a delegator may overrule its delegate: the delegate's vote weighs less
/// by what its delegators voted for themselves, whoever came first.
abstract contract GovernorCountingOverridable is GovernorUpgradeable {
    error InvalidVoteType(uint8 voteType);
    error VoteAlreadyCast();

    enum VoteType {
        Against,
        For,
        Abstain
    }

    struct ProposalVoterState {
        bool hasVoted;
        VoteType support;
        // What delegators of this voter voted with themselves.
        uint256 deductions;
    }

    struct ProposalTally {
        uint256 againstVotes;
        uint256 forVotes;
        uint256 abstainVotes;
        mapping(address => ProposalVoterState) voters;
    }

    mapping(uint256 => ProposalTally) private _proposalTallies;

    /// @notice Part of the votes for and against, of 10^6, that must be in favour.
    uint256 public quota;

    uint256[48] private __gap;

    // solhint-disable-next-line func-name-mixedcase
    function __GovernorCountingOverridable_init(uint256 _quota) internal onlyInitializing {
        __GovernorCountingOverridable_init_unchained(_quota);
    }

    // solhint-disable-next-line func-name-mixedcase
    function __GovernorCountingOverridable_init_unchained(uint256 _quota) internal onlyInitializing {
        quota = _quota;
    }

    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() public pure virtual override returns (string memory) {
        return "support=bravo&quorum=for,abstain,against";
    }

    function hasVoted(uint256 _proposalId, address _account) public view virtual override returns (bool) {
        return _proposalTallies[_proposalId].voters[_account].hasVoted;
    }

    function proposalVotes(uint256 _proposalId)
        public
        view
        virtual
        returns (
            uint256 againstVotes,
            uint256 forVotes,
            uint256 abstainVotes
        )
    {
        ProposalTally storage tally = _proposalTallies[_proposalId];
        return (tally.againstVotes, tally.forVotes, tally.abstainVotes);
    }

    /// @notice Where voting power is recorded.
    function votes() public view virtual returns (IVotes);

    function _quorumReached(uint256 _proposalId) internal view virtual override returns (bool) {
        (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes) = proposalVotes(_proposalId);
        return againstVotes + forVotes + abstainVotes >= quorum(proposalSnapshot(_proposalId));
    }

    function _voteSucceeded(uint256 _proposalId) internal view virtual override returns (bool) {
        (uint256 againstVotes, uint256 forVotes, ) = proposalVotes(_proposalId);
        return forVotes >= MathUtils.percOf(againstVotes + forVotes, quota);
    }

    function _countVote(
        uint256 _proposalId,
        address _account,
        uint8 _supportInt,
        uint256 _weight,
        bytes memory // no parameters
    ) internal virtual override {
        if (_supportInt > uint8(VoteType.Abstain)) {
            revert InvalidVoteType(_supportInt);
        }
        VoteType support = VoteType(_supportInt);

        ProposalTally storage tally = _proposalTallies[_proposalId];
        ProposalVoterState storage voter = tally.voters[_account];
        if (voter.hasVoted) {
            revert VoteAlreadyCast();
        }
        voter.hasVoted = true;
        voter.support = support;

        uint256 weight = _settleOverride(_proposalId, tally, voter, _account, _weight);
        if (support == VoteType.Against) {
            tally.againstVotes += weight;
        } else if (support == VoteType.For) {
            tally.forVotes += weight;
        } else {
            tally.abstainVotes += weight;
        }
    }

    /// Takes a delegator's weight from its delegate, and from a delegate what was taken already.
    /// Returns what is left for the voter itself.
    function _settleOverride(
        uint256 _proposalId,
        ProposalTally storage _tally,
        ProposalVoterState storage _voter,
        address _account,
        uint256 _weight
    ) private returns (uint256) {
        uint256 timepoint = proposalSnapshot(_proposalId);
        address delegate = votes().delegatedAt(_account, timepoint);
        if (delegate == _account) {
            return _weight - _voter.deductions;
        }
        // An account delegates to itself to be an orchestrator; others hold no votes of delegators.
        if (votes().delegatedAt(delegate, timepoint) != delegate) {
            return _weight;
        }

        ProposalVoterState storage delegateVoter = _tally.voters[delegate];
        delegateVoter.deductions += _weight;
        if (delegateVoter.hasVoted) {
            if (delegateVoter.support == VoteType.Against) {
                _tally.againstVotes -= _weight;
            } else if (delegateVoter.support == VoteType.For) {
                _tally.forVotes -= _weight;
            } else {
                _tally.abstainVotes -= _weight;
            }
        }
        return _weight;
    }
}
