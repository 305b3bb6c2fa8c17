//! The checks that read the image: `size`, `tools` and `secrets`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::rules;
use super::session::Session;
use crate::fs::docker::Fault;
use crate::fs::layers::{self, Layer, Look};
use crate::fs::work;
use crate::model::verify::{Check, Finding, Sizes, Weight};
use crate::report::verify::bytes;

/// What was read of the image.
pub struct Contents {
    layers: Vec<Layer>,
    /// How many of them are the base image's.
    base: usize,
    base_image: String,
    /// Secret files of the project: their hashes and paths.
    secrets: BTreeMap<[u8; 32], String>,
}

impl Contents {
    /// Reads the image, and which of its layers are the base's.
    pub fn read(session: &mut Session<'_>, tag: &str) -> Result<Self, Fault> {
        session.progress.step("reading the layers");
        let secrets = secrets_of(session);
        let sizes: Vec<u64> = secrets.iter().map(|(_, _, size)| *size).collect();
        let look = Look { sizes: &sizes, suspect: &rules::may_be_secret, is_secret: &rules::is_secret };
        let layers = session.docker.read(&["image", "save", tag], |stream| layers::read(stream, &look))?;
        let (base_image, base) = base(session)?;
        let own = session.inspect("image", tag)?;
        // Only where the image really begins with the base's layers are they the base's.
        let base = base.iter().zip(rootfs(&own)).take_while(|(a, b)| *a == b).count();
        let secrets = secrets.into_iter().map(|(hash, path, _)| (hash, path)).collect();
        Ok(Self { layers, base, base_image, secrets })
    }

    fn own(&self) -> &[Layer] {
        self.layers.get(self.base..).unwrap_or_default()
    }
}

fn rootfs(image: &Value) -> Vec<String> {
    image["RootFS"]["Layers"].as_array().into_iter().flatten().filter_map(|layer| layer.as_str().map(str::to_owned)).collect()
}

/// The image at the bottom, as written, and its layers.
fn base(session: &mut Session<'_>) -> Result<(String, Vec<String>), Fault> {
    let bottom = session.subject.bottom().clone();
    if bottom.image == "scratch" {
        return Ok((bottom.image, Vec::new()));
    }
    let mut text: String = session.subject.arguments.iter().map(|argument| format!("ARG {argument}\n")).collect();
    let platform = bottom.platform.map(|platform| format!("--platform={platform} ")).unwrap_or_default();
    text.push_str(&format!("FROM {platform}{}\n", bottom.image));
    let io = |error: std::io::Error| Fault::Failed(error.to_string());
    let file = session.work.write("base/Dockerfile", &text).map_err(io)?;
    let context = session.work.at("base");
    let built = session.build(&file, None, &context, &[])?;
    if !built.ok {
        return Err(Fault::Failed(format!("the base image `{}` can't be read", bottom.image)));
    }
    let image = session.inspect("image", &built.tag)?;
    Ok((bottom.image, rootfs(&image)))
}

/// The secret files of the project, whatever .dockerignore says: their hash, path and size.
fn secrets_of(session: &Session<'_>) -> Vec<([u8; 32], String, u64)> {
    let context = &session.subject.context;
    let suspects = work::list(context, &work::is_source).into_iter().filter(|file| (8..=64 * 1024).contains(&file.size) && rules::may_be_secret(&file.path));
    suspects
        .filter_map(|file| {
            let bytes = work::bytes(&context.join(&file.path))?;
            rules::is_secret(&file.path, &bytes).then(|| (layers::hash(&bytes), file.path, file.size))
        })
        .collect()
}

/// What the image weighs, and what the Dockerfile adds to its base.
pub fn size(session: &mut Session<'_>, tag: &str, contents: &Contents) -> Result<Finding, Fault> {
    let base: u64 = contents.layers.iter().take(contents.base).map(Layer::bytes).sum();
    let added: u64 = contents.own().iter().map(Layer::bytes).sum();
    let mut sizes = Sizes {
        image: base + added,
        base_image: contents.base_image.clone(),
        base,
        added,
        paths: by_path(contents.own()),
        layers: by_instruction(session, tag, contents)?,
        stages: Vec::new(),
        single_stage: None,
    };
    sizes.stages = stages(session)?;
    session.progress.step("the single-stage build beside it");
    let single = single_stage(session)?;
    let mut detail = match sizes.base_image.as_str() {
        "scratch" => format!("{}, nothing below it", bytes(sizes.image)),
        image => format!("{}: {} on {image} ({})", bytes(sizes.image), bytes(added), bytes(base)),
    };
    let mut finding = match single {
        Ok(single) => {
            sizes.single_stage = Some(single);
            let ratio = sizes.ratio().unwrap_or_default();
            detail.push_str(&format!("; in a single stage {}, {ratio:.1} times as much", bytes(single)));
            Finding::ok(Check::Size, detail)
        }
        Err(why) => Finding::ok(Check::Size, detail).more([format!("no single-stage build beside it: {why}")]),
    };
    finding.more.extend(sizes.paths.iter().map(|path| format!("adds {:>9}  {}", bytes(path.bytes), path.of)));
    finding.more.extend(sizes.stages.iter().map(|stage| format!("stage {:>8}  {}", bytes(stage.bytes), stage.of)));
    session.sizes = Some(sizes);
    Ok(finding)
}

