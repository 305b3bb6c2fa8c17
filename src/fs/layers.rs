//! The files in an image's layers, read from the stream of `docker save`.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

/// The largest file of which the content is looked at.
const LARGEST: u64 = 64 * 1024;

/// One file of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFile {
    /// Its path, without a leading `/`.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// The hash of its content, where somebody asked for files of this size.
    pub hash: Option<[u8; 32]>,
    /// Whether it holds a private key or a token in the form that its name leads to expect.
    pub secret: bool,
}

/// One layer: what it adds and what it takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Files and links.
    pub files: Vec<LayerFile>,
    /// Paths that are gone above it; one that ends in `/` is a folder that was emptied.
    pub gone: Vec<String>,
}

impl Layer {
    /// The bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// Which content is looked at: files of these sizes are hashed, and files for which `suspect` holds are searched.
pub struct Look<'a> {
    /// Sizes of known secret files.
    pub sizes: &'a [u64],
    /// Whether a file of this name may be a secret.
    pub suspect: &'a dyn Fn(&str) -> bool,
    /// Whether its content is one.
    pub is_secret: &'a dyn Fn(&str, &[u8]) -> bool,
}

/// The hash of some bytes.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads the stream of `docker save`: the layers from the lowest up.
pub fn read(stream: &mut dyn Read, look: &Look<'_>) -> std::io::Result<Vec<Layer>> {
    let mut layers: HashMap<String, Layer> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut outer = tar::Archive::new(BufReader::with_capacity(1 << 18, stream));
    for entry in outer.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name == "manifest.json" {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            let value: serde_json::Value = serde_json::from_str(&text)?;
            order = value[0]["Layers"].as_array().into_iter().flatten().filter_map(|layer| layer.as_str().map(str::to_owned)).collect();
            continue;
        }
        if entry.header().entry_type() == tar::EntryType::Symlink {
            // The older form names a layer twice, the second time by a link.
            continue;
        }
        let mut start = [0_u8; 512];
        let got = fill(&mut entry, &mut start)?;
        let gzip = got > 2 && start[..2] == [0x1f, 0x8b];
        let archive = got == 512 && &start[257..262] == b"ustar" || got == 512 && start.iter().all(|&byte| byte == 0) && entry.size() >= 1024;
        if gzip || archive {
            let whole = start[..got].chain(entry);
            let layer = if gzip { layer(GzDecoder::new(whole), look)? } else { layer(whole, look)? };
            layers.insert(name, layer);
        }
    }
    Ok(order.iter().map(|name| layers.get(name).cloned().unwrap_or_default()).collect())
}

fn fill(from: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match from.read(&mut into[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

fn layer(stream: impl Read, look: &Look<'_>) -> std::io::Result<Layer> {
    let mut layer = Layer::default();
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().trim_start_matches("./").trim_start_matches('/').to_owned();
        let (folder, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        if let Some(gone) = name.strip_prefix(".wh.") {
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            layer.gone.push(if gone == ".wh..opq" { prefix } else { format!("{prefix}{gone}") });
            continue;
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let size = if kind.is_file() { entry.size() } else { 0 };
        let executable = kind.is_symlink() || kind.is_hard_link() || entry.header().mode().unwrap_or(0) & 0o111 != 0;
        let mut file = LayerFile { path, size, executable, hash: None, secret: false };
        let suspect = size <= LARGEST && (look.suspect)(&file.path);
        if kind.is_file() && size > 0 && (suspect || look.sizes.contains(&size)) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            file.hash = Some(hash(&bytes));
            file.secret = suspect && (look.is_secret)(&file.path, &bytes);
        }
        layer.files.push(file);
    }
    Ok(layer)
}

/// What is to be seen in the end: the files of all layers, less what higher layers took away.
pub fn flatten(layers: &[Layer]) -> Vec<&LayerFile> {
    let mut seen: HashMap<&str, &LayerFile> = HashMap::new();
    for layer in layers {
        for gone in &layer.gone {
            let below = if gone.ends_with('/') || gone.is_empty() { gone.clone() } else { format!("{gone}/") };
            seen.retain(|path, _| *path != gone && !path.starts_with(&below));
        }
        for file in &layer.files {
            seen.insert(&file.path, file);
        }
    }
    let mut files: Vec<&LayerFile> = seen.into_values().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[cfg(test)]
mod tests {
    use super::{Layer, LayerFile, Look, flatten, read};

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, *bytes).expect("in memory");
        }
        builder.into_inner().expect("in memory")
    }

    #[test]
    fn layers_come_in_the_order_of_the_manifest_and_hide_what_they_took_away() {
        let low = archive(&[("app/.env", b"TOKEN=1"), ("app/x", b"x")]);
        let high = archive(&[("app/.wh..env", b""), ("app/y", b"yy")]);
        let saved = archive(&[("blobs/2", &high), ("blobs/1", &low), ("manifest.json", br#"[{"Layers":["blobs/1","blobs/2"]}]"#)]);
        let look = Look { sizes: &[7], suspect: &|_| false, is_secret: &|_, _| false };
        let layers = read(&mut saved.as_slice(), &look).expect("reads");
        assert_eq!(layers.iter().map(Layer::bytes).collect::<Vec<_>>(), [8, 2]);
        assert!(layers[0].files[0].hash.is_some() && layers[0].files[1].hash.is_none());
        let seen: Vec<&str> = flatten(&layers).iter().map(|file: &&LayerFile| file.path.as_str()).collect();
        assert_eq!(seen, ["app/x", "app/y"]);
    }
}
