//! Receipts as W3bstream carries them: the journal, and beside it the proof alone.
//!
//! A proof is bincode (1.3, fixed integers) of risc0's `InnerReceipt`, composite or succinct; or the
//! seal of a Groth16 receipt as contracts read it: a selector of 4 bytes and 8 words of 32.

use std::panic::{AssertUnwindSafe, catch_unwind};

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
/// The hash function of all STARKs here.
const HASH: &str = "poseidon2";

/// Checks that the program named by `image_id` ran to its end and committed exactly this journal.
pub fn verify(proof: &[u8], journal: &[u8], image_id: [u8; 32]) -> Result<(), Error> {
    let image_id = Digest::from(image_id);
    let inner = decode(proof, journal, image_id)?;
    // Whatever RISC0_DEV_MODE says: the crate is built to take no receipts of that mode.
    let context = VerifierContext::default();
    let receipt = Receipt::new(inner, journal.to_vec());
    // At what is no proof, risc0's verifier panics as often as it refuses. It has no state.
    let verified = catch_unwind(AssertUnwindSafe(|| {
        if describes_itself(&receipt.inner, &context) != Some(true) {
            return Err("it is of another version, or was changed".to_owned());
        }
        receipt.verify_with_context(&context, image_id).map_err(|error| error.to_string())
    }));
    verified
        .unwrap_or_else(|_| Err("its seal is none".to_owned()))
        .map_err(|why| Error::Load(format!("does not hold: {why}")))
}

/// Checks what risc0's verifier does not look at, by which a proof could be changed into another
/// one or say that it is of another version; and what it would panic at, for a module can't go on
/// after that. None, too, is a refusal.
fn describes_itself(inner: &InnerReceipt, context: &VerifierContext) -> Option<bool> {
    match inner {
        InnerReceipt::Composite(composite) => {
            let whole = context.composite_verifier_parameters()?.digest();
            let own = context.segment_verifier_parameters.as_ref()?.digest();
            let mut segments = (0u32..).zip(&composite.segments);
            let ordered = segments.all(|(i, one)| {
                one.index == i && one.verifier_parameters == own && is_plausible(&one.seal, 1)
            });
            Some(ordered && composite.verifier_parameters == whole)
        }
        InnerReceipt::Succinct(succinct) => {
            let root = context.succinct_verifier_parameters.as_ref()?.control_root;
            let hash = &context.suites.get(HASH)?.hashfn;
            let path = &succinct.control_inclusion_proof;
            let digests = path.digests.iter().chain([&succinct.control_id]);
            if succinct.hashfn != HASH
                || !digests.into_iter().all(|one| are_elements(one.as_words()))
            {
                return None;
            }
            // From the control id inside the seal, which is the one that counts, the path leads to
            // the root: from another one it does not.
            path.verify(&succinct.control_id, &root, hash.as_ref()).ok()?;
            let rest = path.index.checked_shr(path.digests.len().try_into().ok()?)?;
            Some(rest == 0 && is_plausible(&succinct.seal, 32))
        }
        _ => Some(true),
    }
}

/// Whether a seal is of field elements, with a size that there is: a power of two of rows.
fn is_plausible(seal: &[u32], po2_at: usize) -> bool {
    seal.get(po2_at).is_some_and(|po2| (13..=24).contains(po2)) && are_elements(seal)
}

/// Of Baby Bear.
fn are_elements(words: &[u32]) -> bool {
    words.iter().all(|word| *word < 15 * (1 << 27) + 1)
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
