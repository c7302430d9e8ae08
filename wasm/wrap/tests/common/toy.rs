//! A small machine: Fibonacci numbers, with a lookup of each row's step in a table of few, and with
//! numbers that are given.

use std::borrow::Cow;

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess as _};
use p3_batch_stark::{ProverData, StarkInstance, prove_batch, verify_batch};
use p3_bn254::Bn254;
use p3_field::{Field, PrimeCharacteristicRing as _, PrimeField32 as _};
use p3_koala_bear::KoalaBear;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;
use wrap::{
    field::from_p3,
    inner::{Config, Parameters, Proof},
    tape::Tape,
    verify::{Shape, verify},
};

/// Height of both tables, as its logarithm.
pub const LOG_HEIGHT: usize = 3;

/// Rows in which a number may be given.
pub const ENTRIES: usize = 3;

#[derive(Clone, Debug)]
pub enum Toy {
    /// Left and right, which become right and left + right + step + what is given in the row; a step
    /// that is in the table, and its cube.
    Fibonacci(Vec<u32>),
    /// Steps and their cubes; how often each is taken.
    Steps,
}

impl<F: Field> BaseAir<F> for Toy {
    fn width(&self) -> usize {
        match self {
            Self::Fibonacci(_) => 4,
            Self::Steps => 1,
        }
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<F>> {
        let row = |i: usize| [F::from_usize(i), F::from_usize(i).cube()];
        match self {
            Self::Fibonacci(_) => None,
            Self::Steps => {
                Some(RowMajorMatrix::new((0..1 << LOG_HEIGHT).flat_map(row).collect(), 2))
            }
        }
    }

    fn preprocessed_width(&self) -> usize {
        match self {
            Self::Fibonacci(_) => 0,
            Self::Steps => 2,
        }
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<F>]> {
        match self {
            Self::Fibonacci(given) => {
                let mut column: Vec<_> = given.iter().map(|it| F::from_u32(*it)).collect();
                column.resize(1 << LOG_HEIGHT, F::ZERO);
                Cow::Owned(vec![column])
            }
            Self::Steps => Cow::Borrowed(&[]),
        }
    }

    fn num_periodic_columns(&self) -> usize {
        usize::from(matches!(self, Self::Fibonacci(_)))
    }

    fn num_public_values(&self) -> usize {
        match self {
            Self::Fibonacci(_) => 3,
            Self::Steps => 0,
        }
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        match self {
            Self::Fibonacci(_) => vec![0, 1],
            Self::Steps => vec![],
        }
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }
}

impl<AB: AirBuilder + InteractionBuilder> Air<AB> for Toy
where
    AB::F: Field,
{
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row = main.current_slice();
        match self {
            Self::Fibonacci(_) => {
                let [left, right, step, cube]: [AB::Expr; 4] =
                    std::array::from_fn(|i| row[i].into());
                let [next_left, next_right]: [AB::Expr; 2] =
                    std::array::from_fn(|i| main.next_slice()[i].into());
                let [a, b, last]: [AB::Expr; 3] =
                    std::array::from_fn(|i| builder.public_values()[i].into());
                builder.when_first_row().assert_eq(left.clone(), a);
                builder.when_first_row().assert_eq(right.clone(), b);
                builder.when_last_row().assert_eq(right.clone(), last);
                builder.when_transition().assert_eq(next_left, right.clone());
                let given: AB::Expr = builder.periodic_values()[0].into();
                let sum = left + right + step.clone() + given;
                builder.when_transition().assert_eq(next_right, sum);
                builder.assert_eq(step.clone().cube(), cube.clone());
                builder.push_interaction("step", [step, cube], 1);
            }
            Self::Steps => {
                let taken: AB::Expr = row[0].into();
                let preprocessed = builder.preprocessed().current_slice();
                let tuple: [AB::Expr; 2] = std::array::from_fn(|i| preprocessed[i].into());
                builder.push_interaction("step", tuple, Count::provided(-taken));
            }
        }
    }
}

