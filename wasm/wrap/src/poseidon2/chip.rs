//! Poseidon2 in a circuit: 61 rows a permutation, a lane of full rounds beside one of partial ones.
//!
//! A row of a lane is an S-box: x and x^4, whose product is the output y, of degree 2. Linear layers
//! are relations between neighbouring rows; fixed columns say of which kind and with what constant.
//!
//! - **Full rounds** take three rows each. Without constants, inputs of the next one follow from
//!   outputs, and from the inputs that are there already: x3 = 2 y0 + y1 + y2, then
//!   2 x3 = 3 y0 + y1 + x2, then 3 x3 = 4 y0 + x1 + x2.
//! - **Partial rounds** take a row each. Their layer is a matrix on the two places that have no
//!   S-box, which is a root of l^2 - 5 l + 5. So x3 = 5 x2 - 5 x1 + 2 y2 - 8 y1 + 7 y0.
//! - **Between them.** The lane of partial rounds has zeros before its first row and after its last
//!   one. Where rows meet zeros, three relations have a term of the whole state (s, t, u): of s, of
//!   t + u - 5 s, of 5 s - 2 t - u. That is what the state before adds to three rounds, and what the
//!   state after takes from three to leave zeros. The signs differ, so the first full rounds are of
//!   negated numbers, as x^5 is odd: rows of inputs have -1 for x^4.

use std::sync::LazyLock;

use halo2_axiom::{
    circuit::{Cell, Region, Value},
    halo2curves::{bn256::Fr, ff::Field as _},
    plonk::{Advice, Column, ConstraintSystem, Expression, Fixed},
    poly::Rotation,
};

use super::{CONSTANTS, State};

/// Rows of a permutation.
pub const ROWS: usize = 61;
/// Rows after the last permutation, whose zeros end it.
pub const CLOSING: usize = 3;

// Rows of the lane of full rounds: inputs, four rounds, the state after them, four rounds, outputs.
const INPUTS: usize = 5;
const ROUNDS: usize = INPUTS + 3;
const STATE: usize = ROUNDS + 12;
const LAST: usize = STATE + 3;
const OUTPUTS: usize = LAST + 12;
/// Where it has the state before partial rounds for the other lane, and that after them.
const BEFORE: usize = 2;
const AFTER: usize = ROWS - 3;
/// Three rows that equal three others.
const COPIES: [(usize, usize); 2] = [(STATE, BEFORE), (LAST, AFTER)];

/// Where the other lane begins, after three zeros.
const PARTIAL: usize = 3;

/// By kind, from 1: factors of x1, x2, x3, y0, y1, y2 in the lane of full rounds, whose sum is 0.
const FULL_KINDS: [[i64; 6]; 3] = [[0, 0, -1, 2, 1, 1], [0, 1, -2, 3, 1, 0], [1, 1, -3, 4, 0, 0]];
/// The same in the other lane: of x1, x2, x3, of x0, x1, x2, x3 of full rounds, of y0, y1, y2.
const PARTIAL_KINDS: [[i64; 10]; 4] = [
    [5, -5, 1, 0, 0, 0, 0, -7, 8, -2],
    [5, -5, 1, 0, 0, 1, 0, -7, 8, -2],
    [5, -5, 1, 0, -5, 1, 1, -7, 8, -2],
    [5, -5, 1, 5, -2, -1, 0, -7, 8, -2],
];

/// 0 where nothing follows from a row.
pub fn full_kind(row: usize) -> u64 {
    match row {
        INPUTS..STATE | LAST..OUTPUTS => (row - INPUTS) as u64 % 3 + 1,
        _ => 0,
    }
}

/// 0 in rows of no permutation.
pub fn partial_kind(row: usize) -> u64 {
    match row {
        0..PARTIAL => row as u64 + 2,
        _ if (AFTER - 2..=AFTER).contains(&row) => (row + 4 - AFTER) as u64,
        _ => 1,
    }
}

/// Whether a row has the fourth power of its cell of full rounds. Another one has -1 instead, and a
/// zero in the lane of partial rounds if its kind there is above 1.
fn has_power(row: usize) -> bool {
    !matches!(row, 0..PARTIAL | INPUTS..ROUNDS)
}

/// A cell of each row, of full rounds and of partial ones.
struct Lanes {
    full: [Fr; ROWS],
    partial: [Fr; ROWS],
}

