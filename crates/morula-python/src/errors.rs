//! Errors as Python's exceptions, with the messages of the command.

use std::any::Any;
use std::io::ErrorKind;
use std::sync::Mutex;

use morula::cluster::ClusterError;
use morula::data::DataError;
use morula::markers::MarkersError;
use morula::metrics::MetricsError;
use morula::models::ModelError;
use morula::preprocess::PreprocessError;
use morula::report::ReportError;
use morula::results::SubclusterError;
use pyo3::exceptions::{
    PyFileNotFoundError, PyKeyError, PyOSError, PyRuntimeError, PyTypeError, PyValueError,
};
use pyo3::{PyErr, PyResult};

/// Every error that a function of this module can end with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data cannot be used.
    #[error(transparent)]
    Data(Box<DataError>),
    /// Clusters cannot be found or tested.
    #[error(transparent)]
    Cluster(Box<ClusterError>),
    /// A model refused its input, or its fit failed.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// Markers, annotation or transfer refused their input.
    #[error(transparent)]
    Markers(Box<MarkersError>),
    /// A score refused its input.
    #[error(transparent)]
    Metrics(Box<MetricsError>),
    /// The report cannot be made.
    #[error(transparent)]
    Report(Box<ReportError>),
    /// Preprocessing refused its input.
    #[error(transparent)]
    Preprocess(Box<PreprocessError>),
    /// A cluster cannot be divided.
    #[error(transparent)]
    Subcluster(Box<SubclusterError>),
    /// A value of the wrong kind.
    #[error("{0}")]
    Type(String),
    /// A value that is not allowed.
    #[error("{0}")]
    Value(String),
    /// A fault of Morula.
    #[error("this is a fault of Morula; please report it with this line: {0}")]
    Fault(String),
    /// An exception of Python, such as KeyboardInterrupt.
    #[error("{0}")]
    Python(#[from] PyErr),
}

/// Wrapped errors are boxed, so that a result stays small.
macro_rules! boxed {
    ($($variant:ident: $error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        })*
    };
}

boxed! {
    Data: DataError,
    Cluster: ClusterError,
    Model: ModelError,
    Markers: MarkersError,
    Metrics: MetricsError,
    Report: ReportError,
    Preprocess: PreprocessError,
    Subcluster: SubclusterError,
}

fn of_report(error: &ReportError, text: String) -> PyErr {
    match error {
        ReportError::Data(e) => of_data(e, text),
        ReportError::Io { source, .. } => of_io(source.kind(), text),
        ReportError::NoRun { .. } => PyKeyError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let text = in_python(&error.to_string());
        match &error {
            Error::Python(_) => match error {
                Error::Python(exception) => exception,
                _ => PyRuntimeError::new_err(text),
            },
            Error::Fault(_) => PyRuntimeError::new_err(text),
            Error::Type(_) => PyTypeError::new_err(text),
            Error::Data(e) => of_data(e, text),
            Error::Model(e) => of_model(e, text),
            Error::Markers(e) => of_markers(e, text),
            Error::Report(e) => of_report(e, text),
            Error::Subcluster(e) => of_subcluster(e, text),
            _ => PyValueError::new_err(text),
        }
    }
}

/// The advice of a message in Python's words.
fn in_python(text: &str) -> String {
    text.replace("with `--round`", "with `round=True`").replace("`--round`", "`round=True`")
}

fn of_data(error: &DataError, text: String) -> PyErr {
    match error.cause() {
        DataError::MissingLayer { .. } | DataError::MissingColumn { .. } => {
            PyKeyError::new_err(text)
        }
        DataError::Io { source, .. } => of_io(source.kind(), text),
        _ => PyValueError::new_err(text),
    }
}

fn of_model(error: &ModelError, text: String) -> PyErr {
    match error {
        ModelError::Io { source, .. } => of_io(source.kind(), text),
        ModelError::Data(e) => of_data(e, text),
        ModelError::Device { .. } | ModelError::Read { .. } | ModelError::NotFinite { .. } => {
            PyRuntimeError::new_err(text)
        }
        _ => PyValueError::new_err(text),
    }
}

fn of_markers(error: &MarkersError, text: String) -> PyErr {
    match error {
        MarkersError::Io(e) => of_io(e.kind(), text),
        MarkersError::File { source, .. } => of_markers(source, text),
        MarkersError::Data(e) => of_data(e, text),
        _ => PyValueError::new_err(text),
    }
}

fn of_subcluster(error: &SubclusterError, text: String) -> PyErr {
    match error {
        SubclusterError::Fit { source, .. } => of_model(source, text),
        SubclusterError::Data(e) => of_data(e, text),
        _ => PyValueError::new_err(text),
    }
}

fn of_io(kind: ErrorKind, text: String) -> PyErr {
    match kind {
        ErrorKind::NotFound => PyFileNotFoundError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}

/// Place and message of the last panic, kept for the exception; nothing is printed.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics off stderr. The hook is that of this module's own copy of Rust's library, so other
/// modules of the process keep theirs.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = PANIC.lock() {
            *last = Some(panic.to_string());
        }
    }));
}

/// A caught panic as an error.
pub fn fault(payload: Box<dyn Any + Send>) -> Error {
    let known = PANIC.lock().ok().and_then(|mut last| last.take());
    let text = || match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_string(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".into(),
    };
    Error::Fault(known.unwrap_or_else(text))
}

/// Refuses a value with the words of a [`DataError`] or of this module.
pub fn refuse<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Value(why.into()))
}

/// An error of this crate as Python's.
pub fn raise<T>(result: Result<T>) -> PyResult<T> {
    result.map_err(PyErr::from)
}
