//! Keys and proofs of a laid tape: Halo2 with KZG commitments.

mod transcript;

use halo2_axiom::{
    SerdeFormat,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        group::GroupEncoding,
    },
    plonk::{self, verify_proof},
    poly::kzg::{
        commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy,
    },
};
#[cfg(not(target_arch = "wasm32"))]
pub use proving::ProvingKey;
use transcript::{Counter, Reader};

use crate::{
    circuit::{Laid, Size},
    setup::{Setup, is_unsafe, of_verifier},
};

/// Version of the form of verifying keys.
const FORM: u8 = 1;
/// Form, k, columns of arithmetic and of lookups, number of public values.
const HEAD: usize = 5;
const G2_BYTES: usize = 64;
/// Most columns of a kind that a key may have.
const MOST_COLUMNS: u8 = 32;
/// Most bytes of Halo2's key.
const MOST_BYTES: usize = 8 * 1024;
/// The least and the largest circuits.
const ROWS: std::ops::RangeInclusive<u8> = 10..=24;

/// What proofs of one circuit, under one setup, are verified with.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    pub size: Size,
    pub(crate) instances: usize,
    pub(crate) key: plonk::VerifyingKey<G1Affine>,
    secret_in_g2: G2Affine,
}

impl VerifyingKey {
    /// Form, size and number of public values, a byte each; the setup's secret in G2; Halo2's key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Size { k, base, lookups } = self.size;
        let head = [k as usize, base, lookups, self.instances].map(|it| it as u8);
        let key = self.key.to_bytes(SerdeFormat::Processed);
        [&[FORM][..], &head, self.secret_in_g2.to_bytes().as_ref(), &key].concat()
    }

    /// Of bytes that may be anything.
    ///
    /// @throws if they are no key, or not in the one form that it has
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let malformed = || "the verifying key is malformed".to_owned();
        let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or_else(malformed)?;
        let [form, k, base, lookups, instances] = *head;
        let columns = 1..=MOST_COLUMNS;
        if form != FORM
            || !ROWS.contains(&k)
            || !columns.contains(&base)
            || !columns.contains(&lookups)
        {
            return Err(malformed());
        }
        let (secret, key) = rest.split_first_chunk::<G2_BYTES>().ok_or_else(malformed)?;
        let mut in_g2 = <G2Affine as GroupEncoding>::Repr::default();
        in_g2.as_mut().copy_from_slice(secret);
        let secret_in_g2 = Option::from(G2Affine::from_bytes(&in_g2)).ok_or_else(malformed)?;
        let size = Size { k: k.into(), base: base.into(), lookups: lookups.into() };
        // Version, k, and that selectors, of which there are none, are not compressed.
        let expected = [&[2][..], &u32::from(k).to_le_bytes(), &[0]].concat();
        if !key.starts_with(&expected) || key.len() > MOST_BYTES {
            return Err(malformed());
        }
        let key = plonk::VerifyingKey::from_bytes::<Laid>(key, SerdeFormat::Processed, size)
            .map_err(|_| malformed())?;
        let made = Self { size, instances: instances.into(), key, secret_in_g2 };
        if made.to_bytes() == bytes { Ok(made) } else { Err(malformed()) }
    }

    /// Whether anyone can forge proofs, as the setup's secret is public.
    pub fn is_unsafe(&self) -> bool {
        is_unsafe(&self.secret_in_g2)
    }

    /// As much of the setup as a verifier needs.
    pub(crate) fn setup(&self) -> Setup {
        of_verifier(self.size.k, self.secret_in_g2)
    }

    /// Bytes of every proof.
    pub fn proof_bytes(&self) -> usize {
        let setup = self.setup();
        let mut counter = Counter::default();
        let instance = vec![Fr::zero(); self.instances];
        let _holds_not = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
            &setup,
            &self.key,
            SingleStrategy::new(&setup),
            &[&[&instance]],
            &mut counter,
        );
        counter.0
    }

    /// Whether a proof holds of public values, and has nothing after it.
    pub fn verifies(&self, instance: &[Fr], proof: &[u8]) -> bool {
        if instance.len() != self.instances {
            return false;
        }
        let setup = self.setup();
        let mut transcript = Reader::new(proof);
        let holds = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
            &setup,
            &self.key,
            SingleStrategy::new(&setup),
            &[&[instance]],
            &mut transcript,
        )
        .is_ok();
        holds && transcript.rest.is_empty()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod proving {
    use std::io::{Read, Write};

    use halo2_axiom::{
        plonk::{create_proof, keygen_pk, keygen_vk},
        poly::{commitment::Params as _, kzg::multiopen::ProverSHPLONK},
    };
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::{transcript::Writer, *};
    use crate::tape::Tape;

    /// What proofs of one circuit are made with.
    pub struct ProvingKey {
        pub verifying: VerifyingKey,
        setup: Setup,
        key: plonk::ProvingKey<G1Affine>,
    }

    impl ProvingKey {
        /// @param tape of any proof of the circuit's shape
        /// @throws if it does not fit the setup's rows
        pub fn new(setup: Setup, tape: &Tape) -> Result<Self, String> {
            let size = Size::of(tape, setup.k())?;
            let circuit = Laid { tape, size, changed: None };
            let fail = |error| format!("no key: {error:?}");
            let key = keygen_vk(&setup, &circuit).map_err(fail)?;
            let key = keygen_pk(&setup, key, &circuit).map_err(fail)?;
            let verifying = VerifyingKey {
                size,
                instances: tape.instances.len(),
                key: key.get_vk().clone(),
                secret_in_g2: setup.s_g2(),
            };
            Ok(Self { verifying, setup, key })
        }

        /// Without the setup, in a form for this machine's own use.
        pub fn write(&self, mut to: impl Write) -> std::io::Result<()> {
            let verifying = self.verifying.to_bytes();
            to.write_all(&(verifying.len() as u32).to_le_bytes())?;
            to.write_all(&verifying)?;
            self.key.write(&mut to, SerdeFormat::RawBytesUnchecked)
        }

        /// What [`Self::write`] wrote; points and numbers are not checked.
        ///
        /// @throws if these are no keys under the setup
        pub fn read(mut from: impl Read, setup: Setup) -> Result<Self, String> {
            let fail = |error: std::io::Error| error.to_string();
            let mut length = [0; 4];
            from.read_exact(&mut length).map_err(fail)?;
            let mut verifying = vec![];
            let length = u32::from_le_bytes(length).into();
            from.by_ref().take(length).read_to_end(&mut verifying).map_err(fail)?;
            let verifying = VerifyingKey::from_bytes(&verifying)?;
            if verifying.secret_in_g2 != setup.s_g2() || verifying.size.k != setup.k() {
                return Err("the keys are of another setup".into());
            }
            let format = SerdeFormat::RawBytesUnchecked;
            let key = plonk::ProvingKey::read::<_, Laid>(&mut from, format, verifying.size);
            Ok(Self { verifying, setup, key: key.map_err(fail)? })
        }

        /// Proves that a tape's constraints hold.
        ///
        /// @throws if they do not
        pub fn prove(&self, tape: &Tape) -> Result<Vec<u8>, String> {
            if let Some(fault) = tape.fault() {
                return Err(format!("what is to be proven does not hold: {fault}"));
            }
            let mut transcript = Writer::default();
            create_proof::<KZGCommitmentScheme<_>, ProverSHPLONK<_>, _, _, _, _>(
                &self.setup,
                &self.key,
                &[Laid { tape, size: self.verifying.size, changed: None }],
                &[&[&tape.instance()]],
                ChaCha20Rng::from_entropy(),
                &mut transcript,
            )
            .map_err(|error| format!("no proof: {error:?}"))?;
            Ok(transcript.proof)
        }
    }
}
