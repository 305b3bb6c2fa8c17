//! What has no place in a production image, in a layer or in a build context, by path.

/// Programs that build, fetch or install: by their names in a folder of programs.
const BUILD_TOOLS: &[&str] = &[
    "gcc", "g++", "cc", "c++", "c99", "cpp", "clang", "clang++", "tcc", "make", "gmake", "cmake", "ninja", "meson", "ld", "as", "rustc", "cargo", "rustup",
    "go", "gofmt", "javac", "ghc", "zig", "git", "hg", "svn", "mvn", "gradle",
];

/// Python packages that only development has a use for.
const PYTHON_DEVELOPMENT: &[&str] = &[
    "pytest",
    "_pytest",
    "mypy",
    "ruff",
    "black",
    "flake8",
    "pylint",
    "debugpy",
    "coverage",
    "tox",
    "nox",
    "pre_commit",
    "ipython",
    "IPython",
    "poetry",
    "pipenv",
    "pdm",
];

/// Packages of Node.js that only development has a use for, whatever the manifest calls them.
const NODE_DEVELOPMENT: &[&str] = &[
    "eslint",
    "prettier",
    "jest",
    "vitest",
    "mocha",
    "nodemon",
    "ts-node",
    "ts-node-dev",
    "ts-jest",
    "supertest",
    "cypress",
    "playwright",
    "@playwright/test",
    "@nestjs/cli",
    "@nestjs/testing",
    "@angular/cli",
    "tsx",
    "vite",
    "webpack",
    "husky",
    "lint-staged",
];

/// Where package managers keep what they fetched.
const CACHES: &[(&str, &str)] = &[
    ("root/.npm/_cacache/", "npm's cache"),
    (".npm/_cacache/", "npm's cache"),
    ("root/.cache/pip/", "pip's cache"),
    ("root/.cache/uv/", "uv's cache"),
    ("root/.cache/pypoetry/", "poetry's cache"),
    ("root/.cache/pdm/", "pdm's cache"),
    ("root/.cache/pnpm/", "pnpm's cache"),
    ("root/.local/share/pnpm/store/", "pnpm's store"),
    ("usr/local/share/.cache/yarn/", "yarn's cache"),
    ("root/.cache/yarn/", "yarn's cache"),
    ("root/.yarn/berry/cache/", "yarn's cache"),
    ("root/.bun/install/cache/", "bun's cache"),
    ("root/.cargo/registry/", "cargo's registry"),
    ("usr/local/cargo/registry/", "cargo's registry"),
    ("go/pkg/mod/", "Go's module cache"),
    ("root/go/pkg/mod/", "Go's module cache"),
    ("root/.cache/go-build/", "Go's build cache"),
    ("root/.m2/", "Maven's repository"),
    ("root/.gradle/", "Gradle's cache"),
    ("root/.composer/cache/", "composer's cache"),
    ("root/.nuget/packages/", "NuGet's cache"),
    ("var/lib/apt/lists/", "apt's lists"),
    ("var/cache/apt/archives/", "apt's archives"),
    ("var/cache/apk/", "apk's cache"),
];

/// Folders that a tool makes beside the sources, by a part of the path.
const MADE: &[(&str, &str)] = &[
    ("/node_modules/.cache/", "a cache in node_modules"),
    ("/.next/cache/", "the cache of Next.js"),
    ("/target/debug/", "Cargo's target folder"),
    ("/target/release/deps/", "Cargo's target folder"),
    ("/target/release/build/", "Cargo's target folder"),
    ("/.git/", "version control"),
    ("/.hg/", "version control"),
    ("/.svn/", "version control"),
];

