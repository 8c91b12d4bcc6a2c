//! Lists of checksums that fit changed files.

use std::collections::BTreeMap;
use std::path::Path;

/// Makes the checksums of a folder fit its files, as somebody would who means to mislead.
pub fn reseal(folder: &Path) {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let files = files.filter(|path| name(path) != "checksums.json");
    list(folder, files.map(|f| (name(&f), crc32fast::hash(&std::fs::read(&f).unwrap()))).collect());
}

/// Writes a list of checksums.
pub fn list(folder: &Path, files: BTreeMap<String, u32>) {
    let mut all = crc32fast::Hasher::new();
    for (name, checksum) in &files {
        all.update(name.as_bytes());
        all.update(&[0xff]);
        all.update(&checksum.to_le_bytes());
    }
    let list = serde_json::json!({"files": files, "all": all.finalize()});
    std::fs::write(folder.join("checksums.json"), list.to_string()).unwrap();
}
