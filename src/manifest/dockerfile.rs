//! A Dockerfile as facts, each with its line.

use std::collections::BTreeMap;

use parse_dockerfile::{Command, HealthcheckArguments, Instruction, Source};

use crate::fs::Text;
use crate::model::{Cmd, Diagnostic, Evidence, RelPath};

/// Names of a Dockerfile beside the code, then in the folders where teams keep it.
pub const NAMES: &[&str] = &["Dockerfile", "Containerfile", "docker/Dockerfile", ".docker/Dockerfile", "build/Dockerfile", "deploy/Dockerfile"];

/// What a Dockerfile says.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Where it lies.
    pub path: RelPath,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, empty where it has none.
    pub name: String,
    /// What it stands on, with the defaults of ARGs filled in; `None` where an ARG without a default decides.
    pub image: Option<String>,
    /// The line of its FROM.
    pub line: u32,
    /// The stage that it stands on, if it is one.
    pub parent: Option<usize>,
    /// Its instructions.
    pub steps: Vec<Step>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Step {
    /// The line on which it begins.
    pub line: u32,
    /// The text as written, with its continuation lines.
    pub text: String,
    /// What it says.
    pub says: Says,
}

/// What an instruction says, as far as somebody asks.
#[derive(Clone, Debug)]
pub enum Says {
    /// COPY or ADD.
    Copy {
        /// The stage or image that it copies from; `None` for the build context.
        from: Option<String>,
        /// The sources; what a heredoc holds is none.
        sources: Vec<String>,
        /// The destination.
        dest: String,
    },
    /// RUN.
    Run,
    /// EXPOSE.
    Expose(Vec<String>),
    /// ENV.
    Env(Vec<(String, String)>),
    /// ARG with a default.
    Arg(Vec<(String, String)>),
    /// WORKDIR.
    Workdir(String),
    /// ENTRYPOINT.
    Entrypoint(Cmd),
    /// CMD.
    Cmd(Cmd),
    /// HEALTHCHECK with a command.
    Health(Cmd),
    /// Anything else.
    Other,
}

impl Recipe {
    /// Reads a Dockerfile.
    pub fn read(text: &Text) -> Result<Self, Diagnostic> {
        // `ENTRYPOINT []` takes an entry point away; the parser wants a word.
        let filled = Text::new(text.path().clone(), &text.as_str().replace("ENTRYPOINT []", "ENTRYPOINT [\"\"]").replace("CMD []", "CMD [\"\"]"));
        let text = &filled;
        let parsed = parse_dockerfile::parse(text.as_str()).map_err(|error| {
            Diagnostic::error("broken-dockerfile", format!("`{}` does not parse: {}", text.path(), crate::model::evidence::tame(&error.to_string())))
                .at(Evidence::file(text.path().clone()))
        })?;
        let args: BTreeMap<String, String> = parsed.global_args().flat_map(|arg| pairs(&arg.arguments.value)).collect();
        let mut stages: Vec<Stage> = Vec::new();
        for stage in parsed.stages() {
            let image = fill(&stage.from.image.value, &args);
            let parent = image.as_ref().and_then(|image| stages.iter().position(|known| !known.name.is_empty() && known.name == *image));
            let steps = stage.instructions.iter().map(|instruction| step(text, instruction)).collect();
            let name = stage.from.as_.as_ref().map(|(_, name)| name.value.to_string()).unwrap_or_default();
            stages.push(Stage { name, image, line: text.line_of(stage.from.from.span.start), parent, steps });
        }
        Ok(Self { path: text.path().clone(), stages })
    }

    /// The last stage and those that it stands on, the last one first.
    pub fn last(&self) -> Vec<&Stage> {
        self.stages.last().map(|stage| self.chain(stage)).unwrap_or_default()
    }

    /// A stage and those that it stands on, itself first.
    pub fn chain<'a>(&'a self, stage: &'a Stage) -> Vec<&'a Stage> {
        let mut chain = vec![stage];
        let mut at = stage.parent;
        while let Some(stage) = at.and_then(|at| self.stages.get(at)) {
            chain.push(stage);
            at = stage.parent;
        }
        chain
    }

