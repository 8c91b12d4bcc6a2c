//! Small files that are read whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{DataError, Result, atomic_file};

/// Bytes at most: far more than a configuration or a list of marker genes needs.
const LONGEST: u64 = 1 << 26;

/// The content of a small file, such as a configuration or a list. A pipe or a device, which may
/// never end, is refused, and so is a file of more than 64 MB.
///
/// # Errors
/// [`DataError::Unsupported`], [`DataError::Io`], without the path of the file.
pub fn read_small(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    atomic_file::regular(path)?;
    let mut content = Vec::new();
    let file = File::open(path).map_err(DataError::io("open"))?;
    file.take(LONGEST + 1).read_to_end(&mut content).map_err(DataError::io("read"))?;
    if content.len() as u64 > LONGEST {
        let what = "this file has more than 64 MB, which is not the size of such a file; give \
                    another one";
        return Err(DataError::unsupported(what));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_files_are_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("list");
        std::fs::write(&path, "content").unwrap();
        assert_eq!(read_small(&path).unwrap(), b"content");
        File::create(&path).unwrap().set_len(LONGEST + 1).unwrap();
        let error = read_small(&path).unwrap_err().to_string();
        assert!(error.contains("64 MB"), "{error}");
        #[cfg(unix)]
        for path in ["/dev/zero", "/dev/null"] {
            let error = read_small(path).unwrap_err().to_string();
            assert!(error.contains("device"), "{error}");
        }
        assert!(read_small(home.path()).is_err());
    }
}
