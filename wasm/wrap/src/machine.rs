//! The circuit of zkWasm's machine: verifies a run's proof, and binds it to the words that the
//! contract makes of a statement (`wasm/zkwasm/src/prove/wrap/statement.rs`).

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_koala_bear::KoalaBear;

use crate::{
    hash,
    inner::{Parameters, Proof},
    koala::Num,
    tape::{Cell, Tape},
    verify::{Cap, Shape, Statement, verify},
};

/// Most public inputs and outputs together.
pub const MAX_IO: usize = 33;
/// 64-bit numbers of a word.
const TOGETHER: usize = 3;
pub const WORDS: usize = 4 + MAX_IO / TOGETHER;
/// Limbs of 16 bits of a number.
const LIMBS: usize = 4;

/// What sets circuits of the machine apart.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Version of the tables and the transcript.
    pub version: u8,
    /// The height of all tables, as its logarithm.
    pub log_height: u8,
    /// Numbers of the operations that take an input and give an output.
    pub input: u8,
    pub output: u8,
}

impl Class {
    /// At least 100 proven bits, by zkWasm's own test of it.
    pub fn parameters(self) -> Parameters {
        Parameters {
            log_blowup: 4,
            queries: 48,
            max_log_arity: 3,
            log_final_poly_len: 3,
            cap_height: 5,
            work: 16,
            batch_work: if self.log_height > 12 { 18 } else { 16 },
        }
    }
}

/// A proof, and what it is of.
pub struct Run<'a> {
    pub words: [Fr; WORDS],
    pub proof: &'a Proof,
    pub preprocessed: &'a Cap,
    /// Of each table.
    pub public_values: &'a [Vec<KoalaBear>],
    pub given: &'a [Vec<Vec<KoalaBear>>],
}

/// The circuit of a run; its public values are the words.
///
/// @throws if the proof has another shape
pub fn circuit(class: Class, shape: &Shape, run: &Run, table_bits: usize) -> Result<Tape, String> {
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
    let inputs = assert_entries(tape, class, operation, is_input, index, outputs);
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
    u64::from(class.version) | u64::from(class.log_height) << 8
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
    class: Class,
    operation: &[Num],
    is_input: &[Num],
    index: &[Num],
    outputs: &Num,
) -> Cell {
    let (zero, one) = (tape.zero(), tape.one());
    let [input, output] = [class.input, class.output].map(|it| Fr::from(u64::from(it)));
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
