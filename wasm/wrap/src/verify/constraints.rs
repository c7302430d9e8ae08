//! The constraints of a table at ζ, from the expressions that the Rust prover has of them.

use std::{collections::HashMap, sync::Arc};

use p3_air::symbolic::{
    BaseEntry, BaseLeaf, ExtEntry, ExtLeaf, SymbolicExpr, SymbolicExpression, SymbolicExpressionExt,
};
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;

use super::shape::Constraint;
use crate::{
    ext::{Ext, Ext4},
    koala::Num,
    tape::Tape,
};

/// What expressions speak of.
pub struct Row {
    /// The current row and the next.
    pub main: [Vec<Ext>; 2],
    pub preprocessed: [Vec<Ext>; 2],
    pub permutation: [Vec<Ext>; 2],
    pub challenges: Vec<Ext>,
    /// What the table's lookups add up to.
    pub terminal: Vec<Ext>,
    pub public_values: Vec<Num>,
    pub periodic: Vec<Ext>,
    pub is_first: Ext,
    pub is_last: Ext,
    pub is_transition: Ext,
}

#[derive(Clone)]
enum Value {
    Base(Num),
    Ext(Ext),
}

/// Values of subexpressions by where they are kept: what is shared is computed once, and reduced
/// once where it is a factor.
struct Evaluator<'a> {
    row: &'a Row,
    base: HashMap<*const SymbolicExpression<KoalaBear>, Value>,
    ext: HashMap<*const SymbolicExpressionExt<KoalaBear, Ext4>, Value>,
}

/// The constraints, folded by powers of a challenge; not reduced.
pub fn fold(tape: &mut Tape, constraints: &[Constraint], row: &Row, alpha: &Ext) -> Ext {
    let mut evaluator = Evaluator { row, base: HashMap::new(), ext: HashMap::new() };
    let mut folded = tape.fixed_ext(Ext4::ZERO);
    for constraint in constraints {
        let value = match constraint {
            Constraint::Base(expression) => evaluator.base(tape, expression),
            Constraint::Ext(expression) => evaluator.ext(tape, expression),
        };
        let value = lift(tape, value);
        let product = tape.ext_times(&folded, alpha);
        let sum = tape.ext_plus(&product, &value);
        folded = tape.ext_reduced(&sum);
    }
    folded
}

fn lift(tape: &mut Tape, value: Value) -> Ext {
    match value {
        Value::Base(num) => tape.lift(&num),
        Value::Ext(ext) => ext,
    }
}

