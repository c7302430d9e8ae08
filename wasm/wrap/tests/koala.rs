//! Arithmetic of KoalaBear and its extension, against Plonky3's, at the ends of every bound.

mod common;

use common::holds;
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use num_bigint::BigUint;
use p3_field::{
    BasedVectorSpace as _, Field as _, PrimeCharacteristicRing as _, PrimeField32 as _,
};
use p3_koala_bear::KoalaBear;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use wrap::{
    element::{WEIGHT, end_of_word},
    ext::Ext4,
    hash::{self, WORD},
    koala::{Num, P, REDUCIBLE_BITS},
    tape::{Cell, Tape},
};

const TABLE_BITS: usize = 8;

fn random(rng: &mut StdRng) -> KoalaBear {
    KoalaBear::from_u32(rng.random_range(0..P))
}

fn random_ext(rng: &mut StdRng) -> Ext4 {
    Ext4::from_basis_coefficients_fn(|_| random(rng))
}

/// Numbers whose integers are as low and as high as their bounds allow.
fn extremes(tape: &mut Tape, bits: u64) -> [Num; 2] {
    let greatest = Fr::from(2).pow([bits]) - Fr::one();
    let cell = tape.witness(greatest);
    let high = tape.known(cell, bits);
    let zero = tape.fixed(KoalaBear::ZERO);
    let low = tape.minus(&zero, &high);
    [low, high]
}

#[test]
fn reduces_the_lowest_and_the_highest() {
    for bits in [1, 31, 32, 33, 64, 80, 128, 200, 240] {
        let mut tape = Tape::new(TABLE_BITS);
        for num in extremes(&mut tape, bits) {
            let reduced = tape.reduced(&num);
            assert_eq!(tape.residue(&reduced), tape.residue(&num));
            assert!(reduced.bounds().1.bits() <= 32);
            let canonical = tape.canonical(&num);
            assert!(canonical.is_canonical());
            let residue = Fr::from(u64::from(tape.residue(&num).as_canonical_u32()));
            assert_eq!(tape.value(canonical.cell), residue);
        }
        assert!(holds(&tape), "{bits} bits");
    }
}

#[test]
fn reduces_the_greatest_by_any_table() {
    for table_bits in 8..=16 {
        let mut tape = Tape::new(table_bits);
        for num in extremes(&mut tape, REDUCIBLE_BITS - 1) {
            let reduced = tape.reduced(&num);
            assert_eq!(tape.residue(&reduced), tape.residue(&num));
        }
        assert_eq!(tape.fault(), None, "{table_bits} bits");
    }
}

#[test]
#[should_panic(expected = "reduce before this")]
fn refuses_bounds_beyond_a_cell() {
    let mut tape = Tape::new(TABLE_BITS);
    let [_, high] = extremes(&mut tape, 128);
    tape.times(&high, &high);
}

#[test]
fn adds_subtracts_and_multiplies() {
    let mut rng = StdRng::seed_from_u64(1);
    let ends = [0, 1, P - 1].map(KoalaBear::from_u32);
    let pairs = ends.map(|a| ends.map(|b| (a, b))).concat();
    let mut tape = Tape::new(TABLE_BITS);
    for (a, b) in pairs.into_iter().chain((0..4).map(|_| (random(&mut rng), random(&mut rng)))) {
        let (x, y) = (tape.load(a), tape.load(b));
        for (got, want) in [
            (tape.plus(&x, &y), a + b),
            (tape.minus(&x, &y), a - b),
            (tape.times(&x, &y), a * b),
            (tape.times_plus(&x, &y, &x), a * b + a),
            (tape.signed(a), a),
            (tape.scaled(&x, 3), a * KoalaBear::from_u32(3)),
        ] {
            assert_eq!(tape.residue(&got), want);
            let want = tape.fixed(want);
            tape.assert_same(&got, &want);
        }
    }
    assert!(holds(&tape));
}

#[test]
fn a_signed_factor_keeps_its_sign() {
    let mut tape = Tape::new(TABLE_BITS);
    let [low, high] = extremes(&mut tape, 33);
    for (a, b) in [(&low, &low), (&low, &high), (&high, &low), (&high, &high)] {
        let product = tape.dot(&[(a.clone(), b.clone()), (b.clone(), a.clone())]);
        let want = (tape.residue(a) * tape.residue(b)).double();
        assert_eq!(tape.residue(&product), want);
        let want = tape.fixed(want);
        tape.assert_same(&product, &want);
    }
    assert!(holds(&tape));
}

