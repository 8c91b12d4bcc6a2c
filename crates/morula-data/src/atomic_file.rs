//! Files that appear complete or not at all.

use crate::temporary::TempFolder;
use crate::{DataError, Result};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Lets `write` fill a temporary file beside `path`, then renames it to `path`. An interruption
/// leaves the old file or the new one.
///
/// A link is followed: the file it names is replaced, and the link stays. A file that is there
/// keeps its permissions; a new one has those of the umask. The temporary file is in a hidden
/// folder of a name that no other run can have, which is locked until the rename, so that no other
/// run removes it. Folders that a killed run has left are removed first.
///
/// # Errors
/// That of `write`; [`DataError::Unsupported`] where `path` is a folder, a device, a pipe, a
/// socket, or a write-protected file; [`DataError::Io`] when the file cannot be written or renamed.
pub fn replace<E: From<DataError>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let target = target(path)?;
    let folder = temporary(&target)?;
    let temporary = folder.path().join("file");
    let file = File::create_new(&temporary).map_err(DataError::io("write"))?;
    write(&temporary)?;
    // Flushed before the rename: a power cut could leave half a file under the name otherwise.
    let flush = || File::open(&temporary)?.sync_all();
    flush().map_err(DataError::io("flush the finished file"))?;
    drop(file);
    if let Ok(old) = fs::metadata(&target) {
        keep_owner(&temporary, &old);
        fs::set_permissions(&temporary, old.permissions())
            .map_err(DataError::io("keep the permissions of the file"))?;
    }
    fs::rename(&temporary, &target).map_err(DataError::io("rename the finished file"))?;
    Ok(())
}

/// Checks, before any work, that [`replace`] can write to `path`: that it is a regular file or
/// free, and that files can be made in its folder.
///
/// # Errors
/// Those of [`replace`].
pub fn check(path: &Path) -> Result<()> {
    let target = target(path)?;
    temporary(&target).map(drop)
}

/// Whether two paths name the same file: through links of both kinds, and whatever their spelling.
/// False where either does not exist.
pub fn same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let of = |path: &Path| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
        of(a).is_some_and(|found| of(b) == Some(found))
    }
    #[cfg(not(unix))]
    {
        let of = |path: &Path| fs::canonicalize(path).ok();
        of(a).is_some_and(|found| of(b) == Some(found))
    }
}

/// The regular file, or free name, that `path` stands for. Links are followed.
pub(crate) fn target(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..40 {
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_symlink() => {
                let next = fs::read_link(&target).map_err(DataError::io("follow the link"))?;
                target = parent(&target).join(next);
            }
            Ok(found) if found.is_file() && found.permissions().readonly() => {
                let what = "this file is write-protected; give another name, or allow writing";
                return Err(DataError::unsupported(what));
            }
            Ok(found) if found.is_file() => return Ok(target),
            Ok(found) if found.is_dir() => {
                let what = "this is a folder; give the name of a file to write";
                return Err(DataError::unsupported(what));
            }
            Ok(_) => {
                let what = "this is a device, a pipe or a socket; give the name of a regular file \
                            to write";
                return Err(DataError::unsupported(what));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(DataError::io("look at the output")(error)),
        }
    }
    Err(DataError::unsupported("this is a link that leads in a circle"))
}

/// Checks that `path` is a regular file or a link to one. Readers open a file several times, which
/// a pipe does not allow.
pub(crate) fn regular(path: &Path) -> Result<()> {
    let meta = fs::metadata(path).map_err(DataError::io("open"))?;
    if meta.is_file() || meta.is_dir() {
        return Ok(());
    }
    let what = "this is a pipe, a device or a socket, not a regular file; a file is read several \
                times, so write the content to a file first and give its name";
    Err(DataError::unsupported(what))
}

/// The folder of a file.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The folder in which the file is written.
fn temporary(target: &Path) -> Result<TempFolder> {
    let action = "write into the output folder (it must exist and be writable)";
    TempFolder::beside(target, ".tmp", false).map_err(DataError::io(action))
}

