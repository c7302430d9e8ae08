//! Makes what is committed of each class under the test setup: its verifying key, the contract that
//! verifies its proofs, and a proof for the contract's test.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use serde_json::{Value, json};
use wrap::{
    keys::{ClassKey, ClassProvingKey},
    solidity,
};
use zkwasm::{
    abi::{decode, encode},
    execute::Inputs,
    program::Program,
    prove::{
        Statement,
        wrap::{Class, Prover, statement::words},
    },
};

const USAGE: &str = "\
usage: keys <command>

  write <folder> [class]...  make keys, contracts and proofs of the classes (all), under the test
                             setup; what is long in the making is kept in the folder. Some 3 GB.
  check                      whether contracts and proofs are of the keys that are committed";

/// Of the first task of contracts/test/vectors/task.json and its prover.
const BINDING: &str = "0x6744ce6affc1690cae9ab1cd9f48e5393ce8426795262e3fad688e3f1538e394";

/// The committed guests that are proven, and what they are given.
fn run_of(class: Class) -> (&'static str, Inputs) {
    let none = vec![];
    match class {
        Class::Tiny | Class::Small => ("fibonacci", Inputs { public: vec![10], private: none }),
        // Salt, numbers of public and private inputs, and readings, to which it commits.
        Class::Medium => {
            let private = vec![1, 2, 3, 4, 0, 4, 215, 218, 221, 219];
            ("meter_rust", Inputs { public: none, private })
        }
    }
}

const CLASSES: [(Class, &str); 3] =
    [(Class::Tiny, "Tiny"), (Class::Small, "Small"), (Class::Medium, "Medium")];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["write", folder, ref classes @ ..] => CLASSES
            .iter()
            .filter(|(_, name)| classes.is_empty() || classes.contains(&&*name.to_lowercase()))
            .try_for_each(|(class, name)| write(*class, name, Path::new(folder))),
        ["check"] => CLASSES.iter().try_for_each(|(class, name)| check(*class, name)),
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Files {
    key: PathBuf,
    contract: PathBuf,
    vector: PathBuf,
}

fn files(name: &str) -> Files {
    let lower = name.to_lowercase();
    Files {
        key: root().join(format!("wasm/wrap/src/keys/unsafe_test_{lower}.key")),
        contract: root()
            .join(format!("contracts/src/generated/UnsafeTestSetupZkWasm{name}Verifier.sol")),
        vector: root().join(format!("contracts/test/vectors/zkwasm-wrap-{lower}.json")),
    }
}

/// Tests alone use class tiny.
fn has_contract(class: Class) -> bool {
    class != Class::Tiny
}

fn write(class: Class, name: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut began = Instant::now();
    let mut tell = |what: String| {
        println!("{name}: {:6.1} s  {what}", began.elapsed().as_secs_f64());
        began = Instant::now();
    };
    let (guest, inputs) = run_of(class);
    let code = fs::read(root().join(format!("wasm/dist/guests/{guest}.wasm")))?;
    let prover = Prover::new(Program::from_wasm(&code)?, class)?;
    let binding = unhex(BINDING).and_then(|bytes| bytes.try_into().ok()).expect("32 bytes");
    let proven = prover.prove(&inputs, binding)?;
    tell(format!("a STARK of {} bytes", proven.1.len()));
    let keys = ClassProvingKey::prepare(class, None, folder, None, Some(&proven))?;
    let Files { key, contract, vector } = files(name);
    fs::write(&key, keys.key.to_bytes())?;
    if class == Class::Tiny {
        let fingerprint = keys.tape(&proven.0, &proven.1)?.fingerprint();
        fs::write(key.with_file_name("tiny.fingerprint"), format!("{}\n", digits(&fingerprint)))?;
    }
    tell(format!("{:?}, a verifying key of {} bytes", keys.size(), keys.key.to_bytes().len()));
    if !has_contract(class) {
        return Ok(());
    }
    let (statement, stark) = proven;
    fs::write(contract, contract_of(&keys.key, name)?)?;
    let proof = keys.prove(&statement, &stark)?;
    tell(format!("a proof of {} bytes, verified", proof.len()));
    let made = json!({
        "class": class as u8,
        "imageId": hex(&statement.image_id),
        "binding": hex(&statement.binding),
        "publicValues": hex(&encode(&statement)),
        "proof": hex(&proof),
    });
    Ok(fs::write(vector, serde_json::to_string_pretty(&made)? + "\n")?)
}

fn check(class: Class, name: &str) -> Result<(), Box<dyn Error>> {
    let Files { key, contract, vector } = files(name);
    if fs::read(key)?.is_empty() {
        return Ok(());
    }
    let key = ClassKey::read(&[], class)?;
    if !key.verifying.is_unsafe() {
        return Err(format!("{name}: the key is not of the test setup").into());
    }
    if !has_contract(class) {
        return Ok(());
    }
    if fs::read_to_string(&contract)? != contract_of(&key, name)? {
        return Err(format!("{} is not the committed key's", contract.display()).into());
    }
    let vector: Value = serde_json::from_str(&fs::read_to_string(vector)?)?;
    let bytes =
        |field: &str| vector[field].as_str().and_then(unhex).ok_or("a vector lacks a field");
    let statement: Statement = decode(&bytes("publicValues")?).ok_or("malformed public values")?;
    let instance = words(&statement, class).map(wrap::field::from_p3);
    if !key.verifying.verifies(&instance, &bytes("proof")?) {
        return Err(format!("{name}: the vector's proof does not hold").into());
    }
    Ok(())
}

fn contract_of(key: &ClassKey, name: &str) -> Result<String, String> {
    Ok(solidity::contract(&key.verifying, &format!("ZkWasm{name}Verifier"))?.1)
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", digits(bytes))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok())
        .collect()
}
