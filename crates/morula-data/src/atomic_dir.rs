//! Folders that appear complete or not at all.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};

use crate::temporary::TempFolder;
use crate::{DataError, atomic_file};

/// Ends of the names of a folder that is not complete, and of one that is being replaced.
const NEW: &str = ".new";
const OLD: &str = ".morula-old";

/// Fills a fresh folder next to `target` and then puts it in `target`'s place. An interruption at
/// any moment leaves the old folder or the new one, never a mixture, and beside it at most two
/// hidden folders, which the next call removes.
///
/// `ours` names the files in a folder that is there which this program wrote, the file that
/// proves it last. Only those are ever removed: a folder that holds anything else is refused and
/// stays as it is. See [`named`] for a list of names. A link is followed. The folder and its files
/// keep their permissions; all files of a new folder have those of the umask.
///
/// # Errors
/// That of `fill`; [`DataError::Unsupported`] within [`DataError::File`] when `target` is no
/// folder, or holds what is not ours; [`DataError::Io`] within [`DataError::File`] when a folder
/// cannot be made, renamed or removed.
pub fn replace<E: From<DataError>>(
    target: &Path,
    ours: impl Fn(&Path) -> Vec<String>,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let target = &resolved(target)?;
    check_at(target, &ours)?;
    let backup = sibling(target);
    let parent = atomic_file::parent(target);
    fs::create_dir_all(parent).map_err(io(parent))?;
    let fresh = TempFolder::beside(target, NEW, true).map_err(io(target))?;
    fill(fresh.path())?;
    sync(fresh.path()).map_err(io(fresh.path()))?;
    keep_permissions(fresh.path(), target).map_err(io(fresh.path()))?;
    // One run at a time: two that rename at once could lose the folder of one.
    let parent_lock = File::open(parent).ok();
    if cfg!(unix) {
        parent_lock.iter().for_each(|folder| drop(folder.lock()));
    }
    check_at(target, &ours)?;
    // The backup stays until the last rename: without `target` it is the only copy.
    let replaced = target.exists();
    if replaced {
        remove(&backup, &ours)?;
        fs::rename(target, &backup).map_err(io(target))?;
    }
    let path = fresh.keep();
    if let Err(error) = fs::rename(&path, target) {
        if replaced {
            let _ = fs::rename(&backup, target);
        }
        let _ = fs::remove_dir_all(&path);
        return Err(io(target)(error).into());
    }
    // A remainder does no harm: the backup is read only where `target` is missing.
    let _ = remove(&backup, &ours);
    Ok(())
}

/// Fills a fresh folder next to `target` and then renames it to `target`, a name that is free or an
/// empty folder. Nothing that is there is replaced.
///
/// # Errors
/// That of `fill`; those of [`check_free`]; [`DataError::Io`] within [`DataError::File`] when the
/// folder cannot be written or renamed.
pub fn create<E: From<DataError>>(
    target: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    check_free(target)?;
    let target = &resolved(target)?;
    let fresh = TempFolder::beside(target, NEW, true).map_err(io(target))?;
    fill(fresh.path())?;
    sync(fresh.path()).map_err(io(fresh.path()))?;
    check_free(target)?;
    // A rename onto a folder fails unless that is empty.
    let path = fresh.keep();
    fs::rename(&path, target).map_err(|error| {
        let _ = fs::remove_dir_all(&path);
        io(target)(error).into()
    })
}

/// Checks, before any work, that [`create`] can write `target`: that it is free or an empty folder, and
/// that folders can be made beside it.
///
/// # Errors
/// [`DataError::Unsupported`] or [`DataError::Io`], within [`DataError::File`].
pub fn check_free(target: &Path) -> Result<(), DataError> {
    let target = &resolved(target)?;
    let empty = || fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
    if fs::symlink_metadata(target).is_ok() && !empty() {
        let what = "this is there already, and a folder is never replaced here; remove it or give \
                    another name";
        return Err(DataError::unsupported(what).in_file(target));
    }
    let action = "write into the output folder (it must exist and be writable)";
    let probe = TempFolder::beside(target, NEW, true);
    probe.map(drop).map_err(|e| DataError::io(action)(e).in_file(target))
}

/// Checks, before any work, that [`replace`] may replace `target`.
///
/// # Errors
/// Those of [`replace`] that are about what is there.
pub fn check(target: &Path, ours: impl Fn(&Path) -> Vec<String>) -> Result<(), DataError> {
    let target = resolved(target)?;
    check_at(&target, &ours)
}

