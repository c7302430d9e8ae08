//! Setups on disk, as they are long in the making.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write as _},
    path::Path,
    process,
    time::{Duration, SystemTime},
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
    path: &Path,
    k: u32,
    make: impl FnOnce() -> Result<Setup, String>,
) -> Result<Setup, String> {
    if let Ok(file) = open_kept(path) {
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

/// Setups and proving keys, of 0.1 and 0.8 GB, are kept as long as they are used within this time.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Opens a file that is kept as long as it is used.
pub(crate) fn open_kept(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let _of_another_user = file.set_modified(SystemTime::now());
    Ok(file)
}

/// Removes setups, proving keys and drafts of them that were not used for 30 days.
pub(crate) fn remove_unused(folder: &Path) {
    let unused = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = name.split('.').nth(1).unwrap_or_default();
        let used = fs::metadata(path).and_then(|file| file.modified());
        ["setup", "proving-key"].contains(&kind)
            && used.is_ok_and(|used| used.elapsed().is_ok_and(|since| since > UNUSED))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if unused(&entry.path()) {
            let _by_another_process = fs::remove_file(entry.path());
        }
    }
}

/// Writes a file so that nobody sees half of it.
///
/// @throws naming the file
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", process::id()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_was_not_used_for_long() {
        let folder = std::env::temp_dir().join(format!("wrap-unused-{}", process::id()));
        fs::create_dir_all(&folder).expect("writable");
        let day = Duration::from_secs(24 * 60 * 60);
        for (name, days) in [
            ("a.setup", 29),
            ("b.setup", 31),
            ("c.proving-key", 0),
            ("d.proving-key", 40),
            ("e.proving-key.77", 1),
            ("f.proving-key.78", 40),
            ("g.setup", 40),
            ("notes.txt", 400),
            ("proving-key", 400),
        ] {
            let file = File::create(folder.join(name)).expect("writable");
            file.set_modified(SystemTime::now() - days * day).expect("ours");
        }
        open_kept(&folder.join("g.setup")).expect("is there");
        remove_unused(&folder);
        let mut left: Vec<String> = fs::read_dir(&folder)
            .expect("is there")
            .map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII"))
            .collect();
        left.sort();
        let kept =
            ["a.setup", "c.proving-key", "e.proving-key.77", "g.setup", "notes.txt", "proving-key"];
        assert_eq!(left, kept);
        fs::remove_dir_all(folder).expect("ours");
    }
}
