//! Setups on disk, as they are long in the making.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process,
};

use halo2_axiom::{SerdeFormat, poly::commitment::Params as _};
use sha2::{Digest as _, Sha256};

use super::{Setup, ptau, unsafe_test_setup};

/// The test setup of 2^k powers, made the first time.
///
/// @throws if the folder can't be written to
pub fn cached_test_setup(folder: &Path, k: u32) -> Result<Setup, String> {
    cached(&folder.join(format!("unsafe-test-{k}.setup")), k, || Ok(unsafe_test_setup(k)))
}

/// A ceremony's first 2^k powers, imported the first time.
///
/// @throws if the file can't be read, or is not what it should be
pub fn cached_ceremony(folder: &Path, path: &Path, k: u32) -> Result<Setup, String> {
    let open = || File::open(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut hash = Sha256::new();
    io::copy(&mut open()?, &mut hash).map_err(|error| format!("{}: {error}", path.display()))?;
    let name: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    cached(&folder.join(format!("{name}-{k}.setup")), k, || {
        ptau::read(BufReader::new(open()?), k).map_err(|why| format!("{}: {why}", path.display()))
    })
}

fn cached(
    path: &PathBuf,
    k: u32,
    make: impl FnOnce() -> Result<Setup, String>,
) -> Result<Setup, String> {
    if let Ok(file) = File::open(path) {
        let fail = |error| format!("{}: {error}; remove it", path.display());
        let expected = 4 + (2u64 << k) * 64 + 2 * 128;
        if file.metadata().map_err(|error| fail(error.to_string()))?.len() != expected {
            return Err(fail("is not a setup of this size".into()));
        }
        let setup = Setup::read_custom(&mut BufReader::new(file), SerdeFormat::RawBytesUnchecked)
            .map_err(|error| fail(error.to_string()))?;
        return if setup.k() == k { Ok(setup) } else { Err(fail("is of another size".into())) };
    }
    let setup = make()?;
    write_whole(path, |to| setup.write_custom(to, SerdeFormat::RawBytesUnchecked))?;
    Ok(setup)
}

/// Writes a file so that nobody sees half of it.
///
/// @throws naming the file
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let draft = path.with_extension(process::id().to_string());
    let written = (|| {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = BufWriter::new(File::create(&draft)?);
        write(&mut file)?;
        file.flush()?;
        fs::rename(&draft, path)
    })();
    written.map_err(|error| {
        let _gone_or_never_there = fs::remove_file(&draft);
        format!("{}: {error}", path.display())
    })
}