impl Lanes {
    /// @param full inputs, four rounds, the state after them, four rounds, outputs
    fn new(full: [State; 11], partial: &[Fr; 56]) -> Self {
        let mut lanes = Self { full: [Fr::ZERO; ROWS], partial: [Fr::ZERO; ROWS] };
        for (i, state) in full.into_iter().enumerate() {
            let state = if (1..=5).contains(&i) { state.map(|cell| -cell) } else { state };
            lanes.full[INPUTS + 3 * i..][..3].copy_from_slice(&state);
        }
        for (from, to) in COPIES {
            lanes.full.copy_within(from..from + 3, to);
        }
        lanes.partial[PARTIAL..][..56].copy_from_slice(partial);
        lanes
    }

    fn of(input: State) -> Self {
        let mut full = [input; 11];
        let mut partial = [Fr::ZERO; 56];
        let mut state = linear(input, 1);
        let round = |state: State| linear(state.map(|x| x * fourth(x)), 1);
        for (i, constants) in CONSTANTS.full.iter().enumerate() {
            if i == 4 {
                full[5] = state;
                for (x, constant) in partial.iter_mut().zip(&CONSTANTS.partial) {
                    *x = state[0] + constant;
                    state = linear([*x * fourth(*x), state[1], state[2]], 2);
                }
            }
            let place = if i < 4 { i + 1 } else { i + 2 };
            full[place] = std::array::from_fn(|j| state[j] + constants[j]);
            state = round(full[place]);
        }
        full[10] = state;
        Self::new(full, &partial)
    }
}

/// Poseidon2 of a state.
pub fn permute(input: State) -> State {
    let lanes = Lanes::of(input);
    std::array::from_fn(|i| lanes.full[OUTPUTS + i])
}

fn fourth(x: Fr) -> Fr {
    x.square().square()
}

/// A linear layer, of full rounds where `last` is 1 and of partial ones where it is 2.
fn linear(state: State, last: u64) -> State {
    let sum = state[0] + state[1] + state[2];
    [sum + state[0], sum + state[1], sum + Fr::from(last) * state[2]]
}

/// What fixed columns hold: 1 where `has_power`, both kinds, and a constant for the relation of each.
pub(crate) static FIXED: LazyLock<[[Fr; 5]; ROWS]> = LazyLock::new(|| {
    // What cells have beside the state.
    let none = [Fr::ZERO; 3];
    let [a, b, c, d, e, f, g, h] = CONSTANTS.full;
    let Lanes { full, partial } =
        Lanes::new([none, a, b, c, d, none, e, f, g, h, none], &CONSTANTS.partial);
    std::array::from_fn(|row| {
        let [x, u] = [full, partial]
            .map(|lane| [0, 1, 2, 3].map(|i| lane.get(row + i).copied().unwrap_or_default()));
        let constant = |kind: u64, kinds: &[&[i64]], cells: &[Fr]| {
            let Some(factors) = kind.checked_sub(1).map(|kind| kinds[kind as usize]) else {
                return Fr::ZERO;
            };
            let sum: Fr =
                factors.iter().zip(cells).map(|(factor, cell)| number(*factor) * cell).sum();
            -Fr::from(kind) * sum
        };
        let kinds = [full_kind(row), partial_kind(row)];
        [
            Fr::from(u64::from(has_power(row))),
            Fr::from(kinds[0]),
            Fr::from(kinds[1]),
            constant(kinds[0], &FULL_KINDS.each_ref().map(|it| &it[..]), &x[1..]),
            constant(
                kinds[1],
                &PARTIAL_KINDS.each_ref().map(|it| &it[..]),
                &[u[1], u[2], u[3], x[0], x[1], x[2], x[3]],
            ),
        ]
    })
});

fn number(value: i64) -> Fr {
    let size = Fr::from(value.unsigned_abs());
    if value < 0 { -size } else { size }
}

type Term = Expression<Fr>;

fn constant(value: i64) -> Term {
    Expression::Constant(number(value))
}

