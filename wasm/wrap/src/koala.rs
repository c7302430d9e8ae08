//! KoalaBear elements as integers in cells of BN254's scalar field.
//!
//! A number stands for its residue modulo the order P. Sums and products are not reduced: each
//! number carries how low and how high its integer may be, and as long as that stays far from the
//! order of BN254's field, equations between cells are equations between integers.

use halo2_axiom::halo2curves::{bn256::Fr, ff::PrimeField as _};
use num_bigint::BigUint;
use p3_field::{PrimeCharacteristicRing as _, PrimeField32 as _};
use p3_koala_bear::KoalaBear;

use crate::tape::{Cell, Slot, Tape};

/// Order of KoalaBear.
pub const P: u32 = KoalaBear::ORDER_U32;

/// Integers stay below 2^this, which is below half the order of BN254's field.
const LIMIT_BITS: u64 = 252;

/// Integers up to this can be reduced: limbs of a quotient may be a table's bits more than it.
pub const REDUCIBLE_BITS: u64 = LIMIT_BITS - 16;

/// Numbers up to this are factors without being reduced: a product with a small number, and the sum
/// of some, can be reduced itself.
const LAZY_BITS: u64 = 190;

/// Bits of what is called reduced.
const REDUCED_BITS: usize = 32;

/// An integer in a cell, from -`low` to `high`.
#[derive(Clone, Debug)]
pub struct Num {
    pub cell: Cell,
    low: BigUint,
    high: BigUint,
}

impl Num {
    /// # Panics
    /// if the integer may leave what a cell can hold
    pub(crate) fn new(cell: Cell, low: BigUint, high: BigUint) -> Self {
        assert!(low.bits() <= LIMIT_BITS && high.bits() <= LIMIT_BITS, "reduce before this");
        Self { cell, low, high }
    }

    /// How low and how high the integer may be.
    pub const fn bounds(&self) -> (&BigUint, &BigUint) {
        (&self.low, &self.high)
    }

    pub fn is_canonical(&self) -> bool {
        self.low == BigUint::ZERO && self.high < BigUint::from(P)
    }

    /// Bits of the greatest absolute value.
    pub fn bits(&self) -> u64 {
        self.low.bits().max(self.high.bits())
    }

    /// Whether a few products of such numbers stay cheap to reduce.
    fn is_small(&self) -> bool {
        self.bits() <= 36
    }
}

/// A part of a number.
#[derive(Clone)]
struct Limb {
    value: BigUint,
    weight: BigUint,
    /// What the value is known by, where it is not to be looked up.
    known: Option<Num>,
}

fn integer(value: Fr) -> BigUint {
    BigUint::from_bytes_le(&value.to_repr())
}

fn field(value: &BigUint) -> Fr {
    let mut bytes = [0; 32];
    for (limb, digit) in bytes.chunks_mut(8).zip(value.iter_u64_digits()) {
        limb.copy_from_slice(&digit.to_le_bytes());
    }
    Fr::from_repr(bytes).expect("below the order")
}

/// The least multiple of P that is not below a number.
fn multiple_above(value: &BigUint) -> BigUint {
    (value + (P - 1)) / P * P
}

pub fn number(value: KoalaBear) -> Fr {
    Fr::from(u64::from(value.as_canonical_u32()))
}

impl Tape {
    /// What a number stands for.
    pub fn residue(&self, num: &Num) -> KoalaBear {
        let shift = multiple_above(&num.low);
        let rest = (integer(self.value(num.cell) + field(&shift)) % P).iter_u32_digits().next();
        KoalaBear::from_u32(rest.unwrap_or(0))
    }

    /// A constant.
    pub fn fixed(&mut self, value: KoalaBear) -> Num {
        let cell = self.constant(number(value));
        Num::new(cell, BigUint::ZERO, value.as_canonical_u32().into())
    }

    /// A constant, as the integer that is nearest to 0.
    pub fn signed(&mut self, value: KoalaBear) -> Num {
        let (opposite, value) = ((-value).as_canonical_u32(), value.as_canonical_u32());
        if value <= opposite {
            return self.fixed(KoalaBear::from_u32(value));
        }
        let cell = self.constant(-Fr::from(u64::from(opposite)));
        Num::new(cell, opposite.into(), BigUint::ZERO)
    }

    /// One, or a constant where a bit is 1.
    pub fn one_or(&mut self, bit: Cell, value: KoalaBear) -> Num {
        let (one, more) = (self.one(), self.fixed(value - KoalaBear::ONE));
        let cell = self.mul_add(one, bit, more.cell);
        Num::new(cell, BigUint::ZERO, more.high + 1u32)
    }

