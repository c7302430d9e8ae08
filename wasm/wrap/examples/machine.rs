//! Lays the circuit of a run of zkWasm's machine, and says how large it is.

use std::{env, error::Error, fs, sync::Arc, time::Instant};

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_air::BaseAir as _;
use p3_batch_stark::{
    ProverData,
    common::{GlobalPreprocessed, PreprocessedInstanceMeta},
};
use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;
use wrap::{
    circuit::Size,
    field::from_p3,
    inner::{Config, Proof},
    machine::{Class, MAX_IO, Run, circuit},
    verify::Shape,
};
use zkwasm::{
    chips::{Table, io, results::RESULTS},
    execute::Inputs,
    program::{
        Program,
        isa::{Op, Status},
    },
    prove::{
        config::VERSION,
        wrap::{self as inner, statement::words},
    },
};

const TABLE_BITS: usize = 16;

fn tables(columns: Vec<Vec<KoalaBear>>) -> Vec<Table> {
    let mut tables = vec![
        Table::Cpu,
        Table::Rom(None),
        Table::Image(None),
        Table::Gaps(None),
        Table::Bytes(None),
        Table::Slots,
        Table::Io(Arc::new(columns)),
        Table::Split16,
        Table::Split24,
        Table::Zeros,
        Table::Linear,
        Table::Word,
        Table::Cell,
        Table::Grow,
    ];
    tables.extend(RESULTS.iter().map(|(table, ..)| table.clone()));
    tables
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [program, class, inputs @ ..] = &arguments[..] else {
        return Err("usage: machine <program.wasm> <tiny|small|medium> [public input]...".into());
    };
    let class = match class.as_str() {
        "tiny" => inner::Class::Tiny,
        "small" => inner::Class::Small,
        "medium" => inner::Class::Medium,
        _ => return Err("the class is tiny, small or medium".into()),
    };
    let inputs = inputs.iter().map(|it| it.parse()).collect::<Result<Vec<u64>, _>>()?;
    let program = Program::from_wasm(&fs::read(program)?).map_err(|error| format!("{error:?}"))?;
    let prover = inner::Prover::new(program, class).map_err(|error| format!("{error:?}"))?;
    let start = Instant::now();
    let inputs = Inputs { public: inputs, private: vec![] };
    let (statement, bytes) =
        prover.prove(&inputs, [7; 32]).map_err(|error| format!("{error:?}"))?;
    println!("STARK: {} bytes in {:.1?}", bytes.len(), start.elapsed());
    inner::verify(&statement, &bytes).map_err(|error| format!("{error:?}"))?;

    let key = prover.key();
    let body = &bytes[2 + postcard::to_allocvec(key)?.len()..];
    let proof: Proof = postcard::from_bytes(body)?;
    let log_height = class.log_height();
    let mut columns = io::columns(&statement.inputs, &statement.outputs);
    columns.iter_mut().for_each(|column| column.resize(1 << log_height, KoalaBear::ZERO));
    let airs = tables(columns.clone());
    let ours = Class {
        version: VERSION,
        log_height: log_height as u8,
        input: Op::Input as u8,
        output: Op::Output as u8,
    };
    let parameters = ours.parameters();
    let config: Config = parameters.config([Bn254::ZERO; 1]);
    let logs = vec![log_height; airs.len()];
    let mut data = ProverData::from_airs_and_degrees(&config, &airs, &logs)
        .map_err(|error| format!("{error:?}"))?;
    let (mut instances, mut matrix_to_instance) = (vec![], vec![]);
    for (i, air) in airs.iter().enumerate() {
        let width = air.preprocessed_width();
        instances.push((width > 0).then(|| {
            matrix_to_instance.push(i);
            let matrix_index = matrix_to_instance.len() - 1;
            PreprocessedInstanceMeta { matrix_index, width, degree_bits: log_height }
        }));
    }
    let commitment = key.commitment.clone();
    data.common.preprocessed =
        Some(GlobalPreprocessed { commitment, instances, matrix_to_instance });
    let shape = Shape::new(parameters, &airs, &data.common, log_height, MAX_IO)?;

    let done = u32::from(statement.status == Status::Done);
    let outputs = statement.outputs.len() as u32;
    let public = [key.entry, key.pages, statement.status as u32, done, outputs];
    let mut public_values = vec![vec![]; airs.len()];
    public_values[0] = public.map(KoalaBear::from_u32).to_vec();
    let given: Vec<_> = airs
        .iter()
        .map(|air| if let Table::Io(_) = air { columns.clone() } else { vec![] })
        .collect();
    let mut run = Run {
        words: words(&statement, class).map(from_p3),
        proof: &proof,
        preprocessed: &key.commitment,
        public_values: &public_values,
        given: &given,
    };
    let start = Instant::now();
    let tape = circuit(ours, &shape, &run, TABLE_BITS)?;
    println!("laid in {:.1?}: {:?}", start.elapsed(), tape.count());
    println!("fault: {:?}", tape.fault());
    for k in 18..22 {
        println!("{:?}", Size::of(&tape, k));
    }
    for word in 0..run.words.len() {
        let honest = run.words[word];
        run.words[word] += Fr::ONE;
        let fault = circuit(ours, &shape, &run, TABLE_BITS)?.fault();
        println!("word {word} changed: {}", fault.is_some_and(|_| true));
        run.words[word] = honest;
    }
    Ok(())
}
