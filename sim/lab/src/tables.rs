//! Tidy tables of a run as Parquet files.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::LabError;

/// How every table is written. Nothing in the file depends on when, where or by which build it was.
#[must_use]
pub fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_created_by("weir".to_owned())
        .build()
}

/// A table under construction, column by column.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    columns: Vec<(&'static str, ArrayRef)>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, columns: Vec::new() }
    }

    /// Its name, which is that of its file too.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Add a column of whole numbers.
    #[must_use]
    pub fn whole(mut self, name: &'static str, values: impl IntoIterator<Item = u64>) -> Self {
        self.columns.push((name, Arc::new(UInt64Array::from_iter_values(values))));
        self
    }

    /// Add a column of numbers.
    #[must_use]
    pub fn number(mut self, name: &'static str, values: impl IntoIterator<Item = f64>) -> Self {
        self.columns.push((name, Arc::new(Float64Array::from_iter_values(values))));
        self
    }

    /// Add a column of texts.
    #[must_use]
    pub fn text<S: AsRef<str>>(mut self, name: &'static str, values: impl IntoIterator<Item = S>) -> Self {
        self.columns.push((name, Arc::new(StringArray::from_iter_values(values))));
        self
    }

    /// Add a column of yes and no.
    #[must_use]
    pub fn flag(mut self, name: &'static str, values: impl IntoIterator<Item = bool>) -> Self {
        let values: Vec<bool> = values.into_iter().collect();
        self.columns.push((name, Arc::new(BooleanArray::from(values))));
        self
    }

    /// Write `<dir>/<name>.parquet`, whole or not at all.
    ///
    /// # Errors
    /// [`LabError::Table`] when the columns differ in length or the file cannot be written.
    pub fn write(self, dir: &Path) -> Result<(), LabError> {
        let path = dir.join(format!("{}.parquet", self.name));
        let part = path.with_extension("part");
        let fail = |e: &dyn std::fmt::Display| LabError::Table { path: path.clone(), reason: e.to_string() };
        let batch = RecordBatch::try_from_iter(self.columns).map_err(|e| fail(&e))?;
        let file = File::create(&part).map_err(|e| fail(&e))?;
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties())).map_err(|e| fail(&e))?;
        writer.write(&batch).map_err(|e| fail(&e))?;
        writer.close().map_err(|e| fail(&e))?;
        std::fs::rename(&part, &path).map_err(|e| fail(&e))
    }
}
