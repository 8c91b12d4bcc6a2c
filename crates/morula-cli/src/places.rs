//! Which file or folder a path stands for.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use morula::data::{Format, sniff};

/// Most links that are followed, as in Linux.
const MOST_LINKS: usize = 40;

/// Whether two paths stand for the same file or folder: through links of both kinds, and whatever
/// their spelling. Also true for two spellings of a name that is still free.
pub fn same(a: &Path, b: &Path) -> bool {
    let (a, b) = (target(a), target(b));
    identity(&a).is_some_and(|a| identity(&b) == Some(a)) || real(&a) == real(&b)
}

/// Whether a path is the folder, or lies in it at any depth.
pub fn within(path: &Path, folder: &Path) -> bool {
    real(&target(path)).ancestors().any(|above| same(above, folder))
}

/// Whether a path is a zarr store with AnnData, as a folder.
pub fn is_store(path: &Path) -> bool {
    path.is_dir() && matches!(sniff(path), Ok(Format::Zarr))
}

/// The file or folder that a link leads to, or else the path itself. It may be missing.
pub fn target(path: &Path) -> PathBuf {
    let mut at = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&at) {
            Ok(next) => at = folder_of(&at).join(next),
            Err(_) => break,
        }
    }
    at
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// Device and number of a file, which all its names share.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// The one spelling of a file's path.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// The path with its links resolved, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.into());
    let found = path.ancestors().find_map(|p| Some((p, p.canonicalize().ok()?)));
    match found {
        Some((there, real)) => {
            path.strip_prefix(there).map_or(real.clone(), |rest| real.join(rest))
        }
        None => path,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_spellings_stand_for_one_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("file"), "").unwrap();
        fs::write(at("other"), "").unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        symlink("file", at("soft")).unwrap();
        symlink("soft", at("twice")).unwrap();
        symlink("free", at("dangling")).unwrap();
        symlink(home.path(), at("folder/up")).unwrap();
        for name in ["hard", "soft", "twice", "./file", "folder/../file", "folder/up/hard"] {
            assert!(same(&at("file"), &at(name)), "{name}");
            assert!(!same(&at("other"), &at(name)), "{name}");
        }
        assert!(same(&at("free"), &at("folder/up/dangling")));
        assert!(!same(&at("free"), &at("folder/free")));
        assert!(within(&at("folder/x/y"), &at("folder")) && within(&at("folder"), &at("folder")));
        assert!(within(&at("folder/up/file"), home.path()) && !within(&at("file"), &at("folder")));
    }
}
