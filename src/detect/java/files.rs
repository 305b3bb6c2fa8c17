//! What a program of the Java virtual machine reads and writes beside its archive.

use std::rc::Rc;

use super::settings;
use crate::detect::reads::Reads;
use crate::detect::source;
use crate::detect::writes::compiled::Language;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::ServiceDraft;

/// Calls that take a path.
const PATHS: &str = r#"\b(?:File(?:InputStream|Reader)?|Paths\.get|Path\.of|Path)\(\s*"((?:\./)?[\w.-][\w./-]*)"\s*\)"#;

const WRITTEN: Language = Language {
    files: &[r#"\b(?:FileOutputStream|FileWriter|PrintWriter)\(\s*"([\w./-]+)""#, r"jdbc:sqlite:(?:file:)?([\w./-]+)"],
    folders: &[
        r#"\bnew\s+File\(\s*"([\w./-]+)"\s*\)\.mkdirs?\("#,
        r#"\bFiles\.createDirector(?:y|ies)\(\s*(?:Paths\.get|Path\.of|Path)\(\s*"([\w./-]+)"\s*\)"#,
    ],
    settings: &[r#"\bString\s+(\w+)\s*=\s*"([^"\n]+)""#, r#"\bval\s+(\w+)(?:\s*:\s*String)?\s*=\s*"([^"\n]+)""#],
    keeps: r"(jdbc:sqlite:|jdbc:h2:(?:file:|\.|/)|jdbc:hsqldb:file:|createDirector|\bmkdirs?\(|FileOutputStream|FileWriter|PrintWriter\(|Files\.(?:write|copy|newBufferedWriter|createFile)|transferTo\()",
    databases: r"(jdbc:sqlite:[\w./-])",
};

/// States both; `seen` stands before the module's folder, seen from the build context.
pub fn state(draft: &mut ServiceDraft, home: &Dir<'_>, seen: &str, texts: &[Rc<Text>]) {
    let mut reads = Reads::default();
    if let Ok(pattern) = pattern::pattern(PATHS) {
        for hit in source::find_all(texts, &pattern, "//") {
            let path = hit.value.trim_start_matches("./").trim_end_matches('/');
            // Sources are there for the build.
            if !matches!(path.split('/').next(), Some("src" | "build" | "target" | "gradle" | "pom.xml")) && !path.starts_with('.') {
                reads.also(home, path, seen, hit.at);
            }
        }
    }
    reads.state(draft);
    // The archive is started where it lies.
    draft.set("stays", true);
    let told = settings::texts(home);
    let all: Vec<Rc<Text>> = texts.iter().chain(&told).cloned().collect();
    WRITTEN.search_more(home, draft, &all, &told, |found, _| {
        let Ok(pattern) = pattern::pattern(r"jdbc:(?:h2|hsqldb):(?:file:)?(\.{0,2}/?[\w-][\w./-]*)[;\x22'}\s]") else { return };
        for hit in source::find_all(&all, &pattern, "#").into_iter().filter(|hit| !matches!(hit.value.as_str(), "mem" | "tcp" | "ssl" | "nio")) {
            // The library makes more than one file of the name.
            match hit.value.rsplit_once('/').filter(|(folder, _)| !folder.is_empty() && *folder != ".") {
                Some((folder, _)) => found.folder(folder, hit.at, &[]),
                None => found.alone(&format!("{}.mv.db", hit.value.trim_start_matches("./")), hit.at),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn facts(code: &str, settings: &str) -> String {
        let pom = "<project><artifactId>a</artifactId><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies><build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>";
        let code = format!("package a;\nclass A {{\n  public static void main(String[] a) {{}}\n  {code}\n}}\n");
        let tree = Tree::memory([
            ("pom.xml", pom),
            ("src/main/java/a/A.java", code.as_str()),
            ("src/main/resources/application.properties", settings),
            ("config.properties", "a=1\n"),
        ]);
        let found = detect(&tree, &Answers::default());
        let facts = found.services[0].facts.iter().filter(|(name, _)| name == "reads" || name == "writes");
        facts.map(|(name, fact)| format!("{name} {}", fact.value)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn files_beside_the_archive() {
        for (code, settings, expected) in [
            ("", "spring.datasource.url=jdbc:sqlite:dev.db\n", "writes dev.db"),
            ("", "spring.datasource.url=jdbc:h2:file:./data/shop;MODE=MySQL\n", "writes data"),
            ("", "spring.datasource.url=jdbc:h2:./shop\n", "writes shop.mv.db"),
            ("", "spring.datasource.url=jdbc:h2:mem:shop\n", ""),
            ("new FileReader(\"config.properties\");", "", "reads config.properties"),
            ("new File(\"src\"); new File(\"none.txt\");", "", ""),
            ("Files.createDirectories(Paths.get(\"uploads\"));", "", "writes uploads"),
        ] {
            assert_eq!(facts(code, settings), expected, "{code} {settings}");
        }
    }
}
