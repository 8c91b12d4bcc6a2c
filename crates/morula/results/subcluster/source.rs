//! Which column of the data is divided, and under which name the results go.

use std::collections::BTreeMap;

use morula_data::{Column, DataFrame, UnsValue};

use super::names::lie_within;
use super::uns::is_of_subclusters;
use super::{SubclusterError, Subclusters};
use crate::results::tree::evidence_of;

/// The name of the results within the clusters of a result, unless another is given.
pub fn key_of(result: &str) -> String {
    format!("{result}_subcluster")
}

impl Subclusters {
    /// The clusters of `obs["<result>"]`, or those that an earlier run left under `key` if there are
    /// some, or those of the column `groupby` if it is given. The results go under `key`, by default
    /// `<result>_subcluster`.
    ///
    /// # Errors
    /// [`SubclusterError::Taken`] for a key with other results; [`SubclusterError::OtherClusters`] for
    /// earlier ones that are not of the clusters of the result; [`SubclusterError::Data`] for a column
    /// that is missing.
    pub fn of_result(
        obs: &DataFrame,
        uns: &BTreeMap<String, UnsValue>,
        result: &str,
        groupby: Option<&str>,
        key: Option<&str>,
    ) -> Result<Self, SubclusterError> {
        let key = key.map_or_else(|| key_of(result), String::from);
        let earlier = uns.get(&key).is_some_and(is_of_subclusters);
        let taken = |what: String| Err(SubclusterError::Taken { what });
        if !earlier {
            let [confidence, evidence] = [format!("{key}_confidence"), evidence_of(&key)];
            if let Some(name) =
                [&key, &confidence].into_iter().find(|name| obs.column(name).is_ok())
            {
                return taken(format!("obs[{name:?}]"));
            }
            if let Some(name) = [&key, &evidence].into_iter().find(|name| uns.contains_key(*name)) {
                return taken(format!("uns[{name:?}]"));
            }
        }
        let groupby = match (groupby, obs.column(&key)) {
            (Some(column), _) => column,
            (None, Err(_)) => result,
            (None, Ok(parts)) => {
                let clusters = obs.column(result)?.to_categorical();
                if !lie_within(&parts.to_categorical(), &clusters) {
                    let (parts, clusters) = (key, result.to_string());
                    return Err(SubclusterError::OtherClusters { parts, clusters });
                }
                &key
            }
        };
        let labels = obs.column(groupby)?.to_categorical();
        let found = Self::new(groupby, &labels)
            .with_earlier(uns.get(groupby), uns.get(&evidence_of(groupby)))
            .named(&key);
        match obs.column(&format!("{groupby}_confidence")) {
            Ok(Column::Float(confidence)) => found.with_confidence(confidence),
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(labels: &[&str]) -> Column {
        Column::categorical(labels.iter().map(|label| Some(*label)))
    }

    #[test]
    fn earlier_parts_are_divided_further() {
        let mut obs = DataFrame::new(vec!["a".into(), "b".into()]);
        obs.set("m", column(&["0", "1"])).unwrap();
        obs.set("m_confidence", Column::Float(vec![0.5, f64::NAN])).unwrap();
        let mut uns = BTreeMap::from([("m".to_string(), UnsValue::map())]);
        let find = |obs: &DataFrame, uns: &BTreeMap<String, UnsValue>, by, key| {
            Subclusters::of_result(obs, uns, "m", by, key)
        };
        let found = find(&obs, &uns, None, None).unwrap();
        assert_eq!((found.groupby.as_str(), found.key()), ("m", "m_subcluster"));
        assert_eq!(found.confidence.as_ref().map(Vec::len), Some(2));
        for key in ["m", "m_confidence"] {
            let error = find(&obs, &uns, None, Some(key)).unwrap_err().to_string();
            assert!(error.contains("there already"), "{error}");
        }

        let fit = UnsValue::map().with("of", "1");
        let entry = UnsValue::map().with("fits", UnsValue::map().with("0", fit));
        uns.insert("m_subcluster".into(), entry);
        obs.set("m_subcluster", column(&["0", "1.2"])).unwrap();
        let found = find(&obs, &uns, None, None).unwrap();
        assert_eq!((found.groupby.as_str(), found.fits.len()), ("m_subcluster", 1));
        assert!(found.confidence.is_none());
        assert_eq!(find(&obs, &uns, Some("m"), None).unwrap().fits.len(), 0);
        // Another run of the model: other clusters.
        obs.set("m", column(&["1", "0"])).unwrap();
        let error = find(&obs, &uns, None, None).unwrap_err().to_string();
        assert!(error.contains("m_subcluster") && error.contains("groupby"), "{error}");
        assert!(find(&obs, &uns, Some("no"), None).unwrap_err().to_string().contains("no column"));
        // A note of somebody else.
        uns.insert("mine".into(), UnsValue::from("note"));
        assert!(find(&obs, &uns, None, Some("mine")).is_err());
    }
}