/// n times the sum of cells with the factors of kind n, of those of kind 0 none.
fn by_kind<const N: usize>(kind: &Term, kinds: &[[i64; N]], cells: [Term; N]) -> Term {
    // Newton's differences, each with what it is divided by.
    let mut factors: Vec<_> = kinds.iter().map(|factors| factors.map(number)).collect();
    for order in 1..kinds.len() {
        let by = Fr::from(order as u64).invert().expect("not 0");
        for i in (order..kinds.len()).rev() {
            let before = factors[i - 1];
            factors[i] = std::array::from_fn(|j| (factors[i][j] - before[j]) * by);
        }
    }
    let sum = |factors: &[Fr; N]| {
        let used = factors.iter().zip(&cells).filter(|(factor, _)| **factor != Fr::ZERO);
        let terms = used.map(|(factor, cell)| match cell.clone() {
            cell if *factor == Fr::ONE => cell,
            cell => cell * *factor,
        });
        terms.reduce(|a, b| a + b).expect("kinds differ")
    };
    let mut total = sum(&factors[kinds.len() - 1]);
    for n in (1..kinds.len()).rev() {
        total = sum(&factors[n - 1]) + (kind.clone() - constant(n as i64)) * total;
    }
    kind.clone() * total
}

#[derive(Clone, Debug)]
pub struct Columns {
    /// Of full rounds, its fourth power, the same of partial rounds.
    pub advice: [Column<Advice>; 4],
    pub fixed: [Column<Fixed>; 5],
}

impl Columns {
    pub fn configure(meta: &mut ConstraintSystem<Fr>) -> Self {
        let columns = Self {
            advice: std::array::from_fn(|_| meta.advice_column()),
            fixed: std::array::from_fn(|_| meta.fixed_column()),
        };
        meta.enable_equality(columns.advice[0]);
        meta.create_gate("Poseidon2", |cells| {
            // All four rows of each, as of cells of arithmetic: other sets of rows would cost more.
            let [x, x4, u, u4] = columns
                .advice
                .map(|column| [0, 1, 2, 3].map(|row| cells.query_advice(column, Rotation(row))));
            let [powers, full, partial, full_constant, partial_constant] =
                columns.fixed.map(|column| cells.query_fixed(column, Rotation::cur()));
            let fourth = |x: &Term| x.clone().square().square();
            let output = |row: usize| x[row].clone() * x4[row].clone();
            let partial_output = |row: usize| u[row].clone() * u4[row].clone();
            let [x0, x1, x2, x3] = x.clone();
            let [u0, u1, u2, u3] = u.clone();
            let others = (constant(1) - powers.clone()) * partial.clone();
            let full_cells = [x1.clone(), x2.clone(), x3.clone(), output(0), output(1), output(2)];
            let [v0, v1, v2] = [0, 1, 2].map(partial_output);
            let partial_cells = [u1, u2, u3, x0.clone(), x1, x2, x3, v0, v1, v2];
            let full = by_kind(&full, &FULL_KINDS, full_cells) + full_constant;
            let lanes = by_kind(&partial, &PARTIAL_KINDS, partial_cells) + partial_constant;
            [
                ("a power", powers * (fourth(&x0) - x4[0].clone())),
                ("no power", others.clone() * (x4[0].clone() + constant(1))),
                ("zeros", others * (partial.clone() - constant(1)) * u0.clone()),
                ("a power of partial rounds", partial * (fourth(&u0) - u4[0].clone())),
                ("full rounds", full),
                ("partial rounds", lanes),
            ]
        });
        columns
    }

    /// Lays a permutation.
    ///
    /// @return the cells of inputs and outputs
    pub fn assign(&self, region: &mut Region<'_, Fr>, start: usize, input: State) -> [Cell; 6] {
        let lanes = Lanes::of(input);
        let full: Vec<_> = (0..ROWS)
            .map(|row| {
                let (x, u) = (lanes.full[row], lanes.partial[row]);
                let x4 = if has_power(row) { fourth(x) } else { -Fr::ONE };
                for (column, value) in self.fixed.iter().zip(FIXED[row]) {
                    region.assign_fixed(*column, start + row, value);
                }
                let mut assign = |column: usize, value: Fr| {
                    let column = self.advice[column];
                    region.assign_advice(column, start + row, Value::known(value)).cell()
                };
                assign(1, x4);
                assign(2, u);
                assign(3, fourth(u));
                assign(0, x)
            })
            .collect();
        for (from, to) in COPIES {
            (0..3).for_each(|i| region.constrain_equal(full[from + i], full[to + i]));
        }
        std::array::from_fn(|i| full[if i < 3 { INPUTS + i } else { OUTPUTS + i - 3 }])
    }

    /// Lays what follows the last permutation: zeros, as in the first rows of another one.
    pub fn close(&self, region: &mut Region<'_, Fr>, start: usize) {
        for row in 0..CLOSING {
            region.assign_fixed(self.fixed[2], start + row, Fr::from(partial_kind(row)));
            region.assign_advice(self.advice[1], start + row, Value::known(-Fr::ONE));
        }
    }
}
