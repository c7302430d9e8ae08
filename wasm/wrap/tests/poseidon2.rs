//! The chip against published values and Plonky3's permutation.

mod common;

use common::{faults, holds, holds_changed, laid};
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
    tape::{Cell, Tape},
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

/// Two permutations, the second of the first one's outputs.
fn twice(rng: &mut StdRng) -> Tape {
    let mut tape = permuted([(); 3].map(|()| random(rng)));
    let output = [3, 4, 5].map(|slot| Cell::Chip(0, slot));
    tape.permute(output).into_iter().for_each(|cell| tape.expose(cell));
    assert!(holds(&tape));
    tape
}

#[test]
fn rejects_every_other_cell() {
    let mut rng = StdRng::seed_from_u64(3);
    let tape = twice(&mut rng);
    for (permutation, row, column) in
        (0..2).flat_map(|i| (0..chip::ROWS).flat_map(move |row| (0..4).map(move |j| (i, row, j))))
    {
        // Two cells have no use.
        let free = column == 0 && row < 2;
        let changed = (permutation, row, column, random(&mut rng));
        assert_eq!(holds_changed(&tape, &[changed]), free, "{changed:?}");
    }
}

#[test]
fn rejects_other_relations() {
    let mut rng = StdRng::seed_from_u64(4);
    let tape = twice(&mut rng);
    for row in 0..chip::ROWS {
        let rejects = |column: usize, value: Fr| {
            assert!(!holds_changed(&tape, &[(0, row, column, value)]), "row {row}, {column}");
        };
        (4..9).filter(|column| !(*column == 5 && chip::full_kind(row) == 0)).for_each(|column| {
            rejects(column, random(&mut rng));
        });
        for (column, kind, kinds) in [(5, chip::full_kind(row), 3), (6, chip::partial_kind(row), 4)]
        {
            // Zeros have all relations between them.
            if kind != 0 && row < chip::ROWS - 2 {
                (1..=kinds).filter(|it| *it != kind).for_each(|it| rejects(column, Fr::from(it)));
            }
        }
    }
}

/// Any state after partial rounds would do, if the last permutation's did not end in zeros.
#[test]
fn rejects_partial_rounds_without_zeros_after_them() {
    let mut rng = StdRng::seed_from_u64(5);
    let mut tape = permuted([(); 3].map(|()| random(&mut rng)));
    let fourth = |x: Fr| x.square().square();
    let linear = |[a, b, c]: [Fr; 3]| [a, b, c].map(|it| a + b + c + it);
    // The last full rounds, of another state than the honest one by this.
    let [s, t, u] = [(); 3].map(|()| random(&mut rng));
    let constants = &poseidon2::CONSTANTS;
    let mut state = linear(tape.permutations[0].0);
    for round in &constants.full[..4] {
        state = std::array::from_fn(|i| state[i] + round[i]);
        state = linear(state.map(|x| x * fourth(x)));
    }
    for constant in constants.partial {
        let x = state[0] + constant;
        let last = state[2];
        state = linear([x * fourth(x), state[1], last]);
        state[2] += last;
    }
    state = [state[0] + s, state[1] + t, state[2] + u];
    let mut changed = vec![];
    let mut set = |row: usize, column: usize, value: Fr| changed.push((0, row, column, value));
    for round in 0..5 {
        if round < 4 {
            state = std::array::from_fn(|i| state[i] + constants.full[4 + round][i]);
        }
        let first = 23 + 3 * round;
        for row in [first].into_iter().chain((round == 0).then_some(58)) {
            for (i, x) in state.into_iter().enumerate() {
                set(row + i, 0, x);
                set(row + i, 1, fourth(x));
            }
        }
        if round < 4 {
            state = linear(state.map(|x| x * fourth(x)));
        }
    }
    tape.permutations[0].1 = state;
    // The lane of partial rounds goes on with what that leaves.
    let left = [s, t + u - Fr::from(5) * s, Fr::from(5) * s - Fr::from(2) * t - u];
    let mut lane = [Fr::ZERO; 3];
    for row in 59..67 {
        let [_, b, c] = lane;
        let [y0, y1, y2] = lane.map(|x| x * fourth(x));
        let next = Fr::from(5) * (c - b) + y2.double() - Fr::from(8) * y1 + Fr::from(7) * y0;
        let next = next - left.get(row - 59).copied().unwrap_or_default();
        set(row, 2, next);
        set(row, 3, fourth(next));
        lane = [b, c, next];
    }
    let faults = faults(&tape, &changed);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().all(|it| it.to_string().contains("zeros")), "{faults:?}");
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
fn takes_61_rows_of_four_columns() {
    let tape = permuted([1, 2, 3].map(Fr::from));
    assert_eq!(chip::ROWS, 61);
    assert_eq!(laid(&tape).size.base, 1);
}
