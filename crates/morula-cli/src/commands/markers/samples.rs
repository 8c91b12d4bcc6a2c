//! Sums over the cells of every group and sample, as tables.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use morula::data::Categorical;
use morula::markers::{Pseudobulk, pseudobulk};

use super::comparison::Comparison;
use crate::args::CountsArgs;
use crate::console::Console;
use crate::expression::groups;
use crate::text::{cell, one_line};
use crate::writable::write_file;

/// The files of the folder.
pub const FILES: [&str; 2] = ["counts.csv", "samples.csv"];
/// With fewer samples in a condition, a test between conditions has hardly any power.
const FEW: usize = 3;

/// Sums, and the tables of them.
pub struct Sums {
    found: Pseudobulk,
    genes: Vec<String>,
    /// Condition of every sample.
    conditions: Option<Vec<String>>,
}

impl Sums {
    /// Sums the raw counts.
    pub fn new(
        counts: &CountsArgs,
        by: &Categorical,
        comparison: &Comparison,
        sample: &str,
        console: Console,
    ) -> Result<Self> {
        let obs = counts.read_obs()?;
        let samples = groups(&obs, sample)?;
        let (x, _, genes) = counts.read(console)?.into_parts();
        let found = pseudobulk(&x, by, &samples)?;
        let conditions = match &comparison.condition {
            Some(column) => Some(conditions(&found, &samples, &groups(&obs, column)?, column)?),
            None => None,
        };
        let sums = Self { found, genes, conditions };
        sums.remark_few(console);
        Ok(sums)
    }

    /// Says which groups have too few samples to be tested.
    fn remark_few(&self, console: Console) {
        let mut few = Vec::new();
        for (g, name) in self.found.groups.iter().enumerate() {
            let samples = self.found.columns.iter().filter(|c| c.0 == g).map(|c| c.1);
            let mut by_condition: Vec<(&str, usize)> = Vec::new();
            for s in samples {
                let of = self.conditions.as_ref().map_or("", |all| all[s].as_str());
                match by_condition.iter_mut().find(|(name, _)| *name == of) {
                    Some((_, n)) => *n += 1,
                    None => by_condition.push((of, 1)),
                }
            }
            if by_condition.iter().any(|(_, n)| *n < FEW) {
                few.push(name.as_str());
            }
        }
        if !few.is_empty() {
            console.remark(one_line(&format!(
                "groups with fewer than {FEW} samples in a condition, which tests between \
                 conditions can hardly use: {}",
                few.join(", ")
            )));
        }
    }

    /// Writes both tables.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let cannot = || format!("cannot make the folder {}", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let [counts, samples] = FILES;
        write_file(&folder.join(counts), &self.counts()?)?;
        write_file(&folder.join(samples), &self.samples()?)
    }

    /// Name of a column of the counts: group and sample.
    fn name(&self, column: &(usize, usize, usize)) -> String {
        let (g, s, _) = *column;
        cell(&format!("{}:{}", self.found.groups[g], self.found.samples[s])).into_owned()
    }

    fn counts(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = self.found.columns.iter().map(|column| self.name(column));
        writer.write_record(std::iter::once("gene".to_string()).chain(names))?;
        for (j, gene) in self.genes.iter().enumerate() {
            let sums = self.found.sums.iter().map(|sums| sums[j].to_string());
            writer.write_record(std::iter::once(cell(gene).into_owned()).chain(sums))?;
        }
        writer.into_inner().ok().context("the table is in memory")
    }

    fn samples(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["column", "group", "sample", "condition", "n_cells"])?;
        for column in &self.found.columns {
            let (g, s, n_cells) = *column;
            let condition = self.conditions.as_ref().map_or("", |all| all[s].as_str());
            writer.write_record([
                self.name(column),
                cell(&self.found.groups[g]).into_owned(),
                cell(&self.found.samples[s]).into_owned(),
                cell(condition).into_owned(),
                n_cells.to_string(),
            ])?;
        }
        writer.into_inner().ok().context("the table is in memory")
    }
}

/// The condition of every sample; an error for a sample of two.
fn conditions(
    found: &Pseudobulk,
    samples: &Categorical,
    conditions: &Categorical,
    column: &str,
) -> Result<Vec<String>> {
    let mut of = vec![None; found.samples.len()];
    let place: HashMap<&str, usize> =
        found.samples.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    for (sample, condition) in samples.labels().zip(conditions.labels()) {
        let (Some(sample), Some(condition)) = (sample, condition) else { continue };
        match place.get(sample).map(|&at| &mut of[at]) {
            Some(Some(other)) if *other != condition => {
                bail!("sample {sample} has two conditions in {column}: {other} and {condition}")
            }
            Some(place) => *place = Some(condition),
            None => {}
        }
    }
    Ok(of.into_iter().map(|condition| condition.unwrap_or_default().to_string()).collect())
}
