//! The circuit of zkWasm's machine: verifies a run's proof, and binds it to the words that the
//! contract makes of a statement (`wasm/zkwasm/src/prove/wrap/statement.rs`).

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_air::BaseAir as _;
use p3_batch_stark::{
    ProverData,
    common::{GlobalPreprocessed, PreprocessedInstanceMeta},
};
use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;
use p3_symmetric::MerkleCap;
use zkwasm::{
    chips::Table,
    program::isa::{Op, Status},
    prove::{
        Statement as RunStatement,
        config::{GRINDING, VERSION},
        wrap::{
            Class,
            config::CAP_HEIGHT,
            split,
            statement::{MAX_IO, WORDS, words},
            tables,
        },
    },
};

use crate::{
    field::from_p3,
    hash,
    inner::{Config, Parameters, Proof},
    koala::Num,
    tape::{Cell, Tape},
    verify::{Cap, Shape, Statement, verify},
};

/// 64-bit numbers of a word.
const TOGETHER: usize = 3;
/// Limbs of 16 bits of a number.
const LIMBS: usize = 4;

const _: () = assert!(WORDS == 4 + MAX_IO.div_ceil(TOGETHER));

/// What is the same of all proofs of a class.
pub struct Machine {
    class: Class,
    shape: Shape,
}

impl Machine {
    /// @throws if the circuit can't be made for the class's tables
    pub fn new(class: Class) -> Result<Self, String> {
        let airs = tables(class, &[], &[]);
        let parameters = parameters(class);
        let logs = vec![class.log_height(); airs.len()];
        let config = parameters.config([Bn254::ZERO; WORDS]);
        let mut data = ProverData::from_airs_and_degrees(&config, &airs, &logs)
            .map_err(|error| format!("the tables: {error:?}"))?;
        data.common.preprocessed = Some(preprocessed(&airs, class));
        let shape = Shape::new(parameters, &airs, &data.common, class.log_height(), MAX_IO)?;
        Ok(Self { class, shape })
    }

    /// The circuit of a proof, as the prover gives its bytes.
    ///
    /// A proof that does not verify gives a tape whose constraints do not hold.
    ///
    /// @throws if there are more public inputs and outputs than a circuit takes, or the proof is of
    /// another class or shape
    pub fn tape(
        &self,
        statement: &RunStatement,
        bytes: &[u8],
        table_bits: usize,
    ) -> Result<Tape, String> {
        let RunStatement { inputs, outputs, status, .. } = statement;
        if inputs.len() + outputs.len() > MAX_IO {
            return Err(format!("more than {MAX_IO} public inputs and outputs"));
        }
        let words = words(statement, self.class).map(from_p3);
        let (key, proof) = split(bytes).map_err(|error| error.to_string())?;
        if key.class != self.class {
            return Err("the proof is of another class".into());
        }
        let (proof, rest) = postcard::take_from_bytes(proof).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err("there are bytes behind the proof".into());
        }
        let airs = tables(self.class, inputs, outputs);
        let done = u32::from(*status == Status::Done);
        let public = [key.entry, key.pages, *status as u32, done, outputs.len() as u32];
        let mut public_values = vec![vec![]; airs.len()];
        public_values[0] = public.map(KoalaBear::from_u32).to_vec();
        let given: Vec<_> = airs.iter().map(|air| air.periodic_columns().to_vec()).collect();
        let run = Run {
            words,
            proof: &proof,
            preprocessed: &key.commitment,
            public_values: &public_values,
            given: &given,
        };
        circuit(self.class, &self.shape, &run, table_bits)
    }
}

fn parameters(class: Class) -> Parameters {
    let fri = class.fri(());
    Parameters {
        log_blowup: fri.log_blowup,
        queries: fri.num_queries,
        max_log_arity: fri.max_log_arity,
        log_final_poly_len: fri.log_final_poly_len,
        cap_height: CAP_HEIGHT,
        work: GRINDING,
        batch_work: fri.batch_proof_of_work_bits,
    }
}

/// Which tables have preprocessed columns; their commitment is each program's own.
fn preprocessed(airs: &[Table], class: Class) -> GlobalPreprocessed<Config> {
    let mut matrix_to_instance = vec![];
    let mut meta = |(instance, air): (usize, &Table)| {
        let width = air.preprocessed_width();
        (width > 0).then(|| {
            matrix_to_instance.push(instance);
            let matrix_index = matrix_to_instance.len() - 1;
            PreprocessedInstanceMeta { matrix_index, width, degree_bits: class.log_height() }
        })
    };
    let instances = airs.iter().enumerate().map(&mut meta).collect();
    let commitment = MerkleCap::new(vec![[Bn254::ZERO]; 1 << CAP_HEIGHT]);
    GlobalPreprocessed { commitment, instances, matrix_to_instance }
}

/// A proof, and what it is of.
struct Run<'a> {
    words: [Fr; WORDS],
    proof: &'a Proof,
    preprocessed: &'a Cap,
    /// Of each table.
    public_values: &'a [Vec<KoalaBear>],
    given: &'a [Vec<Vec<KoalaBear>>],
}

/// The circuit of a run; its public values are the words.
///
/// @throws if the proof has another shape
fn circuit(class: Class, shape: &Shape, run: &Run, table_bits: usize) -> Result<Tape, String> {
    let mut tape = Tape::new(table_bits);
    let words = run.words.map(|word| tape.witness(word));
    words.iter().for_each(|word| tape.expose(*word));
    let (values, given) = (run.public_values, run.given);
    let preprocessed = Some(run.preprocessed);
    let statement = verify(&mut tape, shape, &words, run.proof, preprocessed, values, given)?;
    assert_states(&mut tape, class, &words, &statement)?;
    Ok(tape)
}