/// What the transcript starts with: the numbers that are given.
pub fn words(given: &[Vec<Vec<KoalaBear>>]) -> [Bn254; ENTRIES] {
    std::array::from_fn(|i| Bn254::from_u32(given[0][0][i].as_canonical_u32()))
}

pub struct Run {
    pub parameters: Parameters,
    pub airs: [Toy; 2],
    /// Of each table.
    pub given: Vec<Vec<Vec<KoalaBear>>>,
    pub config: Config,
    pub data: ProverData<Config>,
    pub proof: Proof,
    pub public_values: Vec<Vec<KoalaBear>>,
}

/// Two queries: enough for the circuit to be of every kind of cell.
pub const PARAMETERS: Parameters = Parameters {
    log_blowup: 2,
    queries: 2,
    max_log_arity: 2,
    log_final_poly_len: 1,
    cap_height: 1,
    work: 2,
    batch_work: 3,
};

/// Proves a run that starts from two numbers.
pub fn prove(parameters: Parameters, a: u32, b: u32) -> Run {
    let height = 1 << LOG_HEIGHT;
    let numbers = [5, a, 2_130_706_432];
    let airs = [Toy::Fibonacci(numbers.to_vec()), Toy::Steps];
    let given = airs.iter().map(|it| BaseAir::<KoalaBear>::periodic_columns(it).into_owned());
    let given: Vec<_> = given.collect();
    let (mut left, mut right) = (KoalaBear::from_u32(a), KoalaBear::from_u32(b));
    let first = [left, right];
    let (mut rows, mut taken, mut last) = (vec![], vec![KoalaBear::ZERO; height], right);
    for (i, number) in given[0][0].iter().enumerate() {
        let step = (i * 5 + a as usize) % height;
        taken[step] += KoalaBear::ONE;
        let step = KoalaBear::from_usize(step);
        rows.extend([left, right, step, step.cube()]);
        last = right;
        (left, right) = (right, left + right + step + *number);
    }
    let traces = [RowMajorMatrix::new(rows, 4), RowMajorMatrix::new(taken, 1)];
    let public_values = vec![vec![first[0], first[1], last], vec![]];
    let config = parameters.config(words(&given));
    let traces: Vec<_> = traces.iter().collect();
    let instances = StarkInstance::new_multiple(&airs, &traces, &public_values);
    let data = ProverData::from_instances(&config, &instances).expect("tables of one height");
    let proof = prove_batch(&config, &instances, &data).expect("an honest run is proven");
    Run { parameters, airs, given, config, data, proof, public_values }
}

impl Run {
    /// Whether Plonky3 accepts the proof.
    pub fn verifies(&self) -> bool {
        let common = &self.data.common;
        verify_batch(&self.config, &self.airs, &self.proof, &self.public_values, common).is_ok()
    }

    pub fn shape(&self) -> Shape {
        Shape::new(self.parameters, &self.airs, &self.data.common, LOG_HEIGHT, ENTRIES)
            .expect("a toy's shape")
    }

    /// The circuit of the proof's verification; none where it has another shape.
    pub fn tape(&self, shape: &Shape, table_bits: usize) -> Result<Tape, String> {
        let mut tape = Tape::new(table_bits);
        let preprocessed = self.data.common.preprocessed.as_ref().map(|it| &it.commitment);
        let (values, given) = (&self.public_values, &self.given);
        let words = words(given).map(|word| tape.witness(from_p3(word)));
        let statement = verify(&mut tape, shape, &words, &self.proof, preprocessed, values, given)?;
        for (word, given) in words.iter().zip(&statement.given[0][0]) {
            tape.assert_equal(*word, given.cell);
        }
        for value in statement.public_values.iter().flatten() {
            tape.expose(value.cell);
        }
        words.into_iter().for_each(|word| tape.expose(word));
        for node in statement.preprocessed {
            tape.expose(node);
        }
        Ok(tape)
    }
}