/// Files of these names are ours wherever they lie.
pub fn named<'a>(names: &'a [&'a str]) -> impl Fn(&Path) -> Vec<String> + 'a {
    |_| names.iter().map(ToString::to_string).collect()
}

/// The folder to read: `target`, or its backup if a [`replace`] was cut off between its renames.
pub fn existing(target: &Path) -> Option<PathBuf> {
    [target.to_path_buf(), sibling(target)].into_iter().find(|p| p.is_dir())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DataError + use<> {
    let path = path.to_path_buf();
    move |source| DataError::io("replace the folder")(source).in_file(&path)
}

/// The folder, or free name, that a path stands for.
fn resolved(target: &Path) -> Result<PathBuf, DataError> {
    let mut at = absolute(target).map_err(io(target))?;
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(next) => at = atomic_file::parent(&at).join(next),
            Err(_) => return Ok(at),
        }
    }
    Err(DataError::unsupported("this is a link that leads in a circle").in_file(target))
}

/// Refuses what is not a folder, and a folder or backup that holds files which are not ours.
fn check_at(target: &Path, ours: &impl Fn(&Path) -> Vec<String>) -> Result<(), DataError> {
    for folder in [target.to_path_buf(), sibling(target)] {
        match fs::metadata(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(io(&folder)(error)),
            Ok(found) if !found.is_dir() => {
                let what = "this is no folder; give the name of a folder that is free";
                return Err(DataError::unsupported(what).in_file(&folder));
            }
            Ok(_) => {}
        }
        if let Some(name) = foreign(&folder, ours).map_err(io(&folder))? {
            let what = format!(
                "this folder holds {name:?}, which Morula did not write there or which has changed \
                 since; nothing is removed, so give another folder"
            );
            return Err(DataError::unsupported(what).in_file(&folder));
        }
    }
    Ok(())
}

/// The first name in a folder that is not a file of ours.
fn foreign(folder: &Path, ours: &impl Fn(&Path) -> Vec<String>) -> std::io::Result<Option<String>> {
    let names = ours(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() || !names.contains(&name) {
            found.push(name);
        }
    }
    Ok(found.into_iter().min())
}

/// Removes the files that are ours, in their order, and then the folder. With anything else in it
/// the folder stays.
fn remove(folder: &Path, ours: &impl Fn(&Path) -> Vec<String>) -> Result<(), DataError> {
    if !folder.exists() {
        return Ok(());
    }
    // Only names of files in the folder: a list could name others.
    let mut there = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        there.push(entry.map_err(io(folder))?.file_name().to_string_lossy().into_owned());
    }
    for name in ours(folder).iter().filter(|name| there.contains(name)) {
        fs::remove_file(folder.join(name)).map_err(io(folder))?;
    }
    fs::remove_dir(folder).map_err(io(folder))
}

/// Gives all files of `fresh` the same permissions: what every file of `old` allows, or what the
/// umask allows where there is none. `fresh` itself gets those of `old`.
fn keep_permissions(fresh: &Path, old: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let files = |folder: &Path| -> std::io::Result<Vec<PathBuf>> {
            let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
            paths.filter(|path| path.as_ref().map_or(true, |p| p.is_file())).collect()
        };
        let umask = fs::metadata(fresh)?.permissions().mode() & 0o666;
        let old_folder = fs::metadata(old).ok();
        let mut mode = None;
        if old_folder.is_some() {
            for file in files(old)? {
                let of = fs::metadata(file)?.permissions().mode() & 0o777;
                mode = Some(mode.map_or(of, |mode: u32| mode & of));
            }
        }
        for file in files(fresh)? {
            fs::set_permissions(file, fs::Permissions::from_mode(mode.unwrap_or(umask)))?;
        }
        if let Some(folder) = old_folder {
            fs::set_permissions(fresh, folder.permissions())?;
        }
    }
    #[cfg(not(unix))]
    let _ = (fresh, old);
    Ok(())
}

