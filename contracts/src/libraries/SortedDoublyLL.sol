// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.9;

/// @notice Doubly linked list of addresses in descending order of their keys.
/// Deployed once and linked: the contracts that use it call it by delegatecall.
library SortedDoublyLL {
    struct Node {
        uint256 key;
        address nextId;
        address prevId;
    }

    struct Data {
        address head;
        address tail;
        uint256 maxSize;
        uint256 size;
        mapping(address => Node) nodes;
    }

    /// @notice The capacity can only grow.
    function setMaxSize(Data storage self, uint256 _size) public {
        require(_size > self.maxSize, "new max size must be greater than old max size");
        self.maxSize = _size;
    }

    /// @notice Adds an id. A right hint saves the walk; a wrong one costs gas and decides ties.
    function insert(
        Data storage self,
        address _id,
        uint256 _key,
        address _prevId,
        address _nextId
    ) public {
        require(!isFull(self), "list is full");
        require(!contains(self, _id), "node already in list");
        require(_id != address(0), "node id is null");
        require(_key > 0, "key is zero");

        address prevId = _prevId;
        address nextId = _nextId;
        if (!validInsertPosition(self, _key, prevId, nextId)) {
            (prevId, nextId) = _findPosition(self, _key, prevId, nextId);
        }

        // An id that is not in the list has no neighbours on record.
        self.nodes[_id].key = _key;
        if (prevId == address(0)) {
            self.head = _id;
        } else {
            self.nodes[_id].prevId = prevId;
            self.nodes[prevId].nextId = _id;
        }
        if (nextId == address(0)) {
            self.tail = _id;
        } else {
            self.nodes[_id].nextId = nextId;
            self.nodes[nextId].prevId = _id;
        }
        self.size += 1;
    }

    function remove(Data storage self, address _id) public {
        require(contains(self, _id), "node not in list");

        Node storage node = self.nodes[_id];
        address prevId = node.prevId;
        address nextId = node.nextId;
        if (prevId == address(0)) {
            self.head = nextId;
        } else {
            self.nodes[prevId].nextId = nextId;
        }
        if (nextId == address(0)) {
            self.tail = prevId;
        } else {
            self.nodes[nextId].prevId = prevId;
        }
        delete self.nodes[_id];
        self.size -= 1;
    }

    /// @notice Moves an id to the place of its new key; a zero key removes it.
    function updateKey(
        Data storage self,
        address _id,
        uint256 _newKey,
        address _prevId,
        address _nextId
    ) public {
        remove(self, _id);
        if (_newKey > 0) {
            insert(self, _id, _newKey, _prevId, _nextId);
        }
    }

    function contains(Data storage self, address _id) public view returns (bool) {
        // Keys are never zero while in the list.
        return self.nodes[_id].key > 0;
    }

    function isFull(Data storage self) public view returns (bool) {
        return self.size == self.maxSize;
    }

    function isEmpty(Data storage self) public view returns (bool) {
        return self.size == 0;
    }

    function getSize(Data storage self) public view returns (uint256) {
        return self.size;
    }

    function getMaxSize(Data storage self) public view returns (uint256) {
        return self.maxSize;
    }

    function getKey(Data storage self, address _id) public view returns (uint256) {
        return self.nodes[_id].key;
    }

    function getFirst(Data storage self) public view returns (address) {
        return self.head;
    }

    function getLast(Data storage self) public view returns (address) {
        return self.tail;
    }

    function getNext(Data storage self, address _id) public view returns (address) {
        return self.nodes[_id].nextId;
    }

    function getPrev(Data storage self, address _id) public view returns (address) {
        return self.nodes[_id].prevId;
    }

    /// @notice Whether a key fits between two neighbours; a null id stands for an end of the list.
    function validInsertPosition(
        Data storage self,
        uint256 _key,
        address _prevId,
        address _nextId
    ) public view returns (bool) {
        if (_prevId == address(0) && _nextId == address(0)) {
            return isEmpty(self);
        }
        if (_prevId == address(0)) {
            return self.head == _nextId && _key >= self.nodes[_nextId].key;
        }
        if (_nextId == address(0)) {
            return self.tail == _prevId && _key <= self.nodes[_prevId].key;
        }
        return
            self.nodes[_prevId].nextId == _nextId &&
            self.nodes[_prevId].key >= _key &&
            _key >= self.nodes[_nextId].key;
    }

    /// Walks from whichever hint is still on the right side of the key, else from the head.
    function _findPosition(
        Data storage self,
        uint256 _key,
        address _prevId,
        address _nextId
    ) private view returns (address, address) {
        address prevId = _prevId;
        address nextId = _nextId;
        if (prevId != address(0) && (!contains(self, prevId) || _key > self.nodes[prevId].key)) {
            prevId = address(0);
        }
        if (nextId != address(0) && (!contains(self, nextId) || _key < self.nodes[nextId].key)) {
            nextId = address(0);
        }
        if (prevId != address(0)) {
            return _descend(self, _key, prevId);
        }
        if (nextId != address(0)) {
            return _ascend(self, _key, nextId);
        }
        return _descend(self, _key, self.head);
    }

    function _descend(
        Data storage self,
        uint256 _key,
        address _start
    ) private view returns (address prevId, address nextId) {
        if (self.head == _start && _key >= self.nodes[_start].key) {
            return (address(0), _start);
        }
        prevId = _start;
        nextId = self.nodes[_start].nextId;
        while (prevId != address(0) && !validInsertPosition(self, _key, prevId, nextId)) {
            prevId = self.nodes[prevId].nextId;
            nextId = self.nodes[prevId].nextId;
        }
    }

    function _ascend(
        Data storage self,
        uint256 _key,
        address _start
    ) private view returns (address prevId, address nextId) {
        if (self.tail == _start && _key <= self.nodes[_start].key) {
            return (_start, address(0));
        }
        nextId = _start;
        prevId = self.nodes[_start].prevId;
        while (nextId != address(0) && !validInsertPosition(self, _key, prevId, nextId)) {
            nextId = self.nodes[nextId].prevId;
            prevId = self.nodes[nextId].prevId;
        }
    }
}
