//! Files that are either whole or not there.

use std::{
    fs::{self, Permissions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}: {error}", path.display())]
pub struct FileError {
    verb: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl FileError {
    fn new(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Self { verb, path: path.to_owned(), error }
    }

    /// A source below `root` that cannot be read.
    pub(super) fn of_sources(root: &Path, error: io::Error) -> Self {
        Self::new("read the sources below", root, error)
    }
}

/// The text of a file.
///
/// # Errors
/// [`FileError`] with the path.
pub fn read(path: &Path) -> Result<String, FileError> {
    let read = || {
        let mut text = String::new();
        let length = fs::File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "it is too large");
        if length as u64 > MOST_BYTES { Err(too_large()) } else { Ok(text) }
    };
    read().map_err(|error| FileError::new("read", path, error))
}

/// No file of ours has a tenth of it.
const MOST_BYTES: u64 = 1 << 26;

/// The same for two spellings of one path, as far as its folder is there.
pub fn whole_name(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Writes a file in one step: whoever looks at `path` finds what was there before, or all of `text`.
///
/// # Errors
/// [`FileError`] with the path.
pub fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let write = || {
        let mut file = beside(path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(|error| FileError::new("write", path, error))
}

/// Says now whether [`write()`] will be able to, as far as one can know: not after minutes of work.
///
/// # Errors
/// [`FileError`] with the path.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    beside(path).map(drop).map_err(|error| FileError::new("write", path, error))
}

/// A new file in the same folder, so that it can take the place of `path` in one step.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    if path.exists() && !path.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = builder.permissions(readable());
    builder.tempfile_in(folder)
}

/// As any other file, and not for its owner alone: other steps of a pipeline read it.
#[cfg(unix)]
fn readable() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// Says now whether [`append`] will be able to.
///
/// # Errors
/// [`FileError`] with the path.
pub fn check_appendable(path: &Path) -> Result<(), FileError> {
    open_at_end(path).map(drop).map_err(|error| FileError::new("write", path, error))
}

fn open_at_end(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().create(true).append(true).open(path)
}

/// Adds `text` to the end of a file.
///
/// # Errors
/// [`FileError`] with the path.
pub fn append(path: &Path, text: &str) -> Result<(), FileError> {
    open_at_end(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| FileError::new("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_in_one_step_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("report");
        for text in ["first", "second, longer", "3"] {
            check_writable(&path).expect("it can be written");
            write(&path, text).expect("it can be written");
            assert_eq!(read(&path).expect("it is there"), text);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
    }

    #[test]
    fn what_cannot_be_a_file_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for path in [folder.path().to_owned(), folder.path().join("no/such/folder"), PathBuf::from("/proc/report")] {
            for error in [check_writable(&path), write(&path, "text")] {
                let words = error.expect_err("not a file").to_string();
                assert!(words.contains(&path.display().to_string()), "{words}");
            }
        }
        assert!(read(folder.path()).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_never_ends_is_refused() {
        let words = read(Path::new("/dev/zero")).expect_err("it never ends").to_string();
        assert!(words.contains("/dev/zero") && words.contains("too large"), "{words}");
    }

    #[test]
    fn one_file_has_one_whole_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let one = folder.path().join("report");
        let other = folder.path().join(".").join("report");
        assert_eq!(whole_name(&one), whole_name(&other));
        assert_ne!(whole_name(&one), whole_name(&folder.path().join("another")));
    }
}