    /// A number that a cell holds, which the caller knows to be below 2^`bits`.
    pub fn known(&self, cell: Cell, bits: u64) -> Num {
        Num::new(cell, BigUint::ZERO, (BigUint::from(1u32) << bits) - 1u32)
    }

    pub fn plus(&mut self, a: &Num, b: &Num) -> Num {
        let cell = self.add(a.cell, b.cell);
        Num::new(cell, &a.low + &b.low, &a.high + &b.high)
    }

    pub fn minus(&mut self, a: &Num, b: &Num) -> Num {
        let cell = self.sub(a.cell, b.cell);
        Num::new(cell, &a.low + &b.high, &a.high + &b.low)
    }

    pub fn times(&mut self, a: &Num, b: &Num) -> Num {
        self.dot(&[(a.clone(), b.clone())])
    }

    /// a b + c
    pub fn times_plus(&mut self, a: &Num, b: &Num, c: &Num) -> Num {
        let low = (&a.low * &b.high).max(&a.high * &b.low) + &c.low;
        let high = (&a.low * &b.low).max(&a.high * &b.high) + &c.high;
        Num::new(self.mul_add(c.cell, a.cell, b.cell), low, high)
    }

    /// A multiple by a small constant.
    pub fn scaled(&mut self, a: &Num, factor: u32) -> Num {
        let factor = self.fixed(KoalaBear::from_u32(factor));
        let cell = self.mul(a.cell, factor.cell);
        Num::new(cell, &a.low * &factor.high, &a.high * &factor.high)
    }

    /// A sum of products, never negative: a multiple of P is added where it could be.
    pub fn dot(&mut self, pairs: &[(Num, Num)]) -> Num {
        let (mut low, mut high) = (BigUint::ZERO, BigUint::ZERO);
        for (a, b) in pairs {
            low += (&a.low * &b.high).max(&a.high * &b.low);
            high += (&a.low * &b.low).max(&a.high * &b.high);
        }
        let shift = multiple_above(&low);
        let start = self.constant(field(&shift));
        let cells: Vec<_> = pairs.iter().map(|(a, b)| (a.cell, b.cell)).collect();
        let cell = self.sum_products(start, &cells);
        Num::new(cell, BigUint::ZERO, high + shift)
    }

    /// The same number without a sign.
    fn lifted(&mut self, num: &Num) -> Num {
        if num.low == BigUint::ZERO {
            return num.clone();
        }
        let shift = multiple_above(&num.low);
        let lift = self.constant(field(&shift));
        Num::new(self.add(num.cell, lift), BigUint::ZERO, &num.high + shift)
    }

    /// A small number, never negative, with the same residue: of as many limbs as 32 bits take.
    ///
    /// Limbs l of the rest and q of the quotient with Σ l 2^(ni) + P Σ q 2^(ni) = the number, where
    /// n is the table's bits and both sides are below the order of BN254's field.
    pub fn reduced(&mut self, num: &Num) -> Num {
        let num = self.lifted(num);
        let value = integer(self.value(num.cell));
        let (rest, quotient) = self.limbs_of_rest(&value, &num.high);
        let limbs: Vec<_> = rest.iter().chain(&quotient).cloned().collect();
        let sum = self.assert_sum(&num, &limbs, rest.len());
        self.of_rest(sum)
    }

    /// The same of the lanes of a cell, which are `lane_bits` apart and at most `greatest`.
    pub fn split_reduced<const N: usize>(
        &mut self,
        cell: Cell,
        lane_bits: usize,
        greatest: &BigUint,
    ) -> [Num; N] {
        let value = integer(self.value(cell));
        let (mut limbs, mut rests) = (vec![], vec![]);
        let mut high = BigUint::ZERO;
        for lane in 0..N {
            let begin = lane_bits * lane;
            let value = (&value >> begin) % (BigUint::from(1u32) << lane_bits);
            let (rest, quotient) = self.limbs_of_rest(&value, greatest);
            let most = self.most(&rest) + self.most(&quotient);
            assert!(most >= *greatest && most.bits() <= lane_bits as u64, "a lane overflows");
            high += greatest << begin;
            if lane == 0 {
                limbs.extend(rest);
            } else {
                // An upper rest by itself, so that a cell holds it.
                let value: BigUint = rest.iter().map(|it| &it.value * &it.weight).sum();
                let cell = self.witness(field(&value));
                let known = Num::new(cell, BigUint::ZERO, self.most(&rest));
                self.assert_sum(&known, &rest, 1);
                let weight = BigUint::from(1u32) << begin;
                limbs.push(Limb { value, weight, known: Some(known) });
                rests.push(cell);
            }
            let shifted = |limb: Limb| Limb { weight: limb.weight << begin, ..limb };
            limbs.extend(quotient.into_iter().map(shifted));
        }
        let number = Num::new(cell, BigUint::ZERO, high);
        let lowest = self.assert_sum(&number, &limbs, self.limb_count(REDUCED_BITS));
        rests.insert(0, lowest);
        std::array::from_fn(|lane| self.of_rest(rests[lane]))
    }

