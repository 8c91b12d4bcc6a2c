//! Fits within clusters in uns: one entry per cluster, and one table of evidence for all.

use std::collections::BTreeMap;

use morula_data::UnsValue;

/// The name of the column of the evidence with the clusters that were fitted.
pub const OF: &str = "of";

/// The fits of an entry that was [written](fits_to_uns), in their order; none of another entry.
pub fn fits_of(entry: &UnsValue) -> Vec<UnsValue> {
    let Some(UnsValue::Map(fits)) = entry.get("fits") else { return Vec::new() };
    let numbered = fits.iter().filter_map(|(place, fit)| Some((place.parse::<usize>().ok()?, fit)));
    let ordered: BTreeMap<usize, &UnsValue> = numbered.collect();
    ordered.into_values().filter(|fit| name_of(fit).is_some()).cloned().collect()
}

/// Whether an entry of uns is that of subclusters.
pub fn is_of_subclusters(entry: &UnsValue) -> bool {
    !fits_of(entry).is_empty()
}

/// The fits as an entry. Names of clusters may hold what names of entries may not, so the fits are
/// numbered.
pub fn fits_to_uns(groupby: &str, fits: &[UnsValue]) -> UnsValue {
    let numbered = fits.iter().enumerate();
    let fits = numbered.fold(UnsValue::map(), |all, (i, fit)| all.with(i.to_string(), fit.clone()));
    UnsValue::map().with("groupby", groupby).with("fits", fits)
}

/// The cluster that a fit was within.
pub fn name_of(fit: &UnsValue) -> Option<&str> {
    text(fit.get(OF))
}

/// The column that was divided first.
pub fn groupby_of(entry: &UnsValue) -> Option<&str> {
    text(entry.get("groupby"))
}

fn text(value: Option<&UnsValue>) -> Option<&str> {
    match value {
        Some(UnsValue::Text(text)) => Some(text),
        _ => None,
    }
}

/// A table of evidence as lists by column; empty for an entry of another form.
pub fn table_of(entry: &UnsValue) -> BTreeMap<String, UnsValue> {
    let UnsValue::Map(columns) = entry else { return BTreeMap::new() };
    let n = columns.get(OF).and_then(len);
    match n.is_some() && columns.values().all(|column| len(column) == n) {
        true => columns.clone(),
        false => BTreeMap::new(),
    }
}

/// The table without the rows of a cluster, and with other rows at its end. A table of other columns than
/// theirs is left out.
pub fn replaced(
    table: &BTreeMap<String, UnsValue>,
    cluster: &str,
    rows: &BTreeMap<String, UnsValue>,
) -> BTreeMap<String, UnsValue> {
    let kept: Vec<usize> = match table.get(OF) {
        Some(UnsValue::Texts(of)) => (0..of.len()).filter(|&row| of[row] != cluster).collect(),
        _ => Vec::new(),
    };
    if rows.is_empty() {
        let columns = table.iter().map(|(name, all)| (name.clone(), picked(all, &kept)));
        return if kept.is_empty() { BTreeMap::new() } else { columns.collect() };
    }
    let kind = std::mem::discriminant::<UnsValue>;
    let columns = table.iter().map(|(name, column)| (name, kind(column)));
    let fits = columns.eq(rows.iter().map(|(name, column)| (name, kind(column))));
    let joined = |(name, rows): (&String, &UnsValue)| {
        let before = table.get(name).filter(|_| fits).map(|all| picked(all, &kept));
        let column = match (before, rows.clone()) {
            (Some(UnsValue::Texts(all)), UnsValue::Texts(more)) => [all, more].concat().into(),
            (Some(UnsValue::Ints(all)), UnsValue::Ints(more)) => [all, more].concat().into(),
            (Some(UnsValue::Floats(all)), UnsValue::Floats(more)) => [all, more].concat().into(),
            (_, more) => more,
        };
        (name.clone(), column)
    };
    rows.iter().map(joined).collect()
}

fn picked(column: &UnsValue, rows: &[usize]) -> UnsValue {
    match column {
        UnsValue::Texts(all) => rows.iter().map(|&i| all[i].clone()).collect::<Vec<_>>().into(),
        UnsValue::Ints(all) => rows.iter().map(|&i| all[i]).collect::<Vec<_>>().into(),
        UnsValue::Floats(all) => rows.iter().map(|&i| all[i]).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

fn len(column: &UnsValue) -> Option<usize> {
    match column {
        UnsValue::Texts(all) => Some(all.len()),
        UnsValue::Ints(all) => Some(all.len()),
        UnsValue::Floats(all) => Some(all.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(of: &[&str], p: &[f64]) -> BTreeMap<String, UnsValue> {
        let texts: Vec<String> = of.iter().map(ToString::to_string).collect();
        table_of(&UnsValue::map().with(OF, texts).with("p", p.to_vec()))
    }

    #[test]
    fn rows_of_a_cluster_are_replaced() {
        let all = table(&["3", "0", "3"], &[0.1, 0.2, 0.3]);
        assert_eq!(replaced(&all, "3", &table(&["3"], &[0.9])), table(&["0", "3"], &[0.2, 0.9]));
        assert_eq!(replaced(&all, "3", &BTreeMap::new()), table(&["0"], &[0.2]));
        assert_eq!(replaced(&BTreeMap::new(), "3", &all), all);
        assert!(replaced(&table(&["3"], &[0.1]), "3", &BTreeMap::new()).is_empty());
        let mut other = all.clone();
        other.insert("q".into(), vec![1.0, 2.0, 3.0].into());
        assert_eq!(replaced(&other, "3", &table(&["3"], &[0.9])), table(&["3"], &[0.9]));
        // Lists of different lengths, and what others wrote.
        assert!(table(&["3"], &[]).is_empty());
        assert!(table_of(&UnsValue::map().with("p", vec![0.5])).is_empty());
        assert!(table_of(&UnsValue::from("note")).is_empty());
    }

    #[test]
    fn fits_keep_their_order() {
        let fits: Vec<UnsValue> =
            (0..12).map(|i| UnsValue::map().with(OF, i.to_string())).collect();
        let entry = fits_to_uns("jojoscl", &fits);
        assert_eq!(fits_of(&entry), fits);
        assert_eq!((name_of(&fits[11]), groupby_of(&entry)), (Some("11"), Some("jojoscl")));
        assert!(fits_of(&UnsValue::from("note")).is_empty());
        assert!(fits_of(&UnsValue::map().with("fits", UnsValue::map().with("x", 1))).is_empty());
    }
}
