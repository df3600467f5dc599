//! A run folder that no simulator made: small, and the same each time.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;

/// A column under construction.
pub(crate) enum Column {
    Whole(Vec<u64>),
    Number(Vec<f64>),
    Text(Vec<String>),
    Flag(Vec<bool>),
}

/// Writes a table below `dir/tables`.
pub(crate) fn table(dir: &Path, name: &str, columns: Vec<(&str, Column)>) {
    table_at(&dir.join("tables").join(format!("{name}.parquet")), columns);
}

/// Writes a table.
pub(crate) fn table_at(path: &Path, columns: Vec<(&str, Column)>) {
    let columns = columns.into_iter().map(|(name, c)| {
        let array: ArrayRef = match c {
            Column::Whole(v) => Arc::new(UInt64Array::from(v)),
            Column::Number(v) => Arc::new(Float64Array::from(v)),
            Column::Text(v) => Arc::new(StringArray::from(v)),
            Column::Flag(v) => Arc::new(BooleanArray::from(v)),
        };
        (name, array)
    });
    let batch = RecordBatch::try_from_iter(columns).expect("columns are equally long");
    let file = File::create(path).expect("the folder can be written");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("the schema can be written");
    writer.write(&batch).expect("the batch can be written");
    writer.close().expect("the file can be closed");
}

/// What a folder is made of.
pub(crate) struct Plan {
    pub(crate) orchestrators: usize,
    pub(crate) rounds: u64,
    pub(crate) segments: usize,
    /// Segments of the real stream.
    pub(crate) real: u64,
    /// Bytes of every thumbnail.
    pub(crate) thumbnail: Vec<u8>,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Name of the first orchestrator.
    pub(crate) first: String,
    pub(crate) state: &'static str,
    /// Invariants, by name.
    pub(crate) invariants: Vec<(&'static str, String)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            orchestrators: 12,
            rounds: 3,
            segments: 400,
            real: 2,
            thumbnail: vec![0xff, 0xd8, 0xff, 0xe0, 0, 16, 0xff, 0xd9],
            name: "synthetic".to_owned(),
            description: "A network that was never simulated.".to_owned(),
            first: "orchestrator-01".to_owned(),
            state: "done",
            invariants: [
                "deposits_match_fees",
                "eth_conserved",
                "ev_within_4_sigma",
                "lpt_supply",
                "media_matches_model",
                "served_within_credit",
                "tickets_redeemed_once",
            ]
            .map(|name| (name, "ok".to_owned()))
            .into(),
        }
    }
}