/// Gives a file the owner and group of another, where that is allowed.
fn keep_owner(path: &Path, old: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        if fs::metadata(path).is_ok_and(|m| (m.uid(), m.gid()) != (old.uid(), old.gid())) {
            let _ = chown(path, Some(old.uid()), Some(old.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, old);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(temporary: &Path) -> Result<(), DataError> {
        fs::write(temporary, "whole").map_err(DataError::io("write"))
    }

    #[test]
    fn leftovers_go_and_files_being_written_stay() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("out.h5ad");
        let names = [".out.h5ad.morula-dead.tmp", ".out.h5ad.morula-alive.tmp", ".other.tmp"];
        let at = names.map(|name| home.path().join(name));
        for folder in &at {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file"), "half").unwrap();
        }
        let alive = File::open(&at[1]).unwrap();
        alive.try_lock().unwrap();
        // A file of the user of such a name.
        let file = home.path().join(".out.h5ad.morula-mine.tmp");
        fs::write(&file, "").unwrap();
        replace(&path, whole).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(at.map(|folder| folder.exists()), [false, true, true]);
        assert!(file.exists());
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(format!("{}.h5ad", "\u{e9}".repeat(100)));
        fs::write(&path, "old").unwrap();
        let failed = replace(&path, |temporary| {
            fs::write(temporary, "half").unwrap();
            Err(DataError::unsupported("on purpose"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    /// Writers that lock nothing, of one file or of two whose names begin alike, one inside the
    /// other and again after it.
    #[test]
    fn runs_side_by_side_keep_their_files() {
        let home = tempfile::tempdir().unwrap();
        let long = |end: &str| home.path().join(format!("{}{end}.csv", "x".repeat(60)));
        for (a, b) in [(long("1"), long("2")), (long("1"), long("1"))] {
            replace(&a, |outer| {
                fs::write(outer, "a").map_err(DataError::io("write"))?;
                replace(&b, |inner| {
                    assert_ne!(outer, inner);
                    fs::write(inner, "b").map_err(DataError::io("write"))
                })?;
                assert!(outer.exists(), "the other run took it for a leftover");
                assert_eq!(fs::read_to_string(&b).unwrap(), "b");
                Ok::<_, DataError>(())
            })
            .unwrap();
            assert_eq!(fs::read_to_string(&a).unwrap(), "a");
        }
    }

    #[test]
    fn the_same_file_is_known_by_any_name() {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("a"), home.path().join("b"));
        fs::write(&a, "").unwrap();
        assert!(same(&a, &home.path().join("./a")) && !same(&a, &b) && !same(&b, &b));
        fs::hard_link(&a, &b).unwrap();
        assert!(same(&a, &b));
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt, symlink};

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn permissions_are_kept_and_new_files_follow_the_umask() {
            let home = tempfile::tempdir().unwrap();
            let (plain, ours) = (home.path().join("plain"), home.path().join("ours"));
            fs::write(&plain, "").unwrap();
            replace(&ours, whole).unwrap();
            assert_eq!(mode(&ours), mode(&plain));
            for wanted in [0o600, 0o640, 0o664, 0o755] {
                fs::set_permissions(&ours, fs::Permissions::from_mode(wanted)).unwrap();
                replace(&ours, whole).unwrap();
                assert_eq!(mode(&ours), wanted);
            }
        }

        #[test]
        fn a_write_protected_file_stays() {
            let home = tempfile::tempdir().unwrap();
            let (file, link) = (home.path().join("file"), home.path().join("link"));
            fs::write(&file, "old").unwrap();
            symlink("file", &link).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
            for path in [&file, &link] {
                let text = replace(path, whole).unwrap_err().to_string();
                assert!(text.contains("write-protected") && check(path).is_err(), "{text}");
            }
            assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("old", 0o444));
        }

        #[test]
        fn links_are_written_through() {
            let home = tempfile::tempdir().unwrap();
            fs::create_dir(home.path().join("data")).unwrap();
            for there in [true, false] {
                let (file, link) = (home.path().join("data/real"), home.path().join("link"));
                let second = home.path().join("second");
                for old in [&file, &link, &second] {
                    let _ = fs::remove_file(old);
                }
                if there {
                    fs::write(&file, "old").unwrap();
                }
                symlink("data/real", &link).unwrap();
                symlink("link", &second).unwrap();
                replace(&second, whole).unwrap();
                assert!([&link, &second].iter().all(|l| l.is_symlink()));
                assert!(!file.is_symlink());
                assert_eq!(fs::read_to_string(&file).unwrap(), "whole");
            }
            let circle = home.path().join("circle");
            symlink("circle", &circle).unwrap();
            assert!(replace(&circle, whole).is_err() && circle.is_symlink());
        }

        #[test]
        fn only_regular_files_are_replaced() {
            let home = tempfile::tempdir().unwrap();
            let socket = home.path().join("socket");
            let _held = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            let link = home.path().join("link");
            symlink("/dev/null", &link).unwrap();
            for path in [&socket, &link, Path::new("/dev/null")] {
                let text = replace(path, whole).unwrap_err().to_string();
                assert!(text.contains("a regular file"), "{text}");
                assert!(check(path).is_err() && regular(path).is_err());
            }
            assert!(link.is_symlink() && socket.exists());
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
        }
    }
}