/// The sizes of the stages' images, as the engine counts them.
fn stages(session: &Session<'_>) -> Result<Vec<Weight>, Fault> {
    let mut rows = Vec::new();
    for stage in &session.subject.stages {
        let Some(name) = &stage.name else { continue };
        if let Some(built) = session.stages.get(name).filter(|built| built.ok) {
            rows.push(Weight { of: name.clone(), bytes: weigh(session, &built.tag)? });
        }
    }
    Ok(rows)
}

/// The same project in one stage: the stage of dockgen's own plan that holds toolchain, sources and all dependencies.
fn single_stage(session: &mut Session<'_>) -> Result<Result<u64, String>, Fault> {
    let Some(planned) = session.subject.planned.clone() else { return Ok(Err("dockgen can't plan this project".to_owned())) };
    let io = |error: std::io::Error| Fault::Failed(error.to_string());
    let text = if session.options.builtin_frontend { planned.text.replacen("# syntax=", "# without ", 1) } else { planned.text };
    let file = session.work.write("single/Dockerfile", &text).map_err(io)?;
    let context = session.copied()?;
    let built = session.build(&file, Some(&planned.everything), &context, &[])?;
    if !built.ok {
        let why = built.log.tail().into_iter().rev().find(|line| line.contains("ERROR")).unwrap_or_default();
        return Ok(Err(format!("it does not build: {why}")));
    }
    Ok(Ok(weigh(session, &built.tag)?))
}

/// The bytes of an image's layers, as its history counts them: uncompressed with every kind of image store.
fn weigh(session: &Session<'_>, tag: &str) -> Result<u64, Fault> {
    let text = session.docker.ask(&["image", "history", "--human=false", "--format", "{{.Size}}", tag])?;
    Ok(text.lines().filter_map(|line| line.trim().parse::<u64>().ok()).sum())
}

/// The layers of the Dockerfile, each with the instruction that made it.
fn by_instruction(session: &Session<'_>, tag: &str, contents: &Contents) -> Result<Vec<Weight>, Fault> {
    let text = session.docker.ask(&["image", "history", "--no-trunc", "--format", "{{json .}}", tag])?;
    let mut made: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|row| row["CreatedBy"].as_str().unwrap_or_default().replace("/bin/sh -c #(nop) ", "").replace(" # buildkit", ""))
        .filter(|by| ["RUN", "COPY", "ADD", "WORKDIR"].iter().any(|word| by.starts_with(word)))
        .map(|by| by.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    made.reverse();
    let own = contents.own();
    // The instructions of the base stand before ours; a WORKDIR that is there already makes no layer on some engines.
    let skip = made.len().saturating_sub(own.len());
    Ok(own.iter().zip(made.into_iter().skip(skip)).map(|(layer, of)| Weight { of, bytes: layer.bytes() }).collect())
}

/// The paths under which the added bytes lie: a folder is split as long as no single entry of it holds nearly everything.
fn by_path(own: &[Layer]) -> Vec<Weight> {
    let files = layers::flatten(own);
    let mut rows: Vec<Weight> = Vec::new();
    let mut open: Vec<(String, Vec<(&str, u64)>)> = vec![(String::new(), files.iter().map(|file| (file.path.as_str(), file.size)).collect())];
    while let Some((folder, files)) = open.pop() {
        let total: u64 = files.iter().map(|(_, size)| size).sum();
        let mut below: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
        for (path, size) in files {
            let rest = &path[folder.len()..];
            let end = rest.find('/').map_or(path.len(), |at| folder.len() + at + 1);
            below.entry(&path[..end]).or_default().push((path, size));
        }
        for (path, files) in below {
            let bytes: u64 = files.iter().map(|(_, size)| size).sum();
            let depth = path.matches('/').count();
            // `/app/` and `/opt/venv/` say enough; `/usr/` does not.
            let vague = depth <= 1 && !path.starts_with("app/") || path.starts_with("usr/") && depth <= 2 || path.starts_with("home/") && depth <= 2;
            if path.ends_with('/') && (vague || bytes == total && depth < 2 && files.len() == 1) {
                open.push((path.to_owned(), files));
            } else if bytes > 0 {
                rows.push(Weight { of: format!("/{path}"), bytes });
            }
        }
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.of.cmp(&b.of)));
    if rows.len() > 8 {
        let rest: u64 = rows[7..].iter().map(|row| row.bytes).sum();
        rows.truncate(7);
        rows.push(Weight { of: "everything else".to_owned(), bytes: rest });
    }
    rows
}

