//! Files that are written whole or not at all.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub struct CannotWrite {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Writes `text` to a new file beside `path` and puts that in its place. What is there and no plain file, such as a pipe, is
/// written to as it is.
///
/// # Errors
/// [`CannotWrite`]; what was there is as it was.
pub fn write(path: &Path, text: &str) -> Result<(), CannotWrite> {
    try_to_write(path, text).map_err(|error| CannotWrite { path: path.to_owned(), error })
}

fn try_to_write(path: &Path, text: &str) -> io::Result<()> {
    let path = match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => {
            return fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
        }
        // A link stays one.
        Ok(_) => path.canonicalize()?,
        Err(_) => path.to_owned(),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = new_file(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|failed| failed.error)?;
    Ok(())
}

/// A new file with the rights that every other new file gets, not those of a secret.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".verify-").tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let names = || fs::read_dir(folder.path()).expect("a folder").count();
        let file = folder.path().join("a.json");
        for text in ["one", "two"] {
            write(&file, text).expect("it can be written");
            assert_eq!(fs::read_to_string(&file).expect("it is there"), text);
        }
        assert_eq!(names(), 1, "nothing is left beside it");
        let error = write(&folder.path().join("no/such/folder.json"), "one").expect_err("no such folder");
        assert!(error.to_string().contains("no/such/folder.json"), "{error}");
        write(folder.path(), "one").expect_err("a folder");
        assert_eq!(names(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_others_may_read_the_file() {
        use std::os::unix::fs::{MetadataExt as _, symlink};
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, link) = (folder.path().join("a.json"), folder.path().join("link.json"));
        fs::write(&file, "old").expect("it can be written");
        symlink(&file, &link).expect("a link");
        write(&link, "new").expect("it can be written");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "new");
        let plain = folder.path().join("plain");
        fs::write(&plain, "").expect("it can be written");
        let rights = |path: &Path| fs::metadata(path).expect("it is there").mode();
        assert_eq!(rights(&file), rights(&plain));
        write(Path::new("/dev/null"), "nothing").expect("a device is written to as it is");
        assert!(!fs::metadata("/dev/null").expect("it is there").is_file());
    }
}
