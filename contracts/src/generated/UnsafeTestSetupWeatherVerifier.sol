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
mstore(0x80, 12591988121880170199998905280865130882940215372541379316395937554608003427164)

        {
            let x := calldataload(0xe0)
            mstore(0x180, x)
            let y := calldataload(0x100)
            mstore(0x1a0, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x1c0, keccak256(0x80, 320))
{
            let hash := mload(0x1c0)
            mstore(0x1e0, mod(hash, f_q))
            mstore(0x200, hash)
        }
mstore8(544, 1)
mstore(0x220, keccak256(0x200, 33))
{
            let hash := mload(0x220)
            mstore(0x240, mod(hash, f_q))
            mstore(0x260, hash)
        }
mstore8(640, 1)
mstore(0x280, keccak256(0x260, 33))
{
            let hash := mload(0x280)
            mstore(0x2a0, mod(hash, f_q))
            mstore(0x2c0, hash)
        }

        {
            let x := calldataload(0x120)
            mstore(0x2e0, x)
            let y := calldataload(0x140)
            mstore(0x300, y)
            success := and(validate_ec_point(x, y), success)
        }

        {
            let x := calldataload(0x160)
            mstore(0x320, x)
            let y := calldataload(0x180)
            mstore(0x340, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x360, keccak256(0x2c0, 160))
{
            let hash := mload(0x360)
            mstore(0x380, mod(hash, f_q))
            mstore(0x3a0, hash)
        }

        {
            let x := calldataload(0x1a0)
            mstore(0x3c0, x)
            let y := calldataload(0x1c0)
            mstore(0x3e0, y)
            success := and(validate_ec_point(x, y), success)
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
mstore(0x500, keccak256(0x3a0, 352))
{
            let hash := mload(0x500)
            mstore(0x520, mod(hash, f_q))
            mstore(0x540, hash)
        }
mstore(0x560, mod(calldataload(0x2e0), f_q))
mstore(0x580, mod(calldataload(0x300), f_q))
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
mstore(0x7a0, keccak256(0x540, 608))
{
            let hash := mload(0x7a0)
            mstore(0x7c0, mod(hash, f_q))
            mstore(0x7e0, hash)
        }
mstore8(2048, 1)
mstore(0x800, keccak256(0x7e0, 33))
{
            let hash := mload(0x800)
            mstore(0x820, mod(hash, f_q))
            mstore(0x840, hash)
        }

        {
            let x := calldataload(0x520)
            mstore(0x860, x)
            let y := calldataload(0x540)
            mstore(0x880, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x8a0, keccak256(0x840, 96))
{
            let hash := mload(0x8a0)
            mstore(0x8c0, mod(hash, f_q))
            mstore(0x8e0, hash)
        }

        {
            let x := calldataload(0x560)
            mstore(0x900, x)
            let y := calldataload(0x580)
            mstore(0x920, y)
            success := and(validate_ec_point(x, y), success)
        }
mstore(0x940, mulmod(mload(0x520), mload(0x520), f_q))
mstore(0x960, mulmod(mload(0x940), mload(0x940), f_q))
mstore(0x980, mulmod(mload(0x960), mload(0x960), f_q))
mstore(0x9a0, mulmod(mload(0x980), mload(0x980), f_q))
mstore(0x9c0, mulmod(mload(0x9a0), mload(0x9a0), f_q))
mstore(0x9e0, mulmod(mload(0x9c0), mload(0x9c0), f_q))
mstore(0xa00, mulmod(mload(0x9e0), mload(0x9e0), f_q))
mstore(0xa20, mulmod(mload(0xa00), mload(0xa00), f_q))
mstore(0xa40, mulmod(mload(0xa20), mload(0xa20), f_q))
mstore(0xa60, mulmod(mload(0xa40), mload(0xa40), f_q))
mstore(0xa80, mulmod(mload(0xa60), mload(0xa60), f_q))
mstore(0xaa0, addmod(mload(0xa80), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0xac0, mulmod(mload(0xaa0), 21877555253249509951141793242451973684696534144361143701928820297812832026625, f_q))
mstore(0xae0, mulmod(mload(0xac0), 2052577600929321644864373433992286663593924383333769860146356783884080694417, f_q))
mstore(0xb00, addmod(mload(0x520), 19835665270909953577382032311264988424954440017082264483551847402691727801200, f_q))
mstore(0xb20, mulmod(mload(0xac0), 14158528901797138466244491986759313854666262535363044392173788062030301470987, f_q))
mstore(0xb40, addmod(mload(0x520), 7729713970042136756001913758497961233882101865052989951524416124545507024630, f_q))
mstore(0xb60, mulmod(mload(0xac0), 19391665110176678347881434998628291993466310458722031320634663893332643192152, f_q))
mstore(0xb80, addmod(mload(0x520), 2496577761662596874364970746628983095082053941694003023063540293243165303465, f_q))
mstore(0xba0, mulmod(mload(0xac0), 15699029810934084314820646074566828280617789951162923449200398535581206172418, f_q))
mstore(0xbc0, addmod(mload(0x520), 6189213060905190907425759670690446807930574449253110894497805650994602323199, f_q))
mstore(0xbe0, mulmod(mload(0xac0), 16553167948716468074998850291160946772606011499093267774599468837293218566225, f_q))
mstore(0xc00, addmod(mload(0x520), 5335074923122807147247555454096328315942352901322766569098735349282589929392, f_q))
mstore(0xc20, mulmod(mload(0xac0), 4260969412351770314333984243767775737437927068151180798236715529158398853173, f_q))
mstore(0xc40, addmod(mload(0x520), 17627273459487504907912421501489499351110437332264853545461488657417409642444, f_q))
mstore(0xc60, mulmod(mload(0xac0), 18302882236472339419631414285403968768409802182737928837767912484847322191909, f_q))
mstore(0xc80, addmod(mload(0x520), 3585360635366935802614991459853306320138562217678105505930291701728486303708, f_q))
mstore(0xca0, mulmod(mload(0xac0), 4925592601992654644734291590386747644864797672605745962807370354577123815907, f_q))
mstore(0xcc0, addmod(mload(0x520), 16962650269846620577512114154870527443683566727810288380890833831998684679710, f_q))
mstore(0xce0, mulmod(mload(0xac0), 19444693496467964793333684482470811869395409953158764080291550423779334624794, f_q))
mstore(0xd00, addmod(mload(0x520), 2443549375371310428912721262786463219152954447257270263406653762796473870823, f_q))
mstore(0xd20, mulmod(mload(0xac0), 1, f_q))
mstore(0xd40, addmod(mload(0x520), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0xd60, mulmod(mload(0xac0), 9396103202274256930945606623206526900461945684265495839012435492634193195103, f_q))
mstore(0xd80, addmod(mload(0x520), 12492139669565018291300799122050748188086418716150538504685768693941615300514, f_q))
mstore(0xda0, mulmod(mload(0xac0), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
mstore(0xdc0, addmod(mload(0x520), 2507682784038009475131574039120954579123549720846755509306663987687515178116, f_q))
mstore(0xde0, mulmod(mload(0xac0), 11322573621548282883955256084347882816245615123967859588024989498742209856615, f_q))
mstore(0xe00, addmod(mload(0x520), 10565669250290992338291149660909392272302749276448174755673214687833598639002, f_q))
mstore(0xe20, mulmod(mload(0xac0), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
mstore(0xe40, addmod(mload(0x520), 15635291015719935713438692668278504285035468127792817039918949683676034856709, f_q))
mstore(0xe60, mulmod(mload(0xac0), 6824655341928610617407025812316647790091881014763002561728235043123761944352, f_q))
mstore(0xe80, addmod(mload(0x520), 15063587529910664604839379932940627298456483385653031781969969143452046551265, f_q))
mstore(0xea0, mulmod(mload(0xac0), 15554008185779528788857340196607833777388478343360168149406749724843247080062, f_q))
mstore(0xec0, addmod(mload(0x520), 6334234686059746433389065548649441311159886057055866194291454461732561415555, f_q))
{
            let prod := mload(0xb00)

                prod := mulmod(mload(0xb40), prod, f_q)
                mstore(0xee0, prod)

                prod := mulmod(mload(0xb80), prod, f_q)
                mstore(0xf00, prod)

                prod := mulmod(mload(0xbc0), prod, f_q)
                mstore(0xf20, prod)

                prod := mulmod(mload(0xc00), prod, f_q)
                mstore(0xf40, prod)

                prod := mulmod(mload(0xc40), prod, f_q)
                mstore(0xf60, prod)

                prod := mulmod(mload(0xc80), prod, f_q)
                mstore(0xf80, prod)

                prod := mulmod(mload(0xcc0), prod, f_q)
                mstore(0xfa0, prod)

                prod := mulmod(mload(0xd00), prod, f_q)
                mstore(0xfc0, prod)

                prod := mulmod(mload(0xd40), prod, f_q)
                mstore(0xfe0, prod)

                prod := mulmod(mload(0xd80), prod, f_q)
                mstore(0x1000, prod)

                prod := mulmod(mload(0xdc0), prod, f_q)
                mstore(0x1020, prod)

                prod := mulmod(mload(0xe00), prod, f_q)
                mstore(0x1040, prod)

                prod := mulmod(mload(0xe40), prod, f_q)
                mstore(0x1060, prod)

                prod := mulmod(mload(0xe80), prod, f_q)
                mstore(0x1080, prod)

                prod := mulmod(mload(0xec0), prod, f_q)
                mstore(0x10a0, prod)

                prod := mulmod(mload(0xaa0), prod, f_q)
                mstore(0x10c0, prod)

        }
mstore(0x1100, 32)
mstore(0x1120, 32)
mstore(0x1140, 32)
mstore(0x1160, mload(0x10c0))
mstore(0x1180, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x11a0, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x1100, 0xc0, 0x10e0, 0x20), 1), success)
{

            let inv := mload(0x10e0)
            let v

                    v := mload(0xaa0)
                    mstore(2720, mulmod(mload(0x10a0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xec0)
                    mstore(3776, mulmod(mload(0x1080), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe80)
                    mstore(3712, mulmod(mload(0x1060), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe40)
                    mstore(3648, mulmod(mload(0x1040), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xe00)
                    mstore(3584, mulmod(mload(0x1020), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xdc0)
                    mstore(3520, mulmod(mload(0x1000), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd80)
                    mstore(3456, mulmod(mload(0xfe0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd40)
                    mstore(3392, mulmod(mload(0xfc0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xd00)
                    mstore(3328, mulmod(mload(0xfa0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xcc0)
                    mstore(3264, mulmod(mload(0xf80), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc80)
                    mstore(3200, mulmod(mload(0xf60), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc40)
                    mstore(3136, mulmod(mload(0xf40), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xc00)
                    mstore(3072, mulmod(mload(0xf20), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xbc0)
                    mstore(3008, mulmod(mload(0xf00), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xb80)
                    mstore(2944, mulmod(mload(0xee0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0xb40)
                    mstore(2880, mulmod(mload(0xb00), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0xb00, inv)

        }
mstore(0x11c0, mulmod(mload(0xae0), mload(0xb00), f_q))
mstore(0x11e0, mulmod(mload(0xb20), mload(0xb40), f_q))
mstore(0x1200, mulmod(mload(0xb60), mload(0xb80), f_q))
mstore(0x1220, mulmod(mload(0xba0), mload(0xbc0), f_q))
mstore(0x1240, mulmod(mload(0xbe0), mload(0xc00), f_q))
mstore(0x1260, mulmod(mload(0xc20), mload(0xc40), f_q))
mstore(0x1280, mulmod(mload(0xc60), mload(0xc80), f_q))
mstore(0x12a0, mulmod(mload(0xca0), mload(0xcc0), f_q))
mstore(0x12c0, mulmod(mload(0xce0), mload(0xd00), f_q))
mstore(0x12e0, mulmod(mload(0xd20), mload(0xd40), f_q))
mstore(0x1300, mulmod(mload(0xd60), mload(0xd80), f_q))
mstore(0x1320, mulmod(mload(0xda0), mload(0xdc0), f_q))
mstore(0x1340, mulmod(mload(0xde0), mload(0xe00), f_q))
mstore(0x1360, mulmod(mload(0xe20), mload(0xe40), f_q))
mstore(0x1380, mulmod(mload(0xe60), mload(0xe80), f_q))
mstore(0x13a0, mulmod(mload(0xea0), mload(0xec0), f_q))
{
            let result := mulmod(mload(0x12e0), mload(0xa0), f_q)
result := addmod(mulmod(mload(0x1300), mload(0xc0), f_q), result, f_q)
result := addmod(mulmod(mload(0x1320), mload(0xe0), f_q), result, f_q)
result := addmod(mulmod(mload(0x1340), mload(0x100), f_q), result, f_q)
result := addmod(mulmod(mload(0x1360), mload(0x120), f_q), result, f_q)
result := addmod(mulmod(mload(0x1380), mload(0x140), f_q), result, f_q)
result := addmod(mulmod(mload(0x13a0), mload(0x160), f_q), result, f_q)
mstore(5056, result)
        }
mstore(0x13e0, addmod(2, sub(f_q, mload(0x680)), f_q))
mstore(0x1400, mulmod(mload(0x13e0), mload(0x680), f_q))
mstore(0x1420, addmod(mload(0x560), sub(f_q, mload(0x620)), f_q))
mstore(0x1440, mulmod(mload(0x1420), mload(0x1400), f_q))
mstore(0x1460, mulmod(mload(0x380), mload(0x1440), f_q))
mstore(0x1480, addmod(1, sub(f_q, mload(0x680)), f_q))
mstore(0x14a0, mulmod(mload(0x1480), mload(0x680), f_q))
mstore(0x14c0, mulmod(mload(0x560), mload(0x620), f_q))
mstore(0x14e0, mulmod(mload(0x5a0), mload(0x580), f_q))
mstore(0x1500, addmod(mload(0x14c0), mload(0x14e0), f_q))
mstore(0x1520, addmod(mload(0x1500), sub(f_q, mload(0x5c0)), f_q))
mstore(0x1540, mulmod(mload(0x1520), mload(0x14a0), f_q))
mstore(0x1560, addmod(mload(0x1460), mload(0x1540), f_q))
mstore(0x1580, mulmod(mload(0x380), mload(0x1560), f_q))
mstore(0x15a0, mulmod(mload(0x580), 4, f_q))
mstore(0x15c0, addmod(mload(0x560), sub(f_q, mload(0x15a0)), f_q))
mstore(0x15e0, addmod(mload(0x15c0), 21888242871839275222246405745257275088548364400416034343698204186575808495617, f_q))
mstore(0x1600, addmod(mload(0x15c0), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q))
mstore(0x1620, mulmod(mload(0x1600), mload(0x15e0), f_q))
mstore(0x1640, addmod(mload(0x15c0), 21888242871839275222246405745257275088548364400416034343698204186575808495615, f_q))
mstore(0x1660, mulmod(mload(0x1640), mload(0x1620), f_q))
mstore(0x1680, addmod(mload(0x15c0), 21888242871839275222246405745257275088548364400416034343698204186575808495614, f_q))
mstore(0x16a0, mulmod(mload(0x1680), mload(0x1660), f_q))
mstore(0x16c0, mulmod(mload(0x16a0), mload(0x6a0), f_q))
mstore(0x16e0, addmod(mload(0x1580), mload(0x16c0), f_q))
mstore(0x1700, mulmod(mload(0x380), mload(0x16e0), f_q))
mstore(0x1720, addmod(mload(0x560), mload(0x620), f_q))
mstore(0x1740, mulmod(mload(0x1720), mload(0x1720), f_q))
mstore(0x1760, mulmod(mload(0x1740), mload(0x1740), f_q))
mstore(0x1780, mulmod(mload(0x1720), mload(0x1760), f_q))
mstore(0x17a0, mulmod(mload(0x1780), 7511745149465107256748700652201246547602992235352608707588321460060273774987, f_q))
mstore(0x17c0, addmod(mload(0x580), mload(0x640), f_q))
mstore(0x17e0, mulmod(mload(0x17c0), mload(0x17c0), f_q))
mstore(0x1800, mulmod(mload(0x17e0), mload(0x17e0), f_q))
mstore(0x1820, mulmod(mload(0x17c0), mload(0x1800), f_q))
mstore(0x1840, mulmod(mload(0x1820), 10370080108974718697676803824769673834027675643658433702224577712625900127200, f_q))
mstore(0x1860, addmod(mload(0x17a0), mload(0x1840), f_q))
mstore(0x1880, addmod(mload(0x5a0), mload(0x660), f_q))
mstore(0x18a0, mulmod(mload(0x1880), mload(0x1880), f_q))
mstore(0x18c0, mulmod(mload(0x18a0), mload(0x18a0), f_q))
mstore(0x18e0, mulmod(mload(0x1880), mload(0x18c0), f_q))
mstore(0x1900, mulmod(mload(0x18e0), 19705173408229649878903981084052839426532978878058043055305024233888854471533, f_q))
mstore(0x1920, addmod(mload(0x1860), mload(0x1900), f_q))
mstore(0x1940, addmod(mload(0x1920), sub(f_q, mload(0x5c0)), f_q))
mstore(0x1960, mulmod(mload(0x1940), mload(0x6c0), f_q))
mstore(0x1980, addmod(mload(0x1700), mload(0x1960), f_q))
mstore(0x19a0, mulmod(mload(0x380), mload(0x1980), f_q))
mstore(0x19c0, mulmod(mload(0x1780), 18732019378264290557468133440468564866454307626475683536618613112504878618481, f_q))
mstore(0x19e0, mulmod(mload(0x1820), 20870176810702568768751421378473869562658540583882454726129544628203806653987, f_q))
mstore(0x1a00, addmod(mload(0x19c0), mload(0x19e0), f_q))
mstore(0x1a20, mulmod(mload(0x18e0), 7266061498423634438633389053804536045105766754026813321943009179476902321146, f_q))
mstore(0x1a40, addmod(mload(0x1a00), mload(0x1a20), f_q))
mstore(0x1a60, addmod(mload(0x1a40), sub(f_q, mload(0x5e0)), f_q))
mstore(0x1a80, mulmod(mload(0x1a60), mload(0x6c0), f_q))
mstore(0x1aa0, addmod(mload(0x19a0), mload(0x1a80), f_q))
mstore(0x1ac0, mulmod(mload(0x380), mload(0x1aa0), f_q))
mstore(0x1ae0, mulmod(mload(0x1780), 9131299761947733513298312097611845208338517739621853568979632113419485819303, f_q))
mstore(0x1b00, mulmod(mload(0x1820), 10595341252162738537912664445405114076324478519622938027420701542910180337937, f_q))
mstore(0x1b20, addmod(mload(0x1ae0), mload(0x1b00), f_q))
mstore(0x1b40, mulmod(mload(0x18e0), 11597556804922396090267472882856054602429588299176362916247939723151043581408, f_q))
mstore(0x1b60, addmod(mload(0x1b20), mload(0x1b40), f_q))
mstore(0x1b80, addmod(mload(0x1b60), sub(f_q, mload(0x600)), f_q))
mstore(0x1ba0, mulmod(mload(0x1b80), mload(0x6c0), f_q))
mstore(0x1bc0, addmod(mload(0x1ac0), mload(0x1ba0), f_q))
mstore(0x1be0, mulmod(mload(0x380), mload(0x1bc0), f_q))
mstore(0x1c00, mulmod(mload(0x17c0), 10370080108974718697676803824769673834027675643658433702224577712625900127200, f_q))
mstore(0x1c20, addmod(mload(0x17a0), mload(0x1c00), f_q))
mstore(0x1c40, mulmod(mload(0x1880), 19705173408229649878903981084052839426532978878058043055305024233888854471533, f_q))
mstore(0x1c60, addmod(mload(0x1c20), mload(0x1c40), f_q))
mstore(0x1c80, addmod(mload(0x1c60), sub(f_q, mload(0x5c0)), f_q))
mstore(0x1ca0, mulmod(mload(0x1c80), mload(0x6e0), f_q))
mstore(0x1cc0, addmod(mload(0x1be0), mload(0x1ca0), f_q))
mstore(0x1ce0, mulmod(mload(0x380), mload(0x1cc0), f_q))
mstore(0x1d00, mulmod(mload(0x17c0), 20870176810702568768751421378473869562658540583882454726129544628203806653987, f_q))
mstore(0x1d20, addmod(mload(0x19c0), mload(0x1d00), f_q))
mstore(0x1d40, mulmod(mload(0x1880), 7266061498423634438633389053804536045105766754026813321943009179476902321146, f_q))
mstore(0x1d60, addmod(mload(0x1d20), mload(0x1d40), f_q))
mstore(0x1d80, addmod(mload(0x1d60), sub(f_q, mload(0x5e0)), f_q))
mstore(0x1da0, mulmod(mload(0x1d80), mload(0x6e0), f_q))
mstore(0x1dc0, addmod(mload(0x1ce0), mload(0x1da0), f_q))
mstore(0x1de0, mulmod(mload(0x380), mload(0x1dc0), f_q))
mstore(0x1e00, mulmod(mload(0x17c0), 10595341252162738537912664445405114076324478519622938027420701542910180337937, f_q))
mstore(0x1e20, addmod(mload(0x1ae0), mload(0x1e00), f_q))
mstore(0x1e40, mulmod(mload(0x1880), 11597556804922396090267472882856054602429588299176362916247939723151043581408, f_q))
mstore(0x1e60, addmod(mload(0x1e20), mload(0x1e40), f_q))
mstore(0x1e80, addmod(mload(0x1e60), sub(f_q, mload(0x600)), f_q))
mstore(0x1ea0, mulmod(mload(0x1e80), mload(0x6e0), f_q))
mstore(0x1ec0, addmod(mload(0x1de0), mload(0x1ea0), f_q))
mstore(0x1ee0, mulmod(mload(0x380), mload(0x1ec0), f_q))
mstore(0x1f00, addmod(1, sub(f_q, mload(0x760)), f_q))
mstore(0x1f20, mulmod(mload(0x1f00), mload(0x12e0), f_q))
mstore(0x1f40, addmod(mload(0x1ee0), mload(0x1f20), f_q))
mstore(0x1f60, mulmod(mload(0x380), mload(0x1f40), f_q))
mstore(0x1f80, mulmod(mload(0x760), mload(0x760), f_q))
mstore(0x1fa0, addmod(mload(0x1f80), sub(f_q, mload(0x760)), f_q))
mstore(0x1fc0, mulmod(mload(0x1fa0), mload(0x11c0), f_q))
mstore(0x1fe0, addmod(mload(0x1f60), mload(0x1fc0), f_q))
mstore(0x2000, mulmod(mload(0x380), mload(0x1fe0), f_q))
mstore(0x2020, addmod(1, sub(f_q, mload(0x11c0)), f_q))
mstore(0x2040, addmod(mload(0x11e0), mload(0x1200), f_q))
mstore(0x2060, addmod(mload(0x2040), mload(0x1220), f_q))
mstore(0x2080, addmod(mload(0x2060), mload(0x1240), f_q))
mstore(0x20a0, addmod(mload(0x2080), mload(0x1260), f_q))
mstore(0x20c0, addmod(mload(0x20a0), mload(0x1280), f_q))
mstore(0x20e0, addmod(mload(0x20c0), mload(0x12a0), f_q))
mstore(0x2100, addmod(mload(0x20e0), mload(0x12c0), f_q))
mstore(0x2120, addmod(mload(0x2020), sub(f_q, mload(0x2100)), f_q))
mstore(0x2140, mulmod(mload(0x720), mload(0x240), f_q))
mstore(0x2160, addmod(mload(0x560), mload(0x2140), f_q))
mstore(0x2180, addmod(mload(0x2160), mload(0x2a0), f_q))
mstore(0x21a0, mulmod(mload(0x740), mload(0x240), f_q))
mstore(0x21c0, addmod(mload(0x13c0), mload(0x21a0), f_q))
mstore(0x21e0, addmod(mload(0x21c0), mload(0x2a0), f_q))
mstore(0x2200, mulmod(mload(0x21e0), mload(0x2180), f_q))
mstore(0x2220, mulmod(mload(0x2200), mload(0x780), f_q))
mstore(0x2240, mulmod(1, mload(0x240), f_q))
mstore(0x2260, mulmod(mload(0x520), mload(0x2240), f_q))
mstore(0x2280, addmod(mload(0x560), mload(0x2260), f_q))
mstore(0x22a0, addmod(mload(0x2280), mload(0x2a0), f_q))
mstore(0x22c0, mulmod(4131629893567559867359510883348571134090853742863529169391034518566172092834, mload(0x240), f_q))
mstore(0x22e0, mulmod(mload(0x520), mload(0x22c0), f_q))
mstore(0x2300, addmod(mload(0x13c0), mload(0x22e0), f_q))
mstore(0x2320, addmod(mload(0x2300), mload(0x2a0), f_q))
mstore(0x2340, mulmod(mload(0x2320), mload(0x22a0), f_q))
mstore(0x2360, mulmod(mload(0x2340), mload(0x760), f_q))
mstore(0x2380, addmod(mload(0x2220), sub(f_q, mload(0x2360)), f_q))
mstore(0x23a0, mulmod(mload(0x2380), mload(0x2120), f_q))
mstore(0x23c0, addmod(mload(0x2000), mload(0x23a0), f_q))
mstore(0x23e0, mulmod(mload(0xa80), mload(0xa80), f_q))
mstore(0x2400, mulmod(mload(0x23e0), mload(0xa80), f_q))
mstore(0x2420, mulmod(mload(0x2400), mload(0xa80), f_q))
mstore(0x2440, mulmod(mload(0x2420), mload(0xa80), f_q))
mstore(0x2460, mulmod(1, mload(0xa80), f_q))
mstore(0x2480, mulmod(1, mload(0x23e0), f_q))
mstore(0x24a0, mulmod(1, mload(0x2400), f_q))
mstore(0x24c0, mulmod(1, mload(0x2420), f_q))
mstore(0x24e0, mulmod(mload(0x23c0), mload(0xaa0), f_q))
mstore(0x2500, mulmod(mload(0x940), mload(0x520), f_q))
mstore(0x2520, mulmod(mload(0x2500), mload(0x520), f_q))
mstore(0x2540, mulmod(mload(0x2520), mload(0x520), f_q))
mstore(0x2560, mulmod(mload(0x2540), mload(0x520), f_q))
mstore(0x2580, mulmod(mload(0x520), 1, f_q))
mstore(0x25a0, addmod(mload(0x8c0), sub(f_q, mload(0x2580)), f_q))
mstore(0x25c0, mulmod(mload(0x520), 9396103202274256930945606623206526900461945684265495839012435492634193195103, f_q))
mstore(0x25e0, addmod(mload(0x8c0), sub(f_q, mload(0x25c0)), f_q))
mstore(0x2600, mulmod(mload(0x520), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
mstore(0x2620, addmod(mload(0x8c0), sub(f_q, mload(0x2600)), f_q))
mstore(0x2640, mulmod(mload(0x520), 11322573621548282883955256084347882816245615123967859588024989498742209856615, f_q))
mstore(0x2660, addmod(mload(0x8c0), sub(f_q, mload(0x2640)), f_q))
mstore(0x2680, mulmod(mload(0x520), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
mstore(0x26a0, addmod(mload(0x8c0), sub(f_q, mload(0x2680)), f_q))
mstore(0x26c0, mulmod(mload(0x520), 6824655341928610617407025812316647790091881014763002561728235043123761944352, f_q))
mstore(0x26e0, addmod(mload(0x8c0), sub(f_q, mload(0x26c0)), f_q))
mstore(0x2700, mulmod(4135522499415029387136974832375710739491964104686573957030402679716222777541, mload(0x2540), f_q))
mstore(0x2720, mulmod(mload(0x2700), 1, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2700), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2720)), f_q), result, f_q)
mstore(10048, result)
        }
mstore(0x2760, mulmod(12642937932760833990318658691683381814909673136326122307161244656636296415701, mload(0x2540), f_q))
mstore(0x2780, mulmod(mload(0x2760), 9396103202274256930945606623206526900461945684265495839012435492634193195103, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2760), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2780)), f_q), result, f_q)
mstore(10144, result)
        }
mstore(0x27c0, mulmod(2686920780079521016164720518071545992486718187306116297204953016463321045838, mload(0x2540), f_q))
mstore(0x27e0, mulmod(mload(0x27c0), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x27c0), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x27e0)), f_q), result, f_q)
mstore(10240, result)
        }
mstore(0x2820, mulmod(12541950270641454937136685391203860251967542205688194252354252125354734339234, mload(0x2540), f_q))
mstore(0x2840, mulmod(mload(0x2820), 11322573621548282883955256084347882816245615123967859588024989498742209856615, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2820), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2840)), f_q), result, f_q)
mstore(10336, result)
        }
mstore(0x2880, mulmod(11652250517622771341073645821761736179429064182193323678414288082202053499940, mload(0x2540), f_q))
mstore(0x28a0, mulmod(mload(0x2880), 6252951856119339508807713076978770803512896272623217303779254502899773638908, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2880), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x28a0)), f_q), result, f_q)
mstore(10432, result)
        }
mstore(0x28e0, mulmod(18303093683962636283858443977290666245883116739796799912872023901286300458561, mload(0x2540), f_q))
mstore(0x2900, mulmod(mload(0x28e0), 6824655341928610617407025812316647790091881014763002561728235043123761944352, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x28e0), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2900)), f_q), result, f_q)
mstore(10528, result)
        }
mstore(0x2940, mulmod(1, mload(0x25a0), f_q))
mstore(0x2960, mulmod(mload(0x2940), mload(0x25e0), f_q))
mstore(0x2980, mulmod(mload(0x2960), mload(0x2620), f_q))
mstore(0x29a0, mulmod(mload(0x2980), mload(0x2660), f_q))
mstore(0x29c0, mulmod(mload(0x29a0), mload(0x26a0), f_q))
mstore(0x29e0, mulmod(mload(0x29c0), mload(0x26e0), f_q))
mstore(0x2a00, mulmod(12492139669565018291300799122050748188086418716150538504685768693941615300515, mload(0x520), f_q))
mstore(0x2a20, mulmod(mload(0x2a00), 1, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2a00), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2a20)), f_q), result, f_q)
mstore(10816, result)
        }
mstore(0x2a60, mulmod(9396103202274256930945606623206526900461945684265495839012435492634193195102, mload(0x520), f_q))
mstore(0x2a80, mulmod(mload(0x2a60), 9396103202274256930945606623206526900461945684265495839012435492634193195103, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2a60), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2a80)), f_q), result, f_q)
mstore(10912, result)
        }
mstore(0x2ac0, mulmod(4434153203312035428141223500262310494907219160549119258319217993795531839629, mload(0x940), f_q))
mstore(0x2ae0, mulmod(mload(0x2ac0), 1, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2ac0), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2ae0)), f_q), result, f_q)
mstore(11008, result)
        }
