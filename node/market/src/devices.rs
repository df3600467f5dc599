//! Sessions on devices, by what each device is measured to do in real time.

use std::collections::BTreeMap;

use weir_types::Profile;

use crate::admission::Refusal;

/// Load over speed in per cent at which a device just keeps up with real time.
pub const REAL_TIME_PERCENT: u64 = 100;

/// Frames a second that a profile counts as when it keeps the source's rate.
const SOURCE_FPS: u64 = 30;

/// What a session asks of a device: pixels a second of all its renditions.
#[must_use]
pub fn session_load(profiles: &[Profile]) -> u64 {
    let one = |p: &Profile| {
        let fps = if p.fps == 0 { SOURCE_FPS } else { u64::from(p.fps / p.fps_den.max(1)) };
        u64::from(p.width).saturating_mul(u64::from(p.height)).saturating_mul(fps)
    };
    profiles.iter().map(one).fold(0, u64::saturating_add)
}

#[derive(Debug, Clone, Copy)]
struct Device {
    /// Pixels a second that it was measured to do.
    speed: u64,
    load: u64,
}

/// The devices of a node, with its sessions by whatever names them.
///
/// A new session goes to the device with the least load for its speed, and stays there. A device takes sessions while
/// it keeps up with all of them in real time: the node refuses the next one instead of slowing down those it has.
#[derive(Debug, Clone)]
pub struct Devices<K> {
    devices: Vec<Device>,
    sessions: BTreeMap<K, (usize, u64)>,
    /// Load over speed, in per cent, up to which a device takes sessions.
    limit_percent: u64,
    /// Where the search for the least loaded begins, so that equals take turns.
    next: usize,
}

impl<K: Ord> Devices<K> {
    /// Devices that do so many pixels a second each.
    #[must_use]
    pub fn new(speeds: &[u64], limit_percent: u64) -> Self {
        let devices = speeds.iter().map(|speed| Device { speed: *speed, load: 0 }).collect();
        Self { devices, sessions: BTreeMap::new(), limit_percent, next: 0 }
    }

    /// The same, up to real time and not beyond.
    #[must_use]
    pub fn in_real_time(speeds: &[u64]) -> Self {
        Self::new(speeds, REAL_TIME_PERCENT)
    }

    /// A device's place for a session: the one it has, or the best that is left.
    ///
    /// # Errors
    /// [`Refusal::Capped`] when no device would keep up.
    pub fn assign(&mut self, session: K, load: u64) -> Result<usize, Refusal> {
        if let Some((device, _)) = self.sessions.get(&session) {
            return Ok(*device);
        }
        let n = self.devices.len();
        let places = (0..n).map(|i| (self.next + i) % n);
        let fits = places.filter(|i| self.fits(&self.devices[*i], load));
        // Load over speed, compared without a division.
        let least = fits.min_by(|a, b| {
            let (a, b) = (self.devices[*a], self.devices[*b]);
            (u128::from(a.load) * u128::from(b.speed)).cmp(&(u128::from(b.load) * u128::from(a.speed)))
        });
        let device = least.ok_or(Refusal::Capped)?;
        self.next = (device + 1) % n;
        self.devices[device].load += load;
        self.sessions.insert(session, (device, load));
        Ok(device)
    }

    /// Whether there is room for a session: for this one if it is known, or for another of that load. Changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Capped`] when no device would keep up.
    pub fn check(&self, session: Option<&K>, load: u64) -> Result<(), Refusal> {
        let known = session.is_some_and(|id| self.sessions.contains_key(id));
        let room = || self.devices.iter().any(|d| self.fits(d, load));
        if known || room() { Ok(()) } else { Err(Refusal::Capped) }
    }

    /// A device that does nothing takes nothing, not even work that is none; a load beyond all numbers fits nowhere,
    /// because it could not be taken off again.
    fn fits(&self, d: &Device, load: u64) -> bool {
        let keeps_up = |after: u64| u128::from(after) * 100 <= u128::from(d.speed) * u128::from(self.limit_percent);
        d.speed > 0 && d.load.checked_add(load).is_some_and(keeps_up)
    }

    /// Ends a session; its place is free at once.
    pub fn release(&mut self, session: &K) {
        if let Some((device, load)) = self.sessions.remove(session) {
            self.devices[device].load -= load;
        }
    }

    /// A new measurement of a device. Sessions that it has stay, even where it is slower than was thought.
    pub fn measured(&mut self, device: usize, speed: u64) {
        if let Some(d) = self.devices.get_mut(device) {
            d.speed = speed;
        }
    }

    /// Load and speed of a device.
    #[must_use]
    pub fn of(&self, device: usize) -> Option<(u64, u64)> {
        self.devices.get(device).map(|d| (d.load, d.speed))
    }

    /// Sessions at present.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }
}
