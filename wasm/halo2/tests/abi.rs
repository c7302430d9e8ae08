//! The C ABI, called as a host calls it.

use serde_json::{Value, json};
use weather_halo2::{
    ffi::{ws_alloc, ws_commit, ws_describe, ws_free, ws_out_len, ws_out_ptr, ws_prove, ws_verify},
    keys,
    prover::{PROOF_BYTES, PUBLIC_BYTES},
};

/// The last call's code and output.
fn answer(code: i32) -> Result<Vec<u8>, String> {
    // SAFETY: the library keeps its output until the next call.
    let out = unsafe { std::slice::from_raw_parts(ws_out_ptr(), ws_out_len()) }.to_vec();
    match code {
        0 => Ok(out),
        1 => Err(String::from_utf8(out).unwrap()),
        other => panic!("code {other}"),
    }
}

fn with_input(
    call: unsafe extern "C" fn(*const u8, usize) -> i32,
    input: &[u8],
) -> Result<Vec<u8>, String> {
    let ptr = ws_alloc(input.len());
    // SAFETY: `ptr` has room for the input until it is freed.
    unsafe {
        ptr.copy_from_nonoverlapping(input.as_ptr(), input.len());
        let result = answer(call(ptr, input.len()));
        ws_free(ptr, input.len());
        result
    }
}

fn verify(public_values: &[u8], proof: &[u8]) -> Result<Vec<u8>, String> {
    // SAFETY: both are slices.
    answer(unsafe {
        ws_verify(public_values.as_ptr(), public_values.len(), proof.as_ptr(), proof.len())
    })
}

fn input(messages: &[&str]) -> Vec<u8> {
    let (salt, binding) = (format!("0x{}", "01".repeat(32)), format!("0x{}", "02".repeat(32)));
    json!({ "messages": messages, "salt": salt, "binding": binding }).to_string().into_bytes()
}

#[test]
fn describes_itself() {
    let described: Value = serde_json::from_slice(&answer(ws_describe()).unwrap()).unwrap();
    assert_eq!(described["name"], "weather");
    assert_eq!(described["runtime"], "halo2");
    assert_eq!(described["maxMessages"], 16);
    assert_eq!(described["binding"], "data");
    assert_eq!(described["proofBytes"], PROOF_BYTES);
    assert_eq!(described["unsafeTestSetup"], keys::is_unsafe_test_setup());
    let names = described["publicValues"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|value| value["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mean", "min", "max", "count", "inputCommitment", "bindingHi", "bindingLo"]);
    let image_id = described["imageId"].as_str().unwrap();
    assert!(image_id.starts_with("0x") && image_id.len() == 66);
}

#[test]
fn commits_proves_and_verifies() {
    let input = input(&[r#"{"value":20.5}"#, r#"{"value":-3}"#]);
    let commitment = with_input(ws_commit, &input).unwrap();
    let out = with_input(ws_prove, &input).unwrap();
    let (length, rest) = out.split_first_chunk().unwrap();
    assert_eq!(u32::from_le_bytes(*length) as usize, PUBLIC_BYTES);
    let (public_values, proof) = rest.split_at(PUBLIC_BYTES);
    assert_eq!(proof.len(), PROOF_BYTES);
    assert_eq!(public_values[4 * 32..5 * 32], commitment);
    assert_eq!(verify(public_values, proof), Ok(vec![]));

    let mut changed = proof.to_vec();
    changed[PROOF_BYTES / 2] ^= 1;
    assert!(verify(public_values, &changed).is_err());
    assert!(verify(&[], &[]).is_err());
}

#[test]
fn errors_are_texts_without_private_values() {
    for (messages, wanted) in [
        (&[][..], "messages: none given, at least 1 is needed"),
        (&[r#"{"value":1}"#; 17], "messages: 17 given, at most 16 fit"),
        (&[r#"{"value":1}"#, "secret"], "messages[1]: not a JSON object"),
        (&[r#"{"secret":1}"#], "messages[0].value: missing"),
        (&[r#"{"value":"secret"}"#], "messages[0].value: not a number"),
        (&[r#"{"value":4242}"#], "messages[0].value: out of range, must be from -3276.8 to 3276.7"),
    ] {
        for call in [ws_commit, ws_prove] {
            assert_eq!(with_input(call, &input(messages)), Err(wanted.into()));
        }
    }
    for broken in [&b"secret"[..], b"", b"[]", br#"{"messages":["secret"]}"#, &[0xff]] {
        let error = with_input(ws_commit, broken).unwrap_err();
        assert_eq!(
            error,
            "input: must be JSON with messages (an array of texts), salt and binding (texts)"
        );
    }
}
