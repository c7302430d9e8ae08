//! Wraps a run of zkWasm's machine, and says what each step costs.

use std::{env, error::Error, fs, time::Instant};

use wrap::{
    circuit::Size,
    machine::Machine,
    outer::{Keys, unsafe_test_setup},
};
use zkwasm::{
    execute::Inputs,
    program::Program,
    prove::wrap::{Class, Prover},
};

const USAGE: &str = "\
usage: machine <program.wasm> <tiny|small|medium> <k> <contract.sol> [public input]...

Proves the program's run, and that proof in a circuit of 2^k rows, under a test setup whose secret
is public; writes the contract that verifies it. 2^19 rows take some 3 GB.";

const TABLE_BITS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [program, class, k, contract, inputs @ ..] = &arguments[..] else {
        return Err(USAGE.into());
    };
    let class = match class.as_str() {
        "tiny" => Class::Tiny,
        "small" => Class::Small,
        "medium" => Class::Medium,
        _ => return Err(USAGE.into()),
    };
    let public = inputs.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
    let program = Program::from_wasm(&fs::read(program)?).map_err(|error| format!("{error:?}"))?;
    let machine = Machine::new(class)?;
    let prover = Prover::new(program, class)?;
    let mut began = Instant::now();
    let mut tell = |what: String| {
        println!("{:6.1} s  {what}", began.elapsed().as_secs_f64());
        began = Instant::now();
    };
    let (statement, proof) = prover.prove(&Inputs { public, private: vec![] }, [7; 32])?;
    tell(format!("a STARK of {} bytes", proof.len()));
    let tape = machine.tape(&statement, &proof, TABLE_BITS)?;
    tell(format!("a circuit of {:?}", tape.count()));
    if let Some(fault) = tape.fault() {
        return Err(format!("it does not hold: {fault}").into());
    }
    let k = k.parse()?;
    println!("{:?}", Size::of(&tape, k)?);
    let setup = unsafe_test_setup(k);
    tell("a setup".into());
    let keys = Keys::new(setup, &tape)?;
    tell("keys".into());
    fs::write(contract, keys.contract("ZkWasmVerifier")?)?;
    tell("a contract".into());
    let wrapped = keys.prove(&tape)?;
    tell(format!("a proof of {} bytes", wrapped.len()));
    if !keys.verifies(&tape.instance(), &wrapped) {
        return Err("the proof does not verify".into());
    }
    tell("verified".into());
    Ok(())
}
