//! The chip against published values and Plonky3's permutation.

mod common;

use common::{holds, holds_changed, laid};
use halo2_axiom::halo2curves::{
    bn256::Fr,
    ff::{Field as _, FromUniformBytes as _, PrimeField as _},
};
use p3_bn254::Bn254;
use p3_symmetric::Permutation as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use wrap::{
    field::{from_p3, to_p3},
    poseidon2::{self, chip},
    tape::Tape,
};

fn random(rng: &mut StdRng) -> Fr {
    Fr::from_uniform_bytes(&std::array::from_fn(|_| rng.random()))
}

/// A tape with one permutation, whose output is public.
fn permuted(input: [Fr; 3]) -> Tape {
    let mut tape = Tape::new(4);
    let input = input.map(|value| tape.witness(value));
    let output = tape.permute(input);
    output.into_iter().for_each(|cell| tape.expose(cell));
    tape
}

#[test]
fn gives_the_published_values() {
    // The test of HorizenLabs' implementation.
    let known = [
        "0bb61d24daca55eebcb1929a82650f328134334da98ea4f847f760054f4a3033",
        "303b6f7c86d043bfcbcc80214f26a30277a15d3f74ca654992defe7ff8d03570",
        "1ed25194542b12eef8617361c3ba7c52e660b145994427cc86296242cf766ec8",
    ];
    let tape = permuted([0, 1, 2].map(Fr::from));
    let hex = |value: Fr| {
        value.to_repr().iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(tape.instance().into_iter().map(hex).collect::<Vec<_>>(), known);
    assert!(holds(&tape));
}

#[test]
fn equals_plonky3() {
    let mut rng = StdRng::seed_from_u64(1);
    let ends = [Fr::ZERO, -Fr::ONE, -Fr::from(2)];
    for input in
        [ends, [Fr::ZERO; 3]].into_iter().chain((0..6).map(|_| [(); 3].map(|()| random(&mut rng))))
    {
        let tape = permuted(input);
        let native = poseidon2::native().permute(input.map(to_p3));
        assert_eq!(tape.instance(), native.map(from_p3));
        assert!(holds(&tape));
    }
}

#[test]
fn fields_convert_both_ways() {
    let mut rng = StdRng::seed_from_u64(2);
    for value in [Fr::ZERO, Fr::ONE, -Fr::ONE, random(&mut rng)] {
        assert_eq!(from_p3(to_p3(value)), value);
        assert_eq!(to_p3(value) + Bn254::new([1, 0, 0, 0]), to_p3(value + Fr::ONE));
    }
}

#[test]
fn rejects_every_other_cell() {
    let mut rng = StdRng::seed_from_u64(3);
    let tape = permuted([(); 3].map(|()| random(&mut rng)));
    assert!(holds(&tape));
    for row in 0..chip::ROWS {
        // The output's row has no squares.
        for column in 0..if row == chip::STEPS { 3 } else { 6 } {
            let value = random(&mut rng);
            assert!(!holds_changed(&tape, (0, row, column, value)), "row {row}, column {column}");
        }
    }
}

#[test]
fn rejects_another_input_and_another_output() {
    let mut tape = permuted([4, 5, 6].map(Fr::from));
    let other = permuted([4, 5, 7].map(Fr::from));
    tape.permutations = other.permutations.clone();
    assert!(!holds(&tape), "the chip's input is not the tape's");
    let mut tape = permuted([4, 5, 6].map(Fr::from));
    tape.permutations[0].1 = other.permutations[0].1;
    assert!(!holds(&tape), "the public output is not the chip's");
}

#[test]
fn takes_37_rows() {
    let tape = permuted([1, 2, 3].map(Fr::from));
    assert_eq!(chip::ROWS, 37);
    assert_eq!(laid(&tape).size.base, 1);
}
