//! .NET: projects and solutions in C#, F# and Visual Basic.

use std::rc::Rc;

use super::{Recogniser, look};
use crate::detect::{Found, source};
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, tool_versions, xml};
use crate::model::{Claim, Cmd, Decision, Diagnostic, Evidence, Kind, RelPath, ServiceDraft, Source, Strength, Version};

/// The recogniser.
pub const DOTNET: Recogniser = Recogniser { stacks: &["dotnet"], claims, draft };

const PROJECTS: &[&str] = &["csproj", "fsproj", "vbproj"];

/// Folders whose projects are beside the point where there are others.
const ASIDE: &[&str] = &["test", "tests", "sample", "samples", "example", "examples", "benchmark", "benchmarks", "perf", "tools", "build", "docs"];

/// Above this number a solution's projects are no longer read one by one.
const MOST_PROJECTS: usize = 200;

fn is_project(name: &str) -> bool {
    PROJECTS.contains(&look::ending(name))
}

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    let file = dir.files().find(|file| is_project(file) || matches!(look::ending(file), "sln" | "slnx"))?;
    Some(Claim::new(Strength::Certain, Evidence::file(dir.at(file))))
}

/// What a project is for, the more telling last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Library,
    Aside,
    Tool,
    Worker,
    Pages,
    Web,
}

struct Project {
    path: RelPath,
    home: RelPath,
    doc: Document,
    role: Role,
}

fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let mut projects = Vec::new();
    for path in dir.files_below().filter(|path| is_project(path.name())).take(MOST_PROJECTS) {
        if let Some(text) = dir.tree().read(path)? {
            let doc = xml::parse(&text)?;
            let role = role(&doc, path, dir);
            projects.push(Project { path: path.clone(), home: path.parent().unwrap_or_default(), doc, role });
        }
    }
    let mut found = Found { services: Vec::new(), covers: projects.iter().map(|project| project.home.clone()).filter(|home| home != dir.path()).collect() };
    // Beside what serves, programs for the shell are tools of the developers.
    let best = projects.iter().map(|project| project.role).max().unwrap_or(Role::Library);
    let wanted = |role: Role| match best {
        Role::Web | Role::Pages | Role::Worker => role >= Role::Worker,
        other => role == other,
    };
    let several = projects.iter().filter(|project| wanted(project.role)).count();
    for project in projects.iter().filter(|project| wanted(project.role)).take(if best > Role::Aside { usize::MAX } else { 1 }) {
        found.services.push(service(dir, project, best <= Role::Aside && several > 1)?);
    }
    if found.services.is_empty() {
        let mut draft = start(dir.path().clone(), "app", claims(dir).map_or_else(|| Evidence::file(dir.path().clone()), |claim| claim.because));
        super::nothing_to_run(&mut draft, "the solution's projects are not in the repository");
        found.services.push(draft);
    }
    Ok(found)
}

fn start(root: RelPath, name: &str, at: Evidence) -> ServiceDraft {
    let mut draft = ServiceDraft::new("", root, name);
    draft.stack = "dotnet".to_owned();
    draft.package_manager = Some(Decision::new("dotnet".to_owned(), Source::File(at)));
    draft
}

