//! One runner per cell: a file that names process and host.
//!
//! A lock keeps work from being done twice; results do not depend on it, since a cell's folder comes
//! into place by one rename. A lock is stale when its process on this host is gone, or when it was not
//! renewed for [`AGE_MAX`]: the clocks of the hosts that share a folder must not differ by more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::SweepError;

/// How long a lock of another host holds without being renewed.
pub const AGE_MAX: Duration = Duration::from_secs(300);

/// How often a lock is renewed.
const RENEWAL: Duration = Duration::from_secs(20);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process.
    pub pid: u32,
    /// When the process started, in the system's own count: a number may be given to another process.
    pub started: Option<u64>,
    /// Host.
    pub host: String,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn this() -> Self {
        let pid = std::process::id();
        Self { pid, started: started(pid), host: host() }
    }

    /// Whether the process is there; nothing where another host alone can tell.
    fn lives(&self) -> Option<bool> {
        if self.host != host() {
            return None;
        }
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw)?;
        // Whom this process may not signal is there too.
        let there = !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH));
        let same = match (self.started, started(self.pid)) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        };
        Some(there && same)
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Clock ticks from the system's start to the process's, where the system says so.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, in brackets, may hold anything; the state is the third, the start the 22nd.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    // One that ended and was not yet waited for is gone, too.
    if state == "Z" { Some(0) } else { fields.nth(18)?.parse().ok() }
}

/// A lock that this process holds. It is renewed in the background and released when it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: Arc<PathBuf>,
    // Dropped first: the thread ends when nobody can send any more.
    stop: Option<mpsc::Sender<()>>,
    renewal: Option<thread::JoinHandle<()>>,
}

impl Lock {
    /// Takes a lock, unless somebody holds it.
    ///
    /// # Errors
    /// [`SweepError::Write`] when the folder cannot be written.
    pub fn take(path: &Path) -> Result<Option<Self>, SweepError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(SweepError::write(folder))?;
        }
        if create(path).map_err(SweepError::write(path))? {
            return Ok(Some(Self::held(path)));
        }
        let free = !is_held(path) && break_stale(path).map_err(SweepError::write(path))?;
        Ok((free && create(path).map_err(SweepError::write(path))?).then(|| Self::held(path)))
    }

    fn held(path: &Path) -> Self {
        let path = Arc::new(path.to_owned());
        let (stop, stopped) = mpsc::channel::<()>();
        let shared = Arc::clone(&path);
        let renew = move || {
            while stopped.recv_timeout(RENEWAL) == Err(RecvTimeoutError::Timeout) {
                // A lock that cannot be renewed grows old; then others may take it, and work is done twice.
                let _ = OpenOptions::new().append(true).open(&*shared).and_then(|f| f.set_modified(SystemTime::now()));
            }
        };
        let renewal = thread::Builder::new().name("lock".to_owned()).spawn(renew).ok();
        Self { path, stop: Some(stop), renewal }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.renewal.take() {
            let _ = thread.join();
        }
        // One that stays is stale as soon as this process ends.
        let _ = fs::remove_file(&*self.path);
    }
}

/// Whether somebody holds a lock now.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    let age = metadata.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    let young = age.is_none_or(|age| age <= AGE_MAX);
    match holder(path) {
        Some(holder) => holder.lives().unwrap_or(young),
        // It is being written, or was when its host went down.
        None => young,
    }
}

/// Who holds a lock, where it says so.
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Creates a lock file; false where there is one.
fn create(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
        Ok(mut file) => {
            let text = serde_json::to_vec(&Holder::this()).map_err(io::Error::from)?;
            file.write_all(&text).inspect_err(|_| {
                let _ = fs::remove_file(path);
            })?;
            Ok(true)
        }
    }
}

/// Removes a stale lock. Two that found it stale must not remove each other's new one: they take turns
/// through a lock of the operating system, which ends with its process.
fn break_stale(path: &Path) -> io::Result<bool> {
    let turns = path.with_file_name(".turns");
    let file = File::options().create(true).truncate(false).write(true).open(&turns)?;
    // Where the file system knows no such locks, a stale one is left to who knows better.
    if file.lock().is_err() {
        return Ok(false);
    }
    if is_held(path) {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::SystemTime;

    use super::{AGE_MAX, Holder, Lock, holder, is_held};

    fn lock_of(holder: &Holder) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        fs::write(&path, serde_json::to_vec(holder).expect("JSON")).expect("writable");
        (folder, path)
    }

    #[test]
    fn a_lock_is_held_once_and_released() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("locks/a.json");
        let lock = Lock::take(&path).expect("writable").expect("free");
        assert!(is_held(&path));
        assert_eq!(holder(&path), Some(Holder::this()));
        assert!(Lock::take(&path).expect("writable").is_none());
        drop(lock);
        assert!(!path.exists());
        assert!(Lock::take(&path).expect("writable").is_some());
    }

    #[test]
    fn a_dead_process_of_this_host_holds_nothing() {
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        let dead = Holder { pid: child.id(), ..Holder::this() };
        child.wait().expect("it ends");
        let (_folder, path) = lock_of(&dead);
        assert!(!is_held(&path));
        assert!(Lock::take(&path).expect("writable").is_some());
    }

    #[test]
    fn a_number_that_another_process_got_holds_nothing() {
        let (_folder, path) = lock_of(&Holder { started: Some(1), ..Holder::this() });
        assert!(!is_held(&path));
    }

    #[test]
    fn another_host_holds_as_long_as_it_renews() {
        let (_folder, path) = lock_of(&Holder { host: "elsewhere".into(), ..Holder::this() });
        assert!(is_held(&path));
        assert!(Lock::take(&path).expect("writable").is_none());
        let old = SystemTime::now() - AGE_MAX - std::time::Duration::from_secs(1);
        File::options().append(true).open(&path).expect("a file").set_modified(old).expect("its time can be set");
        assert!(!is_held(&path));
        assert!(Lock::take(&path).expect("writable").is_some());
    }

    #[test]
    fn half_a_lock_holds_until_it_is_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        fs::write(&path, "{\"pid\":").expect("writable");
        assert!(is_held(&path));
    }

    #[test]
    fn many_that_find_a_stale_lock_take_it_once() {
        let stale = Holder { pid: u32::MAX >> 2, started: None, host: Holder::this().host };
        let (_folder, path) = lock_of(&stale);
        let taken: Vec<Option<Lock>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Lock::take(&path).expect("writable"))).collect();
            threads.into_iter().map(|t| t.join().expect("it ends")).collect()
        });
        assert_eq!(taken.iter().flatten().count(), 1);
    }
}
