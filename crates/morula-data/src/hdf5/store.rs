//! Finds groups and arrays in an HDF5 file that is open for reading.

use super::patched::{Patched, Patches};
use super::raw::Raw;
use super::{array, guard, write};
use crate::io::budget::Budget;
use crate::store::{self, Array, Attr, Edit, Kind, MAX_DEPTH, Store as _};
use crate::{DataError, Result, atomic_file};
use hdf5_pure::{Dataset, File};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;

/// An HDF5 file, read on demand: an array is loaded only when it is needed.
///
/// Each group is listed once. A lookup in the library walks through the whole group, and a table
/// with thousands of columns would need thousands of lookups.
pub(crate) struct Store {
    file: File,
    bytes: u64,
    budget: Budget,
    raw: Option<Raw>,
    /// Shared with `file`, which reads through it.
    patches: Patches,
    listings: RefCell<HashMap<String, Listing>>,
}

/// The members of a group.
#[derive(Default)]
struct Group {
    members: BTreeMap<String, Object>,
    /// Address of the object of each member, as far as known.
    addresses: HashMap<String, u64>,
    /// Links to a path instead of an object.
    links: BTreeSet<String>,
}

type Listing = Rc<Group>;

/// A member of a group.
#[derive(Clone)]
enum Object {
    Array(Dataset),
    Group(hdf5_pure::Group),
}

/// Most groups and arrays that are visited; each takes time, and links can form loops.
const MAX_VISITS: u32 = 200_000;

impl Store {
    pub fn open(path: &Path) -> Result<Self> {
        atomic_file::regular(path)?;
        let open = || std::fs::File::open(path).map_err(DataError::io("open"));
        let bytes = open()?.metadata().map_err(DataError::io("read"))?.len();
        let patches = Patches::default();
        let source = Patched::new(open()?, bytes, patches.clone());
        let file = guard("header", || File::from_source(source))?;
        let end = file.superblock().eof_address;
        if end > bytes {
            let what = format!("the file has {bytes} of the {end} bytes it says it has");
            return Err(DataError::damaged(what));
        }
        let (raw, budget) = (Raw::open(open()?), Budget::new(bytes));
        Ok(Self { file, bytes, budget, raw, patches, listings: RefCell::default() })
    }

    /// The structure of the file, if it is known.
    pub(super) fn raw(&self) -> Option<&Raw> {
        self.raw.as_ref()
    }

    fn find(&self, at: &str) -> Option<Object> {
        let at = at.trim_matches('/');
        if at.is_empty() {
            return Some(Object::Group(self.file.root()));
        }
        if at.split('/').count() > MAX_DEPTH {
            return None;
        }
        let (group, name) = at.rsplit_once('/').unwrap_or(("", at));
        self.list(group).ok()?.members.get(name).cloned()
    }

    fn list(&self, group: &str) -> Result<Listing> {
        let group = group.trim_matches('/');
        if let Some(listing) = self.listings.borrow().get(group) {
            return Ok(listing.clone());
        }
        if self.listings.borrow().len() > MAX_VISITS as usize {
            return Err(too_many());
        }
        let mut listing = Group::default();
        if let Some(Object::Group(handle)) = self.find(group) {
            let links = self.address(group).and_then(|at| self.raw.as_ref()?.links(at));
            for link in links.into_iter().flatten() {
                match (link.address(), link.place) {
                    (Some(at), _) => drop(listing.addresses.insert(link.name, at)),
                    (None, place) => {
                        // The library fails at such a link of an old group. It sees the root there,
                        // which is then passed over.
                        let root = self.raw.as_ref().map(Raw::root);
                        if let (Some(place), Some(root)) = (place, root) {
                            self.patches.insert(place, root);
                        }
                        listing.links.insert(link.name);
                    }
                }
            }
            listing.members = guard(group, || {
                let arrays = handle.iter_datasets()?.map(|(name, set)| (name, Object::Array(set)));
                let groups = handle.iter_groups()?.map(|(name, sub)| (name, Object::Group(sub)));
                Ok(arrays.chain(groups).filter(|m| !listing.links.contains(&m.0)).collect())
            })?;
        }
        let listing = Rc::new(listing);
        self.listings.borrow_mut().insert(group.into(), listing.clone());
        Ok(listing)
    }

    /// Checks that no array at or below a path claims more than the file can hold.
    pub fn check_sizes(&self, at: &str) -> Result<()> {
        self.check_below(at, MAX_DEPTH, &Cell::new(MAX_VISITS))
    }