fn service(dir: &Dir<'_>, project: &Project, whole: bool) -> Result<ServiceDraft, Diagnostic> {
    let home = dir.tree().dir(project.home.clone());
    let stem = project.path.name().rsplit_once('.').map_or(project.path.name(), |(stem, _)| stem);
    let root = if whole { dir.path().clone() } else { project.home.clone() };
    let mut draft = start(root, stem, Evidence::file(project.path.clone()));
    draft.context = dir.path().clone();
    draft.runtime = versions(&home, dir, project)?;
    let sdk = sdk(&project.doc);
    match project.role {
        Role::Web => {
            let functions = uses(&project.doc, "Microsoft.Azure.Functions.Worker");
            let name = if functions { "azure-functions" } else { "aspnetcore" };
            let rule = if functions { "it depends on the Functions worker" } else { "the project's SDK" };
            draft.framework = Some(Decision::new(name.to_owned(), Source::inferred(rule, [sdk])));
            draft.port = port(&home, draft.runtime.as_ref());
        }
        Role::Pages => {
            draft.framework = Some(Decision::new("blazor-webassembly".to_owned(), Source::inferred("the project's SDK", [sdk])));
            draft.kind = Kind::Site;
        }
        Role::Worker => draft.kind = Kind::Worker,
        Role::Tool => draft.kind = Kind::Tool,
        Role::Aside | Role::Library => {
            draft.kind = Kind::Tool;
            super::nothing_to_run(&mut draft, "no project makes a program: they are libraries");
            return Ok(draft);
        }
    }
    let file = project.path.below(dir.path()).unwrap_or_default();
    let publish = Cmd::exec(["dotnet", "publish", file, "-c", "Release", "-o", "out"]);
    draft.build = Some(Decision::new(Cmd::Shell(publish.to_string()), Source::inferred("the project file", [Evidence::file(project.path.clone())])));
    if project.role != Role::Pages {
        let named = property(&project.doc, "AssemblyName").filter(|(name, _)| !name.contains("$("));
        let (name, source) = match named {
            Some((name, at)) => (name, Source::File(at)),
            None => (stem.to_owned(), Source::inferred("the project's name", [Evidence::file(project.path.clone())])),
        };
        let stated = look::procfile(dir, &["web", "worker"])?;
        draft.start = look::picked(stated.into_iter().chain([(Cmd::exec(["dotnet".to_owned(), format!("{name}.dll")]), source)]));
    }
    Ok(draft)
}

fn sdk(doc: &Document) -> Evidence {
    doc.string(&["Project", "@Sdk"]).map_or_else(|| doc.whole(), |(_, at)| at)
}

fn role(doc: &Document, path: &RelPath, dir: &Dir<'_>) -> Role {
    let sdk = doc.str(&["Project", "@Sdk"]).or_else(|| doc.str(&["Project", "Sdk", "@Name"])).unwrap_or_default();
    let name = path.name().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let is_true = |key: &str| property(doc, key).is_some_and(|(value, _)| value.eq_ignore_ascii_case("true"));
    let tests = is_true("IsTestProject")
        || ["Microsoft.NET.Test.Sdk", "xunit", "NUnit", "MSTest", "MSTest.TestFramework", "BenchmarkDotNet"].iter().any(|package| uses(doc, package));
    let folders = path.parent().and_then(|home| home.below(dir.path()).map(str::to_ascii_lowercase)).unwrap_or_default();
    let host = sdk.starts_with("Aspire.AppHost")
        || doc.str(&["Project", "Sdk", "@Name"]).is_some_and(|sdk| sdk.starts_with("Aspire.AppHost"))
        || is_true("IsAspireHost");
    if tests || host || stem.ends_with("tests") || look::ending(stem) == "test" || folders.split('/').any(|folder| ASIDE.contains(&folder)) {
        return Role::Aside;
    }
    let runs = property(doc, "OutputType").is_some_and(|(value, _)| value.eq_ignore_ascii_case("exe"));
    match sdk {
        // A library of pages says that it is none.
        "Microsoft.NET.Sdk.Web" if property(doc, "OutputType").is_some_and(|(value, _)| value.eq_ignore_ascii_case("library")) => Role::Library,
        "Microsoft.NET.Sdk.Web" => Role::Web,
        "Microsoft.NET.Sdk.BlazorWebAssembly" => Role::Pages,
        "Microsoft.NET.Sdk.Worker" => Role::Worker,
        _ if runs && (uses(doc, "Microsoft.AspNetCore.App") || uses(doc, "Microsoft.Azure.Functions.Worker")) => Role::Web,
        _ if runs => Role::Tool,
        _ => Role::Library,
    }
}

