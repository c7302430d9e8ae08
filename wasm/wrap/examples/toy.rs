//! Makes what the contracts' tests need: a verifier of a small machine's wrapped proofs, and one.

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../tests/common/toy.rs"]
mod toy;

use std::{env, error::Error, fs, process::ExitCode};

use halo2_axiom::halo2curves::{bn256::Fr, ff::PrimeField as _};
use serde_json::{Value, json};
use wrap::{outer::ProvingKey, setup::unsafe_test_setup, solidity::contract, tape::Tape};

const USAGE: &str = "\
usage: toy <command>

  write <verifier.sol> <vectors.json>    write a verifier contract and a proof
  check <verifier.sol> <vectors.json>    whether they are those of this crate

Both work with a test setup, whose secret is public.";

const NAME: &str = "ToyWrapVerifier";
const K: u32 = 14;
const TABLE_BITS: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["write", path, vectors] => write(path, vectors),
        ["check", path, vectors] => check(path, vectors),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn keys() -> Result<(ProvingKey, Tape), String> {
    let run = toy::prove(toy::PARAMETERS, 1, 1);
    let tape = run.tape(&run.shape(), TABLE_BITS)?;
    Ok((ProvingKey::new(unsafe_test_setup(K), &tape)?, tape))
}

fn write(path: &str, vectors: &str) -> Result<(), Box<dyn Error>> {
    let (keys, tape) = keys()?;
    fs::write(path, contract(&keys.verifying, NAME)?.1)?;
    let instance = tape.instance();
    let proof = keys.prove(&tape)?;
    let public: Vec<u8> = instance.iter().flat_map(big_endian).collect();
    let made = json!({ "publicValues": hex(&public), "proof": hex(&proof) });
    Ok(fs::write(vectors, serde_json::to_string_pretty(&made)? + "\n")?)
}

fn check(path: &str, vectors: &str) -> Result<(), Box<dyn Error>> {
    let (keys, tape) = keys()?;
    if fs::read_to_string(path)? != contract(&keys.verifying, NAME)?.1 {
        return Err(format!("{path} is not the verifier of wasm/wrap").into());
    }
    let vectors: Value = serde_json::from_str(&fs::read_to_string(vectors)?)?;
    let proof = vectors["proof"].as_str().and_then(unhex).ok_or("a vector has no proof")?;
    let public: Vec<u8> = tape.instance().iter().flat_map(big_endian).collect();
    if vectors["publicValues"] != hex(&public) || !keys.verifying.verifies(&tape.instance(), &proof)
    {
        return Err("the proof is not one of wasm/wrap".into());
    }
    Ok(())
}

fn big_endian(value: &Fr) -> [u8; 32] {
    let mut bytes = value.to_repr();
    bytes.reverse();
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok())
        .collect()
}
