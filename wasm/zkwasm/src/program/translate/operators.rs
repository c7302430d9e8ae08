//! Which WebAssembly operator is which operation.

use wasmparser::Operator;

use crate::program::isa::Op;

/// Two operands, one result; `true` where they are taken in the other order.
pub fn binary(operator: &Operator<'_>) -> Option<(Op, bool)> {
    use Operator as W;
    Some(match operator {
        W::I32Add => (Op::Add32, false),
        W::I64Add => (Op::Add64, false),
        W::I32Sub => (Op::Sub32, false),
        W::I64Sub => (Op::Sub64, false),
        W::I32Mul => (Op::Mul32, false),
        W::I64Mul => (Op::Mul64, false),
        W::I32DivU | W::I64DivU => (Op::DivU, false),
        W::I32RemU | W::I64RemU => (Op::RemU, false),
        W::I32DivS => (Op::DivS32, false),
        W::I64DivS => (Op::DivS64, false),
        W::I32RemS => (Op::RemS32, false),
        W::I64RemS => (Op::RemS64, false),
        W::I32And | W::I64And => (Op::And, false),
        W::I32Or | W::I64Or => (Op::Or, false),
        W::I32Xor | W::I64Xor => (Op::Xor, false),
        W::I32Shl => (Op::Shl32, false),
        W::I64Shl => (Op::Shl64, false),
        W::I32ShrU => (Op::ShrU32, false),
        W::I64ShrU => (Op::ShrU64, false),
        W::I32ShrS => (Op::ShrS32, false),
        W::I64ShrS => (Op::ShrS64, false),
        W::I32Rotl => (Op::Rotl32, false),
        W::I64Rotl => (Op::Rotl64, false),
        W::I32Rotr => (Op::Rotr32, false),
        W::I64Rotr => (Op::Rotr64, false),
        W::I32Eq | W::I64Eq => (Op::Eq, false),
        W::I32Ne | W::I64Ne => (Op::Ne, false),
        W::I32LtU | W::I64LtU => (Op::LtU, false),
        W::I32GtU | W::I64GtU => (Op::LtU, true),
        W::I32GeU | W::I64GeU => (Op::GeU, false),
        W::I32LeU | W::I64LeU => (Op::GeU, true),
        W::I32LtS => (Op::LtS32, false),
        W::I32GtS => (Op::LtS32, true),
        W::I32GeS => (Op::GeS32, false),
        W::I32LeS => (Op::GeS32, true),
        W::I64LtS => (Op::LtS64, false),
        W::I64GtS => (Op::LtS64, true),
        W::I64GeS => (Op::GeS64, false),
        W::I64LeS => (Op::GeS64, true),
        _ => return None,
    })
}

/// Whether operands may be exchanged.
pub fn commutes(op: Op) -> bool {
    use Op::{Add32, Add64, And, Eq, Mul32, Mul64, Ne, Or, Xor};
    matches!(op, Add32 | Add64 | Mul32 | Mul64 | And | Or | Xor | Eq | Ne)
}

/// `c < x` is `x >= c + 1`, and `c >= x` is `x < c + 1`, save for the largest `c`.
pub fn turn(op: Op) -> Option<(Op, u64)> {
    Some(match op {
        Op::LtU => (Op::GeU, u64::MAX),
        Op::GeU => (Op::LtU, u64::MAX),
        Op::LtS32 => (Op::GeS32, i32::MAX as u64),
        Op::GeS32 => (Op::LtS32, i32::MAX as u64),
        Op::LtS64 => (Op::GeS64, i64::MAX as u64),
        Op::GeS64 => (Op::LtS64, i64::MAX as u64),
        _ => return None,
    })
}

/// One operand, one result.
pub fn unary(operator: &Operator<'_>) -> Option<Op> {
    use Operator as W;
    Some(match operator {
        W::I32Eqz | W::I64Eqz | W::RefIsNull => Op::Eq,
        W::I32Clz => Op::Clz32,
        W::I64Clz => Op::Clz64,
        W::I32Ctz => Op::Ctz32,
        W::I64Ctz => Op::Ctz64,
        W::I32Popcnt | W::I64Popcnt => Op::Popcnt,
        W::I32WrapI64 => Op::Wrap,
        W::I32Extend8S => Op::Ext8S32,
        W::I32Extend16S => Op::Ext16S32,
        W::I64Extend8S => Op::Ext8S64,
        W::I64Extend16S => Op::Ext16S64,
        W::I64Extend32S | W::I64ExtendI32S => Op::Ext32S64,
        _ => return None,
    })
}

/// Loads and stores with their offset.
pub fn memory(operator: &Operator<'_>) -> Option<(Op, u64)> {
    use Operator as W;
    let (op, memarg) = match operator {
        W::I32Load { memarg } | W::I64Load32U { memarg } => (Op::Load32U, memarg),
        W::I64Load { memarg } => (Op::Load64, memarg),
        W::I32Load8U { memarg } | W::I64Load8U { memarg } => (Op::Load8U, memarg),
        W::I32Load16U { memarg } | W::I64Load16U { memarg } => (Op::Load16U, memarg),
        W::I32Load8S { memarg } => (Op::Load8S32, memarg),
        W::I32Load16S { memarg } => (Op::Load16S32, memarg),
        W::I64Load8S { memarg } => (Op::Load8S64, memarg),
        W::I64Load16S { memarg } => (Op::Load16S64, memarg),
        W::I64Load32S { memarg } => (Op::Load32S64, memarg),
        W::I32Store8 { memarg } | W::I64Store8 { memarg } => (Op::Store8, memarg),
        W::I32Store16 { memarg } | W::I64Store16 { memarg } => (Op::Store16, memarg),
        W::I32Store { memarg } | W::I64Store32 { memarg } => (Op::Store32, memarg),
        W::I64Store { memarg } => (Op::Store64, memarg),
        _ => return None,
    };
    Some((op, memarg.offset))
}

/// Instructions on references that are not supported; a null is 0.
pub fn is_reference(operator: &Operator<'_>) -> bool {
    use Operator as W;
    matches!(
        operator,
        W::RefFunc { .. }
            | W::TableGet { .. }
            | W::TableSet { .. }
            | W::TableGrow { .. }
            | W::TableSize { .. }
            | W::TableFill { .. }
            | W::TypedSelectMulti { .. }
    )
}