mstore(0x2b20, mulmod(18042443351779991679328800704718231302142068550905202241745655406400183583284, mload(0x940), f_q))
mstore(0x2b40, mulmod(mload(0x2b20), 9396103202274256930945606623206526900461945684265495839012435492634193195103, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2b20), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2b40)), f_q), result, f_q)
mstore(11104, result)
        }
mstore(0x2b80, mulmod(6834164220883323030929637654958369466852776553767609064073364484479272155512, mload(0x940), f_q))
mstore(0x2ba0, mulmod(mload(0x2b80), 19380560087801265747114831706136320509424814679569278834391540198888293317501, f_q))
{
            let result := mulmod(mload(0x8c0), mload(0x2b80), f_q)
result := addmod(mulmod(mload(0x520), sub(f_q, mload(0x2ba0)), f_q), result, f_q)
mstore(11200, result)
        }
{
            let result := mulmod(mload(0x8c0), 1, f_q)
result := addmod(mulmod(mload(0x520), 21888242871839275222246405745257275088548364400416034343698204186575808495616, f_q), result, f_q)
mstore(11232, result)
        }
{
            let prod := mload(0x2740)

                prod := mulmod(mload(0x27a0), prod, f_q)
                mstore(0x2c00, prod)

                prod := mulmod(mload(0x2800), prod, f_q)
                mstore(0x2c20, prod)

                prod := mulmod(mload(0x2860), prod, f_q)
                mstore(0x2c40, prod)

                prod := mulmod(mload(0x28c0), prod, f_q)
                mstore(0x2c60, prod)

                prod := mulmod(mload(0x2920), prod, f_q)
                mstore(0x2c80, prod)

                prod := mulmod(mload(0x2a40), prod, f_q)
                mstore(0x2ca0, prod)

                prod := mulmod(mload(0x2aa0), prod, f_q)
                mstore(0x2cc0, prod)

                prod := mulmod(mload(0x2960), prod, f_q)
                mstore(0x2ce0, prod)

                prod := mulmod(mload(0x2b00), prod, f_q)
                mstore(0x2d00, prod)

                prod := mulmod(mload(0x2b60), prod, f_q)
                mstore(0x2d20, prod)

                prod := mulmod(mload(0x2bc0), prod, f_q)
                mstore(0x2d40, prod)

                prod := mulmod(mload(0x2980), prod, f_q)
                mstore(0x2d60, prod)

                prod := mulmod(mload(0x2be0), prod, f_q)
                mstore(0x2d80, prod)

                prod := mulmod(mload(0x2940), prod, f_q)
                mstore(0x2da0, prod)

        }
