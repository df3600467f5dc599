//! One table over all cells for each table of a run, and one of their figures.
//!
//! What is written follows from the plan and the results alone: no time, no host, no order in which
//! cells were run. Cells are read one by one, so that memory does not grow with the sweep.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;
use serde_json::Value as Json;
use weir_lab::Summary;

use crate::SweepError;
use crate::cell::Cell;
use crate::folder::{CellState, SweepFolder};

/// Rows of the cells' table that are put together before they are written.
const CHUNK: usize = 4096;

/// Rows of a group in a file: what a writer holds in memory.
const GROUP_ROWS: usize = 65_536;

/// What was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Rows of the plan.
    pub planned: u64,
    /// Those of them that have a result.
    pub merged: u64,
    /// The tables.
    pub files: Vec<PathBuf>,
}

/// Merges what is finished.
///
/// # Errors
/// [`SweepError::NothingToMerge`] when nothing is, and what the file system says.
pub fn merge(folder: &SweepFolder) -> Result<Merged, SweepError> {
    let plan = folder.contents();
    let finished: Vec<&Cell> = plan.cells.iter().filter(|cell| folder.is_finished(&cell.cell)).collect();
    if finished.is_empty() {
        return Err(SweepError::NothingToMerge { path: folder.path().to_owned() });
    }
    let out = folder.path().join("merged");
    fs::create_dir_all(&out).map_err(SweepError::write(&out))?;
    let mut files = vec![cells(folder, &finished, &out)?];
    for table in &plan.sweep.measure.tables {
        files.push(long(folder, &finished, table, &out)?);
    }
    Ok(Merged { planned: plan.cells.len() as u64, merged: finished.len() as u64, files })
}

/// A table under way: it comes into place when it is complete.
struct Out {
    writer: ArrowWriter<File>,
    part: PathBuf,
    path: PathBuf,
    schema: SchemaRef,
}

impl Out {
    fn create(folder: &Path, name: &str, schema: SchemaRef) -> Result<Self, SweepError> {
        let path = folder.join(format!("{name}.parquet"));
        let part = folder.join(format!("{name}.{}.part", std::process::id()));
        let file = File::create(&part).map_err(SweepError::write(&part))?;
        let properties =
            weir_lab::tables::properties().into_builder().set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(failed(&path))?;
        Ok(Self { writer, part, path, schema })
    }

    fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), SweepError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|e| failed(&self.path)(parquet::errors::ParquetError::from(e)))?;
        self.writer.write(&batch).map_err(failed(&self.path))
    }

    fn finish(self) -> Result<PathBuf, SweepError> {
        self.writer.close().map_err(failed(&self.path))?;
        fs::rename(&self.part, &self.path).map_err(SweepError::write(&self.path))?;
        Ok(self.path)
    }
}

fn failed(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> SweepError + '_ {
    |e| SweepError::Write { path: path.to_owned(), source: std::io::Error::other(e) }
}

/// A varied key as a column: its type is that of all its values together.
struct Axis<'a> {
    key: &'a str,
    name: String,
    kind: DataType,
}

impl Axis<'_> {
    fn field(&self) -> Field {
        Field::new(&self.name, self.kind.clone(), true)
    }

    fn column(&self, cells: &[&Cell]) -> ArrayRef {
        let values = cells.iter().map(|cell| cell.params.get(self.key));
        match self.kind {
            DataType::Int64 => Arc::new(values.map(|v| v.and_then(Json::as_i64)).collect::<Int64Array>()),
            DataType::Float64 => Arc::new(values.map(|v| v.and_then(Json::as_f64)).collect::<Float64Array>()),
            DataType::Boolean => Arc::new(values.map(|v| v.and_then(Json::as_bool)).collect::<BooleanArray>()),
            _ => Arc::new(values.map(|v| v.map(text)).collect::<StringArray>()),
        }
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The varied keys, of the whole plan: what is finished of it must not decide on types. A name that the
/// table has already is the whole key instead.
fn axes<'a>(folder: &'a SweepFolder, taken: &BTreeSet<String>) -> Vec<Axis<'a>> {
    let plan = folder.contents();
    let axis = |column: &'a crate::plan::Column| {
        let values = || plan.cells.iter().filter_map(|cell| cell.params.get(&column.key));
        let kind = if values().all(Json::is_i64) {
            DataType::Int64
        } else if values().all(Json::is_number) {
            DataType::Float64
        } else if values().all(Json::is_boolean) {
            DataType::Boolean
        } else {
            DataType::Utf8
        };
        let name = match (taken.contains(&column.label), column.key.contains('.')) {
            (false, _) => column.label.clone(),
            (true, true) => column.key.clone(),
            (true, false) => format!("scenario.{}", column.key),
        };
        Axis { key: &column.key, name, kind }
    };
    plan.sweep.columns.iter().map(axis).collect()
}