#[test]
fn refuses_other_residues() {
    let mut rng = StdRng::seed_from_u64(2);
    for _ in 0..4 {
        let value = random(&mut rng);
        let mut tape = Tape::new(TABLE_BITS);
        let num = tape.load(value);
        let other = tape.fixed(value + KoalaBear::ONE);
        tape.assert_same(&num, &other);
        assert!(!holds(&tape));
    }
}

#[test]
fn only_residues_are_canonical() {
    let greatest = u32::MAX >> 1;
    for (value, is) in [(0, true), (P - 1, true), (P, false), (P + 5, false), (greatest, false)] {
        let mut tape = Tape::new(TABLE_BITS);
        let cell = tape.witness(Fr::from(u64::from(value)));
        tape.assert_bits(cell, 31);
        assert!(tape.assert_canonical(cell).is_canonical());
        assert_eq!(holds(&tape), is, "{value}");
    }
}

#[test]
fn the_extension_is_plonky3s() {
    let mut rng = StdRng::seed_from_u64(3);
    let all = Ext4::from_basis_coefficients_fn(|_| KoalaBear::from_u32(P - 1));
    let mut tape = Tape::new(TABLE_BITS);
    for (a, b) in [(all, all), (random_ext(&mut rng), random_ext(&mut rng)), (Ext4::ZERO, all)] {
        let (x, y) = (tape.load_ext(a), tape.load_canonical_ext(b));
        let base = tape.load(KoalaBear::from_u32(P - 1));
        let difference = tape.ext_minus(&x, &y);
        let (of_x, of_y) = (tape.factor(&x), tape.factor(&y));
        let results = [
            (tape.ext_plus(&x, &y), a + b),
            (difference.clone(), a - b),
            (tape.ext_times(&x, &y), a * b),
            (tape.ext_times(&difference, &y), (a - b) * b),
            (tape.ext_dot(&[(&x, &of_y), (&y, &of_y)], &[], &[]), a * b + b * b),
            (
                tape.ext_dot(
                    &[(&difference, &of_x)],
                    &[(&y, &base)],
                    &[(base.clone(), base.clone())],
                ),
                (a - b) * a - b + Ext4::ONE,
            ),
            (tape.ext_scaled(&x, &base), -a),
            (tape.ext_square_times(&x, 3), a.exp_power_of_2(3)),
            (tape.ext_inverse(&y), b.inverse()),
            (tape.ext_quotient(&x, &y), a / b),
        ];
        for (got, want) in results {
            assert_eq!(tape.residues(&got), want);
            let want = tape.fixed_ext(want);
            tape.assert_same_ext(&got, &want);
        }
    }
    assert!(holds(&tape));
}

#[test]
fn zero_has_no_inverse() {
    let mut tape = Tape::new(TABLE_BITS);
    let zero = tape.load_ext(Ext4::ZERO);
    tape.ext_inverse(&zero);
    assert!(!holds(&tape));
}

#[test]
fn every_cell_of_a_product_is_bound() {
    let mut rng = StdRng::seed_from_u64(4);
    let mut tape = Tape::new(TABLE_BITS);
    let (x, y) = (random_ext(&mut rng), random_ext(&mut rng));
    let (a, b) = (tape.fixed_ext(x), tape.fixed_ext(y));
    let product = tape.ext_times(&a, &b);
    for (coefficient, want) in product.iter().zip(wrap::ext::coefficients(x * y)) {
        let canonical = tape.canonical(coefficient);
        let want = tape.fixed(want);
        tape.assert_equal(canonical.cell, want.cell);
    }
    assert!(holds(&tape));
    for cell in 0..tape.base.len() {
        for change in [Fr::ONE, Fr::from(u64::from(P)), Fr::from(1 << 40)] {
            let mut changed = tape.clone();
            changed.base[cell] += change;
            assert!(!holds(&changed), "cell {cell}");
        }
    }
}

/// What was not reduced at once is, before it exceeds what a cell can hold.
#[test]
fn multiplies_again_and_again() {
    let mut rng = StdRng::seed_from_u64(5);
    let mut tape = Tape::new(TABLE_BITS);
    let (a, b) = (random_ext(&mut rng), random_ext(&mut rng));
    let (mut x, y) = (tape.load_ext(a), tape.load_ext(b));
    let by = tape.factor(&y);
    let mut want = a;
    for _ in 0..20 {
        let difference = tape.ext_minus(&y, &x);
        x = tape.ext_dot(&[(&difference, &by)], &[], &[]);
        want = (b - want) * b;
        assert_eq!(tape.residues(&x), want);
    }
    let want = tape.fixed_ext(want);
    tape.assert_same_ext(&x, &want);
    assert!(holds(&tape));
}

