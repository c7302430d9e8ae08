// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission} from "../../src/Task.sol";
import {W3bstreamRouter} from "../../src/W3bstreamRouter.sol";
import {IResultReceiver} from "../../src/interfaces/IResultReceiver.sol";

/// Counts what it gets; reverts on demand.
contract CountingReceiver is IResultReceiver {
    error Refused(bytes32 taskId);

    mapping(bytes32 taskId => uint256) public calls;
    address public prover;
    bytes public publicValues;
    bool public refuse;

    function setRefuse(bool refuse_) external {
        refuse = refuse_;
    }

    function onResult(
        bytes32 taskId,
        uint64,
        bytes32,
        address prover_,
        bytes calldata publicValues_
    ) external {
        ++calls[taskId];
        prover = prover_;
        publicValues = publicValues_;
        if (refuse) revert Refused(taskId);
    }
}

/// Calls the router back with a submission, once, and keeps how that ended.
contract ReentrantReceiver is IResultReceiver {
    W3bstreamRouter private immutable _router;
    Submission private _again;
    bool private _batch;
    bool private _swallow;
    bool public entered;
    bytes public failure;

    constructor(W3bstreamRouter router) {
        _router = router;
    }

    function arm(Submission calldata again, bool batch, bool swallow) external {
        _again = again;
        _batch = batch;
        _swallow = swallow;
    }

    function onResult(bytes32, uint64, bytes32, address, bytes calldata) external {
        if (entered) return;
        entered = true;
        Submission memory s = _again;
        bytes memory data;
        if (_batch) {
            Submission[] memory items = new Submission[](1);
            items[0] = s;
            data = abi.encodeCall(_router.submitBatch, (items));
        } else {
            data = abi.encodeCall(
                _router.submit, (s.task, s.operatorSig, s.prover, s.publicValues, s.proof)
            );
        }
        (bool ok, bytes memory ret) = address(_router).call(data);
        if (ok) return;
        failure = ret;
        if (!_swallow) {
            assembly {
                revert(add(ret, 0x20), mload(ret))
            }
        }
    }
}

/// Reverts with a megabyte, or burns all its gas.
contract HostileReceiver is IResultReceiver {
    bool public immutable burn;

    constructor(bool burn_) {
        burn = burn_;
    }

    function onResult(bytes32, uint64, bytes32, address, bytes calldata) external view {
        if (burn) {
            assembly {
                invalid()
            }
        }
        assembly {
            revert(0x80, 1000000)
        }
    }
}