/// Nothing that only building, fetching or testing has a use for.
pub fn tools(session: &Session<'_>, contents: &Contents) -> Finding {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let base: BTreeSet<&str> = layers::flatten(&contents.layers[..contents.base.min(contents.layers.len())]).iter().map(|file| file.path.as_str()).collect();
    let files = layers::flatten(&contents.layers);
    let development = node_development(session);
    for file in &files {
        let own = !base.contains(file.path.as_str());
        let what = rules::superfluous(&file.path, file.size, file.executable).or_else(|| {
            let name = rules::node_package(&file.path).filter(|name| own && development.contains(*name))?;
            Some(format!("the development dependency {name}"))
        });
        if let Some(what) = what {
            let place = if own { format!("/{}", file.path) } else { format!("/{} (from {})", file.path, contents.base_image) };
            found.entry(what).or_insert(place);
        }
    }
    let looked = format!("{} files, none of a compiler, a cache, version control or development", files.len());
    if found.is_empty() {
        return Finding::ok(Check::Tools, looked);
    }
    let names: Vec<&str> = found.keys().map(String::as_str).take(4).collect();
    let more = if found.len() > names.len() { format!(" and {} more", found.len() - names.len()) } else { String::new() };
    let from_base = found.values().any(|place| place.contains(" (from "));
    let help = if from_base {
        "let the last stage stand on a smaller image, and copy from the stage that builds"
    } else {
        "build in one stage, and copy only what runs into the last one"
    };
    Finding::fail(Check::Tools, format!("the image holds {}{more}", names.join(", ")))
        .more(found.iter().map(|(what, place)| format!("{what}: {place}")))
        .help(help)
}

/// The packages that the project's manifests name for development alone.
fn node_development(session: &Session<'_>) -> BTreeSet<String> {
    let context = &session.subject.context;
    let (mut development, mut production) = (BTreeSet::new(), BTreeSet::new());
    let mut locked: Option<BTreeSet<String>> = None;
    for file in work::list(context, &work::is_source) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if !matches!(name, "package.json" | "package-lock.json") {
            continue;
        }
        let Some(value) = work::text(&context.join(&file.path)).and_then(|text| serde_json::from_str::<Value>(&text).ok()) else { continue };
        if name == "package-lock.json" {
            // A development dependency that a production dependency needs too is not marked.
            let marked = value["packages"].as_object().into_iter().flatten().filter(|(_, row)| row["dev"] == true);
            locked.get_or_insert_default().extend(marked.filter_map(|(path, _)| path.strip_prefix("node_modules/")).map(str::to_owned));
            continue;
        }
        let names = |key: &str| value[key].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        development.extend(names("devDependencies"));
        for key in ["dependencies", "optionalDependencies", "peerDependencies"] {
            production.extend(names(key));
        }
    }
    development.retain(|name| !production.contains(name) && locked.as_ref().map_or_else(|| rules::is_node_development(name), |locked| locked.contains(name)));
    development
}

/// No secret in any layer that the Dockerfile adds, hidden by a later one or not.
pub fn secrets(contents: &Contents) -> Finding {
    let mut found = Vec::new();
    for (i, layer) in contents.own().iter().enumerate() {
        for file in &layer.files {
            if let Some(path) = file.hash.and_then(|hash| contents.secrets.get(&hash)) {
                found.push(format!("/{} in layer {} is the project's `{path}`", file.path, i + 1));
            } else if file.secret {
                found.push(format!("/{} in layer {}", file.path, i + 1));
            }
        }
    }
    let files: usize = contents.own().iter().map(|layer| layer.files.len()).sum();
    match found.as_slice() {
        [] if contents.secrets.is_empty() => {
            Finding::ok(Check::Secrets, format!("no key, token or .env file among {files} files in {} layers", contents.own().len()))
        }
        [] => {
            let names: Vec<&str> = contents.secrets.values().map(String::as_str).collect();
            Finding::ok(Check::Secrets, format!("neither {} nor another secret among {files} files in {} layers", names.join(", "), contents.own().len()))
        }
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Finding::fail(Check::Secrets, format!("{first}{more}"))
                .more(found.clone())
                .help("keep it out with .dockerignore, and give it to a build with `RUN --mount=type=secret`; deleting it in a later layer does not remove it")
        }
    }
}
