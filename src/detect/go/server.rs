//! Whether a program listens, on which port, and how it is asked for its health.

use std::rc::Rc;

use super::Service;
use super::programs::imports;
use super::settings;
use super::wanted;
use crate::catalog::StackPack;
use crate::detect::listening::{self, LISTENERS, Setting, is_likely};
use crate::detect::{asked, health, samples, source};
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::question::Question;
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Health, Kind, ServiceDraft, Source};

/// The port of Go's own examples, where the program gets it from outside.
const USUAL_PORT: u16 = 8080;

/// States what kind of program it is; the words of its command say where it is to listen, where it must be told.
pub fn facts(draft: &mut ServiceDraft, texts: &[Rc<Text>], files: &[Rc<Text>], of: &Service<'_>) -> Result<Vec<String>, Diagnostic> {
    let hints = of.answers.hints(&draft.root, &draft.name);
    let (pack, module) = (of.pack, of.module);
    let framework = pack.frameworks(|name| module.requires(name).is_some() && imports(texts, name)).next();
    if let Some(row) = framework {
        let at = row.dependency.iter().find_map(|name| module.requires(name)).map(|dependency| dependency.at.clone());
        draft.framework = Some(Decision::new(row.id.clone(), at.map_or_else(|| Source::default("a dependency"), Source::File)));
    }
    if framework.is_none() && hints.get(Question::Port).is_none() && only_commands(texts) {
        draft.kind = Kind::Tool;
        draft.health = health(draft, texts);
        return Ok(Vec::new());
    }
    let mut ports = Candidates::new();
    let mut settings = settings::settings(texts);
    settings::configured(texts, files, &mut settings);
    // What a tool wrote describes the program, and says what somebody put into the tool.
    let by_hand = |text: &&Rc<Text>| !source::is_generated(text.as_str());
    let texts_by_hand: Vec<Rc<Text>> = texts.iter().filter(by_hand).cloned().collect();
    // A variable named `port` says something only where the program listens, or asks for its port.
    let own: Vec<Rc<Text>> = texts_by_hand
        .iter()
        .filter(|text| ["\"PORT\"", "ListenAndServe", ".Listen(", ".Run(", ".Start("].iter().any(|word| text.as_str().contains(word)))
        .cloned()
        .collect();
    for (pattern, rule) in PORTS {
        let Ok(pattern) = pattern::pattern(pattern) else { continue };
        for hit in source::find_all(&own, &pattern, "//") {
            if let Some(port) = hit.value.parse().ok().filter(|port| (rule.is_empty() && *port > 0 || is_likely(*port)) && !is_profiler(*port, texts)) {
                ports.push(port, if rule.is_empty() { Source::File(hit.at) } else { Source::inferred(*rule, [hit.at]) });
            }
        }
    }
    let listens = listens(texts);
    let listens_or_frames = listens.is_some() || framework.is_some();
    let (keys, given): (Vec<&Setting>, Vec<&Setting>) =
        settings.iter().filter(|_| listens_or_frames).partition(|one| one.flag.is_none() && one.variable.is_none());
    for setting in given {
        let rule = if setting.flag.is_some() { "the default of a flag" } else { "the default of a variable" };
        ports.extend(setting.port().map(|port| (port, Source::inferred(rule, [setting.at.clone()]))));
    }
    // A file of settings stands above the defaults of its keys.
    ports.extend(source::port_in(files).filter(|_| listens_or_frames && !keys.is_empty()));
    ports.extend(keys.into_iter().filter_map(|key| Some((key.port()?, Source::inferred("the default of a setting", [key.at.clone()])))));
    let mut add = |patterns: &[&str], those: &[Rc<Text>], rule: &str| {
        for pattern in patterns.iter().filter(|_| listens_or_frames).filter_map(|pattern| pattern::pattern(pattern).ok()) {
            // The default of a setting that is none of the program's own place leads to somebody else.
            let of_others = |hit: &source::Hit| settings.iter().any(|one| one.at.line == hit.at.line && one.at.file == hit.at.file && one.port().is_none());
            let found = source::find_all(those, &pattern, "//").into_iter().filter(|hit| !hit.at.raw.contains("RemoteAddr") && !of_others(hit));
            let found = found.filter_map(|hit| Some((hit.value.parse().ok().filter(|port| is_likely(*port) && !is_profiler(*port, texts))?, hit.at)));
            ports.extend(found.map(|(port, at)| (port, if rule.is_empty() { Source::File(at) } else { Source::inferred(rule, [at]) })));
        }
    };
    add(NAMED, &texts_by_hand, "the default of the port");
    add(INSIDE, &own, "");
    // What is nothing but a colon and a number names a port wherever it stands.
    add(&[r#"(?:^|[^+\s])\s*"(?:0\.0\.0\.0)?:(\d{2,5})""#, r#""(?:127\.0\.0\.1|localhost):(\d{2,5})""#], &texts_by_hand, "");
    if listens.is_some() || framework.is_some() {
        ports.extend(source::port_in(files));
    }
    let read =
        source::asks_for_port(&own, r#"(?:Getenv|LookupEnv)\(\s*"NAMES"\s*\)"#).or_else(|| source::asks_for_port(texts, r#"\benv(?:config)?:"NAMES[",]"#));
    let serves = !ports.is_empty() || read.is_some() || listens.is_some() || framework.is_some();
    // The program has no port of its own.
    // Or one that needs rights, which the code replaces by what it is told.
    let told_by = read.filter(|_| ports.iter().all(|(port, _)| *port < listening::FREE));
    if serves {
        let samples = samples::samples(of.dir);
        ports.extend(told_by.as_ref().and_then(|read| samples::port_of(&samples, &read.value)).or_else(|| source::port_in(&samples)));
    }
    if let Some(read) = &told_by {
        ports.push(USUAL_PORT, Source::inferred(format!("it asks {}, which has no default", read.value), [read.at.clone()]));
    }
    if let Some(port) = framework.and_then(|row| row.port) {
        ports.push(port, Source::default(format!("{} listens there", framework.map(|row| row.title.clone()).unwrap_or_default())));
    } else if serves {
        ports.push(USUAL_PORT, Source::default("the port of most Go servers"));
    }
    draft.port = asked::first_port(&hints, listening::without_rights(ports, &settings))?;
    draft.kind = match draft.port {
        Some(_) => Kind::Server,
        None if works(texts) => Kind::Worker,
        None => Kind::Tool,
    };
    if let (Some(port), Some(read)) = (draft.port.clone(), told_by) {
        let value = if read.value.ends_with("PORT") { port.value.to_string() } else { format!(":{}", port.value) };
        draft.set("told", serde_json::json!({ read.value.as_str(): value }));
        draft.env.push((read.value, value));
    }
    let own = draft.port.as_ref().map(|port| port.value.to_string()).unwrap_or_default();
    if let Some(at) =
        search(texts, &format!(r#"(?:Listen|Run|Start|Addr)\w*\W+(?:"tcp",\s*)?(?:fmt\.Sprintf\(\s*)?"((?:127\.0\.0\.1|localhost):(?:{own}|%\w))""#))
    {
        draft.notes.push(loopback(draft, at));
    }
    // A file of settings may say so too.
    let bound = draft.port.as_ref().and_then(|port| port.source.evidence()).filter(|at| ["127.0.0.1:", "localhost:"].iter().any(|host| at.raw.contains(host)));
    if let Some(at) = bound.cloned().filter(|_| draft.kind == Kind::Server && draft.notes.iter().all(|note| note.id != "loopback")) {
        draft.notes.push(loopback(draft, at));
    }
    draft.health = health(draft, texts);
    listening::wants_argument(draft, wanted::argument(texts), &hints);
    let words = listening::tell(draft, &settings);
    listening::wants_variables(draft, wanted::variables(texts));
    Ok(words)
}

/// What is said of a server that nobody can reach.
fn loopback(draft: &ServiceDraft, at: Evidence) -> Diagnostic {
    let message = format!("service `{}` listens on the loopback address only: nothing outside of its container reaches it", draft.name);
    Diagnostic::warning("loopback", message).at(at).help("listen on all addresses: \":8080\" without a host")
}

/// Whether a port is where Go's profiler listens, by its own documentation.
fn is_profiler(port: u16, texts: &[Rc<Text>]) -> bool {
    port == 6060 && texts.iter().any(|text| text.as_str().contains("\"net/http/pprof\""))
}

/// Places that name a port, the surest first, and the rule that makes one of them.
const PORTS: &[(&str, &str)] = &[
    (r#""PORT"\s*,\s*"?:?(\d{2,5})\b"#, "the default of PORT"),
    (r#"\bport\s*:?=\s*":?(\d{2,5})""#, "the default of the port"),
    (r#"cmp\.Or\(os\.Getenv\("PORT"\),\s*":?(\d{2,5})""#, "the default of PORT"),
    (r#"\b(?:ListenAndServe(?:TLS)?|Run|RunTLS|Listen|Start|StartTLS)\(\s*(?:"tcp[46]?",\s*)?"(?:0\.0\.0\.0|\[::\])?:(\d{2,5})""#, ""),
    (r#"\bAddr:\s*"(?:0\.0\.0\.0|\[::\])?:(\d{2,5})""#, ""),
    (r#"\b(?:addr|listenAddr|address|bind)\s*:?=\s*"(?:0\.0\.0\.0|\[::\])?:(\d{2,5})""#, ""),
];

/// The same on an address that nothing outside of the container reaches: what a profiler and the like do.
const INSIDE: &[&str] = &[
    r#"\b(?:ListenAndServe(?:TLS)?|Run|RunTLS|Listen|Start|StartTLS)\(\s*(?:"tcp[46]?",\s*)?"[^":/]+:(\d{2,5})""#,
    r#"\bAddr:\s*"[^":/]+:(\d{2,5})""#,
    r#"\b(?:addr|listenAddr|address|bind)\s*:?=\s*"[^":/]+:(\d{2,5})""#,
];

/// Names of settings that hold the program's own port by default.
const NAMED: &[&str] = &[
    r#"\b(?:[dD]efault)?_?(?:HTTP|[hH]ttp|[wW]eb|SERVER|[sS]erver|LISTEN|[lL]isten|API|[aA]pi|APP|[aA]pp)?_?(?:PORT|[pP]ort)(?:\s+\w+)?\s*:?=\s*"?:?(\d{2,5})\b"#,
    r#"\b(?:[dD]efault)?(?:HTTP|[hH]ttp|[wW]eb|[sS]erver|[lL]isten|[bB]ind|API|[aA]pi)?Addr(?:ess)?\s*(?:\w+\s*)?:?=\s*"[^":/]*:(\d{2,5})""#,
    r#"\b(?:HTTP|Http|Web|Server|API|Api)(?:Listen|Bind)(?:Addr(?:ess)?)?\s*(?:string\s*)?=\s*"[^"\n]*:(\d{2,5})""#,
    r"\b(?:HTTP|Http|Listen|Server)?Port:\s*(\d{2,5})\b",
];

pub fn search(texts: &[Rc<Text>], pattern: &str) -> Option<Evidence> {
    source::find(texts, &pattern::pattern(pattern).ok()?, "//").map(|hit| hit.at)
}

/// Where the program opens a port.
fn listens(texts: &[Rc<Text>]) -> Option<Evidence> {
    let sure = r"\b(ListenAndServe(?:TLS)?\(|net\.Listen\(|http\.Serve\(|grpc\.NewServer\(|\.Listen\(|\.RunTLS\(|\.Serve\()";
    // What runs and starts is a server only where a library for servers is at hand.
    let web = r#""(github\.com/(?:kataras/iris|beego/|go-kratos|zeromicro/go-zero|cloudwego/hertz|gogf/gf|gobuffalo|go-martini|go-fuego|micro/go-micro|go-micro)[^"]*|go-micro\.dev/[^"]*)""#;
    let profiles = texts.iter().any(|text| text.as_str().contains("\"net/http/pprof\""));
    let open = pattern::pattern(sure)
        .ok()
        .and_then(|sure| source::find_all(texts, &sure, "//").into_iter().map(|hit| hit.at).find(|at| !profiles || !at.raw.contains(":6060")));
    open.or_else(|| search(texts, web).and_then(|_| search(texts, r"\b(\.Run\(\s*\w*\)|\.Start\(\w?|\.Spin\()")))
}

/// Whether a program is a server, at a glance.
pub fn serves(texts: &[Rc<Text>], pack: &StackPack) -> bool {
    (listens(texts).is_some() || pack.frameworks(|name| imports(texts, name)).next().is_some()) && !only_commands(texts)
}

/// Whether these texts, a program's own, make a server: they open a port, or hold the server that does.
pub fn listens_itself(texts: &[Rc<Text>]) -> bool {
    listens(texts).is_some() || search(texts, r"\b(http\.Server\{)").is_some()
}

/// Whether a program without a port runs on: it takes work from a queue, speaks for a bot, or waits for the clock.
pub fn works(texts: &[Rc<Text>]) -> bool {
    const QUEUES: &str = r#""(github\.com/(?:hibiken/asynq|rabbitmq/amqp091-go|segmentio/kafka-go|IBM/sarama|Shopify/sarama|confluentinc/confluent-kafka-go|nats-io/nats\.go|bwmarrin/discordgo|go-telegram|go-telegram-bot-api|mymmrac/telego|slack-go/slack/socketmode|robfig/cron|go-co-op/gocron|riverqueue/river|gocraft/work|twmb/franz-go)[^"]*|go\.temporal\.io/sdk/worker|gopkg\.in/telebot[^"]*)""#;
    const ARGUMENTS: &str = r#""(flag|github\.com/spf13/(?:cobra|pflag)|github\.com/urfave/cli[^"]*|github\.com/alecthomas/kong)""#;
    let waits = || search(texts, r"(\bselect\s*\{\s*\}|\btime\.(?:NewTicker|Tick)\()").is_some();
    search(texts, QUEUES).is_some() || search(texts, ARGUMENTS).is_none() && waits()
}

/// The libraries that give a program commands, and how each names one.
const COMMANDS: &[(&str, &str)] =
    &[("\"github.com/spf13/cobra\"", r#"\bUse:\s*"(NAMES)\b"#), ("/cli", r#"\bcli\.Command\{\s*Name:\s*"(NAMES)""#), ("/cli", r#"\{\s*Name:\s*"(NAMES)","#)];

/// The command above all others, which runs: between its braces, where no line is nothing but a brace.
const ROOT_RUNS: &str = r"(?m)\b(root\w*\s*:?=\s*&cobra\.Command\{)\n(?:\t*(?:[^\n\t})][^\n]*|[})]+[^\n]+)?\n){0,60}?\t+RunE?:";

/// Whether flags stand before the command: the standard library reads them up to the first word that is none.
pub fn flags_lead(texts: &[Rc<Text>]) -> bool {
    texts.iter().any(|text| text.as_str().contains("flag.Arg(0)"))
}

/// The command of a command line program that listens.
pub fn subcommand(texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    // A program that looks at its first argument itself.
    let by_hand = |text: &&Rc<Text>| ["flag.Arg(0)", "flag.Args()", "os.Args[1"].iter().any(|word| text.as_str().contains(word));
    let hands: Vec<Rc<Text>> = texts.iter().filter(by_hand).cloned().collect();
    let own = |name: &str| source::find(&hands, &pattern::pattern(&format!(r#"\bcase\s+"({name})""#)).ok()?, "//").map(|hit| (hit.value, hit.at));
    if let Some(found) = ["serve", "server", "start"].into_iter().find_map(own) {
        return Some(found);
    }
    let command = |name: &str| {
        COMMANDS.iter().find_map(|(import, pattern)| {
            let pattern = pattern::pattern(&pattern.replace("NAMES", name)).ok().filter(|_| texts.iter().any(|text| text.as_str().contains(import)))?;
            source::find(texts, &pattern, "//").map(|hit| (hit.value, hit.at))
        })
    };
    // Where the program does its work without a command, only what says so by its name serves too: others may belong to another command.
    let words = if search(texts, ROOT_RUNS).is_some() { "serve|server" } else { LISTENERS };
    let found = words.split('|').find_map(command)?;
    // What can be stopped by a command is started in the background: it runs where it is asked to.
    let runs = if found.0 == "start" { command("stop").and_then(|_| command("run")) } else { None };
    Some(runs.unwrap_or(found))
}

/// Whether a program has several commands, none of which is a server's, and does nothing without one.
fn only_commands(texts: &[Rc<Text>]) -> bool {
    let cobra = texts.iter().any(|text| text.as_str().contains("\"github.com/spf13/cobra\""));
    let listed = search(texts, r"(\bCommands\s*[:=]\s*\[\]\*?cli\.Command\{)").is_some();
    let hits = |text: &str| pattern::pattern(text).map(|pattern| source::find_all(texts, &pattern, "//").len()).unwrap_or_default();
    let many = cobra && hits(r#"\bUse:\s*"(\w+)"#) > 2 && search(texts, r"(?i)\b(root\w*\s*:?=\s*&cobra\.Command\{[^}]*\bRunE?:)").is_none()
        || listed && hits(r#"\bName:\s*"(\w+)""#) > 1;
    many && subcommand(texts).is_none() && search(texts, ROOT_RUNS).is_none()
}

fn health(draft: &ServiceDraft, texts: &[Rc<Text>]) -> Health {
    if draft.kind != Kind::Server {
        return Health::None { because: format!("`{}` serves no port", draft.name) };
    }
    let speaks_http = draft.framework.is_some()
        || search(texts, r#"(\bListenAndServe(?:TLS)?\(|\bhttp\.Serve\(|\bhttp\.Server\{|"github\.com/go-kratos/kratos/v2/transport/http")"#).is_some();
    // What it serves beside says nothing of a port that is named for gRPC.
    let named = draft.port.as_ref().and_then(|port| port.source.evidence()).is_some_and(|at| at.raw.to_ascii_lowercase().contains("grpc"));
    let speaks_grpc = (!speaks_http || named) && search(texts, r"\b(grpc\.NewServer\()").is_some();
    if speaks_grpc {
        return Health::None { because: format!("`{}` speaks gRPC, which nothing in this image can ask", draft.name) };
    }
    Health::Http(health::route(texts))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use crate::detect::detect;
    use crate::fs::{Text, Tree};
    use crate::model::{Answers, RelPath};

    fn port(body: &str) -> Option<u16> {
        let source = format!("package main\nimport \"net/http\"\n{body}\n");
        let found = detect(&Tree::memory([("go.mod", "module example.com/a\n\ngo 1.24\n"), ("main.go", &source)]), &Answers::default());
        found.services.first()?.port.as_ref().map(|port| port.value)
    }

    #[test]
    fn a_program_may_choose_its_command_by_hand() {
        let words = |body: &str| {
            let text = Rc::new(Text::new(RelPath::known("main.go"), body));
            super::subcommand(&[text]).map(|(word, _)| word).unwrap_or_default()
        };
        assert_eq!(words("switch flag.Arg(0) {\ncase \"start\":\n\tstart()\ncase \"version\":\n}"), "start");
        assert_eq!(words("switch state {\ncase \"start\":\n\tstart()\n}"), "");
    }

    #[test]
    fn what_runs_in_the_background_is_not_started() {
        let words = |commands: &str| {
            let body =
                commands.split(' ').fold("import \"github.com/spf13/cobra\"\n".to_owned(), |all, name| format!("{all}cobra.Command{{Use: \"{name}\"}}\n"));
            super::subcommand(&[Rc::new(Text::new(RelPath::known("main.go"), &body))]).map(|(word, _)| word)
        };
        assert_eq!(words("start stop run").as_deref(), Some("run"));
        assert_eq!(words("start run").as_deref(), Some("start"));
    }

    #[test]
    fn a_program_that_runs_without_a_command_is_given_none_of_another_s() {
        let words = |root: &str, name: &str| {
            let body = format!(
                "import \"github.com/spf13/cobra\"\nvar (\n\trootCmd = &cobra.Command{{\n{root}\t}}\n)\nvar other = &cobra.Command{{\n\tUse: \"{name}\",\n\tRun: f,\n}}\n"
            );
            super::subcommand(&[Rc::new(Text::new(RelPath::known("main.go"), &body))]).map(|(word, _)| word)
        };
        let runs = "\t\tUse: \"a\",\n\t\tPreRun: func() {\n\t\t\tb()\n\t\t},\n\t\tRun: func() {\n\t\t\tc()\n\t\t},\n";
        assert_eq!(words(runs, "start"), None);
        assert_eq!(words(runs, "serve").as_deref(), Some("serve"));
        assert_eq!(words("\t\tUse: \"a\",\n", "start").as_deref(), Some("start"));
    }

    #[test]
    fn a_package_for_tests_and_the_profiler_make_no_server() {
        let files = |main: &str, package: &str| {
            let main = format!("package main\nimport (\n \"net/http\"\n _ \"net/http/pprof\"\n \"example.com/a/pkg/{package}\"\n)\n{main}\n");
            let other = format!("package {package}\nfunc F() {{ port := 40212; http.ListenAndServe(fmt.Sprint(port), nil) }}\n");
            let files = [("go.mod".to_owned(), "module example.com/a\n".to_owned()), ("main.go".to_owned(), main), (format!("pkg/{package}/a.go"), other)];
            let found = detect(&Tree::memory(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))), &Answers::default());
            found.services[0].port.as_ref().map(|port| port.value)
        };
        assert_eq!(files("func main() { http.ListenAndServe(\"localhost:6060\", nil); test.F() }", "test"), None);
        assert_eq!(files("func main() { serve.F() }", "serve"), Some(40212));
    }

    #[test]
    fn ports_are_read_where_programs_write_them() {
        for body in [
            "func main() { http.ListenAndServe(\":4321\", nil) }",
            "func main() { s := http.Server{\n Addr: \"0.0.0.0:4321\",\n}\n s.ListenAndServe() }",
            "func main() { port := \"4321\"; http.ListenAndServe(\":\"+port, nil) }",
            "const (\n serverPort = 4321\n dbPort = 5432\n)\nfunc main() { http.ListenAndServe(fmt.Sprintf(\":%d\", serverPort), nil) }",
            "const PORT = \"4321\"\nfunc main() { http.ListenAndServe(\":\"+PORT, nil) }",
            "type C struct {\n Port int `env:\"PORT\" envDefault:\"4321\"`\n DBPort int `env:\"DB_PORT\" envDefault:\"5432\"`\n}\nfunc main() { http.ListenAndServe(a, nil) }",
            "var addr = flag.String(\"addr\", \":4321\", \"address\")\nfunc main() { http.ListenAndServe(*addr, nil) }",
            "func main() { http.ListenAndServe(\":\"+cmp.Or(os.Getenv(\"PORT\"), \"4321\"), nil) }",
            "type C struct {\n Tracing string `env:\"OTLP_ENDPOINT\" envDefault:\"localhost:4400\"`\n}\nfunc main() { http.ListenAndServe(\":4321\", nil) }",
            "import _ \"net/http/pprof\"\nfunc main() { go http.ListenAndServe(\":6060\", nil); http.ListenAndServe(\":4321\", nil) }",
            "const defaultPortDoH = 443\nfunc main() { http.ListenAndServe(\":4321\", nil) }",
            "type C struct {\n Consul string `long:\"address\" env:\"ADDRESS\" default:\"http://127.0.0.1:8500\"`\n}\nfunc main() { http.ListenAndServe(\":4321\", nil) }",
            "const redisPort = 6379\nconst smtpPort = 2525\nvar defaultAddr = \":4321\"\nfunc main() { http.ListenAndServe(defaultAddr, nil) }",
        ] {
            assert_eq!(port(body), Some(4321), "{body}");
        }
    }
}
