//! Anvil from the npm registry, checked against the digest that is written here.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use eyre::{WrapErr, eyre};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};
use weir_anvil::{VERSION, program};

use crate::failure::Failure;

const REGISTRY: &str = "https://registry.npmjs.org";
/// The program in the package.
const MEMBER: &str = "package/bin/anvil";
/// More than any of the packages has.
const BYTES_MAX: usize = 256 << 20;
const PATIENCE: Duration = Duration::from_secs(300);

/// SHA-512 of the packages of [`VERSION`], by name.
const DIGESTS: [(&str, &str); 4] = [
    (
        "@foundry-rs/anvil-darwin-amd64",
        "3a0c33c18f85b06aec3f20efe2699b84ec0044ef2cdfb607ae6daa68dce0487e\
         1594a9d78090ab9e84fb6e980e84bc813edc578c14fc2f61376fbf5d79eb1746",
    ),
    (
        "@foundry-rs/anvil-darwin-arm64",
        "24d7aedfe0377ff9e95cb9fc491f046a155ca84ec1a4ef5541931c3ef488cb6e\
         ff44d7351aca0406f48b47df5a4afb7cb06296020360fc4cebb6300faba9b170",
    ),
    (
        "@foundry-rs/anvil-linux-amd64",
        "f979928726c46b17c2aebd0e514670604cb63a7619b79a471fd4f306d2efdfe5\
         6b2b43bf00db8d49511a86a3612879605fb191279f77f37a1f361c644562184e",
    ),
    (
        "@foundry-rs/anvil-linux-arm64",
        "ca41c998538674147cfbdb2638a066f596430820a42d072d88738075d2ef998c\
         7d98f7810cc7eaea33f9d61298b0ee4c1bc0a53cb4a559ef89a625cf8e85e005",
    ),
];

/// Installs Anvil for this user, unless it is there. Returns where it is.
pub(super) fn anvil() -> Result<PathBuf, Failure> {
    let folder = weir_anvil::tools_folder()
        .ok_or_else(|| Failure::failed("no home for programs").help("set HOME or XDG_DATA_HOME"))?;
    let path = folder.join("anvil");
    if program::version(&path).is_ok_and(|version| version == VERSION) {
        return Ok(path);
    }
    let package = program::package("anvil");
    let (_, digest) = DIGESTS.iter().find(|(name, _)| *name == package).ok_or_else(|| {
        Failure::failed(format!("there is no {package}")).help("build Anvil yourself, and name it in WEIR_ANVIL")
    })?;
    let bytes = download(&url(&package))?;
    let found = hex::encode(Sha512::digest(&bytes));
    if found != *digest {
        let text = format!("what was downloaded is not {package} {VERSION}: its SHA-512 is {found}, not {digest}");
        return Err(Failure::failed(text).help("nothing was installed; look at who answers for the registry"));
    }
    unpack(&bytes, &path).wrap_err_with(|| format!("installing {}", path.display()))?;
    program::version(&path).wrap_err("trying what was installed")?;
    Ok(path)
}

/// Where the registry keeps the package: the one that npm is told to use, else its own.
fn url(package: &str) -> String {
    let registry = std::env::var("npm_config_registry").ok().filter(|url| !url.is_empty());
    let registry = registry.unwrap_or_else(|| REGISTRY.to_owned());
    let name = package.rsplit('/').next().unwrap_or(package);
    format!("{}/{package}/-/{name}-{VERSION}.tgz", registry.trim_end_matches('/'))
}

fn download(url: &str) -> Result<Vec<u8>, Failure> {
    // Another part of the program may have chosen one before: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failed = |why: &dyn std::fmt::Display| {
        Failure::failed(format!("{url}: {why}"))
            .help("behind a proxy registry, name it in npm_config_registry; or name an Anvil of yours in WEIR_ANVIL")
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("starting the runtime")?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(|e| failed(&e))?;
        let mut answer = client.get(url).send().await.map_err(|e| failed(&last(&e)))?;
        if !answer.status().is_success() {
            return Err(failed(&format!("HTTP status {}", answer.status())));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|e| failed(&last(&e)))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > BYTES_MAX {
                return Err(failed(&"it does not end"));
            }
        }
        Ok(bytes)
    })
}

/// The innermost reason: the outer ones repeat the address.
fn last(e: &reqwest::Error) -> String {
    let mut text = e.to_string();
    let mut cause = std::error::Error::source(e);
    while let Some(e) = cause {
        text = e.to_string();
        cause = e.source();
    }
    text
}

/// Takes the program out of the package. It is there whole or not at all.
fn unpack(bytes: &[u8], path: &Path) -> eyre::Result<()> {
    let folder = path.parent().ok_or_else(|| eyre!("no folder"))?;
    fs::create_dir_all(folder).wrap_err_with(|| format!("making {}", folder.display()))?;
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    for entry in archive.entries().wrap_err("reading the package")? {
        let mut entry = entry.wrap_err("reading the package")?;
        if entry.path().wrap_err("reading the package")?.as_ref() != Path::new(MEMBER) {
            continue;
        }
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::copy(&mut entry.by_ref(), &mut file)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        return Ok(());
    }
    Err(eyre!("the package has no {MEMBER}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn package(member: &str, content: &[u8]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in [("package/package.json", &b"{}"[..]), (member, content)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, content).expect("memory");
        }
        let mut gzip = archive.into_inner().expect("memory");
        gzip.flush().expect("memory");
        gzip.finish().expect("memory")
    }

    #[test]
    fn the_program_comes_out_of_its_package_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tools/anvil");
        let program: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let whole = package(MEMBER, &program);
        for wrong in [&whole[..whole.len() / 2], &package("package/bin/other", &program), b"no package"] {
            assert!(unpack(wrong, &path).is_err());
        }
        assert!(!path.exists());
        unpack(&whole, &path).expect("it is whole");
        assert_eq!(fs::read(&path).expect("a file"), program);
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o755);
        assert!(unpack(&whole[..whole.len() / 2], &path).is_err());
        assert_eq!(fs::read(&path).expect("a file"), program, "what was there stays");
        assert_eq!(fs::read_dir(folder.path().join("tools")).expect("a folder").count(), 1);
    }

    /// The digests are those of the lock file that the tests of the contracts use.
    #[test]
    fn the_digests_are_those_of_the_lock_file() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/package-lock.json");
        let lock: serde_json::Value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
        for (name, digest) in DIGESTS {
            let package = &lock["packages"][format!("node_modules/{name}")];
            assert_eq!(package["version"], VERSION, "{name}");
            let bytes = hex::decode(digest).expect("hex");
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let text: String = bytes
                .chunks(3)
                .flat_map(|chunk| {
                    let word =
                        chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
                    (0..=chunk.len()).map(move |i| char::from(alphabet[(word >> (18 - 6 * i) & 63) as usize]))
                })
                .collect();
            assert_eq!(package["integrity"].as_str().expect("text").trim_end_matches('='), format!("sha512-{text}"));
        }
    }
}
