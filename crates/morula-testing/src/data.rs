//! Real data sets, which are not part of the repository.

use std::path::PathBuf;

/// The folder that the environment variable `MORULA_DATA` names. Without it, a line on standard
/// output says that the test is skipped.
pub fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MORULA_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: set MORULA_DATA to the folder of the real data sets to run this test");
    }
    folder
}
