//! Poseidon2 in a circuit: 37 rows a permutation, three columns of state and three of squares.
//!
//! Row 0 holds the input. Each of the next rows is the state after one full round or after two
//! partial ones; row 36 holds the output. A full round squares the three S-box inputs in the three
//! columns of squares. Two partial rounds need no more: the square in the first, its S-box output,
//! the square in the second. All gates have degree 5 or less, which costs no larger a domain than
//! degree 4.

use halo2_axiom::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Column, ConstraintSystem, Expression, Fixed},
    poly::Rotation,
};

use super::{CONSTANTS, State};

/// Rows between input and output, each with a step to the next row.
pub const STEPS: usize = 8 + 56 / 2;
/// Rows of a permutation.
pub const ROWS: usize = STEPS + 1;

type Term = Expression<Fr>;

#[derive(Clone, Debug)]
pub struct Columns {
    pub state: [Column<Advice>; 3],
    pub squares: [Column<Advice>; 3],
    pub constants: [Column<Fixed>; 3],
    /// 1 in rows of a full round, 2 in the first of them, which has a linear layer before.
    pub full: Column<Fixed>,
    /// 1 in rows of two partial rounds.
    pub partial: Column<Fixed>,
}

impl Columns {
    pub fn configure(meta: &mut ConstraintSystem<Fr>) -> Self {
        let columns = Self {
            state: std::array::from_fn(|_| {
                let column = meta.advice_column();
                meta.enable_equality(column);
                column
            }),
            squares: std::array::from_fn(|_| meta.advice_column()),
            constants: std::array::from_fn(|_| meta.fixed_column()),
            full: meta.fixed_column(),
            partial: meta.fixed_column(),
        };
        columns.full_gate(meta);
        columns.partial_gate(meta);
        columns
    }

    fn full_gate(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("full round", |cells| {
            let on = cells.query_fixed(self.full, Rotation::cur());
            let state = self.state.map(|column| cells.query_advice(column, Rotation::cur()));
            let next = self.state.map(|column| cells.query_advice(column, Rotation::next()));
            let squares = self.squares.map(|column| cells.query_advice(column, Rotation::cur()));
            let constants = self.constants.map(|column| cells.query_fixed(column, Rotation::cur()));
            let before = (on.clone() - one()) * sum(&state);
            let inputs: [Term; 3] =
                std::array::from_fn(|i| state[i].clone() + before.clone() + constants[i].clone());
            let outputs: [Term; 3] = std::array::from_fn(|i| fifth(&squares[i], &inputs[i]));
            let after = external(&outputs);
            let squared =
                (0..3).map(|i| on.clone() * (inputs[i].clone().square() - squares[i].clone()));
            let stepped = (0..3).map(|i| on.clone() * (after[i].clone() - next[i].clone()));
            squared.chain(stepped).collect::<Vec<_>>()
        });
    }

    fn partial_gate(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("two partial rounds", |cells| {
            let on = cells.query_fixed(self.partial, Rotation::cur());
            let [x, y, z] = self.state.map(|column| cells.query_advice(column, Rotation::cur()));
            let next = self.state.map(|column| cells.query_advice(column, Rotation::next()));
            let [square, output, second_square] =
                self.squares.map(|column| cells.query_advice(column, Rotation::cur()));
            let [first, second, _] =
                self.constants.map(|column| cells.query_fixed(column, Rotation::cur()));
            let input = x + first;
            let [x, y, z] = internal(&[output.clone(), y, z]);
            let second_input = x + second;
            let after = internal(&[fifth(&second_square, &second_input), y, z]);
            let squared = [
                input.clone().square() - square.clone(),
                fifth(&square, &input) - output,
                second_input.square() - second_square,
            ];
            let stepped = (0..3).map(|i| after[i].clone() - next[i].clone());
            squared.into_iter().chain(stepped).map(|it| on.clone() * it).collect::<Vec<_>>()
        });
    }
}

fn one() -> Term {
    Expression::Constant(Fr::one())
}

fn sum(state: &[Term; 3]) -> Term {
    state[0].clone() + state[1].clone() + state[2].clone()
}

/// x^5 from x and its square.
fn fifth(square: &Term, x: &Term) -> Term {
    square.clone().square() * x.clone()
}

/// The linear layer of full rounds: circ(2, 1, 1).
fn external(state: &[Term; 3]) -> [Term; 3] {
    std::array::from_fn(|i| sum(state) + state[i].clone())
}

/// That of partial rounds: the matrix of ones, and diag(1, 1, 2).
fn internal(state: &[Term; 3]) -> [Term; 3] {
    let [x, y, z] = external(state);
    [x, y, z + state[2].clone()]
}

/// What the fixed columns hold in a step's row: constants, `full`, `partial`.
pub fn fixed(step: usize) -> (State, u64, u64) {
    match step {
        0 => (CONSTANTS.full[0], 2, 0),
        1..4 => (CONSTANTS.full[step], 1, 0),
        4..32 => {
            let round = 2 * (step - 4);
            let [first, second] = [CONSTANTS.partial[round], CONSTANTS.partial[round + 1]];
            ([first, second, Fr::zero()], 0, 1)
        }
        _ => (CONSTANTS.full[step - 28], 1, 0),
    }
}

/// What the advice columns hold: state and squares, row by row. The output's row has no squares.
pub fn trace(input: State) -> [(State, State); ROWS] {
    let mut state = input;
    std::array::from_fn(|step| {
        let before = state;
        if step == STEPS {
            return (before, [Fr::zero(); 3]);
        }
        let (constants, full, _) = fixed(step);
        if full == 0 {
            let input = state[0] + constants[0];
            let square = input.square();
            let output = square.square() * input;
            state = linear([output, state[1], state[2]], 2);
            let second_input = state[0] + constants[1];
            let second_square = second_input.square();
            state = linear([second_square.square() * second_input, state[1], state[2]], 2);
            return (before, [square, output, second_square]);
        }
        if full == 2 {
            state = linear(state, 1);
        }
        let inputs: State = std::array::from_fn(|i| state[i] + constants[i]);
        let squares = inputs.map(|x| x.square());
        state = linear(std::array::from_fn(|i| squares[i].square() * inputs[i]), 1);
        (before, squares)
    })
}

/// A linear layer, of full rounds where `last` is 1 and of partial ones where it is 2.
fn linear(state: State, last: u64) -> State {
    let sum = state[0] + state[1] + state[2];
    [sum + state[0], sum + state[1], sum + Fr::from(last) * state[2]]
}
