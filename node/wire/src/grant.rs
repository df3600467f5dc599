//! Leave to write into a store of S3's kind, as one node gives it to another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::header::base64;
use crate::moment::Moment;
use crate::net::S3OsInfo;

/// How long others may write.
pub const VALID_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// A store, and the keys to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Store {
    /// Bucket.
    pub bucket: String,
    /// Region that the bucket is in.
    pub region: String,
    /// Name of the key.
    pub access_key: String,
    /// The key.
    pub secret: String,
    /// Stands in front of every path.
    pub prefix: String,
}

impl std::fmt::Debug for Store {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("bucket", &self.bucket).field("region", &self.region).finish_non_exhaustive()
    }
}

impl Store {
    /// Leave to write under a path, from a Unix millisecond on, in words that the store checks by itself.
    #[must_use]
    pub fn grant(&self, path: &str, now_millis: u64) -> S3OsInfo {
        let today = Moment::of_millis(now_millis);
        let day = format!("{:04}{:02}{:02}", today.year, today.month, today.day);
        let credential = format!("{}/{day}/{}/s3/aws4_request", self.access_key, self.region);
        let date = format!("{day}T000000Z");
        let policy = base64(self.policy(path, now_millis, &credential, &date).as_bytes());
        S3OsInfo {
            host: format!("https://{}.s3.amazonaws.com", self.bucket),
            key: format!("{}{path}", self.prefix),
            signature: self.sign(&day, &policy),
            policy,
            credential,
            x_amz_date: date,
        }
    }

    fn policy(&self, path: &str, now_millis: u64, credential: &str, date: &str) -> String {
        let end = Moment::of_millis(now_millis.saturating_add(VALID_MILLIS));
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "{{ \"expiration\": \"{end:.3}\",\n\t\"conditions\": [\n\
             \t\t{{\"bucket\": {}}},\n\
             \t\t{{\"acl\": \"public-read\"}},\n\
             \t\t[\"starts-with\", \"$Content-Type\", \"\"],\n\
             \t\t[\"starts-with\", \"$key\", {}],\n\
             \t\t{{\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"}},\n\
             \t\t{{\"x-amz-credential\": {}}},\n\
             \t\t{{\"x-amz-date\": \"{date}\" }}\n\t]}}",
            quoted(&self.bucket),
            quoted(path),
            quoted(credential),
        )
    }

    /// The key goes through a chain of hashes that ties it to a day, a region and a service.
    fn sign(&self, day: &str, policy: &str) -> String {
        let start = format!("AWS4{}", self.secret).into_bytes();
        let chain = [day, &self.region, "s3", "aws4_request", policy];
        let signature = chain.iter().fold(start, |key, part| mac(&key, part));
        signature.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