/// What a file of an image is, when it has no use there: a word for the report.
pub fn superfluous(path: &str, size: u64, executable: bool) -> Option<String> {
    if executable && let Some(tool) = build_tool(path) {
        return Some(tool.to_owned());
    }
    if size > 0
        && let Some((_, what)) = CACHES.iter().find(|(prefix, _)| {
            path.starts_with(prefix) || matches!((home(path), prefix.strip_prefix("root/")), (Some(rest), Some(prefix)) if rest.starts_with(prefix))
        })
    {
        return (!path.ends_with("/lock")).then(|| (*what).to_owned());
    }
    let rooted = format!("/{path}");
    if let Some((_, what)) = MADE.iter().find(|(part, _)| rooted.contains(part)) {
        return Some((*what).to_owned());
    }
    let package =
        ["/site-packages/", "/dist-packages/"].iter().find_map(|part| rooted.split_once(part)).map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    package
        .filter(|name| PYTHON_DEVELOPMENT.contains(name) && rooted.ends_with(&format!("/{name}/__init__.py")))
        .map(|name| format!("the development dependency {}", name.trim_start_matches('_')))
}

/// The rest of a path below a user's home.
fn home(path: &str) -> Option<&str> {
    path.strip_prefix("home/")?.split_once('/').map(|(_, rest)| rest)
}

fn build_tool(path: &str) -> Option<&'static str> {
    let (folder, name) = path.rsplit_once('/')?;
    if !(folder == "bin" || folder.ends_with("/bin") || folder.ends_with("/sbin")) || folder.contains("node_modules") || folder.contains("share/") {
        return None;
    }
    // `x86_64-linux-gnu-gcc-14` is gcc.
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    let bare = ["x86_64-linux-gnu-", "aarch64-linux-gnu-", "x86_64-alpine-linux-musl-"].iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare);
    BUILD_TOOLS.iter().find(|tool| **tool == bare).copied()
}

/// The package of Node.js whose manifest this is, where it lies directly in a `node_modules` of the program.
pub fn node_package(path: &str) -> Option<&str> {
    let (before, rest) = path.split_once("node_modules/")?;
    let name = rest.strip_suffix("/package.json")?;
    let plain = if name.starts_with('@') { name.matches('/').count() == 1 } else { !name.contains('/') };
    // What lies in `usr/` came with npm itself, and pnpm's own folder repeats everything.
    (plain && !before.starts_with("usr/")).then_some(name)
}

/// Whether a package of Node.js is for development alone, whatever the manifest says.
pub fn is_node_development(name: &str) -> bool {
    NODE_DEVELOPMENT.contains(&name)
}

