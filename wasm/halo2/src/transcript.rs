//! The Fiat-Shamir transcript that the generated Solidity verifier replays: keccak-256 over
//! big-endian words (snark-verifier's `EvmTranscript`).

use std::io;

use halo2_axiom::{
    halo2curves::{
        CurveAffine,
        bn256::{Fq, Fr, G1Affine},
        ff::{FromUniformBytes, PrimeField},
    },
    transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite},
};
use sha3::{Digest, Keccak256};

pub const POINT_BYTES: usize = 64;
pub const SCALAR_BYTES: usize = 32;

/// Words since the last challenge, led by that challenge's hash.
#[derive(Default)]
struct State(Vec<u8>);

impl State {
    fn absorb_point(&mut self, point: G1Affine) -> io::Result<[u8; POINT_BYTES]> {
        let coordinates = Option::from(point.coordinates());
        let coordinates: halo2_axiom::halo2curves::Coordinates<G1Affine> =
            coordinates.ok_or_else(|| invalid("the point at infinity"))?;
        let mut bytes = [0; POINT_BYTES];
        bytes[..32].copy_from_slice(&big_endian(coordinates.x()));
        bytes[32..].copy_from_slice(&big_endian(coordinates.y()));
        self.0.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn absorb_scalar(&mut self, scalar: Fr) -> [u8; SCALAR_BYTES] {
        let bytes = big_endian(&scalar);
        self.0.extend_from_slice(&bytes);
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
        for (to, from) in wide.iter_mut().zip(hash.iter().rev()) {
            *to = *from;
        }
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// Collects a proof; `on_point` is called after each commitment, which is where time goes.
pub struct Writer<F> {
    state: State,
    proof: Vec<u8>,
    on_point: F,
}

impl<F: FnMut()> Writer<F> {
    pub fn new(on_point: F) -> Self {
        Self { state: State::default(), proof: Vec::new(), on_point }
    }

    pub fn finish(self) -> Vec<u8> {
        self.proof
    }
}

impl<F: FnMut()> Transcript<G1Affine, Challenge> for Writer<F> {
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

impl<F: FnMut()> TranscriptWrite<G1Affine, Challenge> for Writer<F> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let bytes = self.state.absorb_point(point)?;
        self.proof.extend_from_slice(&bytes);
        (self.on_point)();
        Ok(())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let bytes = self.state.absorb_scalar(scalar);
        self.proof.extend_from_slice(&bytes);
        Ok(())
    }
}

/// Reads a proof; refuses numbers that are not reduced and points off the curve.
pub struct Reader<'a> {
    state: State,
    proof: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(proof: &'a [u8]) -> Self {
        Self { state: State::default(), proof }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.proof.len()
    }

    fn word(&mut self) -> io::Result<[u8; 32]> {
        let (word, rest) =
            self.proof.split_first_chunk().ok_or_else(|| invalid("the proof ends too early"))?;
        self.proof = rest;
        Ok(*word)
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
        let [x, y] = [self.word()?, self.word()?].map(from_big_endian::<Fq>);
        let point = x.zip(y).and_then(|(x, y)| Option::from(G1Affine::from_xy(x, y)));
        let point = point.ok_or_else(|| invalid("not a point of the curve"))?;
        self.state.absorb_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let scalar = from_big_endian(self.word()?).ok_or_else(|| invalid("not a scalar"))?;
        self.state.absorb_scalar(scalar);
        Ok(scalar)
    }
}

/// A field element as a word of the EVM.
pub fn big_endian<F: PrimeField<Repr = [u8; 32]>>(element: &F) -> [u8; 32] {
    let mut bytes = element.to_repr();
    bytes.reverse();
    bytes
}

/// `None` if the word is the modulus or more.
pub fn from_big_endian<F: PrimeField<Repr = [u8; 32]>>(mut word: [u8; 32]) -> Option<F> {
    word.reverse();
    F::from_repr(word).into()
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
