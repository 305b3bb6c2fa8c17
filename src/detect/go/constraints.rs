//! Which files the compiler takes on Linux: by the endings of their names and by their `//go:build` lines.

/// Systems and processors that a file's name can end in.
const SYSTEMS: &[&str] =
    &["aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows"];
const PROCESSORS: &[&str] = &["386", "arm", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"];

/// Whether a file's name lets it be compiled on Linux, on the usual processors.
pub fn by_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".go").filter(|stem| !stem.ends_with("_test")) else { return false };
    let mut parts = stem.rsplit('_').take(stem.matches('_').count());
    let last = parts.next().unwrap_or_default();
    let other = |part: &str| SYSTEMS.contains(&part) && part != "linux" || PROCESSORS.contains(&part);
    let before = parts.next().unwrap_or_default();
    let processor = PROCESSORS.contains(&last) || matches!(last, "amd64" | "arm64");
    !(other(last) || processor && SYSTEMS.contains(&before) && before != "linux")
}

/// Whether the line above the package lets it be compiled on Linux with these tags and without C: what C code stands for has mostly a file without it beside.
pub fn by_line(text: &str, tags: &[String]) -> bool {
    let head = || text.lines().take_while(|line| !line.starts_with("package "));
    if let Some(line) = head().find_map(|line| line.strip_prefix("//go:build ")) {
        let mut words = words(line).into_iter().peekable();
        return either(&mut words, tags);
    }
    // As it was written before Go 1.17: each line holds, a blank is `or`, a comma `and`.
    head().filter_map(|line| line.strip_prefix("// +build ")).all(|line| {
        let holds = |term: &str| one(&mut words(term).into_iter().peekable(), tags);
        line.split_whitespace().any(|option| option.split(',').all(holds))
    })
}

type Words = std::iter::Peekable<std::vec::IntoIter<String>>;

fn words(line: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(line.len() + 8);
    for c in line.split("//").next().unwrap_or_default().chars() {
        if matches!(c, '(' | ')' | '!') {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    spaced.replace("&&", " && ").replace("||", " || ").split_whitespace().map(ToOwned::to_owned).collect()
}

fn either(words: &mut Words, tags: &[String]) -> bool {
    let mut value = both(words, tags);
    while words.next_if(|word| word == "||").is_some() {
        let right = both(words, tags);
        value |= right;
    }
    value
}

fn both(words: &mut Words, tags: &[String]) -> bool {
    let mut value = one(words, tags);
    while words.next_if(|word| word == "&&").is_some() {
        let right = one(words, tags);
        value &= right;
    }
    value
}

fn one(words: &mut Words, tags: &[String]) -> bool {
    match words.next().as_deref() {
        Some("!") => !one(words, tags),
        Some("(") => {
            let value = either(words, tags);
            words.next_if(|word| word == ")");
            value
        }
        Some(tag) => matches!(tag, "linux" | "unix" | "amd64" | "arm64" | "gc") || tag.starts_with("go1.") || tags.iter().any(|own| own == tag),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{by_line, by_name};

    #[test]
    fn names_and_lines_say_where_a_file_is_compiled() {
        let named = |name: &str| by_name(name);
        assert!(["main.go", "cpu_linux.go", "linux.go", "cpu_linux_amd64.go", "my_file.go", "cpu_amd64.go"].into_iter().all(named));
        assert!(!["cpu_aix.go", "a_test.go", "cpu_windows_amd64.go", "x_s390x.go", "main.rs"].into_iter().any(named));
        let lined = |line: &str| by_line(&format!("// words\n\n//go:build {line}\n\npackage main\n"), &[]);
        assert!(["linux", "!windows", "(darwin || linux) && !cgo", "go1.21", "!nodebug", "freebsd || unix"].into_iter().all(lined));
        assert!(!["ignore", "darwin", "cgo", "linux && ignore", "!(linux || darwin)"].into_iter().any(lined));
        assert!(by_line("package main\n", &[]));
        assert!(by_line("//go:build sqlite && !lib\npackage main\n", &["sqlite".to_owned()]));
        let old = |lines: &str| by_line(&format!("// {lines}\n\npackage main\n"), &[]);
        assert!(["+build linux darwin", "+build !windows,amd64", "+build unix\n// +build !cgo"].into_iter().all(old));
        assert!(!["+build pprof", "+build linux,cgo", "+build linux\n// +build ignore"].into_iter().any(old));
    }
}