/// Numbers between 0 and 1 that look random.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Plan {
    /// Writes the folder.
    pub(crate) fn write(&self, dir: &Path) {
        fs::create_dir_all(dir.join("tables")).expect("the folder can be made");
        self.run_json(dir);
        self.summary_json(dir);
        self.rounds(dir);
        self.transcoders(dir);
        self.tickets(dir);
        self.segments(dir);
        self.gas(dir);
        self.renditions(dir);
        for other in ["broadcasters", "delegators", "redemptions", "rewards", "sessions"] {
            table(dir, other, vec![("round", Column::Whole(vec![]))]);
        }
    }

    /// Name of the `i`-th orchestrator, from 0.
    fn who(&self, i: usize) -> String {
        if i == 0 { self.first.clone() } else { format!("orchestrator-{:02}", i + 1) }
    }

    fn run_json(&self, dir: &Path) {
        let text = format!(
            r#"{{"version": "0.1.0", "seed": 7, "state": "{}", "trace_hash": "5f1d", "host": "linux x86_64", "new": 1,
            "scenario": {{"name": {:?}, "description": {:?}, "orchestrators": {{"count": {}}}, "gateways": {{"count": 4}},
            "delegators": {{"count": 40}}, "chain": {{"protocol": "D26"}}, "token": {{"lpt_price_eth": 0.001}},
            "fidelity": {{"traffic": "segment", "chain": "embedded", "signatures": "real", "media": "model"}}}}}}"#,
            self.state, self.name, self.description, self.orchestrators
        );
        fs::write(dir.join("run.json"), text).expect("the folder can be written");
    }

    fn summary_json(&self, dir: &Path) {
        let invariants: Vec<String> = self.invariants.iter().map(|(k, v)| format!("{k:?}: {v:?}")).collect();
        let text = format!(
            r#"{{"virtual_seconds": 3600.0, "wall_seconds": 95.5, "events": 123456, "transactions": 789, "rounds": {},
            "partial": {}, "invariants": {{{}}}, "kpis": {{"segments": {}, "segments_served": {}, "streams": 31,
            "swaps": 1, "latency_ms_p50": 812.0, "latency_ms_p99": 2210.0, "tickets_sent": 250000, "tickets_won": 118,
            "tickets_expected_wins": 121.5, "fees_eth": 1.18, "paid_ev_eth": 1.215, "minted_lpt": 96000,
            "reward_calls": 33, "gas_eth": 0.0042, "bonding_rate": 0.497, "active_stake_lpt": 8000000}}}}"#,
            self.rounds,
            self.state != "done",
            invariants.join(", "),
            self.segments,
            self.segments - self.segments.div_ceil(50)
        );
        fs::write(dir.join("summary.json"), text).expect("the folder can be written");
    }

    fn stake(i: usize) -> f64 {
        2_000_000.0 * 0.8_f64.powi(i as i32)
    }

    fn rounds(&self, dir: &Path) {
        table(dir, "rounds", vec![("round", Column::Whole((1..=self.rounds).collect()))]);
    }

    fn transcoders(&self, dir: &Path) {
        let mut noise = Noise(1);
        let rows: Vec<(u64, usize)> =
            (1..=self.rounds).flat_map(|r| (0..self.orchestrators).map(move |i| (r, i))).collect();
        let prices: Vec<f64> = (0..self.orchestrators).map(|_| 50_000.0 + 200_000.0 * noise.next()).collect();
        let active = |i: usize| i < self.orchestrators * 5 / 6 || self.orchestrators < 3;
        table(
            dir,
            "transcoders",
            vec![
                ("round", Column::Whole(rows.iter().map(|r| r.0).collect())),
                ("name", Column::Text(rows.iter().map(|r| self.who(r.1)).collect())),
                ("active", Column::Flag(rows.iter().map(|r| active(r.1)).collect())),
                ("stake_lpt", Column::Number(rows.iter().map(|r| Self::stake(r.1)).collect())),
                ("price_wei_per_pixel", Column::Number(rows.iter().map(|r| prices[r.1]).collect())),
                ("fees_eth", Column::Number(rows.iter().map(|r| Self::stake(r.1) * 4e-8 * r.0 as f64).collect())),
                ("rewards_lpt", Column::Number(rows.iter().map(|r| Self::stake(r.1) * 4e-5).collect())),
            ],
        );
    }

    fn tickets(&self, dir: &Path) {
        let mut noise = Noise(2);
        let rows: Vec<(u64, usize)> =
            (1..=self.rounds).flat_map(|r| (0..self.orchestrators).map(move |i| (r, i))).collect();
        let expected: Vec<f64> = rows.iter().map(|r| Self::stake(r.1) / 1e5).collect();
        let won: Vec<u64> =
            expected.iter().map(|e| (e + (noise.next() - 0.5) * 3.0 * e.sqrt()).max(0.0) as u64).collect();
        let redeemed: Vec<u64> = won.iter().zip(&rows).map(|(w, r)| w.saturating_sub(u64::from(r.1 == 0))).collect();
        table(
            dir,
            "tickets",
            vec![
                ("round", Column::Whole(rows.iter().map(|r| r.0).collect())),
                ("gateway", Column::Text(rows.iter().map(|_| "gateway-01".to_owned()).collect())),
                ("orchestrator", Column::Text(rows.iter().map(|r| self.who(r.1)).collect())),
                ("sent", Column::Whole(expected.iter().map(|e| (e * 5000.0) as u64).collect())),
                ("paid_ev_eth", Column::Number(expected.iter().map(|e| e * 0.01).collect())),
                ("expected_wins", Column::Number(expected.clone())),
                ("won", Column::Whole(won)),
                ("redeemed_eth", Column::Number(redeemed.iter().map(|n| *n as f64 * 0.01).collect())),
                ("redeemed", Column::Whole(redeemed)),
            ],
        );
    }

    fn segments(&self, dir: &Path) {
        let mut noise = Noise(3);
        let mut parts: Vec<[f64; 4]> = Vec::new();
        for _ in 0..self.segments {
            let (a, b, d) = (noise.next(), noise.next(), noise.next());
            let (upload, transcode, download) = (40.0 + 80.0 * a, 400.0 - 250.0 * (1.0 - b).ln(), 60.0 + 120.0 * d);
            let wait = if noise.next() < 0.04 { 900.0 * noise.next() } else { 5.0 };
            parts.push([upload, transcode, download, upload + transcode + download + wait]);
        }
        let part = |k: usize| Column::Number(parts.iter().map(|p| p[k]).collect());
        let pick = |i: usize| ((i * 7919 % 100) as f64 / 100.0).powi(2) * self.orchestrators as f64 * 0.8;
        let status = |i: usize| if i.is_multiple_of(50) { "no orchestrator" } else { "ok" };
        table(
            dir,
            "segments",
            vec![
                ("orchestrator", Column::Text((0..self.segments).map(|i| self.who(pick(i) as usize)).collect())),
                ("upload_ms", part(0)),
                ("transcode_ms", part(1)),
                ("download_ms", part(2)),
                ("latency_ms", part(3)),
                ("status", Column::Text((0..self.segments).map(|i| status(i).to_owned()).collect())),
            ],
        );
    }

    fn gas(&self, dir: &Path) {
        let kinds = [
            ("redeemWinningTicket", 118, 0.0021),
            ("reward", 33, 0.0009),
            ("bond", 52, 0.0007),
            ("transcoder", 12, 0.0002),
            ("fundDepositAndReserve", 4, 0.000_06),
            ("initializeRound", 3, 0.000_02),
        ];
        table(
            dir,
            "gas",
            vec![
                ("kind", Column::Text(kinds.iter().map(|k| k.0.to_owned()).collect())),
                ("transactions", Column::Whole(kinds.iter().map(|k| k.1).collect())),
                ("fee_eth", Column::Number(kinds.iter().map(|k| k.2).collect())),
            ],
        );
    }

    fn renditions(&self, dir: &Path) {
        let ladder = [("240p", 426_u64, 240_u64, 62_500_u64), ("720p", 1280, 720, 750_000)];
        let rows: Vec<_> = (0..self.real).flat_map(|s| ladder.iter().map(move |l| (s, *l))).collect();
        let maker = |seq: u64| self.who(seq as usize % 2);
        let mut paths = Vec::new();
        let mut pictures = Vec::new();
        for (seq, (profile, ..)) in &rows {
            let folder = format!("media/segment-{seq:03}");
            fs::create_dir_all(dir.join(&folder)).expect("the folder can be made");
            paths.push(format!("{folder}/{profile}.mp4"));
            pictures.push(format!("{folder}/{profile}.jpg"));
            fs::write(dir.join(&folder).join(format!("{profile}.mp4")), "video").expect("the folder can be written");
            fs::write(dir.join(&folder).join(format!("{profile}.jpg")), &self.thumbnail)
                .expect("the folder can be written");
        }
        table(
            dir,
            "renditions",
            vec![
                ("seq", Column::Whole(rows.iter().map(|r| r.0).collect())),
                ("profile", Column::Text(rows.iter().map(|r| r.1.0.to_owned()).collect())),
                ("path", Column::Text(paths)),
                ("width", Column::Whole(rows.iter().map(|r| r.1.1).collect())),
                ("height", Column::Whole(rows.iter().map(|r| r.1.2).collect())),
                ("frames", Column::Whole(rows.iter().map(|_| 50).collect())),
                ("duration_seconds", Column::Number(rows.iter().map(|_| 2.0).collect())),
                ("bytes", Column::Whole(rows.iter().map(|r| r.1.3).collect())),
                ("thumbnail", Column::Text(pictures)),
                ("orchestrator", Column::Text(rows.iter().map(|r| maker(r.0)).collect())),
            ],
        );
    }
}
