//! The constraints of a table at ζ, from the expressions that the Rust prover has of them.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use p3_air::symbolic::{
    BaseEntry, BaseLeaf, ExtEntry, ExtLeaf, SymbolicExpr, SymbolicExpression, SymbolicExpressionExt,
};
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;

use super::shape::Constraint;
use crate::{
    ext::{Ext, Ext4, Factor},
    koala::Num,
    tape::{Cell, Tape},
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

enum Value {
    Base(Num),
    Ext(Ext),
}

#[derive(Clone)]
enum Term {
    /// A value times a constant.
    Scaled(Rc<Value>, KoalaBear),
    Product(Rc<Value>, Rc<Value>),
}

/// A sum that has no cell yet: it may be part of another.
type Sum = Vec<Term>;

/// Sums of subexpressions by where they are kept: what is shared is computed once.
struct Evaluator<'a> {
    row: &'a Row,
    /// How often each is part of others.
    uses: HashMap<*const (), usize>,
    sums: HashMap<*const (), Sum>,
    /// By their first cell.
    factors: HashMap<Cell, Factor>,
}

/// The constraints, folded by powers of a challenge; not reduced.
pub fn fold(tape: &mut Tape, constraints: &[Constraint], row: &Row, alpha: &Ext) -> Ext {
    let mut uses = Uses::default();
    for constraint in constraints {
        match constraint {
            Constraint::Base(expression) => uses.base(expression),
            Constraint::Ext(expression) => uses.ext(expression),
        }
    }
    let (sums, factors) = (HashMap::new(), HashMap::new());
    let mut evaluator = Evaluator { row, uses: uses.0, sums, factors };
    let alpha = tape.factor(alpha);
    let mut folded = tape.fixed_ext(Ext4::ZERO);
    for constraint in constraints {
        let sum = match constraint {
            Constraint::Base(expression) => evaluator.base(tape, expression),
            Constraint::Ext(expression) => evaluator.ext(tape, expression),
        };
        folded = evaluator.ext_of(tape, &sum, Some((&folded, &alpha)));
        folded = tape.ext_lazy(&folded);
    }
    folded
}

/// How often subexpressions are part of others.
#[derive(Default)]
struct Uses(HashMap<*const (), usize>);

impl Uses {
    fn is_known<T>(&mut self, part: &Arc<T>) -> bool {
        let uses = self.0.entry(Arc::as_ptr(part).cast()).or_default();
        *uses += 1;
        *uses > 1
    }

    fn base(&mut self, expression: &SymbolicExpression<KoalaBear>) {
        for part in parts(expression) {
            if !self.is_known(part) {
                self.base(part);
            }
        }
    }

    fn ext(&mut self, expression: &SymbolicExpressionExt<KoalaBear, Ext4>) {
        if let SymbolicExpr::Leaf(ExtLeaf::Base(base)) = expression {
            self.base(base);
        }
        for part in parts(expression) {
            if !self.is_known(part) {
                self.ext(part);
            }
        }
    }
}

fn parts<L>(expression: &SymbolicExpr<L>) -> Vec<&Arc<SymbolicExpr<L>>> {
    match expression {
        SymbolicExpr::Leaf(_) => vec![],
        SymbolicExpr::Neg { x, .. } => vec![x],
        SymbolicExpr::Add { x, y, .. }
        | SymbolicExpr::Sub { x, y, .. }
        | SymbolicExpr::Mul { x, y, .. } => vec![x, y],
    }
}

