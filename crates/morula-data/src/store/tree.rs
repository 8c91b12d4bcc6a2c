//! The content to write: a tree of groups and arrays.

use std::borrow::Cow;

/// A group or an array.
#[derive(Debug, Clone)]
pub(crate) enum Node<'a> {
    Group(Group<'a>),
    Leaf(Leaf<'a>),
}

/// A named collection of nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group<'a> {
    pub attrs: Vec<(&'static str, Attr)>,
    pub children: Vec<(String, Node<'a>)>,
}

/// An array of any rank; rank 0 is a scalar.
#[derive(Debug, Clone)]
pub(crate) struct Leaf<'a> {
    pub data: Data<'a>,
    pub shape: Vec<u64>,
    pub attrs: Vec<(&'static str, Attr)>,
}

/// Elements of an array, row-major.
#[derive(Debug, Clone)]
pub(crate) enum Data<'a> {
    F32(Cow<'a, [f32]>),
    F64(Cow<'a, [f64]>),
    I8(Cow<'a, [i8]>),
    I32(Cow<'a, [i32]>),
    I64(Cow<'a, [i64]>),
    Bool(Cow<'a, [bool]>),
    Text(Vec<Cow<'a, str>>),
    /// Elements copied from another array.
    Raw(hdf5_pure::Datatype, Vec<u8>),
}

/// A change to a file.
#[derive(Debug)]
pub(crate) enum Edit<'a> {
    /// Remove the object at a path.
    Delete(String),
    /// Put a node at a path that is free, or that an earlier edit deleted.
    Put(String, Node<'a>),
    /// Set an attribute of the group at a path.
    Attr(String, &'static str, Attr),
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attr {
    Text(String),
    Texts(Vec<String>),
    Int(i64),
    Ints(Vec<i64>),
    Bool(bool),
}

impl Data<'_> {
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Raw(of, v) => v.len() / (of.type_size() as usize).max(1),
        }
    }
}

impl<'a> Group<'a> {
    pub fn attr(mut self, name: &'static str, value: Attr) -> Self {
        self.attrs.push((name, value));
        self
    }

    pub fn child(mut self, name: impl Into<String>, node: impl Into<Node<'a>>) -> Self {
        self.children.push((name.into(), node.into()));
        self
    }

    /// Puts a node at a path. Missing groups on the path are created.
    pub fn put(&mut self, path: &str, node: Node<'a>) {
        let Some((first, rest)) = path.split_once('/') else {
            self.children.push((path.into(), node));
            return;
        };
        // From the end: the columns of a group follow one another.
        let place = self.children.iter().rposition(|child| child.0 == first);
        let place = place.unwrap_or_else(|| {
            self.children.push((first.into(), Node::Group(Group::default())));
            self.children.len() - 1
        });
        if let Node::Group(group) = &mut self.children[place].1 {
            group.put(rest, node);
        }
    }
}

impl<'a> Leaf<'a> {
    /// An array of one dimension.
    pub fn vector(data: Data<'a>) -> Self {
        let shape = vec![data.len() as u64];
        Self { data, shape, attrs: Vec::new() }
    }

    /// A single element.
    pub fn scalar(data: Data<'a>) -> Self {
        Self { data, shape: Vec::new(), attrs: Vec::new() }
    }

    pub fn attr(mut self, name: &'static str, value: Attr) -> Self {
        self.attrs.push((name, value));
        self
    }
}

impl<'a> From<Group<'a>> for Node<'a> {
    fn from(group: Group<'a>) -> Self {
        Self::Group(group)
    }
}

impl<'a> From<Leaf<'a>> for Node<'a> {
    fn from(leaf: Leaf<'a>) -> Self {
        Self::Leaf(leaf)
    }
}
