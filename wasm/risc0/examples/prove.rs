//! The pure Rust host that the benchmark compares with: proves one run through risc0's own interface.
//!
//! `prove <program binary> <file that is the guest's stdin> <power of two of rows a segment>`

use std::{env, fs};

use risc0_zkvm::{ExecutorEnv, ProverOpts, get_prover_server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [program, stdin, po2] = arguments.as_slice() else {
        return Err("usage: prove <program binary> <stdin> <segment po2>".into());
    };
    let (program, stdin) = (fs::read(program)?, fs::read(stdin)?);
    let environment =
        ExecutorEnv::builder().write_slice(&stdin).segment_limit_po2(po2.parse()?).build()?;
    let receipt =
        get_prover_server(&ProverOpts::composite())?.prove(environment, &program)?.receipt;
    println!("{}", receipt.seal_size());
    Ok(())
}