    /// Every instruction.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// The stages that stand on an image, with that image.
    pub fn images(&self) -> impl Iterator<Item = (&Stage, &str)> {
        self.stages.iter().filter(|stage| stage.parent.is_none()).filter_map(|stage| Some((stage, stage.image.as_deref()?)))
    }

    /// A place in it.
    pub fn at(&self, line: u32, raw: impl Into<String>) -> Evidence {
        Evidence::line(self.path.clone(), line, raw)
    }

    /// The variables that hold where the last stage runs.
    pub fn env(&self) -> BTreeMap<&str, &str> {
        let mut all = BTreeMap::new();
        for stage in self.last().into_iter().rev() {
            for step in &stage.steps {
                if let Says::Env(pairs) | Says::Arg(pairs) = &step.says {
                    all.extend(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                }
            }
        }
        all
    }

    /// What the last stage says last, of what `pick` looks for.
    pub fn effective<'a, T>(&'a self, pick: impl Fn(&'a Step) -> Option<T>) -> Option<T> {
        self.last().into_iter().find_map(|stage| stage.steps.iter().rev().find_map(&pick))
    }
}

impl Step {
    /// The line on which a part of this instruction stands.
    pub fn line_of(&self, part: &str) -> u32 {
        let before = self.text.find(part).map_or(0, |at| self.text[..at].matches('\n').count());
        self.line + u32::try_from(before).unwrap_or(0)
    }

