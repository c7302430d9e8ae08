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
    fn new(cell: Cell, low: BigUint, high: BigUint) -> Self {
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

    fn bits(&self) -> u64 {
        self.low.bits().max(self.high.bits())
    }

    /// Whether a few products of such numbers stay cheap to reduce.
    fn is_small(&self) -> bool {
        self.bits() <= 36
    }
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

    /// A witness below 2^31, so that it can be packed.
    pub fn load(&mut self, value: KoalaBear) -> Num {
        let cell = self.witness(number(value));
        self.assert_bits(cell, 31);
        Num::new(cell, BigUint::ZERO, ((1u32 << 31) - 1).into())
    }

    /// A witness below P.
    pub fn load_canonical(&mut self, value: KoalaBear) -> Num {
        let cell = self.witness(number(value));
        self.assert_bits(cell, 31);
        self.assert_canonical(cell)
    }

    /// A number that a cell holds, which the caller knows to be below 2^`bits`.
    pub fn known(&self, cell: Cell, bits: u64) -> Num {
        Num::new(cell, BigUint::ZERO, (BigUint::from(1u32) << bits) - 1u32)
    }

    /// That a cell, known to be below 2^33, is below P.
    pub fn assert_canonical(&mut self, cell: Cell) -> Num {
        let greatest = self.constant(Fr::from(u64::from(P - 1)));
        let rest = self.sub(greatest, cell);
        self.assert_bits(rest, 31);
        Num::new(cell, BigUint::ZERO, (P - 1).into())
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

    /// A number below 2^33 with the same residue.
    ///
    /// Limbs l of the rest and q of the quotient with Σ l 2^(ni) + P Σ q 2^(ni) = the number, where
    /// n is the table's bits and both sides are below the order of BN254's field.
    pub fn reduced(&mut self, num: &Num) -> Num {
        let num = self.lifted(num);
        let value = integer(self.value(num.cell));
        let (rest, quotient) = (&value % P, &value / P);
        let rest_limbs = self.limbs_of(REDUCED_BITS as u64);
        let quotient_limbs = self.limbs_of((&num.high / P).bits().max(1));
        let bits = self.table_bits as u64;
        let terms = (0..rest_limbs).map(|i| (&rest, i, 1u32));
        let terms: Vec<_> = terms.chain((0..quotient_limbs).map(|i| (&quotient, i, P))).collect();
        let sum = self.assert_decomposes(&num, &terms, rest_limbs);
        Num::new(sum, BigUint::ZERO, (BigUint::from(1u32) << (bits * rest_limbs as u64)) - 1u32)
    }

    /// That a number's residue is 0.
    pub fn assert_zero(&mut self, num: &Num) {
        let num = self.lifted(num);
        let quotient = integer(self.value(num.cell)) / P;
        let limbs = self.limbs_of((&num.high / P).bits().max(1));
        let terms: Vec<_> = (0..limbs).map(|i| (&quotient, i, P)).collect();
        self.assert_decomposes(&num, &terms, 1);
    }

    /// That two numbers have one residue.
    pub fn assert_same(&mut self, a: &Num, b: &Num) {
        let difference = self.minus(a, b);
        self.assert_zero(&difference);
    }

    fn limbs_of(&self, bits: u64) -> usize {
        bits.div_ceil(self.table_bits as u64) as usize
    }

    /// That a number is the sum of limbs in the table, each with a factor and its place's weight.
    ///
    /// @param terms what the limb is of, its place, its factor
    /// @param partial of how many terms the sum is returned
    fn assert_decomposes(
        &mut self,
        num: &Num,
        terms: &[(&BigUint, usize, u32)],
        partial: usize,
    ) -> Cell {
        let bits = self.table_bits;
        let greatest: BigUint = terms
            .iter()
            .map(|&(_, place, factor)| {
                (BigUint::from(factor) << (bits * place)) * ((1u32 << bits) - 1)
            })
            .sum();
        assert!(greatest.bits() <= LIMIT_BITS, "limbs may exceed what a cell can hold");
        assert!(greatest >= num.high, "the limbs hold every value of the number");
        let mask = (BigUint::from(1u32) << bits) - 1u32;
        let (mut slots, mut limbs, mut sums) = (vec![self.zero().into()], vec![], vec![]);
        let mut sum = BigUint::ZERO;
        for (n, &(whole, place, factor)) in terms.iter().enumerate() {
            let limb = (whole >> (bits * place)) & &mask;
            let weight = BigUint::from(factor) << (bits * place);
            sum += &limb * &weight;
            let limb = Slot::New(field(&limb));
            if n == 0 && factor == 1 {
                slots = vec![limb];
                limbs.push(0);
            } else {
                let last = n + 1 == terms.len();
                let total = if last { num.cell.into() } else { Slot::New(field(&sum)) };
                slots.extend([self.constant(field(&weight)).into(), limb, total]);
                limbs.push(slots.len() - 2);
            }
            sums.push(slots.len() - 1);
        }
        let cells = self.chain(&slots);
        limbs.into_iter().for_each(|limb| self.assert_in_table(cells[limb]));
        cells[sums[partial - 1]]
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
