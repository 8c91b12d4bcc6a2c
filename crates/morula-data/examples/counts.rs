//! Says what is read of files: `counts FILE ...`. With `--round` and `--transpose` before them.

use morula_data::{OutputPlan, ReadOptions, check_output, read_counts_with, read_with};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let set = |name: &str| flags.iter().any(|flag| flag == name);
    let options = ReadOptions::new().round(set("--round")).transpose(set("--transpose"));
    let folder = tempfile::tempdir()?;
    for file in files {
        match read_counts_with(&file, &options) {
            Ok(counts) => {
                let (n, m) = (counts.n_obs(), counts.n_vars());
                println!("{file}: {n} cells x {m} genes, {} rounded", counts.n_rounded());
                counts.remarks().iter().for_each(|remark| println!("  remark: {remark}"));
            }
            Err(error) => println!("{error}"),
        }
        match read_with(&file, &options) {
            Ok(data) => data.not_loaded.iter().for_each(|part| println!("  not read: {part}")),
            Err(error) => println!("  {error}"),
        }
        let plan = OutputPlan::new().obs("jojoscl").obsm("X_jojoscl").uns("jojoscl");
        if let Err(error) = check_output(&file, folder.path().join("out.h5ad"), &plan) {
            println!("  before work: {error}");
        }
    }
    Ok(())
}