    /// A cell that is the sum of a rest's limbs.
    fn of_rest(&self, cell: Cell) -> Num {
        let bits = self.table_bits * self.limb_count(REDUCED_BITS);
        Num::new(cell, BigUint::ZERO, (BigUint::from(1u32) << bits) - 1u32)
    }

    /// Limbs of a value's rest and of its quotient by P, where it is at most `high`.
    fn limbs_of_rest(&self, value: &BigUint, high: &BigUint) -> (Vec<Limb>, Vec<Limb>) {
        let quotient_bits = (high / P).bits().max(1);
        (
            self.limbs(&(value % P), REDUCED_BITS as u64, 1),
            self.limbs(&(value / P), quotient_bits, P),
        )
    }

    /// That a number's residue is 0.
    pub fn assert_zero(&mut self, num: &Num) {
        let num = self.lifted(num);
        let quotient = integer(self.value(num.cell)) / P;
        let limbs = self.limbs(&quotient, (&num.high / P).bits().max(1), P);
        self.assert_sum(&num, &limbs, 1);
    }

    /// That two numbers have one residue.
    pub fn assert_same(&mut self, a: &Num, b: &Num) {
        let difference = self.minus(a, b);
        self.assert_zero(&difference);
    }

    const fn limb_count(&self, bits: usize) -> usize {
        bits.div_ceil(self.table_bits)
    }

    /// Limbs of a value of so many bits, each weighed with a factor as well.
    fn limbs(&self, value: &BigUint, bits: u64, factor: u32) -> Vec<Limb> {
        let width = self.table_bits;
        let mask = (BigUint::from(1u32) << width) - 1u32;
        (0..self.limb_count(bits as usize))
            .map(|i| Limb {
                value: (value >> (width * i)) & &mask,
                weight: BigUint::from(factor) << (width * i),
                known: None,
            })
            .collect()
    }

    /// The greatest sum of limbs.
    fn most(&self, limbs: &[Limb]) -> BigUint {
        let table: BigUint = (BigUint::from(1u32) << self.table_bits) - 1u32;
        limbs.iter().map(|it| it.known.as_ref().map_or(&table, |it| &it.high) * &it.weight).sum()
    }

    /// That a number is the sum of limbs times weights.
    ///
    /// @param partial of how many limbs the sum is returned
    fn assert_sum(&mut self, num: &Num, limbs: &[Limb], partial: usize) -> Cell {
        let most = self.most(limbs);
        assert!(most.bits() <= LIMIT_BITS, "limbs may exceed what a cell can hold");
        assert!(most >= num.high, "the limbs hold every value of the number");
        let (mut slots, mut looked_up, mut sums) = (vec![self.zero().into()], vec![], vec![]);
        let mut sum = BigUint::ZERO;
        for (n, limb) in limbs.iter().enumerate() {
            sum += &limb.value * &limb.weight;
            let slot =
                limb.known.as_ref().map_or(Slot::New(field(&limb.value)), |it| it.cell.into());
            if n == 0 && limb.weight == BigUint::from(1u32) && limbs.len() > 1 {
                slots = vec![slot];
                looked_up.push(0);
            } else {
                let last = n + 1 == limbs.len();
                let total = if last { num.cell.into() } else { Slot::New(field(&sum)) };
                slots.extend([self.constant(field(&limb.weight)).into(), slot, total]);
                if limb.known.is_none() {
                    looked_up.push(slots.len() - 2);
                }
            }
            sums.push(slots.len() - 1);
        }
        let cells = self.chain(&slots);
        looked_up.into_iter().for_each(|limb| self.assert_in_table(cells[limb]));
        cells[sums[partial - 1]]
    }

    /// A number with the same residue whose products with small ones can be reduced.
    pub fn lazy(&mut self, num: &Num) -> Num {
        if num.bits() <= LAZY_BITS { num.clone() } else { self.reduced(num) }
    }

    /// A number with the same residue whose products stay cheap to reduce.
    pub fn small(&mut self, num: &Num) -> Num {
        if num.is_small() { num.clone() } else { self.reduced(num) }
    }

    /// The residue itself.
    pub fn canonical(&mut self, num: &Num) -> Num {
        let reduced = self.reduced(num);
        self.assert_canonical(reduced.cell)
    }
}
