//! Finds groups and arrays in a zarr store that is open for reading.

use super::files::Files;
use super::metadata::{Node, Version, version};
use super::{array, damaged};
use crate::io::budget::Budget;
use crate::store::{self, Array, Attr, Edit, Kind, MAX_DEPTH, Store as _};
use crate::{DataError, Result};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

/// Most groups and arrays that are visited; each takes time.
const MAX_VISITS: usize = 200_000;

/// Memory of the attributes per byte of their text.
const ATTRIBUTE_BYTES: usize = 16;

/// A zarr store, read on demand: an array is loaded only when it is needed.
///
/// Groups are listed as folders are. Consolidated metadata are not used, since they may be older than
/// what they describe.
pub(crate) struct Store {
    files: Rc<Files>,
    version: Version,
    bytes: u64,
    budget: Budget,
    /// What was found at a path, or why it could not be read.
    nodes: RefCell<HashMap<String, Rc<Result<Option<Node>>>>>,
    listings: RefCell<HashMap<String, Rc<Listing>>>,
}

/// The folders in a group.
#[derive(Default)]
struct Listing {
    members: Vec<String>,
    /// Links to folders, which are not followed.
    links: Vec<String>,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self> {
        let files = Files::open(path)?;
        let version = version(&files).ok_or_else(|| DataError::damaged("this is no zarr store"))?;
        let bytes = files.bytes()?;
        let budget = Budget::new(bytes);
        let (nodes, listings) = Default::default();
        Ok(Self { files: Rc::new(files), version, bytes, budget, nodes, listings })
    }

    fn node(&self, at: &str) -> Rc<Result<Option<Node>>> {
        let at = at.trim_matches('/');
        if let Some(node) = self.nodes.borrow().get(at) {
            return node.clone();
        }
        let too_many = self.nodes.borrow().len() > MAX_VISITS;
        let node = match at.split('/').count() > MAX_DEPTH || self.is_link(at) {
            _ if too_many => Err(damaged(at, "there are too many groups and arrays")),
            true => Ok(None),
            false => Node::read(&self.files, self.version, at).and_then(|node| {
                let attrs = node.iter().flat_map(|node| node.attrs.values());
                let letters = attrs.map(|value| value.to_string().len() as u64).sum();
                self.budget.take(letters, ATTRIBUTE_BYTES)?;
                Ok(node)
            }),
        };
        let node = Rc::new(node);
        self.nodes.borrow_mut().insert(at.into(), node.clone());
        node
    }

    fn list(&self, group: &str) -> Result<Rc<Listing>> {
        let group = group.trim_matches('/');
        if let Some(listing) = self.listings.borrow().get(group) {
            return Ok(listing.clone());
        }
        let mut listing = Listing::default();
        if group.is_empty() || self.kind(group) == Some(Kind::Group) {
            (listing.members, listing.links) = self.files.folders(group)?;
            let path = |name: &str| match group {
                "" => name.to_string(),
                group => format!("{group}/{name}"),
            };
            listing.members.retain(|name| self.kind_of_folder(&path(name)).is_some());
        }
        let listing = Rc::new(listing);
        self.listings.borrow_mut().insert(group.into(), listing.clone());
        Ok(listing)
    }

    /// The kind of a folder that is no link.
    fn kind_of_folder(&self, at: &str) -> Option<Kind> {
        match &*self.node(at) {
            Ok(node) => node.as_ref().map(|node| node.kind),
            // Reading it as an array gives the error.
            Err(_) => Some(Kind::Array),
        }
    }
}

impl store::Store for Store {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn kind(&self, at: &str) -> Option<Kind> {
        self.kind_of_folder(at)
    }

    fn members(&self, group: &str) -> Result<Vec<String>> {
        Ok(self.list(group)?.members.clone())
    }

    fn array(&self, at: &str) -> Result<Array> {
        let at = at.trim_matches('/');
        let node = self.node(at);
        let node = match &*node {
            Ok(Some(node)) if node.kind == Kind::Array => node,
            Err(error) => return Err(error.again()),
            _ if self.is_link(at) => return Err(self.not_there(at)),
            _ => return Err(DataError::damaged(format!("the array {at} is not there"))),
        };
        let (files, budget) = (self.files.clone(), self.budget.clone());
        array::array(files, at, node.layout(at)?, self.bytes, budget)
    }

    fn attr(&self, at: &str, name: &str) -> Option<Attr> {
        let node = self.node(at);
        let value = node.as_ref().as_ref().ok()?.as_ref()?.attrs.get(name)?;
        attr(value)
    }

    fn links(&self, group: &str) -> Vec<String> {
        let group = group.trim_matches('/');
        let listing = self.list(group).unwrap_or_default();
        let at = |name: &String| match group {
            "" => name.clone(),
            group => format!("{group}/{name}"),
        };
        listing.links.iter().map(|name| describe_link(&at(name))).collect()
    }

    fn is_link(&self, at: &str) -> bool {
        let at = at.trim_matches('/');
        let parents = at.match_indices('/').map(|(i, _)| &at[..i]).take(MAX_DEPTH);
        parents.chain([at]).any(|at| self.files.is_link(at))
    }

    fn not_there(&self, at: &str) -> DataError {
        match self.is_link(at) {
            true => DataError::unsupported(describe_link(at)),
            false => DataError::damaged(format!("{at} is not there")),
        }
    }

    fn check_edits(&self, paths: &[String]) -> Result<()> {
        super::write::check_paths(paths)
    }

    fn copy_with(&self, _input: &Path, output: &Path, edits: &[Edit<'_>]) -> Result<()> {
        super::write::copy_with(&self.files, self.version, output, edits)
    }
}

fn describe_link(at: &str) -> String {
    format!("{at} (a link to a folder, which is not followed)")
}

/// An attribute, if its type is supported. HDF5 has truth values as numbers.
fn attr(value: &Value) -> Option<Attr> {
    match value {
        Value::String(text) => Some(Attr::Text(text.clone())),
        Value::Bool(value) => Some(Attr::Int((*value).into())),
        Value::Number(number) => number.as_i64().map(Attr::Int),
        Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(|v| v.as_str().map(Into::into)).collect();
            let ints = || values.iter().map(Value::as_i64).collect::<Option<Vec<_>>>();
            texts.map(Attr::Texts).or_else(|| ints().map(Attr::Ints))
        }
        _ => None,
    }
}
