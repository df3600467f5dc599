//! Columns of a Parquet table, by name.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::ReportError;

/// A table in memory.
pub(crate) struct Table {
    path: PathBuf,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// Reads `<tables>/<name>.parquet`; `None` when there is no such file.
    pub(crate) fn open(tables: &Path, name: &str) -> Result<Option<Self>, ReportError> {
        let path = tables.join(format!("{name}.parquet"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ReportError::Read { path, source }),
        };
        let fail = |e: &dyn std::fmt::Display| ReportError::Table { path: path.clone(), reason: e.to_string() };
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| fail(&e))?;
        let reader = reader.build().map_err(|e| fail(&e))?;
        let batches = reader.collect::<Result<_, _>>().map_err(|e| fail(&e))?;
        Ok(Some(Self { path, batches }))
    }

    /// A column of finite numbers, whole or not.
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, ReportError> {
        let mut out = Vec::new();
        for column in self.columns(name)? {
            if let Some(whole) = column.as_primitive_opt::<UInt64Type>() {
                out.extend(whole.values().iter().map(|v| *v as f64));
            } else if let Some(real) = column.as_primitive_opt::<Float64Type>() {
                out.extend(real.values());
            } else {
                return Err(self.wrong(name, "numbers"));
            }
        }
        // A chart cannot place what is not finite, and leaving it out would hide a fault of the run.
        match out.iter().position(|v| !v.is_finite()) {
            None => Ok(out),
            Some(row) => Err(self.fail(format!("{name} is {} in row {row}", out[row]))),
        }
    }

    /// A column of whole numbers.
    pub(crate) fn wholes(&self, name: &str) -> Result<Vec<u64>, ReportError> {
        let mut out = Vec::new();
        for column in self.columns(name)? {
            let whole = column.as_primitive_opt::<UInt64Type>().ok_or_else(|| self.wrong(name, "whole numbers"))?;
            out.extend(whole.values());
        }
        Ok(out)
    }

    /// A column of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, ReportError> {
        let mut out = Vec::new();
        for column in self.columns(name)? {
            let text = column.as_string_opt::<i32>().ok_or_else(|| self.wrong(name, "texts"))?;
            out.extend(text.iter().map(|t| t.unwrap_or_default().to_owned()));
        }
        Ok(out)
    }

    /// A column of yes and no.
    pub(crate) fn flags(&self, name: &str) -> Result<Vec<bool>, ReportError> {
        let mut out = Vec::new();
        for column in self.columns(name)? {
            let flag = column.as_boolean_opt().ok_or_else(|| self.wrong(name, "yes and no"))?;
            out.extend(flag.iter().map(Option::unwrap_or_default));
        }
        Ok(out)
    }

    /// Names of its columns, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.batches.first().map(|b| b.schema().fields().iter().map(|f| f.name().clone()).collect()).unwrap_or_default()
    }

    /// Whether it has a column; one without rows has none.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.batches.first().is_some_and(|b| b.column_by_name(name).is_some())
    }

    /// Whether a column holds numbers.
    pub(crate) fn is_numeric(&self, name: &str) -> bool {
        self.batches.first().and_then(|b| b.column_by_name(name)).is_some_and(|c| c.data_type().is_numeric())
    }

    /// A column of numbers whose cells may be empty; one that is not finite counts as empty.
    pub(crate) fn maybe_numbers(&self, name: &str) -> Result<Vec<Option<f64>>, ReportError> {
        let mut out = Vec::new();
        for column in self.any(name)? {
            match column.data_type() {
                DataType::Int64 => {
                    out.extend(column.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v as f64)));
                }
                DataType::UInt64 => {
                    out.extend(column.as_primitive::<UInt64Type>().iter().map(|v| v.map(|v| v as f64)));
                }
                DataType::Float64 => {
                    out.extend(column.as_primitive::<Float64Type>().iter().map(|v| v.filter(|v| v.is_finite())));
                }
                _ => return Err(self.wrong(name, "numbers")),
            }
        }
        Ok(out)
    }

    /// A column as texts, whatever it holds; empty cells are empty.
    pub(crate) fn maybe_texts(&self, name: &str) -> Result<Vec<Option<String>>, ReportError> {
        let mut out = Vec::new();
        for column in self.any(name)? {
            match column.data_type() {
                DataType::Utf8 => out.extend(column.as_string::<i32>().iter().map(|t| t.map(str::to_owned))),
                DataType::Boolean => out.extend(column.as_boolean().iter().map(|t| t.map(|t| t.to_string()))),
                DataType::Int64 => {
                    out.extend(column.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())));
                }
                DataType::UInt64 => {
                    out.extend(column.as_primitive::<UInt64Type>().iter().map(|v| v.map(|v| v.to_string())));
                }
                DataType::Float64 => {
                    out.extend(column.as_primitive::<Float64Type>().iter().map(|v| v.map(|v| v.to_string())));
                }
                _ => return Err(self.wrong(name, "texts")),
            }
        }
        Ok(out)
    }

    fn any(&self, name: &str) -> Result<Vec<&dyn Array>, ReportError> {
        let missing = || self.fail(format!("it has no column {name}"));
        self.batches.iter().map(|b| b.column_by_name(name).map(AsRef::as_ref).ok_or_else(missing)).collect()
    }

    fn columns(&self, name: &str) -> Result<Vec<&dyn Array>, ReportError> {
        self.batches
            .iter()
            .map(|b| match b.column_by_name(name) {
                Some(column) if column.null_count() > 0 => Err(self.fail(format!("{name} has empty cells"))),
                Some(column) => Ok(column.as_ref()),
                None => Err(self.fail(format!("it has no column {name}"))),
            })
            .collect()
    }

    fn wrong(&self, name: &str, wanted: &str) -> ReportError {
        self.fail(format!("{name} does not hold {wanted}"))
    }

    fn fail(&self, reason: String) -> ReportError {
        ReportError::Table { path: self.path.clone(), reason }
    }
}