/// That words are those of a run.
fn assert_states(
    tape: &mut Tape,
    class: Class,
    words: &[Cell; WORDS],
    statement: &Statement,
) -> Result<(), String> {
    let given = statement.given.iter().find(|columns| !columns.is_empty());
    let given = given.ok_or("no table is given inputs and outputs")?;
    let [operation, is_input, index, limbs @ ..] = &given[..] else {
        return Err("inputs and outputs have other columns".into());
    };
    let cpu = statement.public_values.first().map(|values| &values[..]);
    let Some([entry, pages, status, done, outputs]) = cpu else {
        return Err("the first table has other public values".into());
    };
    if is_input.len() != MAX_IO || limbs.len() != LIMBS {
        return Err("other inputs and outputs are given".into());
    }
    let inputs = assert_entries(tape, operation, is_input, index, outputs);
    assert_done(tape, status, done);
    for byte in [status.cell, inputs, outputs.cell] {
        tape.assert_bits(byte, 8);
    }
    let kinds = [(16, status.cell), (24, inputs), (32, outputs.cell)];
    assert_packed(tape, fixed(class), &kinds, words[0]);
    assert_image(tape, class, entry, pages, &statement.preprocessed, words[1]);
    for (word, rows) in words[4..].iter().zip((0..MAX_IO).step_by(TOGETHER)) {
        let mut parts = vec![];
        for number in 0..TOGETHER {
            for (i, limb) in limbs.iter().enumerate() {
                let cell = limb[rows + number].cell;
                tape.assert_bits(cell, 16);
                parts.push((64 * number + 16 * i, cell));
            }
        }
        assert_packed(tape, 0, &parts, *word);
    }
    Ok(())
}

fn fixed(class: Class) -> u64 {
    u64::from(VERSION) | u64::from(class as u8) << 8
}

/// That a word is a constant and cells that begin at bits of it.
fn assert_packed(tape: &mut Tape, constant: u64, parts: &[(usize, Cell)], word: Cell) {
    let start = tape.constant(Fr::from(constant));
    let weigh = |(bit, cell): &(usize, Cell)| (Fr::from(2).pow([*bit as u64]), *cell);
    let terms: Vec<_> = parts.iter().map(weigh).collect();
    let sum = tape.sum_scaled(start, &terms);
    tape.assert_equal(sum, word);
}

/// That one is whether the other is 0.
fn assert_done(tape: &mut Tape, status: &Num, done: &Num) {
    let (zero, one) = (tape.zero(), tape.one());
    tape.assert_bit(done.cell);
    let inverse = tape.value(status.cell).invert().unwrap_or(Fr::ZERO);
    let inverse = tape.witness(inverse);
    let either = tape.mul_add(done.cell, status.cell, inverse);
    tape.assert_equal(either, one);
    let both = tape.mul(status.cell, done.cell);
    tape.assert_equal(both, zero);
}

/// That rows are those of so many inputs, then those of so many outputs, then zeros.
///
/// @return how many inputs there are
fn assert_entries(
    tape: &mut Tape,
    operation: &[Num],
    is_input: &[Num],
    index: &[Num],
    outputs: &Num,
) -> Cell {
    let (zero, one) = (tape.zero(), tape.one());
    let [input, output] = [Op::Input, Op::Output].map(|op| Fr::from(op as u64));
    let ones = |tape: &mut Tape, bits: &[Cell]| {
        let terms: Vec<_> = bits.iter().map(|bit| (*bit, one)).collect();
        tape.sum_products(zero, &terms)
    };
    let inputs: Vec<_> = is_input.iter().map(|it| it.cell).collect();
    let used: Vec<_> = operation
        .iter()
        .map(|it| {
            let is = tape.value(it.cell) != Fr::ZERO;
            tape.witness(Fr::from(u64::from(is)))
        })
        .collect();
    for bits in [&inputs, &used] {
        bits.iter().for_each(|bit| tape.assert_bit(*bit));
        for pair in bits.windows(2) {
            // A row of the kind has rows of the kind above it.
            let both = tape.mul(pair[0], pair[1]);
            tape.assert_equal(both, pair[1]);
        }
    }
    let count = ones(tape, &inputs);
    let total = ones(tape, &used);
    let sum = tape.add(count, outputs.cell);
    tape.assert_equal(total, sum);
    for (row, (input_bit, used_bit)) in inputs.iter().zip(&used).enumerate() {
        let both = tape.mul(*input_bit, *used_bit);
        tape.assert_equal(both, *input_bit);
        let is = tape.sum_scaled(zero, &[(output, *used_bit), (input - output, *input_bit)]);
        tape.assert_equal(is, operation[row].cell);
        let row_is = tape.constant(Fr::from(row as u64));
        let after = tape.sub(row_is, count);
        let output_bit = tape.sub(*used_bit, *input_bit);
        let place = tape.sum_products(zero, &[(row_is, *input_bit), (after, output_bit)]);
        tape.assert_equal(place, index[row].cell);
    }
    count
}

/// That a word names the program: the chain of what its key is and of the nodes of its commitment.
fn assert_image(
    tape: &mut Tape,
    class: Class,
    entry: &Num,
    pages: &Num,
    commitment: &[Cell],
    word: Cell,
) {
    let start = tape.constant(Fr::from(fixed(class)));
    let weights = [64, 96].map(|bit| Fr::from(2).pow([bit]));
    let first = tape.sum_scaled(start, &[(weights[0], entry.cell), (weights[1], pages.cell)]);
    let digest = commitment.iter().fold(first, |node, next| hash::compress(tape, node, *next));
    tape.assert_equal(digest, word);
}

#[cfg(test)]
mod tests;