    /// The simple commands of a RUN, word by word.
    pub fn commands(&self) -> Vec<Vec<String>> {
        let body = self.text.trim_start().get(3..).unwrap_or_default();
        let joined: String = body.replace("\\\n", " ");
        let mut commands = Vec::new();
        for line in joined.lines().filter(|line| !line.trim_start().starts_with('#')) {
            for part in line.split(['&', ';', '|', '(', ')']) {
                let words = shlex::split(part).unwrap_or_else(|| part.split_whitespace().map(str::to_owned).collect());
                let plain =
                    |word: &&String| word.starts_with("--mount") || word.starts_with("--network") || word.starts_with("--security") || is_assignment(word);
                let skip = words.iter().take_while(plain).count();
                if skip < words.len() {
                    commands.push(words[skip..].to_vec());
                }
            }
        }
        commands
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn step(text: &Text, instruction: &Instruction<'_>) -> Step {
    let source = text.as_str();
    let of = |start: usize| Step { line: text.line_of(start), text: whole(source, start), says: Says::Other };
    let words = |arguments: &[parse_dockerfile::UnescapedString<'_>]| arguments.iter().map(|word| word.value.to_string()).collect::<Vec<_>>();
    let copy = |start: usize, options: &[parse_dockerfile::Flag<'_>], sources: &[Source<'_>], dest: &str| {
        let from = options.iter().find(|flag| flag.name.value == "from").and_then(|flag| flag.value.as_ref()).map(|value| value.value.to_string());
        let sources = sources.iter().filter_map(|source| if let Source::Path(path) = source { Some(path.value.to_string()) } else { None }).collect();
        Step { says: Says::Copy { from, sources, dest: dest.to_owned() }, ..of(start) }
    };
    match instruction {
        Instruction::Copy(it) => copy(it.copy.span.start, &it.options, &it.src, &it.dest.value),
        Instruction::Add(it) => copy(it.add.span.start, &it.options, &it.src, &it.dest.value),
        Instruction::Run(it) => Step { says: Says::Run, ..of(it.run.span.start) },
        Instruction::Expose(it) => Step { says: Says::Expose(words(&it.arguments)), ..of(it.expose.span.start) },
        Instruction::Env(it) => Step { says: Says::Env(pairs(&it.arguments.value)), ..of(it.env.span.start) },
        Instruction::Arg(it) => Step { says: Says::Arg(pairs(&it.arguments.value)), ..of(it.arg.span.start) },
        Instruction::Workdir(it) => Step { says: Says::Workdir(it.arguments.value.to_string()), ..of(it.workdir.span.start) },
        Instruction::Entrypoint(it) => Step { says: Says::Entrypoint(command(&it.arguments)), ..of(it.entrypoint.span.start) },
        Instruction::Cmd(it) => Step { says: Says::Cmd(command(&it.arguments)), ..of(it.cmd.span.start) },
        Instruction::Healthcheck(it) => match &it.arguments {
            HealthcheckArguments::Cmd { arguments, .. } => Step { says: Says::Health(command(arguments)), ..of(it.healthcheck.span.start) },
            _ => of(it.healthcheck.span.start),
        },
        Instruction::From(it) => of(it.from.span.start),
        Instruction::User(it) => of(it.user.span.start),
        Instruction::Label(it) => of(it.label.span.start),
        _ => Step { line: 0, text: String::new(), says: Says::Other },
    }
}

fn command(command: &Command<'_>) -> Cmd {
    match command {
        Command::Exec(words) => Cmd::Exec(words.value.iter().map(|word| word.value.to_string()).collect()),
        Command::Shell(text) => Cmd::Shell(text.value.replace("\\\n", " ")),
        _ => Cmd::Exec(Vec::new()),
    }
}

/// An instruction from its first letter to the end of its last line, comments and heredocs within it included.
fn whole(source: &str, start: usize) -> String {
    let mut text = String::new();
    let mut heredoc: Option<String> = None;
    for line in source[start..].split_inclusive('\n') {
        text.push_str(line);
        let bare = line.trim();
        if let Some(end) = &heredoc {
            if bare == end {
                break;
            }
            continue;
        }
        heredoc = line.split_once("<<").map(|(_, rest)| {
            rest.trim_start_matches('-').trim_start_matches(['\'', '"']).chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        });
        heredoc = heredoc.filter(|end| !end.is_empty());
        let goes_on = bare.ends_with('\\') || bare.is_empty() || bare.starts_with('#') || heredoc.is_some();
        if !goes_on {
            break;
        }
    }
    text.trim_end().to_owned()
}

/// `A=1 B="2"`, or the old form `A 1`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\n", " ");
    let words = shlex::split(&text).unwrap_or_default();
    match &words[..] {
        [name, rest @ ..] if !name.contains('=') && !rest.is_empty() => vec![(name.clone(), rest.join(" "))],
        words => words.iter().filter_map(|word| word.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

/// Fills in `$NAME`, `${NAME}` and `${NAME:-default}`; `None` where a variable is not known.
pub fn fill(text: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, default, tail) = if let Some(inner) = after.strip_prefix('{') {
            let (inner, tail) = inner.split_once('}')?;
            let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-')).map_or((inner, None), |(name, default)| (name, Some(default)));
            (name, default, tail)
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            (&after[..end], None, &after[end..])
        };
        out.push_str(known.get(name).map(String::as_str).or(default)?);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Recipe, Says};
    use crate::fs::Text;
    use crate::model::RelPath;

    const TEXT: &str = "ARG V=20\nFROM node:${V}-slim AS build\nRUN --mount=type=cache,target=/x \\\n    # why\n    npm ci \\\n    && NODE_ENV=production npm run build\nFROM build\nENV PORT=3000 A=\"b c\"\nCOPY --from=build /a /b\nEXPOSE $PORT\nCMD [\"node\", \"x.js\"]\n";

    #[test]
    fn facts_have_their_lines() {
        let recipe = Recipe::read(&Text::new(RelPath::known("Dockerfile"), TEXT)).expect("parses");
        assert_eq!(recipe.stages[0].image.as_deref(), Some("node:20-slim"));
        assert_eq!(recipe.stages[1].parent, Some(0));
        let run = &recipe.stages[0].steps[0];
        assert_eq!((run.line, run.line_of("npm ci"), run.line_of("npm run")), (3, 5, 6));
        assert_eq!(run.commands(), [vec!["npm", "ci"], vec!["npm", "run", "build"]]);
        assert_eq!(recipe.env().get("A"), Some(&"b c"));
        assert!(recipe.effective(|step| matches!(&step.says, Says::Cmd(_)).then_some(step.line)) == Some(11));
    }
}