impl Evaluator<'_> {
    fn base(&mut self, tape: &mut Tape, expression: &SymbolicExpression<KoalaBear>) -> Value {
        match expression {
            SymbolicExpr::Leaf(leaf) => self.base_leaf(tape, leaf),
            SymbolicExpr::Add { x, y, .. } => {
                let (x, y) = (self.shared_base(tape, x), self.shared_base(tape, y));
                plus(tape, x, y)
            }
            SymbolicExpr::Sub { x, y, .. } => {
                let (x, y) = (self.shared_base(tape, x), self.shared_base(tape, y));
                minus(tape, x, y)
            }
            SymbolicExpr::Neg { x, .. } => {
                let x = self.shared_base(tape, x);
                negative(tape, x)
            }
            SymbolicExpr::Mul { x, y, .. } => {
                let (x, y) = (self.base_factor(tape, x), self.base_factor(tape, y));
                times(tape, x, y)
            }
        }
    }

    fn shared_base(
        &mut self,
        tape: &mut Tape,
        expression: &Arc<SymbolicExpression<KoalaBear>>,
    ) -> Value {
        if let Some(value) = self.base.get(&Arc::as_ptr(expression)) {
            return value.clone();
        }
        let value = self.base(tape, expression);
        self.base.insert(Arc::as_ptr(expression), value.clone());
        value
    }

    fn base_factor(
        &mut self,
        tape: &mut Tape,
        expression: &Arc<SymbolicExpression<KoalaBear>>,
    ) -> Value {
        let value = self.shared_base(tape, expression);
        let value = small(tape, value);
        self.base.insert(Arc::as_ptr(expression), value.clone());
        value
    }

    fn base_leaf(&self, tape: &mut Tape, leaf: &BaseLeaf<KoalaBear>) -> Value {
        let row = self.row;
        match leaf {
            BaseLeaf::Variable(variable) => match variable.entry {
                BaseEntry::Main { offset } => Value::Ext(row.main[offset][variable.index].clone()),
                BaseEntry::Preprocessed { offset } => {
                    Value::Ext(row.preprocessed[offset][variable.index].clone())
                }
                BaseEntry::Public => Value::Base(row.public_values[variable.index].clone()),
                BaseEntry::Periodic => Value::Ext(row.periodic[variable.index].clone()),
            },
            BaseLeaf::IsFirstRow => Value::Ext(row.is_first.clone()),
            BaseLeaf::IsLastRow => Value::Ext(row.is_last.clone()),
            BaseLeaf::IsTransition => Value::Ext(row.is_transition.clone()),
            BaseLeaf::Constant(value) => Value::Base(tape.fixed(*value)),
        }
    }

    fn ext(
        &mut self,
        tape: &mut Tape,
        expression: &SymbolicExpressionExt<KoalaBear, Ext4>,
    ) -> Value {
        match expression {
            SymbolicExpr::Leaf(ExtLeaf::Base(base)) => self.base(tape, base),
            SymbolicExpr::Leaf(ExtLeaf::ExtConstant(value)) => Value::Ext(tape.fixed_ext(*value)),
            SymbolicExpr::Leaf(ExtLeaf::ExtVariable(variable)) => {
                let of = match variable.entry {
                    ExtEntry::Permutation { offset } => &self.row.permutation[offset],
                    ExtEntry::Challenge => &self.row.challenges,
                    ExtEntry::PermutationValue => &self.row.terminal,
                };
                Value::Ext(of[variable.index].clone())
            }
            SymbolicExpr::Add { x, y, .. } => {
                let (x, y) = (self.shared_ext(tape, x), self.shared_ext(tape, y));
                plus(tape, x, y)
            }
            SymbolicExpr::Sub { x, y, .. } => {
                let (x, y) = (self.shared_ext(tape, x), self.shared_ext(tape, y));
                minus(tape, x, y)
            }
            SymbolicExpr::Neg { x, .. } => {
                let x = self.shared_ext(tape, x);
                negative(tape, x)
            }
            SymbolicExpr::Mul { x, y, .. } => {
                let (x, y) = (self.ext_factor(tape, x), self.ext_factor(tape, y));
                times(tape, x, y)
            }
        }
    }

    fn shared_ext(
        &mut self,
        tape: &mut Tape,
        expression: &Arc<SymbolicExpressionExt<KoalaBear, Ext4>>,
    ) -> Value {
        if let Some(value) = self.ext.get(&Arc::as_ptr(expression)) {
            return value.clone();
        }
        let value = self.ext(tape, expression);
        self.ext.insert(Arc::as_ptr(expression), value.clone());
        value
    }

    fn ext_factor(
        &mut self,
        tape: &mut Tape,
        expression: &Arc<SymbolicExpressionExt<KoalaBear, Ext4>>,
    ) -> Value {
        let value = self.shared_ext(tape, expression);
        let value = small(tape, value);
        self.ext.insert(Arc::as_ptr(expression), value.clone());
        value
    }
}

fn small(tape: &mut Tape, value: Value) -> Value {
    match value {
        Value::Base(num) => Value::Base(tape.small(&num)),
        Value::Ext(ext) => Value::Ext(tape.ext_small(&ext)),
    }
}

fn plus(tape: &mut Tape, x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::Base(x), Value::Base(y)) => Value::Base(tape.plus(&x, &y)),
        (Value::Base(x), Value::Ext(y)) | (Value::Ext(y), Value::Base(x)) => {
            let [y, rest @ ..] = y;
            let [a, b, c] = rest;
            Value::Ext([tape.plus(&x, &y), a, b, c])
        }
        (Value::Ext(x), Value::Ext(y)) => Value::Ext(tape.ext_plus(&x, &y)),
    }
}

fn minus(tape: &mut Tape, x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::Base(x), Value::Base(y)) => Value::Base(tape.minus(&x, &y)),
        (Value::Ext([x, a, b, c]), Value::Base(y)) => Value::Ext([tape.minus(&x, &y), a, b, c]),
        (x, y) => {
            let (x, y) = (lift(tape, x), lift(tape, y));
            Value::Ext(tape.ext_minus(&x, &y))
        }
    }
}

fn negative(tape: &mut Tape, x: Value) -> Value {
    let zero = Value::Base(tape.fixed(KoalaBear::ZERO));
    minus(tape, zero, x)
}

fn times(tape: &mut Tape, x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::Base(x), Value::Base(y)) => {
            let (x, y) = (tape.small(&x), tape.small(&y));
            Value::Base(tape.times(&x, &y))
        }
        (Value::Base(x), Value::Ext(y)) | (Value::Ext(y), Value::Base(x)) => {
            Value::Ext(tape.ext_scaled(&y, &x))
        }
        (Value::Ext(x), Value::Ext(y)) => Value::Ext(tape.ext_times(&x, &y)),
    }
}
