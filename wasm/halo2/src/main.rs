//! Makes what is built into the program, and what is made from it.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use weather_halo2::{
    keys::{self, Setup, ptau},
    solidity, vectors,
};

const USAGE: &str = "\
usage: weather-halo2 <command>

  setup --unsafe-test    write the test setup, whose secret is public, and its verifying key
  import-ptau <file>     the same from a powers-of-tau file of snarkjs, after checking it
  verifier <out.sol>     write the Solidity verifier of the setup that is built in
  vectors <out.json> <program.wasm>
                         write proofs of sample messages, for tests of what verifies them
  check-vectors <json> <program.wasm>
                         whether these are proofs of the program that still verify

After setup or import-ptau build again: setup and key are part of the program.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["setup", "--unsafe-test"] => write_keys(&keys::unsafe_test_setup()),
        ["import-ptau", file] => import(file),
        ["verifier", out] => write_verifier(out),
        ["vectors", out, program] => write_vectors(out, program),
        ["check-vectors", file, program] => check_vectors(file, program),
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

fn import(file: &str) -> Result<(), Box<dyn Error>> {
    let setup = ptau::read(&fs::read(file)?)?;
    write_keys(&setup)
}

fn write_keys(setup: &Setup) -> Result<(), Box<dyn Error>> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(|_| "run this by cargo run")?;
    let folder = PathBuf::from(manifest).join("src/keys");
    let key = keys::make_verifying_key(setup)?;
    fs::write(folder.join("setup.bin"), keys::write_setup(setup)?)?;
    fs::write(folder.join("verifying.key"), keys::write_verifying_key(&key))?;
    Ok(())
}

fn write_verifier(out: &str) -> Result<(), Box<dyn Error>> {
    let (_, source) = solidity::verifier(keys::setup(), keys::verifying_key())?;
    Ok(fs::write(out, source)?)
}

fn write_vectors(out: &str, program: &str) -> Result<(), Box<dyn Error>> {
    // Proofs are randomised: new ones would change the file for nothing.
    if check_vectors(out, program).is_ok() {
        return Ok(());
    }
    Ok(fs::write(out, vectors::make(&fs::read(program)?)?)?)
}

fn check_vectors(file: &str, program: &str) -> Result<(), Box<dyn Error>> {
    if vectors::are_current(&fs::read_to_string(file)?, &fs::read(program)?) {
        return Ok(());
    }
    Err(format!("{file} is out of date").into())
}
