// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "./MixinTicketBrokerCore.sol";

/// @notice What the auxiliary data of a ticket means, and where its value goes.
abstract contract MixinTicketProcessor is MixinTicketBrokerCore {
    // Rounds, the one of its creation included, in which a ticket can be redeemed.
    uint256 public ticketValidityPeriod;

    event WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount);

    function _setTicketValidityPeriod(uint256 _ticketValidityPeriod) internal {
        require(_ticketValidityPeriod > 0, "ticketValidityPeriod must be greater than 0");
        ticketValidityPeriod = _ticketValidityPeriod;
        emit ParameterUpdate("ticketValidityPeriod");
    }

    /// The Minter keeps all ETH; who owns how much is the business of other contracts.
    function fundsTransfer(uint256 _amount) internal override {
        minter().depositETH{ value: _amount }();
    }

    function withdrawTransfer(address payable _sender, uint256 _amount) internal override {
        minter().trustedWithdrawETH(_sender, _amount);
    }

    function winningTicketTransfer(
        address _sender,
        address _recipient,
        uint256 _amount,
        bytes memory _auxData
    ) internal override {
        (uint256 creationRound, ) = _decodeAuxData(_auxData);
        bondingManager().updateTranscoderWithFees(_recipient, _amount, creationRound);
        emit WinningTicketTransfer(_sender, _recipient, _amount);
    }

    /// A ticket names the round it was made in and proves it by the hash of that round, which
    /// nobody knows before the round starts.
    function requireValidTicketAuxData(bytes memory _auxData) internal view override {
        require(_auxData.length == 64, "invalid length for ticket auxData: must be 64 bytes");
        (uint256 creationRound, bytes32 creationRoundBlockHash) = _decodeAuxData(_auxData);

        bytes32 blockHash = roundsManager().blockHashForRound(creationRound);
        require(blockHash != bytes32(0), "ticket creationRound does not have a block hash");
        require(
            creationRoundBlockHash == blockHash,
            "ticket creationRoundBlockHash invalid for creationRound"
        );
        require(
            creationRound + ticketValidityPeriod > roundsManager().currentRound(),
            "ticket is expired"
        );
    }

    function _decodeAuxData(bytes memory _auxData) private pure returns (uint256, bytes32) {
        return abi.decode(_auxData, (uint256, bytes32));
    }
}
