// SPDX-License-Identifier: MIT

pragma solidity ^0.8.19;

/// Generated from the verifying key of wasm/halo2.
contract UnsafeTestSetupWeatherVerifier {
/// The setup's secret is public: anyone can forge proofs, so no other chain may use this.
    constructor() {
        require(block.chainid == 31337, "unsafe test setup");
    }

    fallback(bytes calldata) external returns (bytes memory) {
        assembly ("memory-safe") {
            if iszero(eq(chainid(), 31337)) { revert(0, 0) }
            // Enforce that Solidity memory layout is respected
            let data := mload(0x40)
            if iszero(eq(data, 0x80)) {
                revert(0, 0)
            }

            let success := true
            let f_p := 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47
            let f_q := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
            function validate_ec_point(x, y) -> valid {
                {
                    let x_lt_p := lt(x, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    let y_lt_p := lt(y, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    valid := and(x_lt_p, y_lt_p)
                }
                {
                    let y_square := mulmod(y, y, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    let x_square := mulmod(x, x, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    let x_cube := mulmod(x_square, x, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    let x_cube_plus_3 := addmod(x_cube, 3, 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47)
                    let is_affine := eq(x_cube_plus_3, y_square)
                    valid := and(valid, is_affine)
                }
            }
            mstore(0xa0, mod(calldataload(0x0), f_q))
mstore(0xc0, mod(calldataload(0x20), f_q))
mstore(0xe0, mod(calldataload(0x40), f_q))
mstore(0x100, mod(calldataload(0x60), f_q))
mstore(0x120, mod(calldataload(0x80), f_q))
mstore(0x140, mod(calldataload(0xa0), f_q))
mstore(0x160, mod(calldataload(0xc0), f_q))
mstore(0x80, 10632738766300165526218706350221781584350157175946377210557563482228488720467)

        {
            let x := calldataload(0xe0)
            mstore(0x180, x)
            let y := calldataload(0x100)
            mstore(0x1a0, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x120)
            mstore(0x1c0, x)
            let y := calldataload(0x140)
            mstore(0x1e0, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x200, keccak256(0x80, 384))
{
            let hash := mload(0x200)
            mstore(0x220, mod(hash, f_q))
            mstore(0x240, hash)
        }
mstore8(608, 1)
mstore(0x260, keccak256(0x240, 33))
{
            let hash := mload(0x260)
            mstore(0x280, mod(hash, f_q))
            mstore(0x2a0, hash)
        }
mstore8(704, 1)
mstore(0x2c0, keccak256(0x2a0, 33))
{
            let hash := mload(0x2c0)
            mstore(0x2e0, mod(hash, f_q))
            mstore(0x300, hash)
        }

        {
            let x := calldataload(0x160)
            mstore(0x320, x)
            let y := calldataload(0x180)
            mstore(0x340, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x1a0)
            mstore(0x360, x)
            let y := calldataload(0x1c0)
            mstore(0x380, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x3a0, keccak256(0x300, 160))
{
            let hash := mload(0x3a0)
            mstore(0x3c0, mod(hash, f_q))
            mstore(0x3e0, hash)
        }

        {
            let x := calldataload(0x1e0)
            mstore(0x400, x)
            let y := calldataload(0x200)
            mstore(0x420, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x220)
            mstore(0x440, x)
            let y := calldataload(0x240)
            mstore(0x460, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x260)
            mstore(0x480, x)
            let y := calldataload(0x280)
            mstore(0x4a0, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x2a0)
            mstore(0x4c0, x)
            let y := calldataload(0x2c0)
            mstore(0x4e0, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x2e0)
            mstore(0x500, x)
            let y := calldataload(0x300)
            mstore(0x520, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x540, keccak256(0x3e0, 352))
{
            let hash := mload(0x540)
            mstore(0x560, mod(hash, f_q))
            mstore(0x580, hash)
        }
mstore(0x5a0, mod(calldataload(0x320), f_q))
mstore(0x5c0, mod(calldataload(0x340), f_q))
mstore(0x5e0, mod(calldataload(0x360), f_q))
mstore(0x600, mod(calldataload(0x380), f_q))
mstore(0x620, mod(calldataload(0x3a0), f_q))
mstore(0x640, mod(calldataload(0x3c0), f_q))
mstore(0x660, mod(calldataload(0x3e0), f_q))
mstore(0x680, mod(calldataload(0x400), f_q))
mstore(0x6a0, mod(calldataload(0x420), f_q))
mstore(0x6c0, mod(calldataload(0x440), f_q))
mstore(0x6e0, mod(calldataload(0x460), f_q))
mstore(0x700, mod(calldataload(0x480), f_q))
mstore(0x720, mod(calldataload(0x4a0), f_q))
mstore(0x740, mod(calldataload(0x4c0), f_q))
mstore(0x760, mod(calldataload(0x4e0), f_q))
mstore(0x780, mod(calldataload(0x500), f_q))
mstore(0x7a0, mod(calldataload(0x520), f_q))
mstore(0x7c0, mod(calldataload(0x540), f_q))
mstore(0x7e0, mod(calldataload(0x560), f_q))
mstore(0x800, mod(calldataload(0x580), f_q))
mstore(0x820, mod(calldataload(0x5a0), f_q))
mstore(0x840, mod(calldataload(0x5c0), f_q))
mstore(0x860, mod(calldataload(0x5e0), f_q))
mstore(0x880, keccak256(0x580, 768))
{
            let hash := mload(0x880)
            mstore(0x8a0, mod(hash, f_q))
            mstore(0x8c0, hash)
        }
mstore8(2272, 1)
mstore(0x8e0, keccak256(0x8c0, 33))
{
            let hash := mload(0x8e0)
            mstore(0x900, mod(hash, f_q))
            mstore(0x920, hash)
        }

        {
            let x := calldataload(0x600)
            mstore(0x940, x)
            let y := calldataload(0x620)
            mstore(0x960, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x980, keccak256(0x920, 96))
{
            let hash := mload(0x980)
            mstore(0x9a0, mod(hash, f_q))
            mstore(0x9c0, hash)
        }

        {
            let x := calldataload(0x640)
            mstore(0x9e0, x)
            let y := calldataload(0x660)
            mstore(0xa00, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0xa20, mulmod(mload(0x560), mload(0x560), f_q))
mstore(0xa40, mulmod(mload(0xa20), mload(0xa20), f_q))
mstore(0xa60, mulmod(mload(0xa40), mload(0xa40), f_q))
mstore(0xa80, mulmod(mload(0xa60), mload(0xa60), f_q))
mstore(0xaa0, mulmod(mload(0xa80), mload(0xa80), f_q))
mstore(0xac0, mulmod(mload(0xaa0), mload(0xaa0), f_q))
mstore(0xae0, mulmod(mload(0xac0), mload(0xac0), f_q))
mstore(0xb00, mulmod(mload(0xae0), mload(0xae0), f_q))
mstore(0xb20, mulmod(mload(0xb00), mload(0xb00), f_q))
mstore(0xb40, mulmod(mload(0xb20), mload(0xb20), f_q))
mstore(0xb60, addmod(mload(0xb40), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0xb80, mulmod(mload(0xb60), 21866867634659744680037180739646672280844703888306253060159436409049855557633, f_q))
mstore(0xba0, mulmod(mload(0xb80), 6049870342818402906991837230471695860693013911339248404212111056725500339689, f_q))
mstore(0xbc0, addmod(mload(0x560), 15838372529020872315254568514785579227855350489076785939486093129850308155928, f_q))
mstore(0xbe0, mulmod(mload(0xb80), 13677048343952077794467995888380402608453928821079198134318291065290235358859, f_q))
mstore(0xc00, addmod(mload(0x560), 8211194527887197427778409856876872480094435579336836209379913121285573136758, f_q))
mstore(0xc20, mulmod(mload(0xb80), 17441530497276410801425079580926443307744058978973998229533345407034924067026, f_q))
mstore(0xc40, addmod(mload(0x560), 4446712374562864420821326164330831780804305421442036114164858779540884428591, f_q))
mstore(0xc60, mulmod(mload(0xb80), 9936069627611189518829255670237324269287146421271524553312532036927871056678, f_q))
mstore(0xc80, addmod(mload(0x560), 11952173244228085703417150075019950819261217979144509790385672149647937438939, f_q))
mstore(0xca0, mulmod(mload(0xb80), 1680739780407307830605919050682431078078760076686599579086116998224280619988, f_q))
mstore(0xcc0, addmod(mload(0x560), 20207503091431967391640486694574844010469604323729434764612087188351527875629, f_q))
mstore(0xce0, mulmod(mload(0xb80), 14158528901797138466244491986759313854666262535363044392173788062030301470987, f_q))
mstore(0xd00, addmod(mload(0x560), 7729713970042136756001913758497961233882101865052989951524416124545507024630, f_q))
mstore(0xd20, mulmod(mload(0xb80), 15699029810934084314820646074566828280617789951162923449200398535581206172418, f_q))
mstore(0xd40, addmod(mload(0x560), 6189213060905190907425759670690446807930574449253110894497805650994602323199, f_q))
mstore(0xd60, mulmod(mload(0xb80), 4260969412351770314333984243767775737437927068151180798236715529158398853173, f_q))
mstore(0xd80, addmod(mload(0x560), 17627273459487504907912421501489499351110437332264853545461488657417409642444, f_q))
mstore(0xda0, mulmod(mload(0xb80), 4925592601992654644734291590386747644864797672605745962807370354577123815907, f_q))
mstore(0xdc0, addmod(mload(0x560), 16962650269846620577512114154870527443683566727810288380890833831998684679710, f_q))
mstore(0xde0, mulmod(mload(0xb80), 1, f_q))
mstore(0xe00, addmod(mload(0x560), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0xe20, mulmod(mload(0xb80), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
mstore(0xe40, addmod(mload(0x560), 2507682784038009475131574039120954579123549720846755509306663987687515178116, f_q))
mstore(0xe60, mulmod(mload(0xb80), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
mstore(0xe80, addmod(mload(0x560), 15635291015719935713438692668278504285035468127792817039918949683676034856709, f_q))
mstore(0xea0, mulmod(mload(0xb80), 15554008185779528788857340196607833777388478343360168149406749724843247080062, f_q))
mstore(0xec0, addmod(mload(0x560), 6334234686059746433389065548649441311159886057055866194291454461732561415555, f_q))
mstore(0xee0, mulmod(mload(0xb80), 7393649265675507591155086225434297871937368251641985215568891852805958167681, f_q))
mstore(0xf00, addmod(mload(0x560), 14494593606163767631091319519822977216610996148774049128129312333769850327936, f_q))
mstore(0xf20, mulmod(mload(0xb80), 15081878567694948879561789447741660476476784016517053594900277690072924122008, f_q))
mstore(0xf40, addmod(mload(0x560), 6806364304144326342684616297515614612071580383898980748797926496502884373609, f_q))
mstore(0xf60, mulmod(mload(0xb80), 7274544076708594923658723438209548371461798187263202684844743708658536398896, f_q))
mstore(0xf80, addmod(mload(0x560), 14613698795130680298587682307047726717086566213152831658853460477917272096721, f_q))
{
            let prod := mload(0xbc0)

                prod := mulmod(mload(0xc00), prod, f_q)
                mstore(0xfa0, prod)

                prod := mulmod(mload(0xc40), prod, f_q)
                mstore(0xfc0, prod)

                prod := mulmod(mload(0xc80), prod, f_q)
                mstore(0xfe0, prod)

                prod := mulmod(mload(0xcc0), prod, f_q)
                mstore(0x1000, prod)

                prod := mulmod(mload(0xd00), prod, f_q)
                mstore(0x1020, prod)

                prod := mulmod(mload(0xd40), prod, f_q)
                mstore(0x1040, prod)

                prod := mulmod(mload(0xd80), prod, f_q)
                mstore(0x1060, prod)

                prod := mulmod(mload(0xdc0), prod, f_q)
                mstore(0x1080, prod)

                prod := mulmod(mload(0xe00), prod, f_q)
                mstore(0x10a0, prod)

                prod := mulmod(mload(0xe40), prod, f_q)
                mstore(0x10c0, prod)

                prod := mulmod(mload(0xe80), prod, f_q)
                mstore(0x10e0, prod)

                prod := mulmod(mload(0xec0), prod, f_q)
                mstore(0x1100, prod)

                prod := mulmod(mload(0xf00), prod, f_q)
                mstore(0x1120, prod)

                prod := mulmod(mload(0xf40), prod, f_q)
                mstore(0x1140, prod)

                prod := mulmod(mload(0xf80), prod, f_q)
                mstore(0x1160, prod)

                prod := mulmod(mload(0xb60), prod, f_q)
                mstore(0x1180, prod)

        }
mstore(0x11c0, 32)
mstore(0x11e0, 32)
mstore(0x1200, 32)
mstore(0x1220, mload(0x1180))
mstore(0x1240, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x1260, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x11c0, 0xc0, 0x11a0, 0x20), 1), success)
{

            let inv := mload(0x11a0)
            let v

                    v := mload(0xb60)
                    mstore(2912, mulmod(mload(0x1160), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xf80)
                    mstore(3968, mulmod(mload(0x1140), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xf40)
                    mstore(3904, mulmod(mload(0x1120), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xf00)
                    mstore(3840, mulmod(mload(0x1100), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xec0)
                    mstore(3776, mulmod(mload(0x10e0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe80)
                    mstore(3712, mulmod(mload(0x10c0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe40)
                    mstore(3648, mulmod(mload(0x10a0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe00)
                    mstore(3584, mulmod(mload(0x1080), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xdc0)
                    mstore(3520, mulmod(mload(0x1060), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd80)
                    mstore(3456, mulmod(mload(0x1040), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd40)
                    mstore(3392, mulmod(mload(0x1020), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd00)
                    mstore(3328, mulmod(mload(0x1000), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xcc0)
                    mstore(3264, mulmod(mload(0xfe0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc80)
                    mstore(3200, mulmod(mload(0xfc0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc40)
                    mstore(3136, mulmod(mload(0xfa0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc00)
                    mstore(3072, mulmod(mload(0xbc0), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0xbc0, inv)

        }
mstore(0x1280, mulmod(mload(0xba0), mload(0xbc0), f_q))
mstore(0x12a0, mulmod(mload(0xbe0), mload(0xc00), f_q))
mstore(0x12c0, mulmod(mload(0xc20), mload(0xc40), f_q))
mstore(0x12e0, mulmod(mload(0xc60), mload(0xc80), f_q))
mstore(0x1300, mulmod(mload(0xca0), mload(0xcc0), f_q))
mstore(0x1320, mulmod(mload(0xce0), mload(0xd00), f_q))
mstore(0x1340, mulmod(mload(0xd20), mload(0xd40), f_q))
mstore(0x1360, mulmod(mload(0xd60), mload(0xd80), f_q))
mstore(0x1380, mulmod(mload(0xda0), mload(0xdc0), f_q))
mstore(0x13a0, mulmod(mload(0xde0), mload(0xe00), f_q))
mstore(0x13c0, mulmod(mload(0xe20), mload(0xe40), f_q))
mstore(0x13e0, mulmod(mload(0xe60), mload(0xe80), f_q))
mstore(0x1400, mulmod(mload(0xea0), mload(0xec0), f_q))
mstore(0x1420, mulmod(mload(0xee0), mload(0xf00), f_q))
mstore(0x1440, mulmod(mload(0xf20), mload(0xf40), f_q))
mstore(0x1460, mulmod(mload(0xf60), mload(0xf80), f_q))
{
            let result := mulmod(mload(0x13a0), mload(0xa0), f_q)
result := addmod(mulmod(mload(0x13c0), mload(0xc0), f_q), result, f_q)
result := addmod(mulmod(mload(0x13e0), mload(0xe0), f_q), result, f_q)
result := addmod(mulmod(mload(0x1400), mload(0x100), f_q), result, f_q)
result := addmod(mulmod(mload(0x1420), mload(0x120), f_q), result, f_q)
result := addmod(mulmod(mload(0x1440), mload(0x140), f_q), result, f_q)
result := addmod(mulmod(mload(0x1460), mload(0x160), f_q), result, f_q)
mstore(5248, result)
        }
mstore(0x14a0, mulmod(mload(0x600), mload(0x5e0), f_q))
mstore(0x14c0, addmod(mload(0x5a0), mload(0x14a0), f_q))
mstore(0x14e0, addmod(mload(0x14c0), sub(f_q, mload(0x620)), f_q))
mstore(0x1500, mulmod(mload(0x14e0), mload(0x740), f_q))
mstore(0x1520, mulmod(mload(0x3c0), mload(0x1500), f_q))
mstore(0x1540, addmod(2, sub(f_q, mload(0x760)), f_q))
mstore(0x1560, mulmod(mload(0x1540), mload(0x760), f_q))
mstore(0x1580, addmod(mload(0x5c0), sub(f_q, mload(0x6e0)), f_q))
mstore(0x15a0, mulmod(mload(0x1580), mload(0x1560), f_q))
mstore(0x15c0, addmod(mload(0x1520), mload(0x15a0), f_q))
mstore(0x15e0, mulmod(mload(0x3c0), mload(0x15c0), f_q))
mstore(0x1600, addmod(1, sub(f_q, mload(0x760)), f_q))
mstore(0x1620, mulmod(mload(0x1600), mload(0x760), f_q))
mstore(0x1640, mulmod(mload(0x640), 4, f_q))
mstore(0x1660, addmod(mload(0x5c0), sub(f_q, mload(0x1640)), f_q))
mstore(0x1680, addmod(mload(0x1660), 21888242871839275222246405745257275088548364400416034343698204186575808495617, f_q))
mstore(0x16a0, addmod(mload(0x1660), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0x16c0, mulmod(mload(0x16a0), mload(0x1680), f_q))
mstore(0x16e0, addmod(mload(0x1660), 21888242871839275222246405745257275088548364400416034343698204186575808495615, f_q))
mstore(0x1700, mulmod(mload(0x16e0), mload(0x16c0), f_q))
mstore(0x1720, addmod(mload(0x1660), 21888242871839275222246405745257275088548364400416034343698204186575808495614, f_q))
mstore(0x1740, mulmod(mload(0x1720), mload(0x1700), f_q))
mstore(0x1760, mulmod(mload(0x1740), mload(0x1620), f_q))
mstore(0x1780, addmod(mload(0x15e0), mload(0x1760), f_q))
mstore(0x17a0, mulmod(mload(0x3c0), mload(0x1780), f_q))
mstore(0x17c0, addmod(mload(0x5c0), mload(0x6e0), f_q))
mstore(0x17e0, mulmod(mload(0x17c0), mload(0x17c0), f_q))
mstore(0x1800, mulmod(mload(0x17e0), mload(0x17e0), f_q))
mstore(0x1820, mulmod(mload(0x17c0), mload(0x1800), f_q))
mstore(0x1840, mulmod(mload(0x1820), 7511745149465107256748700652201246547602992235352608707588321460060273774987, f_q))
mstore(0x1860, addmod(mload(0x640), mload(0x700), f_q))
mstore(0x1880, mulmod(mload(0x1860), mload(0x1860), f_q))
mstore(0x18a0, mulmod(mload(0x1880), mload(0x1880), f_q))
mstore(0x18c0, mulmod(mload(0x1860), mload(0x18a0), f_q))
mstore(0x18e0, mulmod(mload(0x18c0), 10370080108974718697676803824769673834027675643658433702224577712625900127200, f_q))
mstore(0x1900, addmod(mload(0x1840), mload(0x18e0), f_q))
mstore(0x1920, addmod(mload(0x660), mload(0x720), f_q))
mstore(0x1940, mulmod(mload(0x1920), mload(0x1920), f_q))
mstore(0x1960, mulmod(mload(0x1940), mload(0x1940), f_q))
mstore(0x1980, mulmod(mload(0x1920), mload(0x1960), f_q))
mstore(0x19a0, mulmod(mload(0x1980), 19705173408229649878903981084052839426532978878058043055305024233888854471533, f_q))
mstore(0x19c0, addmod(mload(0x1900), mload(0x19a0), f_q))
mstore(0x19e0, addmod(mload(0x19c0), sub(f_q, mload(0x680)), f_q))
mstore(0x1a00, mulmod(mload(0x19e0), mload(0x780), f_q))
mstore(0x1a20, addmod(mload(0x17a0), mload(0x1a00), f_q))
mstore(0x1a40, mulmod(mload(0x3c0), mload(0x1a20), f_q))
mstore(0x1a60, mulmod(mload(0x1820), 18732019378264290557468133440468564866454307626475683536618613112504878618481, f_q))
mstore(0x1a80, mulmod(mload(0x18c0), 20870176810702568768751421378473869562658540583882454726129544628203806653987, f_q))
mstore(0x1aa0, addmod(mload(0x1a60), mload(0x1a80), f_q))
mstore(0x1ac0, mulmod(mload(0x1980), 7266061498423634438633389053804536045105766754026813321943009179476902321146, f_q))
mstore(0x1ae0, addmod(mload(0x1aa0), mload(0x1ac0), f_q))
mstore(0x1b00, addmod(mload(0x1ae0), sub(f_q, mload(0x6a0)), f_q))
mstore(0x1b20, mulmod(mload(0x1b00), mload(0x780), f_q))
mstore(0x1b40, addmod(mload(0x1a40), mload(0x1b20), f_q))
mstore(0x1b60, mulmod(mload(0x3c0), mload(0x1b40), f_q))
mstore(0x1b80, mulmod(mload(0x1820), 9131299761947733513298312097611845208338517739621853568979632113419485819303, f_q))
mstore(0x1ba0, mulmod(mload(0x18c0), 10595341252162738537912664445405114076324478519622938027420701542910180337937, f_q))
mstore(0x1bc0, addmod(mload(0x1b80), mload(0x1ba0), f_q))
mstore(0x1be0, mulmod(mload(0x1980), 11597556804922396090267472882856054602429588299176362916247939723151043581408, f_q))
mstore(0x1c00, addmod(mload(0x1bc0), mload(0x1be0), f_q))
mstore(0x1c20, addmod(mload(0x1c00), sub(f_q, mload(0x6c0)), f_q))
mstore(0x1c40, mulmod(mload(0x1c20), mload(0x780), f_q))
mstore(0x1c60, addmod(mload(0x1b60), mload(0x1c40), f_q))
mstore(0x1c80, mulmod(mload(0x3c0), mload(0x1c60), f_q))
mstore(0x1ca0, mulmod(mload(0x1860), 10370080108974718697676803824769673834027675643658433702224577712625900127200, f_q))
mstore(0x1cc0, addmod(mload(0x1840), mload(0x1ca0), f_q))
mstore(0x1ce0, mulmod(mload(0x1920), 19705173408229649878903981084052839426532978878058043055305024233888854471533, f_q))
mstore(0x1d00, addmod(mload(0x1cc0), mload(0x1ce0), f_q))
mstore(0x1d20, addmod(mload(0x1d00), sub(f_q, mload(0x680)), f_q))
mstore(0x1d40, mulmod(mload(0x1d20), mload(0x7a0), f_q))
mstore(0x1d60, addmod(mload(0x1c80), mload(0x1d40), f_q))
mstore(0x1d80, mulmod(mload(0x3c0), mload(0x1d60), f_q))
mstore(0x1da0, mulmod(mload(0x1860), 20870176810702568768751421378473869562658540583882454726129544628203806653987, f_q))
mstore(0x1dc0, addmod(mload(0x1a60), mload(0x1da0), f_q))
mstore(0x1de0, mulmod(mload(0x1920), 7266061498423634438633389053804536045105766754026813321943009179476902321146, f_q))
mstore(0x1e00, addmod(mload(0x1dc0), mload(0x1de0), f_q))
mstore(0x1e20, addmod(mload(0x1e00), sub(f_q, mload(0x6a0)), f_q))
mstore(0x1e40, mulmod(mload(0x1e20), mload(0x7a0), f_q))
mstore(0x1e60, addmod(mload(0x1d80), mload(0x1e40), f_q))
mstore(0x1e80, mulmod(mload(0x3c0), mload(0x1e60), f_q))
mstore(0x1ea0, mulmod(mload(0x1860), 10595341252162738537912664445405114076324478519622938027420701542910180337937, f_q))
mstore(0x1ec0, addmod(mload(0x1b80), mload(0x1ea0), f_q))
mstore(0x1ee0, mulmod(mload(0x1920), 11597556804922396090267472882856054602429588299176362916247939723151043581408, f_q))
mstore(0x1f00, addmod(mload(0x1ec0), mload(0x1ee0), f_q))
mstore(0x1f20, addmod(mload(0x1f00), sub(f_q, mload(0x6c0)), f_q))
mstore(0x1f40, mulmod(mload(0x1f20), mload(0x7a0), f_q))
mstore(0x1f60, addmod(mload(0x1e80), mload(0x1f40), f_q))
mstore(0x1f80, mulmod(mload(0x3c0), mload(0x1f60), f_q))
mstore(0x1fa0, addmod(1, sub(f_q, mload(0x840)), f_q))
mstore(0x1fc0, mulmod(mload(0x1fa0), mload(0x13a0), f_q))
mstore(0x1fe0, addmod(mload(0x1f80), mload(0x1fc0), f_q))
mstore(0x2000, mulmod(mload(0x3c0), mload(0x1fe0), f_q))
mstore(0x2020, mulmod(mload(0x840), mload(0x840), f_q))
mstore(0x2040, addmod(mload(0x2020), sub(f_q, mload(0x840)), f_q))
mstore(0x2060, mulmod(mload(0x2040), mload(0x1280), f_q))
mstore(0x2080, addmod(mload(0x2000), mload(0x2060), f_q))
mstore(0x20a0, mulmod(mload(0x3c0), mload(0x2080), f_q))
mstore(0x20c0, addmod(1, sub(f_q, mload(0x1280)), f_q))
mstore(0x20e0, addmod(mload(0x12a0), mload(0x12c0), f_q))
mstore(0x2100, addmod(mload(0x20e0), mload(0x12e0), f_q))
mstore(0x2120, addmod(mload(0x2100), mload(0x1300), f_q))
mstore(0x2140, addmod(mload(0x2120), mload(0x1320), f_q))
mstore(0x2160, addmod(mload(0x2140), mload(0x1340), f_q))
mstore(0x2180, addmod(mload(0x2160), mload(0x1360), f_q))
mstore(0x21a0, addmod(mload(0x2180), mload(0x1380), f_q))
mstore(0x21c0, addmod(mload(0x20c0), sub(f_q, mload(0x21a0)), f_q))
mstore(0x21e0, mulmod(mload(0x7e0), mload(0x280), f_q))
mstore(0x2200, addmod(mload(0x5a0), mload(0x21e0), f_q))
mstore(0x2220, addmod(mload(0x2200), mload(0x2e0), f_q))
mstore(0x2240, mulmod(mload(0x800), mload(0x280), f_q))
mstore(0x2260, addmod(mload(0x5c0), mload(0x2240), f_q))
mstore(0x2280, addmod(mload(0x2260), mload(0x2e0), f_q))
mstore(0x22a0, mulmod(mload(0x2280), mload(0x2220), f_q))
mstore(0x22c0, mulmod(mload(0x820), mload(0x280), f_q))
mstore(0x22e0, addmod(mload(0x1480), mload(0x22c0), f_q))
mstore(0x2300, addmod(mload(0x22e0), mload(0x2e0), f_q))
mstore(0x2320, mulmod(mload(0x2300), mload(0x22a0), f_q))
mstore(0x2340, mulmod(mload(0x2320), mload(0x860), f_q))
mstore(0x2360, mulmod(1, mload(0x280), f_q))
mstore(0x2380, mulmod(mload(0x560), mload(0x2360), f_q))
mstore(0x23a0, addmod(mload(0x5a0), mload(0x2380), f_q))
mstore(0x23c0, addmod(mload(0x23a0), mload(0x2e0), f_q))
mstore(0x23e0, mulmod(4131629893567559867359510883348571134090853742863529169391034518566172092834, mload(0x280), f_q))
mstore(0x2400, mulmod(mload(0x560), mload(0x23e0), f_q))
mstore(0x2420, addmod(mload(0x5c0), mload(0x2400), f_q))
mstore(0x2440, addmod(mload(0x2420), mload(0x2e0), f_q))
mstore(0x2460, mulmod(mload(0x2440), mload(0x23c0), f_q))
mstore(0x2480, mulmod(8910878055287538404433155982483128285667088683464058436815641868457422632747, mload(0x280), f_q))
mstore(0x24a0, mulmod(mload(0x560), mload(0x2480), f_q))
mstore(0x24c0, addmod(mload(0x1480), mload(0x24a0), f_q))
mstore(0x24e0, addmod(mload(0x24c0), mload(0x2e0), f_q))
mstore(0x2500, mulmod(mload(0x24e0), mload(0x2460), f_q))
mstore(0x2520, mulmod(mload(0x2500), mload(0x840), f_q))
mstore(0x2540, addmod(mload(0x2340), sub(f_q, mload(0x2520)), f_q))
mstore(0x2560, mulmod(mload(0x2540), mload(0x21c0), f_q))
mstore(0x2580, addmod(mload(0x20a0), mload(0x2560), f_q))
mstore(0x25a0, mulmod(mload(0xb40), mload(0xb40), f_q))
mstore(0x25c0, mulmod(mload(0x25a0), mload(0xb40), f_q))
mstore(0x25e0, mulmod(mload(0x25c0), mload(0xb40), f_q))
mstore(0x2600, mulmod(mload(0x25e0), mload(0xb40), f_q))
mstore(0x2620, mulmod(1, mload(0xb40), f_q))
mstore(0x2640, mulmod(1, mload(0x25a0), f_q))
mstore(0x2660, mulmod(1, mload(0x25c0), f_q))
mstore(0x2680, mulmod(1, mload(0x25e0), f_q))
mstore(0x26a0, mulmod(mload(0x2580), mload(0xb60), f_q))
mstore(0x26c0, mulmod(mload(0xa20), mload(0x560), f_q))
mstore(0x26e0, mulmod(mload(0x26c0), mload(0x560), f_q))
mstore(0x2700, mulmod(mload(0x26e0), mload(0x560), f_q))
mstore(0x2720, mulmod(mload(0x2700), mload(0x560), f_q))
mstore(0x2740, mulmod(mload(0x560), 1, f_q))
mstore(0x2760, addmod(mload(0x9a0), sub(f_q, mload(0x2740)), f_q))
mstore(0x2780, mulmod(mload(0x560), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
mstore(0x27a0, addmod(mload(0x9a0), sub(f_q, mload(0x2780)), f_q))
mstore(0x27c0, mulmod(mload(0x560), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
mstore(0x27e0, addmod(mload(0x9a0), sub(f_q, mload(0x27c0)), f_q))
mstore(0x2800, mulmod(mload(0x560), 15554008185779528788857340196607833777388478343360168149406749724843247080062, f_q))
mstore(0x2820, addmod(mload(0x9a0), sub(f_q, mload(0x2800)), f_q))
mstore(0x2840, mulmod(mload(0x560), 7393649265675507591155086225434297871937368251641985215568891852805958167681, f_q))
mstore(0x2860, addmod(mload(0x9a0), sub(f_q, mload(0x2840)), f_q))
mstore(0x2880, mulmod(mload(0x560), 15081878567694948879561789447741660476476784016517053594900277690072924122008, f_q))
mstore(0x28a0, addmod(mload(0x9a0), sub(f_q, mload(0x2880)), f_q))
mstore(0x28c0, mulmod(11455714684580531513382013197108593752563007529119374331151835319008087430002, mload(0x26c0), f_q))
mstore(0x28e0, mulmod(mload(0x28c0), 1, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x28c0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x28e0)), f_q), result, f_q)
mstore(10496, result)
        }
mstore(0x2920, mulmod(1965851456758415233442111858963124169772290568326214490078433275299408676096, mload(0x26c0), f_q))
mstore(0x2940, mulmod(mload(0x2920), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2920), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2940)), f_q), result, f_q)
mstore(10592, result)
        }
mstore(0x2980, mulmod(7436676613956226630784277006538728711924306727401366563618519954049910003583, mload(0x26c0), f_q))
mstore(0x29a0, mulmod(mload(0x2980), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2980), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x29a0)), f_q), result, f_q)
mstore(10688, result)
        }
mstore(0x29e0, mulmod(9785996833891847962097488702383294137656011130103115461144748082486954664539, mload(0x26c0), f_q))
mstore(0x2a00, mulmod(mload(0x29e0), 15554008185779528788857340196607833777388478343360168149406749724843247080062, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x29e0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2a00)), f_q), result, f_q)
mstore(10784, result)
        }
mstore(0x2a40, mulmod(1, mload(0x2760), f_q))
mstore(0x2a60, mulmod(mload(0x2a40), mload(0x27a0), f_q))
mstore(0x2a80, mulmod(mload(0x2a60), mload(0x27e0), f_q))
mstore(0x2aa0, mulmod(mload(0x2a80), mload(0x2820), f_q))
mstore(0x2ac0, mulmod(1108942874388042484129457604571103035148680484748677245467090324166126687045, mload(0x2700), f_q))
mstore(0x2ae0, mulmod(mload(0x2ac0), 1, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2ac0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2ae0)), f_q), result, f_q)
mstore(11008, result)
        }
mstore(0x2b20, mulmod(7427227359570179805631365522686471629598627655237078122427331027249901657060, mload(0x2700), f_q))
mstore(0x2b40, mulmod(mload(0x2b20), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2b20), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2b40)), f_q), result, f_q)
mstore(11104, result)
        }
mstore(0x2b80, mulmod(11002974929895860183960498446478016680025122974756000819596435495810015322310, mload(0x2700), f_q))
mstore(0x2ba0, mulmod(mload(0x2b80), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2b80), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2ba0)), f_q), result, f_q)
mstore(11200, result)
        }
mstore(0x2be0, mulmod(6572724111293048196983640084816818979508918319007567023964234951113277761461, mload(0x2700), f_q))
mstore(0x2c00, mulmod(mload(0x2be0), 15554008185779528788857340196607833777388478343360168149406749724843247080062, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2be0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2c00)), f_q), result, f_q)
mstore(11296, result)
        }
mstore(0x2c40, mulmod(9339205441020919096812102895530099171857958738478892520807370612385171401189, mload(0x2700), f_q))
mstore(0x2c60, mulmod(mload(0x2c40), 7393649265675507591155086225434297871937368251641985215568891852805958167681, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2c40), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2c60)), f_q), result, f_q)
mstore(11392, result)
        }
mstore(0x2ca0, mulmod(17931184467966486115333522777088258344859180947849011241460731671660099646055, mload(0x2700), f_q))
mstore(0x2cc0, mulmod(mload(0x2ca0), 15081878567694948879561789447741660476476784016517053594900277690072924122008, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2ca0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2cc0)), f_q), result, f_q)
mstore(11488, result)
        }
mstore(0x2d00, mulmod(mload(0x2aa0), mload(0x2860), f_q))
mstore(0x2d20, mulmod(mload(0x2d00), mload(0x28a0), f_q))
mstore(0x2d40, mulmod(2507682784038009475131574039120954579123549720846755509306663987687515178117, mload(0x560), f_q))
mstore(0x2d60, mulmod(mload(0x2d40), 1, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2d40), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2d60)), f_q), result, f_q)
mstore(11648, result)
        }
mstore(0x2da0, mulmod(19380560087801265747114831706136320509424814679569278834391540198888293317500, mload(0x560), f_q))
mstore(0x2dc0, mulmod(mload(0x2da0), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2da0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2dc0)), f_q), result, f_q)
mstore(11744, result)
        }
mstore(0x2e00, mulmod(11808739113698198755181201158750017552999131791583706354934159209630988619271, mload(0xa20), f_q))
mstore(0x2e20, mulmod(mload(0x2e00), 1, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2e00), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2e20)), f_q), result, f_q)
mstore(11840, result)
        }