#[test]
fn elements_have_16_bits_in_each_half() {
    let loaded = |value: KoalaBear| {
        let mut tape = Tape::new(16);
        let cell = tape.load(value).cell;
        (tape, cell)
    };
    for value in [0, 1, WEIGHT - 1, WEIGHT, 1 << 16, 1 << 30, P - 1] {
        let (tape, cell) = loaded(KoalaBear::from_u32(value));
        assert_eq!((tape.fault(), tape.value(cell)), (None, Fr::from(u64::from(value))));
    }
    // The same number by a lower half of more than 16 bits, and the next higher ones.
    let (tape, _) = loaded(KoalaBear::from_u32(P - 1));
    for less in [2, 3, 1 << 14] {
        let mut other = tape.clone();
        other.base[2] -= Fr::from(less);
        other.base[0] += Fr::from(less * u64::from(WEIGHT));
        other.lookups.iter_mut().for_each(|(cell, value)| *value = tape_value(&other.base, *cell));
        let is_16_bits = other.base[0] < Fr::from(1 << 16);
        assert_eq!(other.fault().is_none(), is_16_bits, "{less}");
    }
}

fn tape_value(base: &[Fr], cell: Cell) -> Fr {
    let Cell::Base(index) = cell else { panic!("is in no column") };
    base[index as usize]
}

#[test]
fn words_are_what_their_digits_are() {
    let mut rng = StdRng::seed_from_u64(6);
    for count in 1..=WORD {
        let mut values: Vec<_> = (0..count).map(|_| random(&mut rng)).collect();
        values[0] = KoalaBear::from_u32(P - 1);
        let mut tape = Tape::new(TABLE_BITS);
        let rests = tape.load_word(&values);
        let cells: Vec<_> = values.iter().map(|value| tape.load(*value).cell).collect();
        let word = hash::pack(&mut tape, &cells, 1);
        tape.assert_equal(word, rests[0]);
        let radix = Fr::from(1 << hash::DIGIT_BITS);
        let without = rests[1..].iter().map(|rest| tape.value(*rest)).chain([end_of_word(count)]);
        for ((rest, without), cell) in rests.iter().zip(without).zip(&cells) {
            assert_eq!(tape.value(*rest) - radix * without, tape.value(*cell));
        }
        assert!(holds(&tape), "{count} digits");
        for cell in 0..3 * count + 1 {
            let mut changed = tape.clone();
            changed.base[cell] += Fr::ONE;
            assert!(!holds(&changed), "cell {cell} of {count} digits");
        }
    }
}

/// The lanes of a cell at the ends of their bounds, and each cell of the split.
#[test]
fn splits_the_greatest_lanes() {
    const LANE_BITS: usize = 80;
    let greatest = (BigUint::from(1u32) << 77u32) - 1u32;
    let zero = (Fr::ZERO, KoalaBear::ZERO);
    let high = (Fr::from(2).pow([77]) - Fr::ONE, KoalaBear::TWO.exp_u64(77) - KoalaBear::ONE);
    let upper_one = Fr::from(2).pow([LANE_BITS as u64]);
    for which in 0..8 {
        let lanes = [0, 1, 2].map(|lane| if which >> lane & 1 == 1 { high } else { zero });
        let mut tape = Tape::new(16);
        let sum = lanes.iter().rev().fold(Fr::ZERO, |sum, lane| sum * upper_one + lane.0);
        let cell = tape.witness(sum);
        let split: [_; 3] = tape.split_reduced(cell, LANE_BITS, &greatest);
        for (num, (_, want)) in split.iter().zip(lanes) {
            let canonical = tape.canonical(num);
            let want = tape.fixed(want);
            tape.assert_equal(canonical.cell, want.cell);
        }
        assert_eq!(tape.fault(), None);
        for cell in 0..tape.base.len() {
            for change in [Fr::ONE, Fr::from(u64::from(P)), upper_one] {
                let mut changed = tape.clone();
                changed.base[cell] += change;
                assert!(changed.fault().is_some(), "cell {cell}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "a lane overflows")]
fn refuses_lanes_that_may_meet() {
    let mut tape = Tape::new(16);
    let zero = tape.zero();
    let _: [_; 2] = tape.split_reduced(zero, 96, &(BigUint::from(1u32) << 95u32));
}
