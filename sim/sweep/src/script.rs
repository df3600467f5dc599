//! Scripts that let other programs spread a sweep: GNU parallel and Slurm.
//!
//! Both run shards. A shard is any number of cells, so that a scheduler's cadence is paid once for many
//! of them, and one that ran half-way goes on where it was.

use std::path::{Path, PathBuf};

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// GNU parallel.
    Parallel,
    /// An array of Slurm jobs.
    Slurm,
}

/// What goes into a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What it is for.
    pub engine: Engine,
    /// Name of the sweep.
    pub name: String,
    /// The program.
    pub weir: PathBuf,
    /// The sweep folder.
    pub folder: PathBuf,
    /// Shards.
    pub shards: u64,
    /// Shards at a time; as many as there is room for where there is none.
    pub at_a_time: Option<u64>,
}

impl Script {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        match self.engine {
            Engine::Parallel => self.parallel(),
            Engine::Slurm => self.slurm(),
        }
    }

    fn parallel(&self) -> String {
        let Self { name, shards, .. } = self;
        let (weir, folder) = (quoted(&self.weir), quoted(&self.folder));
        let jobs = self.at_a_time.map_or_else(|| "100%".to_owned(), |n| n.to_string());
        format!(
            "#!/bin/sh\n\
             # Runs the sweep `{name}` with GNU parallel: sh THIS [options of parallel], for example\n\
             # --sshloginfile FILE for several machines. Started again, it runs what is missing.\n\
             set -u\n\
             weir={weir}\n\
             dir={folder}\n\
             status=0\n\
             seq {shards} | parallel --quote --jobs {jobs} --joblog \"$dir/parallel.log\" \"$@\" \
             \"$weir\" sim sweep run \"$dir\" --shard {{}}/{shards} || status=$?\n\
             \"$weir\" sim sweep merge \"$dir\" || status=$?\n\
             exit \"$status\"\n"
        )
    }

    fn slurm(&self) -> String {
        let Self { name, shards, .. } = self;
        let (weir, folder) = (quoted(&self.weir), quoted(&self.folder));
        let throttle = self.at_a_time.map_or_else(String::new, |n| format!("%{n}"));
        format!(
            "#!/bin/sh\n\
             # Runs the sweep `{name}` as an array of Slurm jobs: sbatch --wait THIS, then\n\
             # weir sim sweep merge. Submitted again, it runs what is missing.\n\
             #SBATCH --job-name=weir-{name}\n\
             #SBATCH --array=1-{shards}{throttle}\n\
             #SBATCH --ntasks=1\n\
             #SBATCH --cpus-per-task=1\n\
             #SBATCH --output=slurm-%A_%a.log\n\
             exec {weir} sim sweep run {folder} --shard \"$SLURM_ARRAY_TASK_ID/{shards}\"\n"
        )
    }
}

/// A path as a shell takes it, whatever is in it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::{Engine, Script, quoted};

    fn script(engine: Engine, at_a_time: Option<u64>) -> String {
        let (weir, folder) = ("/opt/weir".into(), "/data/my sweep".into());
        Script { engine, name: "lip".into(), weir, folder, shards: 8, at_a_time }.text()
    }

    #[test]
    fn a_throttle_is_said_to_either_engine() {
        assert!(script(Engine::Parallel, Some(3)).contains("--jobs 3 "));
        assert!(script(Engine::Parallel, None).contains("--jobs 100% "));
        assert!(script(Engine::Slurm, Some(3)).contains("#SBATCH --array=1-8%3\n"));
        assert!(script(Engine::Slurm, None).contains("#SBATCH --array=1-8\n"));
    }

    #[test]
    fn paths_are_quoted() {
        assert!(script(Engine::Slurm, None).contains("'/data/my sweep'"));
        assert_eq!(quoted("it's".as_ref()), "'it'\\''s'");
    }
}
