//! Wraps a run of zkWasm's machine, and says what each step costs.

use std::{env, error::Error, path::Path, time::Instant};

use wrap::keys::ClassProvingKey;
use zkwasm::{
    execute::Inputs,
    program::Program,
    prove::wrap::{Class, Prover},
};

const USAGE: &str = "\
usage: machine <program.wasm> <tiny|small|medium> <folder> [public input]...

Proves the program's run, and wraps the proof, under a test setup whose secret is public. Setup and
keys are kept in the folder. Takes some 3 GB.";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [program, class, folder, inputs @ ..] = &arguments[..] else {
        return Err(USAGE.into());
    };
    let class = match class.as_str() {
        "tiny" => Class::Tiny,
        "small" => Class::Small,
        "medium" => Class::Medium,
        _ => return Err(USAGE.into()),
    };
    let public = inputs.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
    let program = Program::from_wasm(&std::fs::read(program)?)?;
    let mut began = Instant::now();
    let mut tell = |what: String| {
        println!("{:6.1} s  {what}", began.elapsed().as_secs_f64());
        began = Instant::now();
    };
    let prover = Prover::new(program, class)?;
    tell("the program's commitment".into());
    let (statement, stark) = prover.prove(&Inputs { public, private: vec![] }, [7; 32])?;
    tell(format!("a STARK of {} bytes", stark.len()));
    let proven = (statement, stark);
    let keys = ClassProvingKey::prepare(class, None, Path::new(folder), None, Some(&proven))?;
    tell(format!("setup and keys: {:?}", keys.size()));
    let (statement, stark) = proven;
    let proof = keys.prove(&statement, &stark)?;
    tell(format!("a proof of {} bytes, verified", proof.len()));
    Ok(())
}
