// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// An ordinary token that anyone mints.
contract PlainToken is ERC20("Plain", "PLN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// Keeps a tenth of each transfer.
contract FeeToken is PlainToken {
    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        super._update(from, to, amount - amount / 10);
        super._update(from, address(0xfee), amount / 10);
    }
}

/// Calls whoever it was told to in the middle of each transfer, and keeps how that ended.
contract HookToken is PlainToken {
    address private _target;
    bytes private _data;
    bool public called;
    bool public succeeded;

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        called = true;
        (succeeded,) = target.call(_data);
    }
}

/// Moves nothing, and says so by `false` or not at all.
contract LyingToken is PlainToken {
    bool public immutable admits;

    constructor(bool admits_) {
        admits = admits_;
    }

    function transfer(address, uint256) public view override returns (bool) {
        return !admits;
    }

    function transferFrom(address, address, uint256) public view override returns (bool) {
        return !admits;
    }
}