/// The first value of a property.
fn property(doc: &Document, key: &str) -> Option<(String, Evidence)> {
    let project = doc.get(&["Project"])?;
    let node = project.entries().filter(|(name, _)| *name == "PropertyGroup").find_map(|(_, group)| group.get(&[key]))?;
    let text = node.scalar().or_else(|| node.get(&["#text"]).and_then(Node::scalar)).filter(|text| !text.is_empty())?;
    let mut at = doc.evidence(&[key], node);
    at.raw.clone_from(&text);
    Some((text, at))
}

/// Whether a package or a framework is referred to.
fn uses(doc: &Document, package: &str) -> bool {
    let groups = doc.get(&["Project"]).into_iter().flat_map(Node::entries).filter(|(name, _)| *name == "ItemGroup");
    groups.flat_map(|(_, group)| group.entries()).any(|(name, item)| {
        matches!(name, "PackageReference" | "FrameworkReference")
            && item.get(&["@Include"]).and_then(|node| node.str()).is_some_and(|id| id.eq_ignore_ascii_case(package))
    })
}

/// The version of a target framework: `net10.0`, `netcoreapp3.1`, `net48`.
fn target(text: &str) -> Option<Version> {
    let text = text.trim();
    if text.starts_with("netstandard") {
        return None;
    }
    let digits = text.strip_prefix("netcoreapp").or_else(|| text.strip_prefix("net")).or_else(|| text.strip_prefix('v'))?;
    let digits = digits.split('-').next().unwrap_or_default();
    if digits.contains('.') {
        return digits.parse().ok();
    }
    // The old framework's monikers have no points.
    digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.chars().map(String::from).collect::<Vec<_>>().join("."))?.parse().ok()
}

/// What the project targets, its own file first, then the properties that it inherits, then the SDK that is pinned.
fn versions(home: &Dir<'_>, dir: &Dir<'_>, project: &Project) -> Result<Option<Decision<Version>>, Diagnostic> {
    let mut documents: Vec<Document> = Vec::new();
    let mut folder = Some(home.path().clone());
    while let Some(path) = folder {
        let here = home.tree().dir(path.clone());
        for file in ["Directory.Build.props", "Directory.Packages.props"] {
            documents.extend(here.peek(file).and_then(|text| xml::parse(&text).ok()));
        }
        folder = path.parent();
    }
    let mut found = Vec::new();
    for doc in std::iter::once(&project.doc).chain(&documents) {
        let Some((mut text, at)) = ["TargetFramework", "TargetFrameworks", "TargetFrameworkVersion"].iter().find_map(|key| property(doc, key)) else {
            continue;
        };
        if let Some(name) = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) {
            let Some((value, _)) = std::iter::once(&project.doc).chain(&documents).find_map(|doc| property(doc, name)) else { continue };
            text = value;
        }
        let newest = text.split(';').filter_map(target).max();
        found.extend(newest.map(|version| (version, Source::File(at))));
    }
    for place in [home, dir, &home.tree().root()] {
        if let Some(doc) = Document::read(place, "global.json")?
            && let Some((text, at)) = doc.string(&["sdk", "version"])
        {
            found.extend(look::version(text).map(|version| (version.truncate(2), Source::File(at))));
            break;
        }
    }
    found.extend(
        tool_versions::read(dir, &["dotnet", "dotnet-core"])?.into_iter().filter_map(|(text, at)| Some((look::version(&text)?.truncate(2), Source::File(at)))),
    );
    Ok(look::picked(found))
}