/// Whether a file's name says that it holds secrets; for some only the content tells: see [`is_secret`].
pub fn may_be_secret(path: &str) -> bool {
    let rooted = format!("/{path}");
    // What packages bring with them is the packages' business: test keys, examples, bundles of certificates.
    if ["/node_modules/", "/site-packages/", "/dist-packages/", "/usr/share/", "/usr/lib/", "/etc/ssl/", "/go/pkg/mod/", "/vendor/"]
        .iter()
        .any(|part| rooted.contains(part))
    {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    is_env(name)
        || ends(".pem")
        || ends(".key")
        || ends(".p12")
        || ends(".pfx")
        || ends(".jks")
        || matches!(name, "id_rsa" | "id_ed25519" | "id_ecdsa" | "id_dsa" | ".npmrc" | ".yarnrc.yml" | ".netrc" | ".pypirc" | ".git-credentials" | ".htpasswd")
        || rooted.ends_with("/.aws/credentials")
        || rooted.ends_with("/.docker/config.json")
}

fn is_env(name: &str) -> bool {
    let example = ["example", "sample", "template", "dist", "defaults", "tpl"];
    name == ".env" || name.strip_prefix(".env.").is_some_and(|rest| !rest.split('.').any(|part| example.contains(&part)))
}

/// Whether the content of a file with such a name is a secret.
pub fn is_secret(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let has = |word: &str| text.contains(word);
    match name {
        ".npmrc" | ".yarnrc.yml" => has("_authToken=") && !has("_authToken=$") || has("_password=") || has("npmAuthToken: ") && !has("npmAuthToken: \"$"),
        ".netrc" | ".pypirc" => has("password"),
        "config.json" => has("\"auth\""),
        _ if matches!(name.rsplit_once('.'), Some((_, "pem" | "key"))) => has("PRIVATE KEY-----"),
        // A program that ends without its file of variables gets an empty one.
        _ => !text.trim().is_empty(),
    }
}

/// What has no place in a build context: the part of the path that stands for it, and why.
pub fn misplaced(path: &str) -> Option<(String, &'static str)> {
    const FOLDERS: &[(&str, &str)] = &[
        (".git", "version control"),
        (".hg", "version control"),
        (".svn", "version control"),
        ("node_modules", "installed dependencies"),
        (".venv", "installed dependencies"),
        ("__pycache__", "made by Python"),
        (".pytest_cache", "made by pytest"),
        (".mypy_cache", "made by mypy"),
        (".ruff_cache", "made by ruff"),
        (".next", "build output"),
        (".nuxt", "build output"),
        (".svelte-kit", "build output"),
        (".angular", "a cache"),
        (".gradle", "a cache"),
        (".terraform", "made by Terraform"),
        (".idea", "an editor's settings"),
        (".vscode", "an editor's settings"),
    ];
    let mut end = 0;
    for part in path.split('/') {
        end += part.len();
        if end < path.len()
            && let Some((_, why)) = FOLDERS.iter().find(|(name, _)| *name == part)
        {
            return Some((format!("{}/", &path[..end]), why));
        }
        if part == "target" && (path[end..].starts_with("/debug/") || path[end..].starts_with("/release/")) {
            return Some((format!("{}/", &path[..end]), "build output"));
        }
        end += 1;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if may_be_secret(path) && (is_env(name) || !matches!(name, ".npmrc" | ".yarnrc.yml")) {
        return Some((path.to_owned(), "may hold secrets"));
    }
    (name == ".DS_Store").then(|| (path.to_owned(), "made by the system"))
}

#[cfg(test)]
mod tests {
    use super::{is_secret, may_be_secret, misplaced, node_package, superfluous};

    #[test]
    fn tells_tools_from_programs() {
        for (path, what) in [
            ("usr/bin/x86_64-linux-gnu-gcc-14", Some("gcc")),
            ("usr/local/go/bin/go", Some("go")),
            ("usr/bin/git", Some("git")),
            ("usr/bin/gunzip", None),
            ("app/node_modules/.bin/make", None),
            ("root/.cache/pip/http/a", Some("pip's cache")),
            ("home/app/.cache/pip/http/a", Some("pip's cache")),
            ("app/.git/HEAD", Some("version control")),
            ("opt/venv/lib/python3.14/site-packages/pytest/__init__.py", Some("the development dependency pytest")),
            ("var/lib/apt/lists/lock", None),
        ] {
            assert_eq!(superfluous(path, 1, true).as_deref(), what, "{path}");
        }
    }

    #[test]
    fn knows_secrets_by_name_and_content() {
        assert!(is_secret("app/.env", b"TOKEN=x\n") && !is_secret("app/.env", b"\n"));
        assert!(may_be_secret("app/.env") && may_be_secret("app/.env.production") && !may_be_secret("app/.env.example"));
        assert!(!may_be_secret("app/node_modules/x/test/key.pem"));
        assert!(!is_secret("app/ca.pem", b"-----BEGIN CERTIFICATE-----"));
        assert!(is_secret("app/tls.key", b"-----BEGIN PRIVATE KEY-----"));
        assert!(!is_secret("app/.npmrc", b"omit-lockfile-registry-resolved=true"));
    }

    #[test]
    fn knows_what_does_not_belong_into_a_context() {
        assert_eq!(misplaced("web/node_modules/a/b.js").map(|(what, _)| what).as_deref(), Some("web/node_modules/"));
        assert_eq!(misplaced(".env").map(|(what, _)| what).as_deref(), Some(".env"));
        assert_eq!(misplaced("src/main.rs"), None);
        assert_eq!(misplaced("target/debug/x").map(|(what, _)| what).as_deref(), Some("target/"));
    }

    #[test]
    fn finds_packages_of_the_program() {
        assert_eq!(node_package("app/node_modules/@nestjs/cli/package.json"), Some("@nestjs/cli"));
        assert_eq!(node_package("app/node_modules/a/lib/package.json"), None);
        assert_eq!(node_package("usr/local/lib/node_modules/npm/package.json"), None);
    }
}