mstore(0x2e60, mulmod(21347821182336434926136065741727937497309228323149056311156627455219623871487, mload(0xa20), f_q))
mstore(0x2e80, mulmod(mload(0x2e60), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2e60), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2e80)), f_q), result, f_q)
mstore(11936, result)
        }
mstore(0x2ec0, mulmod(4967249311577905040604864657984013800460808315227878596774427823951230766212, mload(0xa20), f_q))
mstore(0x2ee0, mulmod(mload(0x2ec0), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
{
            let result := mulmod(mload(0x9a0), mload(0x2ec0), f_q)
result := addmod(mulmod(mload(0x560), sub(f_q, mload(0x2ee0)), f_q), result, f_q)
mstore(12032, result)
        }
{
            let result := mulmod(mload(0x9a0), 1, f_q)
result := addmod(mulmod(mload(0x560), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q), result, f_q)
mstore(12064, result)
        }
{
            let prod := mload(0x2900)

                prod := mulmod(mload(0x2960), prod, f_q)
                mstore(0x2f40, prod)

                prod := mulmod(mload(0x29c0), prod, f_q)
                mstore(0x2f60, prod)

                prod := mulmod(mload(0x2a20), prod, f_q)
                mstore(0x2f80, prod)

                prod := mulmod(mload(0x2b00), prod, f_q)
                mstore(0x2fa0, prod)

                prod := mulmod(mload(0x2b60), prod, f_q)
                mstore(0x2fc0, prod)

                prod := mulmod(mload(0x2bc0), prod, f_q)
                mstore(0x2fe0, prod)

                prod := mulmod(mload(0x2c20), prod, f_q)
                mstore(0x3000, prod)

                prod := mulmod(mload(0x2c80), prod, f_q)
                mstore(0x3020, prod)

                prod := mulmod(mload(0x2ce0), prod, f_q)
                mstore(0x3040, prod)

                prod := mulmod(mload(0x2d20), prod, f_q)
                mstore(0x3060, prod)

                prod := mulmod(mload(0x2d80), prod, f_q)
                mstore(0x3080, prod)

                prod := mulmod(mload(0x2de0), prod, f_q)
                mstore(0x30a0, prod)

                prod := mulmod(mload(0x2a60), prod, f_q)
                mstore(0x30c0, prod)

                prod := mulmod(mload(0x2e40), prod, f_q)
                mstore(0x30e0, prod)

                prod := mulmod(mload(0x2ea0), prod, f_q)
                mstore(0x3100, prod)

                prod := mulmod(mload(0x2f00), prod, f_q)
                mstore(0x3120, prod)

                prod := mulmod(mload(0x2a80), prod, f_q)
                mstore(0x3140, prod)

                prod := mulmod(mload(0x2f20), prod, f_q)
                mstore(0x3160, prod)

                prod := mulmod(mload(0x2a40), prod, f_q)
                mstore(0x3180, prod)

        }
mstore(0x31c0, 32)
mstore(0x31e0, 32)
mstore(0x3200, 32)
mstore(0x3220, mload(0x3180))
mstore(0x3240, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x3260, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x31c0, 0xc0, 0x31a0, 0x20), 1), success)
{

            let inv := mload(0x31a0)
            let v

                    v := mload(0x2a40)
                    mstore(10816, mulmod(mload(0x3160), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2f20)
                    mstore(12064, mulmod(mload(0x3140), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2a80)
                    mstore(10880, mulmod(mload(0x3120), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2f00)
                    mstore(12032, mulmod(mload(0x3100), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2ea0)
                    mstore(11936, mulmod(mload(0x30e0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2e40)
                    mstore(11840, mulmod(mload(0x30c0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2a60)
                    mstore(10848, mulmod(mload(0x30a0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2de0)
                    mstore(11744, mulmod(mload(0x3080), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2d80)
                    mstore(11648, mulmod(mload(0x3060), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2d20)
                    mstore(11552, mulmod(mload(0x3040), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2ce0)
                    mstore(11488, mulmod(mload(0x3020), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2c80)
                    mstore(11392, mulmod(mload(0x3000), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2c20)
                    mstore(11296, mulmod(mload(0x2fe0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2bc0)
                    mstore(11200, mulmod(mload(0x2fc0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2b60)
                    mstore(11104, mulmod(mload(0x2fa0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2b00)
                    mstore(11008, mulmod(mload(0x2f80), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2a20)
                    mstore(10784, mulmod(mload(0x2f60), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x29c0)
                    mstore(10688, mulmod(mload(0x2f40), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2960)
                    mstore(10592, mulmod(mload(0x2900), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0x2900, inv)

        }
{
            let result := mload(0x2900)
result := addmod(mload(0x2960), result, f_q)
result := addmod(mload(0x29c0), result, f_q)
result := addmod(mload(0x2a20), result, f_q)
mstore(12928, result)
        }
mstore(0x32a0, mulmod(mload(0x2aa0), mload(0x2d20), f_q))
{
            let result := mload(0x2b00)
result := addmod(mload(0x2b60), result, f_q)
result := addmod(mload(0x2bc0), result, f_q)
result := addmod(mload(0x2c20), result, f_q)
result := addmod(mload(0x2c80), result, f_q)
result := addmod(mload(0x2ce0), result, f_q)
mstore(12992, result)
        }
mstore(0x32e0, mulmod(mload(0x2aa0), mload(0x2a60), f_q))
{
            let result := mload(0x2d80)
result := addmod(mload(0x2de0), result, f_q)
mstore(13056, result)
        }
mstore(0x3320, mulmod(mload(0x2aa0), mload(0x2a80), f_q))
{
            let result := mload(0x2e40)
result := addmod(mload(0x2ea0), result, f_q)
result := addmod(mload(0x2f00), result, f_q)
mstore(13120, result)
        }
mstore(0x3360, mulmod(mload(0x2aa0), mload(0x2a40), f_q))
{
            let result := mload(0x2f20)
mstore(13184, result)
        }
{
            let prod := mload(0x3280)

                prod := mulmod(mload(0x32c0), prod, f_q)
                mstore(0x33a0, prod)

                prod := mulmod(mload(0x3300), prod, f_q)
                mstore(0x33c0, prod)

                prod := mulmod(mload(0x3340), prod, f_q)
                mstore(0x33e0, prod)

                prod := mulmod(mload(0x3380), prod, f_q)
                mstore(0x3400, prod)

        }
mstore(0x3440, 32)
mstore(0x3460, 32)
mstore(0x3480, 32)
mstore(0x34a0, mload(0x3400))
mstore(0x34c0, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x34e0, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x3440, 0xc0, 0x3420, 0x20), 1), success)
{

            let inv := mload(0x3420)
            let v

                    v := mload(0x3380)
                    mstore(13184, mulmod(mload(0x33e0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x3340)
                    mstore(13120, mulmod(mload(0x33c0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x3300)
                    mstore(13056, mulmod(mload(0x33a0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x32c0)
                    mstore(12992, mulmod(mload(0x3280), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0x3280, inv)

        }
mstore(0x3500, mulmod(mload(0x32a0), mload(0x32c0), f_q))
mstore(0x3520, mulmod(mload(0x32e0), mload(0x3300), f_q))
mstore(0x3540, mulmod(mload(0x3320), mload(0x3340), f_q))
mstore(0x3560, mulmod(mload(0x3360), mload(0x3380), f_q))
mstore(0x3580, mulmod(mload(0x8a0), mload(0x8a0), f_q))
mstore(0x35a0, mulmod(mload(0x3580), mload(0x8a0), f_q))
mstore(0x35c0, mulmod(mload(0x35a0), mload(0x8a0), f_q))
mstore(0x35e0, mulmod(mload(0x35c0), mload(0x8a0), f_q))
mstore(0x3600, mulmod(mload(0x35e0), mload(0x8a0), f_q))
mstore(0x3620, mulmod(mload(0x3600), mload(0x8a0), f_q))
mstore(0x3640, mulmod(mload(0x3620), mload(0x8a0), f_q))
mstore(0x3660, mulmod(mload(0x3640), mload(0x8a0), f_q))
mstore(0x3680, mulmod(mload(0x900), mload(0x900), f_q))
mstore(0x36a0, mulmod(mload(0x3680), mload(0x900), f_q))
mstore(0x36c0, mulmod(mload(0x36a0), mload(0x900), f_q))
mstore(0x36e0, mulmod(mload(0x36c0), mload(0x900), f_q))
{
            let result := mulmod(mload(0x5a0), mload(0x2900), f_q)
result := addmod(mulmod(mload(0x5e0), mload(0x2960), f_q), result, f_q)
result := addmod(mulmod(mload(0x600), mload(0x29c0), f_q), result, f_q)
result := addmod(mulmod(mload(0x620), mload(0x2a20), f_q), result, f_q)
mstore(14080, result)
        }
mstore(0x3720, mulmod(mload(0x3700), mload(0x3280), f_q))
mstore(0x3740, mulmod(sub(f_q, mload(0x3720)), 1, f_q))
mstore(0x3760, mulmod(mload(0x3740), 1, f_q))
mstore(0x3780, mulmod(1, mload(0x32a0), f_q))
{
            let result := mulmod(mload(0x5c0), mload(0x2b00), f_q)
result := addmod(mulmod(mload(0x640), mload(0x2b60), f_q), result, f_q)
result := addmod(mulmod(mload(0x660), mload(0x2bc0), f_q), result, f_q)
result := addmod(mulmod(mload(0x680), mload(0x2c20), f_q), result, f_q)
result := addmod(mulmod(mload(0x6a0), mload(0x2c80), f_q), result, f_q)
result := addmod(mulmod(mload(0x6c0), mload(0x2ce0), f_q), result, f_q)
mstore(14240, result)
        }
mstore(0x37c0, mulmod(mload(0x37a0), mload(0x3500), f_q))
mstore(0x37e0, mulmod(sub(f_q, mload(0x37c0)), 1, f_q))
mstore(0x3800, mulmod(mload(0x3780), 1, f_q))
mstore(0x3820, mulmod(mload(0x37e0), mload(0x900), f_q))
mstore(0x3840, mulmod(mload(0x3800), mload(0x900), f_q))
mstore(0x3860, addmod(mload(0x3760), mload(0x3820), f_q))
mstore(0x3880, mulmod(1, mload(0x32e0), f_q))
{
            let result := mulmod(mload(0x840), mload(0x2d80), f_q)
result := addmod(mulmod(mload(0x860), mload(0x2de0), f_q), result, f_q)
mstore(14496, result)
        }
mstore(0x38c0, mulmod(mload(0x38a0), mload(0x3520), f_q))
mstore(0x38e0, mulmod(sub(f_q, mload(0x38c0)), 1, f_q))
mstore(0x3900, mulmod(mload(0x3880), 1, f_q))
mstore(0x3920, mulmod(mload(0x38e0), mload(0x3680), f_q))
mstore(0x3940, mulmod(mload(0x3900), mload(0x3680), f_q))
mstore(0x3960, addmod(mload(0x3860), mload(0x3920), f_q))
mstore(0x3980, mulmod(1, mload(0x3320), f_q))
{
            let result := mulmod(mload(0x6e0), mload(0x2e40), f_q)
result := addmod(mulmod(mload(0x700), mload(0x2ea0), f_q), result, f_q)
result := addmod(mulmod(mload(0x720), mload(0x2f00), f_q), result, f_q)
mstore(14752, result)
        }
mstore(0x39c0, mulmod(mload(0x39a0), mload(0x3540), f_q))
mstore(0x39e0, mulmod(sub(f_q, mload(0x39c0)), 1, f_q))
mstore(0x3a00, mulmod(mload(0x3980), 1, f_q))
mstore(0x3a20, mulmod(mload(0x39e0), mload(0x36a0), f_q))
mstore(0x3a40, mulmod(mload(0x3a00), mload(0x36a0), f_q))
mstore(0x3a60, addmod(mload(0x3960), mload(0x3a20), f_q))
mstore(0x3a80, mulmod(1, mload(0x3360), f_q))
{
            let result := mulmod(mload(0x740), mload(0x2f20), f_q)
mstore(15008, result)
        }
mstore(0x3ac0, mulmod(mload(0x3aa0), mload(0x3560), f_q))
mstore(0x3ae0, mulmod(sub(f_q, mload(0x3ac0)), 1, f_q))
mstore(0x3b00, mulmod(mload(0x3a80), 1, f_q))
{
            let result := mulmod(mload(0x760), mload(0x2f20), f_q)
mstore(15136, result)
        }
mstore(0x3b40, mulmod(mload(0x3b20), mload(0x3560), f_q))
mstore(0x3b60, mulmod(sub(f_q, mload(0x3b40)), mload(0x8a0), f_q))
mstore(0x3b80, mulmod(mload(0x3a80), mload(0x8a0), f_q))
mstore(0x3ba0, addmod(mload(0x3ae0), mload(0x3b60), f_q))
{
            let result := mulmod(mload(0x780), mload(0x2f20), f_q)
mstore(15296, result)
        }
mstore(0x3be0, mulmod(mload(0x3bc0), mload(0x3560), f_q))
mstore(0x3c00, mulmod(sub(f_q, mload(0x3be0)), mload(0x3580), f_q))
mstore(0x3c20, mulmod(mload(0x3a80), mload(0x3580), f_q))
mstore(0x3c40, addmod(mload(0x3ba0), mload(0x3c00), f_q))
{
            let result := mulmod(mload(0x7a0), mload(0x2f20), f_q)
mstore(15456, result)
        }
mstore(0x3c80, mulmod(mload(0x3c60), mload(0x3560), f_q))
mstore(0x3ca0, mulmod(sub(f_q, mload(0x3c80)), mload(0x35a0), f_q))
mstore(0x3cc0, mulmod(mload(0x3a80), mload(0x35a0), f_q))
mstore(0x3ce0, addmod(mload(0x3c40), mload(0x3ca0), f_q))
{
            let result := mulmod(mload(0x7e0), mload(0x2f20), f_q)
mstore(15616, result)
        }
mstore(0x3d20, mulmod(mload(0x3d00), mload(0x3560), f_q))
mstore(0x3d40, mulmod(sub(f_q, mload(0x3d20)), mload(0x35c0), f_q))
mstore(0x3d60, mulmod(mload(0x3a80), mload(0x35c0), f_q))
mstore(0x3d80, addmod(mload(0x3ce0), mload(0x3d40), f_q))
{
            let result := mulmod(mload(0x800), mload(0x2f20), f_q)
mstore(15776, result)
        }
mstore(0x3dc0, mulmod(mload(0x3da0), mload(0x3560), f_q))
mstore(0x3de0, mulmod(sub(f_q, mload(0x3dc0)), mload(0x35e0), f_q))
mstore(0x3e00, mulmod(mload(0x3a80), mload(0x35e0), f_q))
mstore(0x3e20, addmod(mload(0x3d80), mload(0x3de0), f_q))
{
            let result := mulmod(mload(0x820), mload(0x2f20), f_q)
mstore(15936, result)
        }
mstore(0x3e60, mulmod(mload(0x3e40), mload(0x3560), f_q))
mstore(0x3e80, mulmod(sub(f_q, mload(0x3e60)), mload(0x3600), f_q))
mstore(0x3ea0, mulmod(mload(0x3a80), mload(0x3600), f_q))
mstore(0x3ec0, addmod(mload(0x3e20), mload(0x3e80), f_q))
mstore(0x3ee0, mulmod(mload(0x2620), mload(0x3360), f_q))
mstore(0x3f00, mulmod(mload(0x2640), mload(0x3360), f_q))
mstore(0x3f20, mulmod(mload(0x2660), mload(0x3360), f_q))
mstore(0x3f40, mulmod(mload(0x2680), mload(0x3360), f_q))
{
            let result := mulmod(mload(0x26a0), mload(0x2f20), f_q)
mstore(16224, result)
        }
mstore(0x3f80, mulmod(mload(0x3f60), mload(0x3560), f_q))
mstore(0x3fa0, mulmod(sub(f_q, mload(0x3f80)), mload(0x3620), f_q))
mstore(0x3fc0, mulmod(mload(0x3a80), mload(0x3620), f_q))
mstore(0x3fe0, mulmod(mload(0x3ee0), mload(0x3620), f_q))
mstore(0x4000, mulmod(mload(0x3f00), mload(0x3620), f_q))
mstore(0x4020, mulmod(mload(0x3f20), mload(0x3620), f_q))
mstore(0x4040, mulmod(mload(0x3f40), mload(0x3620), f_q))
mstore(0x4060, addmod(mload(0x3ec0), mload(0x3fa0), f_q))
{
            let result := mulmod(mload(0x7c0), mload(0x2f20), f_q)
mstore(16512, result)
        }
mstore(0x40a0, mulmod(mload(0x4080), mload(0x3560), f_q))
mstore(0x40c0, mulmod(sub(f_q, mload(0x40a0)), mload(0x3640), f_q))
mstore(0x40e0, mulmod(mload(0x3a80), mload(0x3640), f_q))
mstore(0x4100, addmod(mload(0x4060), mload(0x40c0), f_q))
mstore(0x4120, mulmod(mload(0x4100), mload(0x36c0), f_q))
mstore(0x4140, mulmod(mload(0x3b00), mload(0x36c0), f_q))
mstore(0x4160, mulmod(mload(0x3b80), mload(0x36c0), f_q))
mstore(0x4180, mulmod(mload(0x3c20), mload(0x36c0), f_q))
mstore(0x41a0, mulmod(mload(0x3cc0), mload(0x36c0), f_q))
mstore(0x41c0, mulmod(mload(0x3d60), mload(0x36c0), f_q))
mstore(0x41e0, mulmod(mload(0x3e00), mload(0x36c0), f_q))
mstore(0x4200, mulmod(mload(0x3ea0), mload(0x36c0), f_q))
mstore(0x4220, mulmod(mload(0x3fc0), mload(0x36c0), f_q))
mstore(0x4240, mulmod(mload(0x3fe0), mload(0x36c0), f_q))
mstore(0x4260, mulmod(mload(0x4000), mload(0x36c0), f_q))
mstore(0x4280, mulmod(mload(0x4020), mload(0x36c0), f_q))
mstore(0x42a0, mulmod(mload(0x4040), mload(0x36c0), f_q))
mstore(0x42c0, mulmod(mload(0x40e0), mload(0x36c0), f_q))
mstore(0x42e0, addmod(mload(0x3a60), mload(0x4120), f_q))
mstore(0x4300, mulmod(1, mload(0x2aa0), f_q))
mstore(0x4320, mulmod(1, mload(0x9a0), f_q))
mstore(0x4340, 0x0000000000000000000000000000000000000000000000000000000000000001)
                    mstore(0x4360, 0x0000000000000000000000000000000000000000000000000000000000000002)
mstore(0x4380, mload(0x42e0))
success := and(eq(staticcall(gas(), 0x7, 0x4340, 0x60, 0x4340, 0x40), 1), success)
mstore(0x43a0, mload(0x4340))
                    mstore(0x43c0, mload(0x4360))
mstore(0x43e0, mload(0x180))
                    mstore(0x4400, mload(0x1a0))
success := and(eq(staticcall(gas(), 0x6, 0x43a0, 0x80, 0x43a0, 0x40), 1), success)
mstore(0x4420, mload(0x1c0))
                    mstore(0x4440, mload(0x1e0))
mstore(0x4460, mload(0x3840))
success := and(eq(staticcall(gas(), 0x7, 0x4420, 0x60, 0x4420, 0x40), 1), success)
mstore(0x4480, mload(0x43a0))
                    mstore(0x44a0, mload(0x43c0))
mstore(0x44c0, mload(0x4420))
                    mstore(0x44e0, mload(0x4440))
success := and(eq(staticcall(gas(), 0x6, 0x4480, 0x80, 0x4480, 0x40), 1), success)
mstore(0x4500, mload(0x320))
                    mstore(0x4520, mload(0x340))
mstore(0x4540, mload(0x3940))
success := and(eq(staticcall(gas(), 0x7, 0x4500, 0x60, 0x4500, 0x40), 1), success)
mstore(0x4560, mload(0x4480))
                    mstore(0x4580, mload(0x44a0))
mstore(0x45a0, mload(0x4500))
                    mstore(0x45c0, mload(0x4520))
success := and(eq(staticcall(gas(), 0x6, 0x4560, 0x80, 0x4560, 0x40), 1), success)
mstore(0x45e0, 0x2d2caecfa6e4da6d78f903fb470ddbfb75e30de8cd27368b1b75f2b109fe360f)
                    mstore(0x4600, 0x1808d4f947dd385813ba1dc59d3678daa1d641549bcf7515c9141c2ecb877f48)
mstore(0x4620, mload(0x3a40))
success := and(eq(staticcall(gas(), 0x7, 0x45e0, 0x60, 0x45e0, 0x40), 1), success)
mstore(0x4640, mload(0x4560))
                    mstore(0x4660, mload(0x4580))
mstore(0x4680, mload(0x45e0))
                    mstore(0x46a0, mload(0x4600))
success := and(eq(staticcall(gas(), 0x6, 0x4640, 0x80, 0x4640, 0x40), 1), success)
mstore(0x46c0, 0x2006382229c26457d09fe8a6a3f2a85f8ccb4e44022c60204c7e2d0feaf7ddde)
                    mstore(0x46e0, 0x03ee4b56538ba213ec85e94bedb420b92cc25063f321470affcd6ff2dbee5efe)
mstore(0x4700, mload(0x4140))
success := and(eq(staticcall(gas(), 0x7, 0x46c0, 0x60, 0x46c0, 0x40), 1), success)
mstore(0x4720, mload(0x4640))
                    mstore(0x4740, mload(0x4660))
mstore(0x4760, mload(0x46c0))
                    mstore(0x4780, mload(0x46e0))
success := and(eq(staticcall(gas(), 0x6, 0x4720, 0x80, 0x4720, 0x40), 1), success)
mstore(0x47a0, 0x153c3f442ade04d9f4972dcc909ae8edc3e19fa7203508d399fbeb50111f7d9f)
                    mstore(0x47c0, 0x0341d58cd271d77ffd425a5fe72391594cce3a3ca1dd642a651c8d6f8b42e149)
mstore(0x47e0, mload(0x4160))
success := and(eq(staticcall(gas(), 0x7, 0x47a0, 0x60, 0x47a0, 0x40), 1), success)
mstore(0x4800, mload(0x4720))
                    mstore(0x4820, mload(0x4740))
mstore(0x4840, mload(0x47a0))
                    mstore(0x4860, mload(0x47c0))
success := and(eq(staticcall(gas(), 0x6, 0x4800, 0x80, 0x4800, 0x40), 1), success)
mstore(0x4880, 0x01dea1c257daabf014705c0d4cc4fa17382e429c3af30d11ff8de381f9350e35)
                    mstore(0x48a0, 0x05f313caab247db7da88a6352cdc4ee691e3021f90db443a4b96ed8f79a678be)
mstore(0x48c0, mload(0x4180))
success := and(eq(staticcall(gas(), 0x7, 0x4880, 0x60, 0x4880, 0x40), 1), success)
mstore(0x48e0, mload(0x4800))
                    mstore(0x4900, mload(0x4820))
mstore(0x4920, mload(0x4880))
                    mstore(0x4940, mload(0x48a0))
success := and(eq(staticcall(gas(), 0x6, 0x48e0, 0x80, 0x48e0, 0x40), 1), success)
mstore(0x4960, 0x077f1c1601a6c0aca7cab4d9c84da1300000b0b7dbb31759a7e820751dd9d94f)
                    mstore(0x4980, 0x04cab4bf0b69f87ae924f1d2760e684206947f24bed88c940a464e36debf077a)
mstore(0x49a0, mload(0x41a0))
success := and(eq(staticcall(gas(), 0x7, 0x4960, 0x60, 0x4960, 0x40), 1), success)
mstore(0x49c0, mload(0x48e0))
                    mstore(0x49e0, mload(0x4900))
mstore(0x4a00, mload(0x4960))
                    mstore(0x4a20, mload(0x4980))
success := and(eq(staticcall(gas(), 0x6, 0x49c0, 0x80, 0x49c0, 0x40), 1), success)
mstore(0x4a40, 0x17e82768b83e6916ad3e7a00df8eb2ff391ec4aedbb3d547e23baf97df4125c6)
                    mstore(0x4a60, 0x16c55ecf1757aed7424b3aa0e64002bd918309b41abab499bb9f8228631d9138)
mstore(0x4a80, mload(0x41c0))
success := and(eq(staticcall(gas(), 0x7, 0x4a40, 0x60, 0x4a40, 0x40), 1), success)
mstore(0x4aa0, mload(0x49c0))
                    mstore(0x4ac0, mload(0x49e0))
mstore(0x4ae0, mload(0x4a40))
                    mstore(0x4b00, mload(0x4a60))
success := and(eq(staticcall(gas(), 0x6, 0x4aa0, 0x80, 0x4aa0, 0x40), 1), success)
mstore(0x4b20, 0x0c399da524a117a578c4591dd8bdd42482455b5b28767899f7b93b643140fc45)
                    mstore(0x4b40, 0x2f4438ff827016c23494b5867f4f95c232e778d9e1153faea7013054a6a62d58)
mstore(0x4b60, mload(0x41e0))
success := and(eq(staticcall(gas(), 0x7, 0x4b20, 0x60, 0x4b20, 0x40), 1), success)
mstore(0x4b80, mload(0x4aa0))
                    mstore(0x4ba0, mload(0x4ac0))
mstore(0x4bc0, mload(0x4b20))
                    mstore(0x4be0, mload(0x4b40))
success := and(eq(staticcall(gas(), 0x6, 0x4b80, 0x80, 0x4b80, 0x40), 1), success)
mstore(0x4c00, 0x28eb1d25dc2c4459e1eb435eb746864970af5a191fe50f2821896d8fef3a3a5f)
                    mstore(0x4c20, 0x10b5a8bc92f24a1ec239c97171e767407a67cc846ba8b94459005e7ef356a7fe)
mstore(0x4c40, mload(0x4200))
success := and(eq(staticcall(gas(), 0x7, 0x4c00, 0x60, 0x4c00, 0x40), 1), success)
mstore(0x4c60, mload(0x4b80))
                    mstore(0x4c80, mload(0x4ba0))
mstore(0x4ca0, mload(0x4c00))
                    mstore(0x4cc0, mload(0x4c20))
success := and(eq(staticcall(gas(), 0x6, 0x4c60, 0x80, 0x4c60, 0x40), 1), success)
mstore(0x4ce0, mload(0x400))
                    mstore(0x4d00, mload(0x420))
mstore(0x4d20, mload(0x4220))
success := and(eq(staticcall(gas(), 0x7, 0x4ce0, 0x60, 0x4ce0, 0x40), 1), success)
mstore(0x4d40, mload(0x4c60))
                    mstore(0x4d60, mload(0x4c80))
mstore(0x4d80, mload(0x4ce0))
                    mstore(0x4da0, mload(0x4d00))
success := and(eq(staticcall(gas(), 0x6, 0x4d40, 0x80, 0x4d40, 0x40), 1), success)
mstore(0x4dc0, mload(0x440))
                    mstore(0x4de0, mload(0x460))
mstore(0x4e00, mload(0x4240))
success := and(eq(staticcall(gas(), 0x7, 0x4dc0, 0x60, 0x4dc0, 0x40), 1), success)
mstore(0x4e20, mload(0x4d40))
                    mstore(0x4e40, mload(0x4d60))
mstore(0x4e60, mload(0x4dc0))
                    mstore(0x4e80, mload(0x4de0))
success := and(eq(staticcall(gas(), 0x6, 0x4e20, 0x80, 0x4e20, 0x40), 1), success)
mstore(0x4ea0, mload(0x480))
                    mstore(0x4ec0, mload(0x4a0))
mstore(0x4ee0, mload(0x4260))
success := and(eq(staticcall(gas(), 0x7, 0x4ea0, 0x60, 0x4ea0, 0x40), 1), success)
mstore(0x4f00, mload(0x4e20))
                    mstore(0x4f20, mload(0x4e40))
mstore(0x4f40, mload(0x4ea0))
                    mstore(0x4f60, mload(0x4ec0))
success := and(eq(staticcall(gas(), 0x6, 0x4f00, 0x80, 0x4f00, 0x40), 1), success)
mstore(0x4f80, mload(0x4c0))
                    mstore(0x4fa0, mload(0x4e0))
mstore(0x4fc0, mload(0x4280))
success := and(eq(staticcall(gas(), 0x7, 0x4f80, 0x60, 0x4f80, 0x40), 1), success)
mstore(0x4fe0, mload(0x4f00))
                    mstore(0x5000, mload(0x4f20))
mstore(0x5020, mload(0x4f80))
                    mstore(0x5040, mload(0x4fa0))
success := and(eq(staticcall(gas(), 0x6, 0x4fe0, 0x80, 0x4fe0, 0x40), 1), success)
mstore(0x5060, mload(0x500))
                    mstore(0x5080, mload(0x520))
mstore(0x50a0, mload(0x42a0))
success := and(eq(staticcall(gas(), 0x7, 0x5060, 0x60, 0x5060, 0x40), 1), success)
mstore(0x50c0, mload(0x4fe0))
                    mstore(0x50e0, mload(0x5000))
mstore(0x5100, mload(0x5060))
                    mstore(0x5120, mload(0x5080))
success := and(eq(staticcall(gas(), 0x6, 0x50c0, 0x80, 0x50c0, 0x40), 1), success)
mstore(0x5140, mload(0x360))
                    mstore(0x5160, mload(0x380))
mstore(0x5180, mload(0x42c0))
success := and(eq(staticcall(gas(), 0x7, 0x5140, 0x60, 0x5140, 0x40), 1), success)
mstore(0x51a0, mload(0x50c0))
                    mstore(0x51c0, mload(0x50e0))
mstore(0x51e0, mload(0x5140))
                    mstore(0x5200, mload(0x5160))
success := and(eq(staticcall(gas(), 0x6, 0x51a0, 0x80, 0x51a0, 0x40), 1), success)
mstore(0x5220, mload(0x940))
                    mstore(0x5240, mload(0x960))
mstore(0x5260, sub(f_q, mload(0x4300)))
success := and(eq(staticcall(gas(), 0x7, 0x5220, 0x60, 0x5220, 0x40), 1), success)
mstore(0x5280, mload(0x51a0))
                    mstore(0x52a0, mload(0x51c0))
mstore(0x52c0, mload(0x5220))
                    mstore(0x52e0, mload(0x5240))
success := and(eq(staticcall(gas(), 0x6, 0x5280, 0x80, 0x5280, 0x40), 1), success)
mstore(0x5300, mload(0x9e0))
                    mstore(0x5320, mload(0xa00))
mstore(0x5340, mload(0x4320))
success := and(eq(staticcall(gas(), 0x7, 0x5300, 0x60, 0x5300, 0x40), 1), success)
mstore(0x5360, mload(0x5280))
                    mstore(0x5380, mload(0x52a0))
mstore(0x53a0, mload(0x5300))
                    mstore(0x53c0, mload(0x5320))
success := and(eq(staticcall(gas(), 0x6, 0x5360, 0x80, 0x5360, 0x40), 1), success)
mstore(0x53e0, mload(0x5360))
                    mstore(0x5400, mload(0x5380))
mstore(0x5420, 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
            mstore(0x5440, 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
            mstore(0x5460, 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b)
            mstore(0x5480, 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa)
mstore(0x54a0, mload(0x9e0))
                    mstore(0x54c0, mload(0xa00))
mstore(0x54e0, 0x197f018c2c2e134a7e6b464a0fbd326ab20bf35f26e67de966ee048b95c7a645)
            mstore(0x5500, 0x24b8720e6f2c4fcf35c3687c22108b7905a295625ac8f7fb633b35f0ebc85839)
            mstore(0x5520, 0x115168109aad3bff87f0b977f2d2d79fbff5bba3c4274ef85fb70ccd97a3ede6)
            mstore(0x5540, 0x1161ad161e3d63a3fc2bdb45757e9e0cb3fe36d0c963ff237ab37c5dae662e55)
success := and(eq(staticcall(gas(), 0x8, 0x53e0, 0x180, 0x53e0, 0x20), 1), success)
success := and(eq(mload(0x53e0), 1), success)

            // Revert if anything fails
            if iszero(success) { revert(0, 0) }

            // Return empty bytes on success
            return(0, 0)

        }
    }
}