impl Evaluator<'_> {
    fn base(&mut self, tape: &mut Tape, expression: &SymbolicExpression<KoalaBear>) -> Sum {
        if let SymbolicExpr::Leaf(leaf) = expression {
            return self.base_leaf(tape, leaf);
        }
        let sums = parts(expression).into_iter().map(|part| {
            let at = Arc::as_ptr(part);
            self.shared(tape, at.cast(), |it, tape| it.base(tape, part))
        });
        let sums = sums.collect();
        self.combined(tape, expression, sums)
    }

    fn ext(&mut self, tape: &mut Tape, expression: &SymbolicExpressionExt<KoalaBear, Ext4>) -> Sum {
        if let SymbolicExpr::Leaf(leaf) = expression {
            return self.ext_leaf(tape, leaf);
        }
        let sums = parts(expression).into_iter().map(|part| {
            let at = Arc::as_ptr(part);
            self.shared(tape, at.cast(), |it, tape| it.ext(tape, part))
        });
        let sums = sums.collect();
        self.combined(tape, expression, sums)
    }

    /// A part's sum; one value, where it is part of several and more than a multiple of a value.
    fn shared(
        &mut self,
        tape: &mut Tape,
        at: *const (),
        make: impl FnOnce(&mut Self, &mut Tape) -> Sum,
    ) -> Sum {
        if let Some(sum) = self.sums.get(&at) {
            return sum.clone();
        }
        let mut sum = make(self, tape);
        if self.uses[&at] > 1 && !matches!(sum[..], [] | [Term::Scaled(..)]) {
            sum = vec![Term::Scaled(self.value(tape, &sum), KoalaBear::ONE)];
        }
        self.sums.insert(at, sum.clone());
        sum
    }

    /// What an expression makes of the sums of its parts.
    fn combined<L>(
        &mut self,
        tape: &mut Tape,
        expression: &SymbolicExpr<L>,
        sums: Vec<Sum>,
    ) -> Sum {
        let mut sums = sums.into_iter();
        let mut next = || sums.next().expect("a part's sum");
        match expression {
            SymbolicExpr::Leaf(_) => unreachable!("has no parts"),
            SymbolicExpr::Neg { .. } => self.scaled(tape, next(), KoalaBear::NEG_ONE),
            SymbolicExpr::Add { .. } => [next(), next()].concat(),
            SymbolicExpr::Sub { .. } => {
                let (x, y) = (next(), next());
                [x, self.scaled(tape, y, KoalaBear::NEG_ONE)].concat()
            }
            SymbolicExpr::Mul { .. } => {
                let (x, y) = (next(), next());
                match (constant(tape, &x), constant(tape, &y)) {
                    (Some(factor), _) => self.scaled(tape, y, factor),
                    (_, Some(factor)) => self.scaled(tape, x, factor),
                    _ => vec![Term::Product(self.value(tape, &x), self.value(tape, &y))],
                }
            }
        }
    }

    fn scaled(&mut self, tape: &mut Tape, sum: Sum, by: KoalaBear) -> Sum {
        let scaled = |term: Term| match term {
            Term::Scaled(value, factor) => Term::Scaled(value, factor * by),
            product @ Term::Product(..) => Term::Scaled(self.value(tape, &vec![product]), by),
        };
        sum.into_iter().map(scaled).collect()
    }

    fn value(&mut self, tape: &mut Tape, sum: &Sum) -> Rc<Value> {
        if let [Term::Scaled(value, KoalaBear::ONE)] = &sum[..] {
            return value.clone();
        }
        let is_base = |value: &Rc<Value>| matches!(**value, Value::Base(_));
        let is_base = sum.iter().all(|term| match term {
            Term::Scaled(value, _) => is_base(value),
            Term::Product(a, b) => is_base(a) && is_base(b),
        });
        let ext = self.ext_of(tape, sum, None);
        Rc::new(if is_base {
            let [value, ..] = ext;
            Value::Base(value)
        } else {
            Value::Ext(ext)
        })
    }

    /// A sum, to which a product may be added, as one value.
    fn ext_of(&mut self, tape: &mut Tape, sum: &Sum, product: Option<(&Ext, &Factor)>) -> Ext {
        let (mut products, mut scaled, mut base) = (vec![], vec![], vec![]);
        for term in sum {
            let (a, b) = match term {
                Term::Scaled(value, by) => {
                    match &**value {
                        Value::Base(a) => base.push((a.clone(), tape.signed(*by))),
                        Value::Ext(a) => scaled.push((a.clone(), tape.signed(*by))),
                    }
                    continue;
                }
                Term::Product(a, b) => (&**a, &**b),
            };
            match (a, b) {
                (Value::Base(a), Value::Base(b)) => base.push((tape.lazy(a), tape.small(b))),
                (Value::Ext(a), Value::Base(b)) | (Value::Base(b), Value::Ext(a)) => {
                    scaled.push((tape.ext_lazy(a), tape.small(b)));
                }
                (Value::Ext(a), Value::Ext(b)) => {
                    let known = |it: &Ext| self.factors.contains_key(&it[0].cell);
                    let (a, b) = if known(a) && !known(b) { (b, a) } else { (a, b) };
                    let factor = self.factors.entry(b[0].cell).or_insert_with(|| tape.factor(b));
                    products.push((a.clone(), factor.clone()));
                }
            }
        }
        let products: Vec<_> = products.iter().map(|(a, by)| (a, by)).chain(product).collect();
        let scaled: Vec<_> = scaled.iter().map(|(a, by)| (a, by)).collect();
        tape.ext_dot(&products, &scaled, &base)
    }

    fn base_leaf(&self, tape: &mut Tape, leaf: &BaseLeaf<KoalaBear>) -> Sum {
        let row = self.row;
        alone(match leaf {
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
            BaseLeaf::Constant(value) => {
                let one = Rc::new(Value::Base(tape.fixed(KoalaBear::ONE)));
                return vec![Term::Scaled(one, *value)];
            }
        })
    }

    fn ext_leaf(&mut self, tape: &mut Tape, leaf: &ExtLeaf<KoalaBear, Ext4>) -> Sum {
        alone(match leaf {
            ExtLeaf::Base(base) => return self.base(tape, base),
            ExtLeaf::ExtConstant(value) => Value::Ext(tape.fixed_ext(*value)),
            ExtLeaf::ExtVariable(variable) => {
                let of = match variable.entry {
                    ExtEntry::Permutation { offset } => &self.row.permutation[offset],
                    ExtEntry::Challenge => &self.row.challenges,
                    ExtEntry::PermutationValue => &self.row.terminal,
                };
                Value::Ext(of[variable.index].clone())
            }
        })
    }
}

fn alone(value: Value) -> Sum {
    vec![Term::Scaled(Rc::new(value), KoalaBear::ONE)]
}

/// What a sum is, if it is a multiple of one.
fn constant(tape: &mut Tape, sum: &Sum) -> Option<KoalaBear> {
    match &sum[..] {
        [Term::Scaled(value, by)] => match &**value {
            Value::Base(value) if value.cell == tape.one() => Some(*by),
            _ => None,
        },
        _ => None,
    }
}
