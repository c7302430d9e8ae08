//! The Fiat-Shamir transcript that the generated contract replays: keccak-256 over big-endian words
//! (snark-verifier's `EvmTranscript`).

use std::io;

use halo2_axiom::{
    halo2curves::{
        Coordinates, CurveAffine as _,
        bn256::{Fq, Fr, G1Affine},
        ff::{FromUniformBytes as _, PrimeField},
    },
    transcript::{EncodedChallenge, Transcript, TranscriptRead},
};
use sha3::{Digest as _, Keccak256};

pub const POINT_BYTES: usize = 64;
pub const SCALAR_BYTES: usize = 32;

/// Words since the last challenge, led by that challenge's hash.
#[derive(Default)]
struct State(Vec<u8>);

impl State {
    fn absorb_point(&mut self, point: G1Affine) -> io::Result<[u8; POINT_BYTES]> {
        let coordinates: Option<Coordinates<G1Affine>> = point.coordinates().into();
        let coordinates = coordinates.ok_or_else(|| invalid("the point at infinity"))?;
        let mut bytes = [0; POINT_BYTES];
        bytes[..32].copy_from_slice(&big_endian(coordinates.x()));
        bytes[32..].copy_from_slice(&big_endian(coordinates.y()));
        self.0.extend(bytes);
        Ok(bytes)
    }

    fn absorb_scalar(&mut self, scalar: Fr) -> [u8; SCALAR_BYTES] {
        let bytes = big_endian(&scalar);
        self.0.extend(bytes);
        bytes
    }

    fn squeeze(&mut self) -> Challenge {
        // Two challenges in a row: the second hashes the first's hash and a one.
        if self.0.len() == 32 {
            self.0.push(1);
        }
        let hash: [u8; 32] = Keccak256::digest(&self.0).into();
        self.0 = hash.to_vec();
        Challenge::new(&hash)
    }
}

pub struct Challenge(Fr);

impl EncodedChallenge<G1Affine> for Challenge {
    type Input = [u8; 32];

    fn new(hash: &[u8; 32]) -> Self {
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(hash);
        wide[..32].reverse();
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// Reads a proof; refuses numbers that are not reduced and points off the curve.
pub struct Reader<'a> {
    state: State,
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(proof: &'a [u8]) -> Self {
        Self { state: State::default(), rest: proof }
    }

    fn word<F: PrimeField<Repr = [u8; 32]>>(&mut self) -> io::Result<F> {
        let (word, rest) =
            self.rest.split_first_chunk().ok_or_else(|| invalid("the proof ends too early"))?;
        self.rest = rest;
        let mut word: [u8; 32] = *word;
        word.reverse();
        Option::from(F::from_repr(word)).ok_or_else(|| invalid("a number is not reduced"))
    }
}

impl Transcript<G1Affine, Challenge> for Reader<'_> {
    fn squeeze_challenge(&mut self) -> Challenge {
        self.state.squeeze()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.state.absorb_point(point).map(drop)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.absorb_scalar(scalar);
        Ok(())
    }
}

impl TranscriptRead<G1Affine, Challenge> for Reader<'_> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let [x, y] = [self.word::<Fq>()?, self.word::<Fq>()?];
        let point: Option<G1Affine> = G1Affine::from_xy(x, y).into();
        let point = point.ok_or_else(|| invalid("a point is not on the curve"))?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let scalar = self.word()?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

/// Counts the bytes that a verifier reads.
#[derive(Default)]
pub struct Counter(pub usize);

impl Transcript<G1Affine, Challenge> for Counter {
    fn squeeze_challenge(&mut self) -> Challenge {
        Challenge(Fr::from(2))
    }

    fn common_point(&mut self, _: G1Affine) -> io::Result<()> {
        Ok(())
    }

    fn common_scalar(&mut self, _: Fr) -> io::Result<()> {
        Ok(())
    }
}

impl TranscriptRead<G1Affine, Challenge> for Counter {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        self.0 += POINT_BYTES;
        Ok(G1Affine::generator())
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        self.0 += SCALAR_BYTES;
        Ok(Fr::one())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod write {
    use halo2_axiom::transcript::TranscriptWrite;

    use super::*;

    /// Collects a proof.
    #[derive(Default)]
    pub struct Writer {
        state: State,
        pub proof: Vec<u8>,
    }

    impl Transcript<G1Affine, Challenge> for Writer {
        fn squeeze_challenge(&mut self) -> Challenge {
            self.state.squeeze()
        }

        fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
            self.state.absorb_point(point).map(drop)
        }

        fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
            self.state.absorb_scalar(scalar);
            Ok(())
        }
    }

    impl TranscriptWrite<G1Affine, Challenge> for Writer {
        fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
            self.proof.extend(self.state.absorb_point(point)?);
            Ok(())
        }

        fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
            self.proof.extend(self.state.absorb_scalar(scalar));
            Ok(())
        }
    }
}
#[cfg(not(target_arch = "wasm32"))]
pub use write::Writer;

fn big_endian<F: PrimeField<Repr = [u8; 32]>>(value: &F) -> [u8; 32] {
    let mut bytes = value.to_repr();
    bytes.reverse();
    bytes
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
