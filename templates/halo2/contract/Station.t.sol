// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Station} from "./Station.sol";

contract StationTest {
    bytes32 constant PROGRAM = keccak256("program");

    function summary(uint256 mean, uint256 count) private pure returns (bytes memory) {
        return abi.encode(mean + 32768, mean + 32768, mean + 32768, count, 0, 0, 0);
    }

    function test_keepsTheLastSummary() external {
        Station station = new Station(address(this), 1, PROGRAM);
        station.onResult("1", 1, PROGRAM, address(0), summary(215, 4));
        station.onResult("2", 1, PROGRAM, address(0), summary(220, 3));
        require(station.tasks() == 2 && station.mean() == 220 && station.count() == 3);
    }

    function test_saysWhenItIsHot() external {
        Station station = new Station(address(this), 1, PROGRAM);
        station.onResult("1", 1, PROGRAM, address(0), summary(299, 4));
        require(!station.hot());
        station.onResult("2", 1, PROGRAM, address(0), summary(300, 4));
        require(station.hot());
    }

    function test_believesTheRouterAlone() external {
        Station station = new Station(address(1), 1, PROGRAM);
        try station.onResult("1", 1, PROGRAM, address(0), summary(215, 4)) {
            revert("took a result of somebody else");
        } catch {
            // Refused, as it must be.
        }
    }

    function test_refusesOtherProjectsAndNoReadings() external {
        Station station = new Station(address(this), 1, PROGRAM);
        try station.onResult("1", 2, PROGRAM, address(0), summary(215, 4)) {
            revert("took another project's");
        } catch {
            // Refused, as it must be.
        }
        try station.onResult("1", 1, PROGRAM, address(0), summary(215, 0)) {
            revert("took no readings");
        } catch {
            // Refused, as it must be.
        }
    }
}
