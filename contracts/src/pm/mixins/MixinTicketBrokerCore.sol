// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

import "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import "./MixinReserve.sol";

/// @notice Probabilistic payments: deposits, tickets and their redemption.
abstract contract MixinTicketBrokerCore is MixinReserve {
    using ECDSA for bytes32;

    struct Sender {
        uint256 deposit;
        // First round in which the funds can be withdrawn; 0 while no unlock is under way.
        uint256 withdrawRound;
    }

    struct Ticket {
        address recipient;
        address sender;
        // Wei paid if the ticket wins.
        uint256 faceValue;
        // Chance to win, parts of 2^256.
        uint256 winProb;
        // Makes tickets of one sender to one random number differ.
        uint256 senderNonce;
        // Commitment of the recipient to the number that decides.
        bytes32 recipientRandHash;
        // Creation round and the block hash of that round.
        bytes auxData;
    }

    mapping(address => Sender) internal senders;
    // Rounds between asking for and getting the funds back.
    uint256 public unlockPeriod;
    mapping(bytes32 => bool) public usedTickets;

    event DepositFunded(address indexed sender, uint256 amount);
    event WinningTicketRedeemed(
        address indexed sender,
        address indexed recipient,
        uint256 faceValue,
        uint256 winProb,
        uint256 senderNonce,
        uint256 recipientRand,
        bytes auxData
    );
    event Unlock(address indexed sender, uint256 startRound, uint256 endRound);
    event UnlockCancelled(address indexed sender);
    event Withdrawal(address indexed sender, uint256 deposit, uint256 reserve);

    function fundDeposit() external payable whenSystemNotPaused {
        _addDeposit(msg.sender, msg.value);
        fundsTransfer(msg.value);
        emit DepositFunded(msg.sender, msg.value);
    }

    function fundReserve() external payable whenSystemNotPaused {
        _addReserve(msg.sender, msg.value);
        fundsTransfer(msg.value);
    }

    function fundDepositAndReserve(uint256 _depositAmount, uint256 _reserveAmount) external payable {
        fundDepositAndReserveFor(msg.sender, _depositAmount, _reserveAmount);
    }

    function fundDepositAndReserveFor(
        address _addr,
        uint256 _depositAmount,
        uint256 _reserveAmount
    ) public payable whenSystemNotPaused {
        require(
            msg.value == _depositAmount + _reserveAmount,
            "msg.value does not equal sum of deposit amount and reserve amount"
        );
        _addDeposit(_addr, _depositAmount);
        _addReserve(_addr, _reserveAmount);
        fundsTransfer(msg.value);
        emit DepositFunded(_addr, _depositAmount);
    }

    /// @notice Pays the recipient of a winning ticket out of the sender's funds. Anyone may call.
    function redeemWinningTicket(
        Ticket memory _ticket,
        bytes memory _sig,
        uint256 _recipientRand
    ) public whenSystemNotPaused currentRoundInitialized {
        bytes32 ticketHash = getTicketHash(_ticket);
        requireValidWinningTicket(_ticket, ticketHash, _sig, _recipientRand);

        Sender storage sender = senders[_ticket.sender];
        require(isLocked(sender), "sender is unlocked");
        requireSufficientFunds(_ticket.sender, _ticket.faceValue);

        usedTickets[ticketHash] = true;

        uint256 amount;
        if (_ticket.faceValue > sender.deposit) {
            amount =
                sender.deposit +
                claimFromReserve(_ticket.sender, _ticket.recipient, _ticket.faceValue - sender.deposit);
            sender.deposit = 0;
        } else {
            amount = _ticket.faceValue;
            sender.deposit -= amount;
        }

        if (amount > 0) {
            winningTicketTransfer(_ticket.sender, _ticket.recipient, amount, _ticket.auxData);
        }
        emit WinningTicketRedeemed(
            _ticket.sender,
            _ticket.recipient,
            _ticket.faceValue,
            _ticket.winProb,
            _ticket.senderNonce,
            _recipientRand,
            _ticket.auxData
        );
    }

    /// @notice Redeems what can be redeemed of a list of tickets; one that fails hinders no other.
    function batchRedeemWinningTickets(
        Ticket[] memory _tickets,
        bytes[] memory _sigs,
        uint256[] memory _recipientRands
    ) public whenSystemNotPaused currentRoundInitialized {
        for (uint256 i = 0; i < _tickets.length; i++) {
            // A call to ourselves, so that a failure reverts this ticket only.
            (bool ok, ) = address(this).call(
                abi.encodeWithSelector(this.redeemWinningTicket.selector, _tickets[i], _sigs[i], _recipientRands[i])
            );
            ok;
        }
    }

    /// @notice Starts the waiting time before a withdrawal.
    function unlock() public whenSystemNotPaused {
        Sender storage sender = senders[msg.sender];
        require(sender.deposit > 0 || remainingReserve(msg.sender) > 0, "sender deposit and reserve are zero");
        require(!_isUnlockInProgress(sender), "unlock already initiated");

        uint256 round = roundsManager().currentRound();
        sender.withdrawRound = round + unlockPeriod;
        emit Unlock(msg.sender, round, sender.withdrawRound);
    }

    function cancelUnlock() public whenSystemNotPaused {
        _cancelUnlock(senders[msg.sender], msg.sender);
    }

    /// @notice Returns all funds. The sender stays unlocked until it funds itself again.
    function withdraw() public whenSystemNotPaused {
        Sender storage sender = senders[msg.sender];
        uint256 deposit = sender.deposit;
        uint256 reserve = remainingReserve(msg.sender);
        require(deposit > 0 || reserve > 0, "sender deposit and reserve are zero");
        require(_isUnlockInProgress(sender), "no unlock request in progress");
        require(!isLocked(sender), "account is locked");

        sender.deposit = 0;
        clearReserve(msg.sender);
        withdrawTransfer(payable(msg.sender), deposit + reserve);
        emit Withdrawal(msg.sender, deposit, reserve);
    }

    function isUnlockInProgress(address _sender) public view returns (bool) {
        return _isUnlockInProgress(senders[_sender]);
    }

    function getSenderInfo(address _sender) public view returns (Sender memory sender, ReserveInfo memory reserve) {
        sender = senders[_sender];
        reserve = getReserveInfo(_sender);
    }

    function getTicketHash(Ticket memory _ticket) public pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    _ticket.recipient,
                    _ticket.sender,
                    _ticket.faceValue,
                    _ticket.winProb,
                    _ticket.senderNonce,
                    _ticket.recipientRandHash,
                    _ticket.auxData
                )
            );
    }

    function _setUnlockPeriod(uint256 _unlockPeriod) internal {
        unlockPeriod = _unlockPeriod;
        emit ParameterUpdate("unlockPeriod");
    }

    // What a concrete broker decides.

    function fundsTransfer(uint256 _amount) internal virtual;

    function withdrawTransfer(address payable _sender, uint256 _amount) internal virtual;

    function winningTicketTransfer(
        address _sender,
        address _recipient,
        uint256 _amount,
        bytes memory _auxData
    ) internal virtual;

    function requireValidTicketAuxData(bytes memory _auxData) internal view virtual;

    /// Decides whether a sender has enough to redeem a ticket at all.
    function requireSufficientFunds(address _sender, uint256 _faceValue) internal view virtual;

    function requireValidWinningTicket(
        Ticket memory _ticket,
        bytes32 _ticketHash,
        bytes memory _sig,
        uint256 _recipientRand
    ) internal view {
        require(_ticket.recipient != address(0), "ticket recipient is null address");
        require(_ticket.sender != address(0), "ticket sender is null address");
        requireValidTicketAuxData(_ticket.auxData);
        require(
            keccak256(abi.encodePacked(_recipientRand)) == _ticket.recipientRandHash,
            "recipientRand does not match recipientRandHash"
        );
        require(!usedTickets[_ticketHash], "ticket is used");
        require(isValidTicketSig(_ticket.sender, _sig, _ticketHash), "invalid signature over ticket hash");
        require(isWinningTicket(_sig, _recipientRand, _ticket.winProb), "ticket did not win");
    }

    function isValidTicketSig(
        address _sender,
        bytes memory _sig,
        bytes32 _ticketHash
    ) internal pure returns (bool) {
        require(_sig.length == 65, "INVALID_SIGNATURE_LENGTH");
        return _ticketHash.toEthSignedMessageHash().recover(_sig) == _sender;
    }

    /// Neither side controls the outcome alone: the sender signs before it knows the number, the
    /// recipient commits to the number before it sees the signature.
    function isWinningTicket(
        bytes memory _sig,
        uint256 _recipientRand,
        uint256 _winProb
    ) internal pure returns (bool) {
        return uint256(keccak256(abi.encodePacked(_sig, _recipientRand))) < _winProb;
    }

    function isLocked(Sender storage _sender) internal view returns (bool) {
        return _sender.withdrawRound == 0 || roundsManager().currentRound() < _sender.withdrawRound;
    }

    function _addDeposit(address _addr, uint256 _amount) private {
        senders[_addr].deposit += _amount;
        _cancelOwnUnlock(_addr);
    }

    function _addReserve(address _addr, uint256 _amount) private {
        addReserve(_addr, _amount);
        _cancelOwnUnlock(_addr);
    }

    /// Funds from somebody else must not hinder a withdrawal.
    function _cancelOwnUnlock(address _addr) private {
        Sender storage sender = senders[_addr];
        if (msg.sender == _addr && _isUnlockInProgress(sender)) {
            _cancelUnlock(sender, _addr);
        }
    }

    function _cancelUnlock(Sender storage _sender, address _addr) private {
        require(_isUnlockInProgress(_sender), "no unlock request in progress");
        _sender.withdrawRound = 0;
        emit UnlockCancelled(_addr);
    }

    function _isUnlockInProgress(Sender storage _sender) private view returns (bool) {
        return _sender.withdrawRound > 0;
    }
}
