//! Receipts as W3bstream carries them: the journal, and beside it the proof alone.
//!
//! A proof is bincode (1.3, fixed integers) of risc0's `InnerReceipt`, composite or succinct; or the
//! seal of a Groth16 receipt as contracts read it: a selector of 4 bytes and 8 words of 32.

use bincode::Options;
use risc0_zkvm::{
    Digest, Groth16Receipt, Groth16ReceiptVerifierParameters, InnerReceipt, Journal, MaybePruned,
    Receipt, ReceiptClaim, SegmentReceipt, VerifierContext, sha::Digestible,
};
use serde::de::DeserializeOwned;

use crate::Error;

/// Longest proof that is read, in bytes.
const MAX_PROOF_BYTES: usize = 64 << 20;
const GROTH16_SEAL_BYTES: usize = 4 + 8 * 32;
const COMPOSITE: u32 = 0;
const SUCCINCT: u32 = 1;
const GROTH16: u32 = 2;

/// Checks that the program named by `image_id` ran to its end and committed exactly this journal.
pub fn verify(proof: &[u8], journal: &[u8], image_id: [u8; 32]) -> Result<(), Error> {
    let image_id = Digest::from(image_id);
    let inner = decode(proof, journal, image_id)?;
    // An explicit context reads no environment.
    Receipt::new(inner, journal.to_vec())
        .verify_with_context(&VerifierContext::default(), image_id)
        .map_err(|error| Error::Load(format!("does not hold: {error}")))
}

/// The proof of a receipt as risc0's own tools and services carry it, bincode of `Receipt`, and its
/// journal. Nothing is verified.
pub fn take_apart(receipt: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    // A receipt is its inner receipt, its journal and its metadata, a digest.
    let tag = tag_of(receipt)?;
    let (inner, rest) = split_inner(tag, receipt)?;
    let (journal, metadata): (Journal, Digest) = decode_all(rest)?;
    let _ = metadata;
    if tag != GROTH16 {
        return Ok((inner.to_vec(), journal.bytes));
    }
    let receipt: Groth16Receipt<ReceiptClaim> = decode_all(&inner[4..])?;
    let selector = &receipt.verifier_parameters.as_bytes()[..4];
    Ok(([selector, &receipt.seal].concat(), journal.bytes))
}

fn malformed(why: impl std::fmt::Display) -> Error {
    Error::Load(format!("is malformed: {why}"))
}

fn tag_of(bytes: &[u8]) -> Result<u32, Error> {
    let tag = bytes.first_chunk().ok_or_else(|| malformed("too short"))?;
    Ok(u32::from_le_bytes(*tag))
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(MAX_PROOF_BYTES as u64)
}

/// Reads a value that fills the bytes.
fn decode_all<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    options().deserialize(bytes).map_err(malformed)
}

/// Reads a value at the beginning of the bytes, and moves them behind it.
fn decode_next<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, Error> {
    options().allow_trailing_bytes().deserialize_from(bytes).map_err(malformed)
}

/// Parts the inner receipt from what follows it.
///
/// A composite receipt may hold receipts of assumptions, which may be composite again: what is that
/// deep is refused before risc0's own decoder, which would recurse, sees it.
fn split_inner(tag: u32, bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let mut rest = &bytes[4..];
    match tag {
        COMPOSITE => {
            let _: Vec<SegmentReceipt> = decode_next(&mut rest)?;
            let assumptions: u64 = decode_next(&mut rest)?;
            if assumptions != 0 {
                return Err(malformed("it rests on other receipts"));
            }
            let _: Digest = decode_next(&mut rest)?;
        }
        SUCCINCT => {
            let _: risc0_zkvm::SuccinctReceipt<ReceiptClaim> = decode_next(&mut rest)?;
        }
        GROTH16 => {
            let _: Groth16Receipt<ReceiptClaim> = decode_next(&mut rest)?;
        }
        _ => return Err(malformed("it is of an unknown kind")),
    }
    Ok(bytes.split_at(bytes.len() - rest.len()))
}

fn decode(proof: &[u8], journal: &[u8], image_id: Digest) -> Result<InnerReceipt, Error> {
    if proof.len() > MAX_PROOF_BYTES {
        return Err(malformed("too long"));
    }
    if proof.len() == GROTH16_SEAL_BYTES {
        return groth16(proof, journal, image_id);
    }
    decode_stark(proof)
}

/// Reads a composite or succinct proof.
pub(crate) fn decode_stark(proof: &[u8]) -> Result<InnerReceipt, Error> {
    let tag = tag_of(proof)?;
    // A Groth16 receipt has one form only, which is the seal.
    if tag == GROTH16 || !split_inner(tag, proof)?.1.is_empty() {
        return Err(malformed("it is of an unknown form"));
    }
    decode_all(proof)
}

fn groth16(seal: &[u8], journal: &[u8], image_id: Digest) -> Result<InnerReceipt, Error> {
    let parameters = Groth16ReceiptVerifierParameters::default().digest();
    let (selector, seal) = seal.split_at(4);
    if selector != &parameters.as_bytes()[..4] {
        return Err(Error::Load("is of another version of risc0".into()));
    }
    let claim =
        ReceiptClaim::ok(image_id, MaybePruned::Pruned(Journal::new(journal.to_vec()).digest()));
    Ok(InnerReceipt::Groth16(Groth16Receipt::new(
        seal.to_vec(),
        MaybePruned::Value(claim),
        parameters,
    )))
}