    fn check_below(&self, at: &str, depth: usize, visits: &Cell<u32>) -> Result<()> {
        visits.set(visits.get().checked_sub(1).ok_or_else(too_many)?);
        match self.kind(at) {
            Some(Kind::Array) => self.array(at).map(drop),
            Some(Kind::Group) if depth > 0 => {
                let members = self.members(at)?;
                let below = members.iter().map(|name| format!("{at}/{name}"));
                below.into_iter().try_for_each(|at| self.check_below(&at, depth - 1, visits))
            }
            Some(Kind::Group) => Err(DataError::damaged(format!("{at} nests too deeply"))),
            None => Ok(()),
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

    fn address(&self, at: &str) -> Option<u64> {
        let at = at.trim_matches('/');
        if at.is_empty() {
            return Some(self.raw.as_ref()?.root());
        }
        if at.split('/').count() > MAX_DEPTH {
            return None;
        }
        let (group, name) = at.rsplit_once('/').unwrap_or(("", at));
        self.list(group).ok()?.addresses.get(name).copied()
    }

    fn kind(&self, at: &str) -> Option<Kind> {
        match self.find(at)? {
            Object::Array(_) => Some(Kind::Array),
            Object::Group(_) => Some(Kind::Group),
        }
    }

    fn members(&self, group: &str) -> Result<Vec<String>> {
        Ok(self.list(group)?.members.keys().cloned().collect())
    }

    fn links(&self, group: &str) -> Vec<String> {
        let group = group.trim_matches('/');
        let names = self.list(group).map(|list| list.links.clone()).unwrap_or_default();
        let at = |name: String| if group.is_empty() { name } else { format!("{group}/{name}") };
        names.into_iter().map(|name| describe_link(&at(name))).collect()
    }

    fn is_link(&self, at: &str) -> bool {
        let at = at.trim_matches('/');
        let parents = at.match_indices('/').map(|(i, _)| &at[..i]).take(MAX_DEPTH);
        parents.chain([at]).any(|at| {
            let (group, name) = at.rsplit_once('/').unwrap_or(("", at));
            self.list(group).is_ok_and(|list| list.links.contains(name))
        })
    }

    fn not_there(&self, at: &str) -> DataError {
        match self.is_link(at) {
            true => DataError::unsupported(describe_link(at)),
            false => DataError::damaged(format!("{at} is not there")),
        }
    }

    fn array(&self, at: &str) -> Result<Array> {
        match self.find(at) {
            Some(Object::Array(set)) => array::array(set, at, self.bytes, self.budget.clone()),
            _ if self.is_link(at) => Err(self.not_there(at)),
            _ => Err(DataError::damaged(format!("the array {at} is not there"))),
        }
    }

    fn attr(&self, at: &str, name: &str) -> Option<Attr> {
        let object = self.find(at)?;
        let known = self.address(at).zip(self.raw.as_ref());
        if known.is_some_and(|(address, raw)| raw.attributes_are_too_large(address)) {
            return None;
        }
        let attrs = guard(at, || match &object {
            Object::Array(set) => set.attrs(),
            Object::Group(group) => group.attrs(),
        });
        let value = attrs.ok()?.remove(name)?;
        if let Some(text) = value.as_str() {
            return Some(Attr::Text(text.to_string()));
        }
        if let Some(texts) = value.as_strings() {
            return Some(Attr::Texts(texts.to_vec()));
        }
        if let Some(int) = value.as_i64() {
            return Some(Attr::Int(int));
        }
        value.to_i64s().map(Attr::Ints)
    }

    fn check_edits(&self, paths: &[String]) -> Result<()> {
        write::check_edits(self, paths)
    }

    fn copy_with(&self, input: &Path, output: &Path, edits: &[Edit<'_>]) -> Result<()> {
        copy(input, output)?;
        write::edit(output, edits).or_else(|refused| {
            // Groups that are stored for very many members can be read but not edited in place.
            // Repacking keeps every object and makes the groups editable.
            let repacked = self.check_sizes("/").and_then(|()| write::repack(input, output));
            repacked.map_err(|_| refused)?;
            write::edit(output, edits)
        })
    }
}

/// Copies the content only, because a read-only input must not make the output read-only.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = std::fs::File::open(from).map_err(DataError::io("read the input"))?;
    let mut target = std::fs::File::create(to).map_err(DataError::io("write"))?;
    std::io::copy(&mut source, &mut target).map_err(DataError::io("write"))?;
    Ok(())
}

fn describe_link(at: &str) -> String {
    format!("{at} (a link to a path, which is not followed)")
}

fn too_many() -> DataError {
    DataError::damaged("the file leads to too many groups, perhaps in a circle")
}