/// Flushes the files of a folder, and of those below it, to the disk before a rename: a power cut could leave the new name
/// with half of them otherwise.
fn sync(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync(&entry.path())?;
        } else if kind.is_file() {
            fs::OpenOptions::new().write(true).open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

/// The backup of `target`: hidden, and never a folder of the user's.
fn sibling(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(OLD);
    target.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [&str; 2] = ["b.json", "a.json"];

    fn write(path: &Path, value: i32) -> Result<(), DataError> {
        fs::write(path, value.to_string()).map_err(DataError::io("write"))
    }

    fn read(path: &Path) -> Option<i32> {
        fs::read_to_string(path).ok()?.parse().ok()
    }

    fn put(target: &Path, name: &str, value: i32) -> Result<(), DataError> {
        replace(target, named(&OURS), |folder| write(&folder.join(name), value))
    }

    #[test]
    fn a_failed_fill_leaves_the_old_folder() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        put(&target, "a.json", 1).unwrap();
        let failed = replace(&target, named(&OURS), |_| Err(DataError::unsupported("on purpose")));
        assert!(failed.is_err());
        assert_eq!(read(&target.join("a.json")), Some(1));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_fill_replaces_the_first() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        put(&target, "a.json", 1).unwrap();
        put(&target, "b.json", 2).unwrap();
        assert!(!target.join("a.json").exists());
        assert_eq!(read(&target.join("b.json")), Some(2));
    }

    #[test]
    fn a_cut_at_any_step_is_survived() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        let (new, old) = (home.path().join(".model.morula-cut.new"), sibling(&target));
        let fill = |folder: &Path, value: i32| {
            fs::create_dir_all(folder).unwrap();
            write(&folder.join("a.json"), value).unwrap();
        };
        let seen = || read(&existing(&target).unwrap().join("a.json"));
        // While filling; between the renames; after them, before the backup is removed.
        fill(&target, 1);
        fs::create_dir(&new).unwrap();
        fs::write(new.join("a.json"), "[half").unwrap();
        assert_eq!(seen(), Some(1));
        fs::rename(&target, &old).unwrap();
        fill(&new, 2);
        assert_eq!(seen(), Some(1));
        put(&target, "b.json", 3).unwrap();
        assert!(!target.join("a.json").exists(), "a leftover is not taken up");
        fill(&old, 4);
        fs::remove_file(old.join("a.json")).unwrap();
        put(&target, "a.json", 5).unwrap();
        assert_eq!(seen(), Some(5));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn folders_of_the_user_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        for name in ["model.old", "model.new", ".old"] {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        for value in 0..3 {
            put(&target, "a.json", value).unwrap();
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_folder_with_anything_else_in_it_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for (i, foreign) in ["thesis.txt", "sub/a.json", ".hidden"].into_iter().enumerate() {
            let target = home.path().join(i.to_string());
            put(&target, "a.json", 1).unwrap();
            let file = target.join(foreign);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine").unwrap();
            let first = foreign.split('/').next().unwrap();
            for error in [put(&target, "a.json", 2), check(&target, named(&OURS))] {
                let text = error.unwrap_err().to_string();
                assert!(text.contains(first) && text.contains("did not write"), "{text}");
            }
            assert_eq!(read(&target.join("a.json")), Some(1));
            assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        }
        // A file of a name of ours that another program wrote.
        let target = home.path().join("keras");
        fs::create_dir(&target).unwrap();
        write(&target.join("a.json"), 7).unwrap();
        let mine = |folder: &Path| match read(&folder.join("a.json")) {
            Some(7) => vec![],
            _ => vec!["a.json".into()],
        };
        assert!(replace(&target, mine, |f| write(&f.join("a.json"), 1)).is_err());
        assert_eq!(read(&target.join("a.json")), Some(7));
        // A backup that holds what is not ours is not removed either.
        let target = home.path().join("0b");
        put(&target, "a.json", 1).unwrap();
        fs::create_dir(sibling(&target)).unwrap();
        fs::write(sibling(&target).join("mine"), "").unwrap();
        assert!(put(&target, "a.json", 2).is_err());
        assert!(sibling(&target).join("mine").exists());
        // A list of files that names others.
        let target = home.path().join("escape");
        put(&target, "a.json", 1).unwrap();
        fs::write(home.path().join("outside"), "mine").unwrap();
        let both = |_: &Path| vec!["../outside".to_string(), "a.json".to_string()];
        replace(&target, both, |f| write(&f.join("a.json"), 2)).unwrap();
        assert!(home.path().join("outside").exists());
        // A file in the place of the folder.
        fs::write(home.path().join("file"), "mine").unwrap();
        assert!(put(&home.path().join("file"), "a.json", 2).is_err());
        assert_eq!(fs::read_to_string(home.path().join("file")).unwrap(), "mine");
    }

    #[test]
    fn runs_side_by_side_keep_their_folders() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        replace(&target, named(&OURS), |outer| {
            write(&outer.join("a.json"), 1)?;
            put(&target, "a.json", 2)?;
            assert_eq!(read(&outer.join("a.json")), Some(1), "it was taken for a leftover");
            Ok::<_, DataError>(())
        })
        .unwrap();
        assert_eq!(read(&target.join("a.json")), Some(1));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_all_files_have_the_same() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let fill = |folder: &Path| {
            write(&folder.join("a.json"), 1)?;
            write(&folder.join("b.json"), 1)?;
            set(&folder.join("b.json"), 0o600);
            Ok::<_, DataError>(())
        };
        let modes = || OURS.map(|name| mode(&target.join(name)));
        replace(&target, named(&OURS), fill).unwrap();
        fs::write(home.path().join("plain"), "").unwrap();
        assert_eq!(modes(), [mode(&home.path().join("plain")); 2]);
        set(&target, 0o700);
        set(&target.join("a.json"), 0o640);
        replace(&target, named(&OURS), fill).unwrap();
        assert_eq!((modes(), mode(&target)), ([0o640; 2], 0o700));
        let link = home.path().join("link");
        symlink("model", &link).unwrap();
        replace(&link, named(&OURS), fill).unwrap();
        assert!(link.is_symlink() && target.join("a.json").exists());
    }
}
