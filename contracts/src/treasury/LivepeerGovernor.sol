// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts-upgradeable/governance/GovernorUpgradeable.sol";
import "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorSettingsUpgradeable.sol";
import "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorTimelockControlUpgradeable.sol";
import "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesQuorumFractionUpgradeable.sol";
import "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesUpgradeable.sol";
import "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import "../ManagerProxyTarget.sol";
import "../libraries/MathUtils.sol";
import "./GovernorCountingOverridable.sol";

/// @notice Decides by stake what the Treasury does. Time is counted in rounds.
///
/// The order of the bases is the order of the storage.
contract LivepeerGovernor is
    ManagerProxyTarget,
    Initializable,
    GovernorUpgradeable,
    GovernorSettingsUpgradeable,
    GovernorTimelockControlUpgradeable,
    GovernorVotesUpgradeable,
    GovernorVotesQuorumFractionUpgradeable,
    GovernorCountingOverridable
{
    /// The code behind the proxy is never used itself.
    constructor(address _controller) Manager(_controller) {
        _disableInitializers();
    }

    /// @param initialVotingDelay Rounds from proposal to vote.
    /// @param initialVotingPeriod Rounds of the vote.
    /// @param initialProposalThreshold Stake that a proposer needs.
    /// @param initialQuorum Part of all stake, of 10^6, that must vote.
    /// @param quota Part of the votes, of 10^6, that must be in favour.
    function initialize(
        uint256 initialVotingDelay,
        uint256 initialVotingPeriod,
        uint256 initialProposalThreshold,
        uint256 initialQuorum,
        uint256 quota
    ) public initializer {
        __Governor_init("LivepeerGovernor");
        __GovernorSettings_init(initialVotingDelay, initialVotingPeriod, initialProposalThreshold);
        __GovernorTimelockControl_init(_treasury());
        __GovernorVotes_init(votes());
        __GovernorVotesQuorumFraction_init(initialQuorum);
        __GovernorCountingOverridable_init(quota);
    }

    function quorumDenominator() public view virtual override returns (uint256) {
        return MathUtils.PERC_DIVISOR;
    }

    function votes() public view override returns (IVotes) {
        return IVotes(controller.getContract(keccak256("BondingVotes")));
    }

    /// @notice Follows the voting power to the address that the Controller names now.
    function bumpGovernorVotesTokenAddress() external {
        token = votes();
    }

    function _treasury() private view returns (TimelockControllerUpgradeable) {
        return TimelockControllerUpgradeable(payable(controller.getContract(keccak256("Treasury"))));
    }

    // ---- What several bases define

    function proposalThreshold()
        public
        view
        override(GovernorUpgradeable, GovernorSettingsUpgradeable)
        returns (uint256)
    {
        return super.proposalThreshold();
    }

    function state(uint256 proposalId)
        public
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _execute(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) {
        super._execute(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor()
        internal
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (address)
    {
        return super._executor();
    }
}