/// The state of a finished cell.
fn state(summary: &Summary) -> CellState {
    if summary.broken().next().is_none() { CellState::Done } else { CellState::Broken }
}

/// One row per cell.
fn cells(folder: &SweepFolder, finished: &[&Cell], out: &Path) -> Result<PathBuf, SweepError> {
    let mut figures = BTreeSet::new();
    for cell in finished {
        figures.extend(folder.summary(&cell.cell)?.kpis.into_keys());
    }
    let axes = axes(folder, &figures);
    let mut fields = vec![
        Field::new("index", DataType::UInt64, false),
        Field::new("cell", DataType::Utf8, false),
        Field::new("arm", DataType::Utf8, false),
    ];
    fields.extend(axes.iter().map(Axis::field));
    fields.push(Field::new("seed", DataType::UInt64, false));
    fields.push(Field::new("state", DataType::Utf8, false));
    fields.push(Field::new("trace_hash", DataType::Utf8, false));
    fields.extend(figures.iter().map(|name| Field::new(name, DataType::Float64, true)));
    let mut table = Out::create(out, "cells", Arc::new(Schema::new(fields)))?;
    for some in finished.chunks(CHUNK) {
        let summaries = some.iter().map(|cell| folder.summary(&cell.cell)).collect::<Result<Vec<_>, _>>()?;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(some.iter().map(|cell| cell.index))),
            Arc::new(StringArray::from_iter_values(some.iter().map(|cell| cell.cell.as_str()))),
            Arc::new(StringArray::from_iter_values(some.iter().map(|cell| &cell.arm))),
        ];
        columns.extend(axes.iter().map(|axis| axis.column(some)));
        columns.push(Arc::new(UInt64Array::from_iter_values(some.iter().map(|cell| cell.seed))));
        columns.push(Arc::new(StringArray::from_iter_values(summaries.iter().map(|s| state(s).name()))));
        columns.push(Arc::new(StringArray::from_iter_values(summaries.iter().map(|s| &s.trace_hash))));
        for name in &figures {
            columns.push(Arc::new(summaries.iter().map(|s| s.kpis.get(name).copied()).collect::<Float64Array>()));
        }
        table.write(columns)?;
    }
    table.finish()
}

/// The rows of one table of every cell, under each other.
fn long(folder: &SweepFolder, finished: &[&Cell], name: &str, out: &Path) -> Result<PathBuf, SweepError> {
    let open = |cell: &Cell| {
        let path = folder.cell(&cell.cell).join("tables").join(format!("{name}.parquet"));
        let file = File::open(&path).map_err(SweepError::read(&path))?;
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(SweepError::read(&path))
    };
    let own = Arc::clone(open(finished[0])?.schema());
    let axes = axes(folder, &own.fields().iter().map(|field| field.name().clone()).collect());
    let mut fields = vec![
        Field::new("sweep", DataType::Utf8, false),
        Field::new("cell", DataType::Utf8, false),
        Field::new("arm", DataType::Utf8, false),
    ];
    fields.extend(axes.iter().map(Axis::field));
    fields.push(Field::new("seed", DataType::UInt64, false));
    fields.extend(own.fields().iter().map(|field| field.as_ref().clone()));
    let mut table = Out::create(out, name, Arc::new(Schema::new(fields)))?;
    for cell in finished {
        let reader = open(cell)?;
        if reader.schema().fields() != own.fields() {
            return Err(SweepError::Columns { table: name.to_owned(), cell: cell.cell.to_string() });
        }
        let path = folder.cell(&cell.cell);
        for batch in reader.build().map_err(SweepError::read(&path))? {
            let batch = batch.map_err(SweepError::read(&path))?;
            let same = vec![*cell; batch.num_rows()];
            let mut columns: Vec<ArrayRef> = vec![
                Arc::new(StringArray::from_iter_values(same.iter().map(|_| &folder.contents().sweep.name))),
                Arc::new(StringArray::from_iter_values(same.iter().map(|cell| cell.cell.as_str()))),
                Arc::new(StringArray::from_iter_values(same.iter().map(|cell| &cell.arm))),
            ];
            columns.extend(axes.iter().map(|axis| axis.column(&same)));
            columns.push(Arc::new(UInt64Array::from_iter_values(same.iter().map(|cell| cell.seed))));
            columns.extend(batch.columns().iter().map(Arc::clone));
            table.write(columns)?;
        }
    }
    table.finish()
}
