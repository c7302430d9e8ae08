//! Sample proofs, for the tests of contracts and nodes.

use serde_json::{Value, json};
use sha2::Sha256;
use sha3::{Digest, Keccak256};

use crate::{
    circuit::SLOTS,
    input::Input,
    keys,
    prover::{self, PROOF_BYTES},
};

const PROVER: [u8; 20] = [0xa1; 20];

/// Proofs for the program whose module is `program`: the object's own fields are those of a full
/// list of messages, `others` has shorter ones.
///
/// # Errors
/// If a proof cannot be made.
pub fn make(program: &[u8]) -> Result<String, String> {
    let readings = |count: usize| -> Vec<String> {
        (0..count).map(|i| format!("{}.{}", i as i64 * 3 - 20, i * 7 % 10)).collect()
    };
    let program_id: [u8; 32] = Sha256::digest(program).into();
    let mut main = vector(program_id, &readings(SLOTS))?;
    let others = [readings(1), readings(SLOTS - 1), vec!["-3276.8".into(), "3276.7".into()]];
    main["others"] = others
        .iter()
        .map(|readings| vector(program_id, readings))
        .collect::<Result<Vec<_>, _>>()?
        .into();
    Ok(serde_json::to_string_pretty(&main).map_err(|error| error.to_string())? + "\n")
}

/// Whether `text` holds proofs for the program that still verify.
pub fn are_current(text: &str, program: &[u8]) -> bool {
    let Ok(main) = serde_json::from_str::<Value>(text) else { return false };
    let Some(others) = main["others"].as_array() else { return false };
    let program_id = hex(&Sha256::digest(program));
    others.iter().chain([&main]).all(|vector| {
        let bytes = |name: &str| unhex(vector[name].as_str()?);
        let holds = || prover::verify(&bytes("publicValues")?, &bytes("proof")?).ok();
        vector["programId"] == program_id && holds().is_some()
    })
}

fn vector(program_id: [u8; 32], readings: &[String]) -> Result<Value, String> {
    let task_id: [u8; 32] = Keccak256::digest(readings.join(",")).into();
    let binding = Keccak256::new().chain_update(task_id).chain_update(PROVER).finalize();
    let messages: Vec<_> = readings.iter().map(|value| format!("{{\"value\":{value}}}")).collect();
    let input = json!({
        "messages": messages,
        "salt": hex(&Keccak256::digest(task_id)),
        "binding": hex(&binding),
    });
    let parsed = Input::parse(input.to_string().as_bytes())?;
    let proven = prover::prove(&parsed, |_, _| {})?;
    assert_eq!(proven.proof.len(), PROOF_BYTES);
    let number = |word: usize| {
        let bytes = &proven.public_values[word * 32 + 28..][..4];
        i64::from(u32::from_be_bytes(bytes.try_into().expect("4 bytes")))
    };
    let offset = 1 << 15;
    Ok(json!({
        "programId": hex(&program_id),
        "imageId": hex(&keys::image_id()),
        "taskId": hex(&task_id),
        "prover": hex(&PROVER),
        "messages": input["messages"],
        "salt": input["salt"],
        "binding": input["binding"],
        "inputCommitment": hex(&prover::commit(&parsed)),
        "mean": number(0) - offset,
        "min": number(1) - offset,
        "max": number(2) - offset,
        "count": number(3),
        "publicValues": hex(&proven.public_values),
        "proof": hex(&proven.proof),
    }))
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}
