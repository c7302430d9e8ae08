//! A small machine: Fibonacci numbers, with a lookup of each row's step in a table of few.

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess as _};
use p3_batch_stark::{ProverData, StarkInstance, prove_batch, verify_batch};
use p3_field::{Field, PrimeCharacteristicRing as _};
use p3_koala_bear::KoalaBear;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;
use wrap::{
    inner::{Config, Parameters, Proof},
    tape::Tape,
    verify::{Shape, verify},
};

/// Height of both tables, as its logarithm.
pub const LOG_HEIGHT: usize = 3;

#[derive(Clone, Debug)]
pub enum Toy {
    /// Left and right, which become right and left + right + step; a step that is in the table.
    Fibonacci,
    /// Steps and their cubes; how often each is taken.
    Steps,
}

impl<F: Field> BaseAir<F> for Toy {
    fn width(&self) -> usize {
        match self {
            Self::Fibonacci => 4,
            Self::Steps => 1,
        }
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<F>> {
        let row = |i: usize| [F::from_usize(i), F::from_usize(i).cube()];
        match self {
            Self::Fibonacci => None,
            Self::Steps => {
                Some(RowMajorMatrix::new((0..1 << LOG_HEIGHT).flat_map(row).collect(), 2))
            }
        }
    }

    fn preprocessed_width(&self) -> usize {
        match self {
            Self::Fibonacci => 0,
            Self::Steps => 2,
        }
    }

    fn num_public_values(&self) -> usize {
        match self {
            Self::Fibonacci => 3,
            Self::Steps => 0,
        }
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        match self {
            Self::Fibonacci => vec![0, 1],
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
            Self::Fibonacci => {
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
                builder.when_transition().assert_eq(next_right, left + right + step.clone());
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

pub struct Run {
    pub parameters: Parameters,
    pub config: Config,
    pub data: ProverData<Config>,
    pub proof: Proof,
    pub public_values: Vec<Vec<KoalaBear>>,
}

pub const AIRS: [Toy; 2] = [Toy::Fibonacci, Toy::Steps];

/// Two queries: enough for the circuit to be of every kind of cell.
pub const PARAMETERS: Parameters = Parameters {
    log_blowup: 2,
    queries: 2,
    max_log_arity: 2,
    log_final_poly_len: 1,
    cap_height: 1,
    work: 2,
};

/// Proves a run that starts from two numbers.
pub fn prove(parameters: Parameters, a: u32, b: u32) -> Run {
    let height = 1 << LOG_HEIGHT;
    let (mut left, mut right) = (KoalaBear::from_u32(a), KoalaBear::from_u32(b));
    let first = [left, right];
    let (mut rows, mut taken, mut last) = (vec![], vec![KoalaBear::ZERO; height], right);
    for i in 0..height {
        let step = (i * 5 + a as usize) % height;
        taken[step] += KoalaBear::ONE;
        let step = KoalaBear::from_usize(step);
        rows.extend([left, right, step, step.cube()]);
        last = right;
        (left, right) = (right, left + right + step);
    }
    let traces = [RowMajorMatrix::new(rows, 4), RowMajorMatrix::new(taken, 1)];
    let public_values = vec![vec![first[0], first[1], last], vec![]];
    let config = parameters.config();
    let traces: Vec<_> = traces.iter().collect();
    let instances = StarkInstance::new_multiple(&AIRS, &traces, &public_values);
    let data = ProverData::from_instances(&config, &instances).expect("tables of one height");
    let proof = prove_batch(&config, &instances, &data).expect("an honest run is proven");
    Run { parameters, config, data, proof, public_values }
}

impl Run {
    /// Whether Plonky3 accepts the proof.
    pub fn verifies(&self) -> bool {
        let common = &self.data.common;
        verify_batch(&self.config, &AIRS, &self.proof, &self.public_values, common).is_ok()
    }

    pub fn shape(&self) -> Shape {
        Shape::new(self.parameters, &AIRS, &self.data.common, LOG_HEIGHT).expect("a toy's shape")
    }

    /// The circuit of the proof's verification; none where it has another shape.
    pub fn tape(&self, shape: &Shape, table_bits: usize) -> Result<Tape, String> {
        let mut tape = Tape::new(table_bits);
        let preprocessed = self.data.common.preprocessed.as_ref().map(|it| &it.commitment);
        let statement = verify(&mut tape, shape, &self.proof, preprocessed, &self.public_values)?;
        for value in statement.public_values.iter().flatten() {
            tape.expose(value.cell);
        }
        for node in statement.preprocessed {
            tape.expose(node);
        }
        Ok(tape)
    }
}