mstore(0x2de0, 32)
mstore(0x2e00, 32)
mstore(0x2e20, 32)
mstore(0x2e40, mload(0x2da0))
mstore(0x2e60, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x2e80, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x2de0, 0xc0, 0x2dc0, 0x20), 1), success)
{

            let inv := mload(0x2dc0)
            let v

                    v := mload(0x2940)
                    mstore(10560, mulmod(mload(0x2d80), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2be0)
                    mstore(11232, mulmod(mload(0x2d60), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2980)
                    mstore(10624, mulmod(mload(0x2d40), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2bc0)
                    mstore(11200, mulmod(mload(0x2d20), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2b60)
                    mstore(11104, mulmod(mload(0x2d00), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2b00)
                    mstore(11008, mulmod(mload(0x2ce0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2960)
                    mstore(10592, mulmod(mload(0x2cc0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2aa0)
                    mstore(10912, mulmod(mload(0x2ca0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2a40)
                    mstore(10816, mulmod(mload(0x2c80), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2920)
                    mstore(10528, mulmod(mload(0x2c60), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x28c0)
                    mstore(10432, mulmod(mload(0x2c40), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2860)
                    mstore(10336, mulmod(mload(0x2c20), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2800)
                    mstore(10240, mulmod(mload(0x2c00), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x27a0)
                    mstore(10144, mulmod(mload(0x2740), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0x2740, inv)

        }
{
            let result := mload(0x2740)
result := addmod(mload(0x27a0), result, f_q)
result := addmod(mload(0x2800), result, f_q)
result := addmod(mload(0x2860), result, f_q)
result := addmod(mload(0x28c0), result, f_q)
result := addmod(mload(0x2920), result, f_q)
mstore(11936, result)
        }
mstore(0x2ec0, mulmod(mload(0x29e0), mload(0x2960), f_q))
{
            let result := mload(0x2a40)
result := addmod(mload(0x2aa0), result, f_q)
mstore(12000, result)
        }
mstore(0x2f00, mulmod(mload(0x29e0), mload(0x2980), f_q))
{
            let result := mload(0x2b00)
result := addmod(mload(0x2b60), result, f_q)
result := addmod(mload(0x2bc0), result, f_q)
mstore(12064, result)
        }
mstore(0x2f40, mulmod(mload(0x29e0), mload(0x2940), f_q))
{
            let result := mload(0x2be0)
mstore(12128, result)
        }
{
            let prod := mload(0x2ea0)

                prod := mulmod(mload(0x2ee0), prod, f_q)
                mstore(0x2f80, prod)

                prod := mulmod(mload(0x2f20), prod, f_q)
                mstore(0x2fa0, prod)

                prod := mulmod(mload(0x2f60), prod, f_q)
                mstore(0x2fc0, prod)

        }
mstore(0x3000, 32)
mstore(0x3020, 32)
mstore(0x3040, 32)
mstore(0x3060, mload(0x2fc0))
mstore(0x3080, 21888242871839275222246405745257275088548364400416034343698204186575808495615)
mstore(0x30a0, 21888242871839275222246405745257275088548364400416034343698204186575808495617)
success := and(eq(staticcall(gas(), 0x5, 0x3000, 0xc0, 0x2fe0, 0x20), 1), success)
{

            let inv := mload(0x2fe0)
            let v

                    v := mload(0x2f60)
                    mstore(12128, mulmod(mload(0x2fa0), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2f20)
                    mstore(12064, mulmod(mload(0x2f80), inv, f_q))
                    inv := mulmod(v, inv, f_q)

                    v := mload(0x2ee0)
                    mstore(12000, mulmod(mload(0x2ea0), inv, f_q))
                    inv := mulmod(v, inv, f_q)
                mstore(0x2ea0, inv)

        }
mstore(0x30c0, mulmod(mload(0x2ec0), mload(0x2ee0), f_q))
mstore(0x30e0, mulmod(mload(0x2f00), mload(0x2f20), f_q))
mstore(0x3100, mulmod(mload(0x2f40), mload(0x2f60), f_q))
mstore(0x3120, mulmod(mload(0x7c0), mload(0x7c0), f_q))
mstore(0x3140, mulmod(mload(0x3120), mload(0x7c0), f_q))
mstore(0x3160, mulmod(mload(0x3140), mload(0x7c0), f_q))
mstore(0x3180, mulmod(mload(0x3160), mload(0x7c0), f_q))
mstore(0x31a0, mulmod(mload(0x3180), mload(0x7c0), f_q))
mstore(0x31c0, mulmod(mload(0x31a0), mload(0x7c0), f_q))
mstore(0x31e0, mulmod(mload(0x31c0), mload(0x7c0), f_q))
mstore(0x3200, mulmod(mload(0x820), mload(0x820), f_q))
mstore(0x3220, mulmod(mload(0x3200), mload(0x820), f_q))
mstore(0x3240, mulmod(mload(0x3220), mload(0x820), f_q))
{
            let result := mulmod(mload(0x560), mload(0x2740), f_q)
result := addmod(mulmod(mload(0x580), mload(0x27a0), f_q), result, f_q)
result := addmod(mulmod(mload(0x5a0), mload(0x2800), f_q), result, f_q)
result := addmod(mulmod(mload(0x5c0), mload(0x2860), f_q), result, f_q)
result := addmod(mulmod(mload(0x5e0), mload(0x28c0), f_q), result, f_q)
result := addmod(mulmod(mload(0x600), mload(0x2920), f_q), result, f_q)
mstore(12896, result)
        }
mstore(0x3280, mulmod(mload(0x3260), mload(0x2ea0), f_q))
mstore(0x32a0, mulmod(sub(f_q, mload(0x3280)), 1, f_q))
mstore(0x32c0, mulmod(mload(0x32a0), 1, f_q))
mstore(0x32e0, mulmod(1, mload(0x2ec0), f_q))
{
            let result := mulmod(mload(0x760), mload(0x2a40), f_q)
result := addmod(mulmod(mload(0x780), mload(0x2aa0), f_q), result, f_q)
mstore(13056, result)
        }
mstore(0x3320, mulmod(mload(0x3300), mload(0x30c0), f_q))
mstore(0x3340, mulmod(sub(f_q, mload(0x3320)), 1, f_q))
mstore(0x3360, mulmod(mload(0x32e0), 1, f_q))
mstore(0x3380, mulmod(mload(0x3340), mload(0x820), f_q))
mstore(0x33a0, mulmod(mload(0x3360), mload(0x820), f_q))
mstore(0x33c0, addmod(mload(0x32c0), mload(0x3380), f_q))
mstore(0x33e0, mulmod(1, mload(0x2f00), f_q))
{
            let result := mulmod(mload(0x620), mload(0x2b00), f_q)
result := addmod(mulmod(mload(0x640), mload(0x2b60), f_q), result, f_q)
result := addmod(mulmod(mload(0x660), mload(0x2bc0), f_q), result, f_q)
mstore(13312, result)
        }
mstore(0x3420, mulmod(mload(0x3400), mload(0x30e0), f_q))
mstore(0x3440, mulmod(sub(f_q, mload(0x3420)), 1, f_q))
mstore(0x3460, mulmod(mload(0x33e0), 1, f_q))
mstore(0x3480, mulmod(mload(0x3440), mload(0x3200), f_q))
mstore(0x34a0, mulmod(mload(0x3460), mload(0x3200), f_q))
mstore(0x34c0, addmod(mload(0x33c0), mload(0x3480), f_q))
mstore(0x34e0, mulmod(1, mload(0x2f40), f_q))
{
            let result := mulmod(mload(0x680), mload(0x2be0), f_q)
mstore(13568, result)
        }
mstore(0x3520, mulmod(mload(0x3500), mload(0x3100), f_q))
mstore(0x3540, mulmod(sub(f_q, mload(0x3520)), 1, f_q))
mstore(0x3560, mulmod(mload(0x34e0), 1, f_q))
{
            let result := mulmod(mload(0x6a0), mload(0x2be0), f_q)
mstore(13696, result)
        }
mstore(0x35a0, mulmod(mload(0x3580), mload(0x3100), f_q))
mstore(0x35c0, mulmod(sub(f_q, mload(0x35a0)), mload(0x7c0), f_q))
mstore(0x35e0, mulmod(mload(0x34e0), mload(0x7c0), f_q))
mstore(0x3600, addmod(mload(0x3540), mload(0x35c0), f_q))
{
            let result := mulmod(mload(0x6c0), mload(0x2be0), f_q)
mstore(13856, result)
        }
mstore(0x3640, mulmod(mload(0x3620), mload(0x3100), f_q))
mstore(0x3660, mulmod(sub(f_q, mload(0x3640)), mload(0x3120), f_q))
mstore(0x3680, mulmod(mload(0x34e0), mload(0x3120), f_q))
mstore(0x36a0, addmod(mload(0x3600), mload(0x3660), f_q))
{
            let result := mulmod(mload(0x6e0), mload(0x2be0), f_q)
mstore(14016, result)
        }
mstore(0x36e0, mulmod(mload(0x36c0), mload(0x3100), f_q))
mstore(0x3700, mulmod(sub(f_q, mload(0x36e0)), mload(0x3140), f_q))
mstore(0x3720, mulmod(mload(0x34e0), mload(0x3140), f_q))
mstore(0x3740, addmod(mload(0x36a0), mload(0x3700), f_q))
{
            let result := mulmod(mload(0x720), mload(0x2be0), f_q)
mstore(14176, result)
        }
mstore(0x3780, mulmod(mload(0x3760), mload(0x3100), f_q))
mstore(0x37a0, mulmod(sub(f_q, mload(0x3780)), mload(0x3160), f_q))
mstore(0x37c0, mulmod(mload(0x34e0), mload(0x3160), f_q))
mstore(0x37e0, addmod(mload(0x3740), mload(0x37a0), f_q))
{
            let result := mulmod(mload(0x740), mload(0x2be0), f_q)
mstore(14336, result)
        }
mstore(0x3820, mulmod(mload(0x3800), mload(0x3100), f_q))
mstore(0x3840, mulmod(sub(f_q, mload(0x3820)), mload(0x3180), f_q))
mstore(0x3860, mulmod(mload(0x34e0), mload(0x3180), f_q))
mstore(0x3880, addmod(mload(0x37e0), mload(0x3840), f_q))
mstore(0x38a0, mulmod(mload(0x2460), mload(0x2f40), f_q))
mstore(0x38c0, mulmod(mload(0x2480), mload(0x2f40), f_q))
mstore(0x38e0, mulmod(mload(0x24a0), mload(0x2f40), f_q))
mstore(0x3900, mulmod(mload(0x24c0), mload(0x2f40), f_q))
{
            let result := mulmod(mload(0x24e0), mload(0x2be0), f_q)
mstore(14624, result)
        }
mstore(0x3940, mulmod(mload(0x3920), mload(0x3100), f_q))
mstore(0x3960, mulmod(sub(f_q, mload(0x3940)), mload(0x31a0), f_q))
mstore(0x3980, mulmod(mload(0x34e0), mload(0x31a0), f_q))
mstore(0x39a0, mulmod(mload(0x38a0), mload(0x31a0), f_q))
mstore(0x39c0, mulmod(mload(0x38c0), mload(0x31a0), f_q))
mstore(0x39e0, mulmod(mload(0x38e0), mload(0x31a0), f_q))
mstore(0x3a00, mulmod(mload(0x3900), mload(0x31a0), f_q))
mstore(0x3a20, addmod(mload(0x3880), mload(0x3960), f_q))
{
            let result := mulmod(mload(0x700), mload(0x2be0), f_q)
mstore(14912, result)
        }
mstore(0x3a60, mulmod(mload(0x3a40), mload(0x3100), f_q))
mstore(0x3a80, mulmod(sub(f_q, mload(0x3a60)), mload(0x31c0), f_q))
mstore(0x3aa0, mulmod(mload(0x34e0), mload(0x31c0), f_q))
mstore(0x3ac0, addmod(mload(0x3a20), mload(0x3a80), f_q))
mstore(0x3ae0, mulmod(mload(0x3ac0), mload(0x3220), f_q))
mstore(0x3b00, mulmod(mload(0x3560), mload(0x3220), f_q))
mstore(0x3b20, mulmod(mload(0x35e0), mload(0x3220), f_q))
mstore(0x3b40, mulmod(mload(0x3680), mload(0x3220), f_q))
mstore(0x3b60, mulmod(mload(0x3720), mload(0x3220), f_q))
mstore(0x3b80, mulmod(mload(0x37c0), mload(0x3220), f_q))
mstore(0x3ba0, mulmod(mload(0x3860), mload(0x3220), f_q))
mstore(0x3bc0, mulmod(mload(0x3980), mload(0x3220), f_q))
mstore(0x3be0, mulmod(mload(0x39a0), mload(0x3220), f_q))
mstore(0x3c00, mulmod(mload(0x39c0), mload(0x3220), f_q))
mstore(0x3c20, mulmod(mload(0x39e0), mload(0x3220), f_q))
mstore(0x3c40, mulmod(mload(0x3a00), mload(0x3220), f_q))
mstore(0x3c60, mulmod(mload(0x3aa0), mload(0x3220), f_q))
mstore(0x3c80, addmod(mload(0x34c0), mload(0x3ae0), f_q))
mstore(0x3ca0, mulmod(1, mload(0x29e0), f_q))
mstore(0x3cc0, mulmod(1, mload(0x8c0), f_q))
mstore(0x3ce0, 0x0000000000000000000000000000000000000000000000000000000000000001)
                    mstore(0x3d00, 0x0000000000000000000000000000000000000000000000000000000000000002)
mstore(0x3d20, mload(0x3c80))
success := and(eq(staticcall(gas(), 0x7, 0x3ce0, 0x60, 0x3ce0, 0x40), 1), success)
mstore(0x3d40, mload(0x3ce0))
                    mstore(0x3d60, mload(0x3d00))
mstore(0x3d80, mload(0x180))
                    mstore(0x3da0, mload(0x1a0))
success := and(eq(staticcall(gas(), 0x6, 0x3d40, 0x80, 0x3d40, 0x40), 1), success)
mstore(0x3dc0, mload(0x2e0))
                    mstore(0x3de0, mload(0x300))
mstore(0x3e00, mload(0x33a0))
success := and(eq(staticcall(gas(), 0x7, 0x3dc0, 0x60, 0x3dc0, 0x40), 1), success)
mstore(0x3e20, mload(0x3d40))
                    mstore(0x3e40, mload(0x3d60))
mstore(0x3e60, mload(0x3dc0))
                    mstore(0x3e80, mload(0x3de0))
success := and(eq(staticcall(gas(), 0x6, 0x3e20, 0x80, 0x3e20, 0x40), 1), success)
mstore(0x3ea0, 0x17bed6aaee5d17e502644ff5627c41996ebff07617f6d347ec3a854b5dfb89c1)
                    mstore(0x3ec0, 0x1e3a767d5d2b97251fc89ee25e5b0c2b23db53897cb56cb7ac1f0eb88f5c40e8)
mstore(0x3ee0, mload(0x34a0))
success := and(eq(staticcall(gas(), 0x7, 0x3ea0, 0x60, 0x3ea0, 0x40), 1), success)
mstore(0x3f00, mload(0x3e20))
                    mstore(0x3f20, mload(0x3e40))
mstore(0x3f40, mload(0x3ea0))
                    mstore(0x3f60, mload(0x3ec0))
success := and(eq(staticcall(gas(), 0x6, 0x3f00, 0x80, 0x3f00, 0x40), 1), success)
mstore(0x3f80, 0x29ae96c53b17b984796109460b432eea2117fd16c5f1ee86a6ebcbaaa6615b05)
                    mstore(0x3fa0, 0x0bf7f7c491b6c4cb498d85ee1dccefc4245988ab6c0471a09145443693bfb512)
mstore(0x3fc0, mload(0x3b00))
success := and(eq(staticcall(gas(), 0x7, 0x3f80, 0x60, 0x3f80, 0x40), 1), success)
mstore(0x3fe0, mload(0x3f00))
                    mstore(0x4000, mload(0x3f20))
mstore(0x4020, mload(0x3f80))
                    mstore(0x4040, mload(0x3fa0))
success := and(eq(staticcall(gas(), 0x6, 0x3fe0, 0x80, 0x3fe0, 0x40), 1), success)
mstore(0x4060, 0x1ab4c9edaf5c3c3ecb06a19f6828e3be4b814a1e4dfa16206c79dd6d70bc8d4a)
                    mstore(0x4080, 0x1ab63572df4ffa9c842464740c4e085b638fd28bba646ca53c2e02f53927f18d)
mstore(0x40a0, mload(0x3b20))
success := and(eq(staticcall(gas(), 0x7, 0x4060, 0x60, 0x4060, 0x40), 1), success)
mstore(0x40c0, mload(0x3fe0))
                    mstore(0x40e0, mload(0x4000))
mstore(0x4100, mload(0x4060))
                    mstore(0x4120, mload(0x4080))
success := and(eq(staticcall(gas(), 0x6, 0x40c0, 0x80, 0x40c0, 0x40), 1), success)
mstore(0x4140, 0x1f74941faaf408c537083efa194356d0813f3daa49f0f022168d1c4d9d469b27)
                    mstore(0x4160, 0x19d20ee66bf2d904e5cb9c69fb81c8008ae2c1d070866b3f62dc4fd40a3ae293)
mstore(0x4180, mload(0x3b40))
success := and(eq(staticcall(gas(), 0x7, 0x4140, 0x60, 0x4140, 0x40), 1), success)
mstore(0x41a0, mload(0x40c0))
                    mstore(0x41c0, mload(0x40e0))
mstore(0x41e0, mload(0x4140))
                    mstore(0x4200, mload(0x4160))
success := and(eq(staticcall(gas(), 0x6, 0x41a0, 0x80, 0x41a0, 0x40), 1), success)
mstore(0x4220, 0x216473fcdcf4e96e9128b92578783089742af2ccca1f85a46f91b65f845c8eaa)
                    mstore(0x4240, 0x2847ef12dc3bbe6f8c475aa91551c366040c35858dbbca18d72e3f42aa17f556)
mstore(0x4260, mload(0x3b60))
success := and(eq(staticcall(gas(), 0x7, 0x4220, 0x60, 0x4220, 0x40), 1), success)
mstore(0x4280, mload(0x41a0))
                    mstore(0x42a0, mload(0x41c0))
mstore(0x42c0, mload(0x4220))
                    mstore(0x42e0, mload(0x4240))
success := and(eq(staticcall(gas(), 0x6, 0x4280, 0x80, 0x4280, 0x40), 1), success)
mstore(0x4300, 0x150194c7ebdf3ada4ba36693c461aa965aa6beea2ac07ac14a80db09c2769036)
                    mstore(0x4320, 0x1ecfaacb040671eebeda1a8fa50f3521afd3dff54b8cd6d854a7a9a4d9428851)
mstore(0x4340, mload(0x3b80))
success := and(eq(staticcall(gas(), 0x7, 0x4300, 0x60, 0x4300, 0x40), 1), success)
mstore(0x4360, mload(0x4280))
                    mstore(0x4380, mload(0x42a0))
mstore(0x43a0, mload(0x4300))
                    mstore(0x43c0, mload(0x4320))
success := and(eq(staticcall(gas(), 0x6, 0x4360, 0x80, 0x4360, 0x40), 1), success)
mstore(0x43e0, 0x2c4f9d86c5ff8c07860f3df30b66c8f4a3d6d06f5970ff24dc6eb8fe831bf161)
                    mstore(0x4400, 0x2816345b927d56a1d363fb0eb929c64ce9a29dec04724653a0e8743092536b21)
mstore(0x4420, mload(0x3ba0))
success := and(eq(staticcall(gas(), 0x7, 0x43e0, 0x60, 0x43e0, 0x40), 1), success)
mstore(0x4440, mload(0x4360))
                    mstore(0x4460, mload(0x4380))
mstore(0x4480, mload(0x43e0))
                    mstore(0x44a0, mload(0x4400))
success := and(eq(staticcall(gas(), 0x6, 0x4440, 0x80, 0x4440, 0x40), 1), success)
mstore(0x44c0, mload(0x3c0))
                    mstore(0x44e0, mload(0x3e0))
mstore(0x4500, mload(0x3bc0))
success := and(eq(staticcall(gas(), 0x7, 0x44c0, 0x60, 0x44c0, 0x40), 1), success)
mstore(0x4520, mload(0x4440))
                    mstore(0x4540, mload(0x4460))
mstore(0x4560, mload(0x44c0))
                    mstore(0x4580, mload(0x44e0))
success := and(eq(staticcall(gas(), 0x6, 0x4520, 0x80, 0x4520, 0x40), 1), success)
mstore(0x45a0, mload(0x400))
                    mstore(0x45c0, mload(0x420))
mstore(0x45e0, mload(0x3be0))
success := and(eq(staticcall(gas(), 0x7, 0x45a0, 0x60, 0x45a0, 0x40), 1), success)
mstore(0x4600, mload(0x4520))
                    mstore(0x4620, mload(0x4540))
mstore(0x4640, mload(0x45a0))
                    mstore(0x4660, mload(0x45c0))
success := and(eq(staticcall(gas(), 0x6, 0x4600, 0x80, 0x4600, 0x40), 1), success)
mstore(0x4680, mload(0x440))
                    mstore(0x46a0, mload(0x460))
mstore(0x46c0, mload(0x3c00))
success := and(eq(staticcall(gas(), 0x7, 0x4680, 0x60, 0x4680, 0x40), 1), success)
mstore(0x46e0, mload(0x4600))
                    mstore(0x4700, mload(0x4620))
mstore(0x4720, mload(0x4680))
                    mstore(0x4740, mload(0x46a0))
success := and(eq(staticcall(gas(), 0x6, 0x46e0, 0x80, 0x46e0, 0x40), 1), success)
mstore(0x4760, mload(0x480))
                    mstore(0x4780, mload(0x4a0))
mstore(0x47a0, mload(0x3c20))
success := and(eq(staticcall(gas(), 0x7, 0x4760, 0x60, 0x4760, 0x40), 1), success)
mstore(0x47c0, mload(0x46e0))
                    mstore(0x47e0, mload(0x4700))
mstore(0x4800, mload(0x4760))
                    mstore(0x4820, mload(0x4780))
success := and(eq(staticcall(gas(), 0x6, 0x47c0, 0x80, 0x47c0, 0x40), 1), success)
mstore(0x4840, mload(0x4c0))
                    mstore(0x4860, mload(0x4e0))
mstore(0x4880, mload(0x3c40))
success := and(eq(staticcall(gas(), 0x7, 0x4840, 0x60, 0x4840, 0x40), 1), success)
mstore(0x48a0, mload(0x47c0))
                    mstore(0x48c0, mload(0x47e0))
mstore(0x48e0, mload(0x4840))
                    mstore(0x4900, mload(0x4860))
success := and(eq(staticcall(gas(), 0x6, 0x48a0, 0x80, 0x48a0, 0x40), 1), success)
mstore(0x4920, mload(0x320))
                    mstore(0x4940, mload(0x340))
mstore(0x4960, mload(0x3c60))
success := and(eq(staticcall(gas(), 0x7, 0x4920, 0x60, 0x4920, 0x40), 1), success)
mstore(0x4980, mload(0x48a0))
                    mstore(0x49a0, mload(0x48c0))
mstore(0x49c0, mload(0x4920))
                    mstore(0x49e0, mload(0x4940))
success := and(eq(staticcall(gas(), 0x6, 0x4980, 0x80, 0x4980, 0x40), 1), success)
mstore(0x4a00, mload(0x860))
                    mstore(0x4a20, mload(0x880))
mstore(0x4a40, sub(f_q, mload(0x3ca0)))
success := and(eq(staticcall(gas(), 0x7, 0x4a00, 0x60, 0x4a00, 0x40), 1), success)
mstore(0x4a60, mload(0x4980))
                    mstore(0x4a80, mload(0x49a0))
mstore(0x4aa0, mload(0x4a00))
                    mstore(0x4ac0, mload(0x4a20))
success := and(eq(staticcall(gas(), 0x6, 0x4a60, 0x80, 0x4a60, 0x40), 1), success)
mstore(0x4ae0, mload(0x900))
                    mstore(0x4b00, mload(0x920))
mstore(0x4b20, mload(0x3cc0))
success := and(eq(staticcall(gas(), 0x7, 0x4ae0, 0x60, 0x4ae0, 0x40), 1), success)
mstore(0x4b40, mload(0x4a60))
                    mstore(0x4b60, mload(0x4a80))
mstore(0x4b80, mload(0x4ae0))
                    mstore(0x4ba0, mload(0x4b00))
success := and(eq(staticcall(gas(), 0x6, 0x4b40, 0x80, 0x4b40, 0x40), 1), success)
mstore(0x4bc0, mload(0x4b40))
                    mstore(0x4be0, mload(0x4b60))
mstore(0x4c00, 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
            mstore(0x4c20, 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
            mstore(0x4c40, 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b)
            mstore(0x4c60, 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa)
mstore(0x4c80, mload(0x900))
                    mstore(0x4ca0, mload(0x920))
mstore(0x4cc0, 0x197f018c2c2e134a7e6b464a0fbd326ab20bf35f26e67de966ee048b95c7a645)
            mstore(0x4ce0, 0x24b8720e6f2c4fcf35c3687c22108b7905a295625ac8f7fb633b35f0ebc85839)
            mstore(0x4d00, 0x115168109aad3bff87f0b977f2d2d79fbff5bba3c4274ef85fb70ccd97a3ede6)
            mstore(0x4d20, 0x1161ad161e3d63a3fc2bdb45757e9e0cb3fe36d0c963ff237ab37c5dae662e55)
success := and(eq(staticcall(gas(), 0x8, 0x4bc0, 0x180, 0x4bc0, 0x20), 1), success)
success := and(eq(mload(0x4bc0), 1), success)

            // Revert if anything fails
            if iszero(success) { revert(0, 0) }

            // Return empty bytes on success
            return(0, 0)

        }
    }
}