/// The port: what the code or its settings name, else what the images of .NET set.
fn port(home: &Dir<'_>, runtime: Option<&Decision<Version>>) -> Option<Decision<u16>> {
    let settings: Vec<Rc<Text>> = ["appsettings.json", "appsettings.Production.json"].iter().filter_map(|file| home.peek(file)).collect();
    let code = source::files(home, &["cs", "fs", "vb"], &[]);
    let stated = look::among(&settings, r#""(?i:urls)"\s*:\s*"http://[^":]*:(\d+)"#, "//")
        // Any other `Url` is a neighbour's.
        .or_else(|| look::among(&settings, r#"(?s)"Kestrel"\s*:\s*\{.{0,300}?"Url"\s*:\s*"http://[^":]*:(\d+)"#, "//"))
        .or_else(|| look::among(&code, r#"(?:UseUrls|\.Run|Urls\.Add)\(\s*\$?"http://[^":]*:(\d+)"#, "//"))
        .or_else(|| look::among(&code, r"\bListen(?:AnyIP|Localhost)\(\s*(\d+)", "//"))
        .or_else(|| look::among(&code, r#"GetEnvironmentVariable\("PORT"\)\s*\?\?\s*"(\d+)""#, "//"));
    let stated = stated.and_then(|hit| Some((look::port(&hit.value)?, Source::File(hit.at))));
    let old = runtime.is_some_and(|runtime| runtime.value.major() < 8);
    let usual = if old { (80, "the images of .NET before 8 listen on it") } else { (8080, "the images of .NET listen on it") };
    look::picked(stated.into_iter().chain([(usual.0, Source::default(usual.1))]))
}

#[cfg(test)]
mod tests {
    use super::{draft, target};
    use crate::fs::Tree;

    const WEB: &str =
        "<Project Sdk=\"Microsoft.NET.Sdk.Web\">\n  <PropertyGroup>\n    <TargetFramework>net10.0</TargetFramework>\n  </PropertyGroup>\n</Project>";

    #[test]
    fn monikers_are_versions() {
        for (text, want) in
            [("net10.0", Some("10.0")), ("netcoreapp3.1", Some("3.1")), ("net8.0-windows", Some("8.0")), ("net48", Some("4.8")), ("netstandard2.0", None)]
        {
            assert_eq!(target(text).map(|v| v.to_string()).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_solution_has_the_services_that_serve() {
        let tool = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup></Project>";
        let test = "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><PackageReference Include=\"xunit\" /></ItemGroup></Project>";
        let worker = "<Project Sdk=\"Microsoft.NET.Sdk.Worker\"><PropertyGroup><TargetFramework>$(Net)</TargetFramework></PropertyGroup></Project>";
        let tree = Tree::memory([
            ("Shop.sln", ""),
            ("Directory.Build.props", "<Project><PropertyGroup><Net>net9.0</Net></PropertyGroup></Project>"),
            ("src/Web/Web.csproj", WEB),
            ("src/Web/appsettings.json", "{ \"Identity\": { \"Url\": \"http://localhost:5223\" } }"),
            ("src/Web/Program.cs", "// app.Run(\"http://x:1\")\napp.Run(\"http://0.0.0.0:3000\");\n"),
            ("src/Jobs/Jobs.csproj", worker),
            ("src/Cli/Cli.csproj", tool),
            ("tests/Web.Tests/Web.Tests.csproj", test),
        ]);
        let found = draft(&tree.root()).expect("fine");
        let rows: Vec<_> = found
            .services
            .iter()
            .map(|s| (s.root.as_str(), s.runtime.as_ref().map(|d| d.value.to_string()).unwrap_or_default(), s.port.as_ref().map(|d| d.value)))
            .collect();
        assert_eq!(rows, [("src/Jobs", "9.0".to_owned(), None), ("src/Web", "10.0".to_owned(), Some(3000))]);
        assert_eq!(found.services[1].start.as_ref().map(|d| d.value.to_string()).as_deref(), Some("dotnet Web.dll"));
    }

    #[test]
    fn a_library_is_said_to_be_one() {
        let tree = Tree::memory([(
            "A.csproj",
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFrameworks>netstandard2.0;net8.0</TargetFrameworks></PropertyGroup></Project>",
        )]);
        let found = draft(&tree.root()).expect("fine");
        assert_eq!(found.services[0].runtime.as_ref().map(|d| d.value.to_string()).as_deref(), Some("8.0"));
        assert_eq!(found.services[0].open.len(), 1);
    }
}
