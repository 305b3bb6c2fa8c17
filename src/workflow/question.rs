//! What the wizard asks: for each question the choices with their reasons, the detected one first in hand.

use crate::catalog::services::Services;
use crate::catalog::{CHECKED, StackPack, files};
use crate::model::evidence::tame;
use crate::model::plan::{Plan, ServicePlan};
use crate::model::question::Question;
use crate::model::{Cmd, Decision, Kind, Open, ServiceDraft};

/// How a question is put.
pub(super) enum Form {
    /// One of these values, each with what is shown; the place of the detected one.
    Pick { values: Vec<String>, shown: Vec<String>, at: usize },
    /// A line of text, with the detected one.
    Text { detected: String, check: fn(&str) -> Result<(), String> },
    /// Any of these, with what is chosen.
    Many { values: Vec<String>, shown: Vec<String>, chosen: Vec<bool> },
}

/// A question as it is put.
pub(super) struct Asked {
    /// The question.
    pub question: Question,
    /// The words.
    pub prompt: String,
    /// The form.
    pub form: Form,
    /// What holds where nothing else is said; `None` for a tie, which must be answered.
    pub detected: Option<String>,
}

/// The entry of a list that leads to a line of text.
pub(super) const OTHER: &str = "another one ..";

/// A question that the project leaves open: its candidates with their evidence.
pub(super) fn tie(open: &Open) -> Asked {
    let prompt = format!("{}: {}", open.question.prompt(), open.message);
    let values: Vec<String> = open.candidates.iter().map(|(value, _)| value.clone()).collect();
    let mut shown: Vec<String> = open.candidates.iter().map(|(value, source)| format!("{}  ({source})", tame(value))).collect();
    let form = match open.question {
        question if values.is_empty() => Form::Text { detected: String::new(), check: check_of(question, false) },
        Question::StartCmd | Question::BuildCmd | Question::Port => {
            shown.push(OTHER.to_owned());
            Form::Pick { values, shown, at: 0 }
        }
        _ => Form::Pick { values, shown, at: 0 },
    };
    Asked { question: open.question, prompt, form, detected: None }
}

/// A question about one service, where there is a choice.
pub(super) fn of_service(question: Question, draft: &ServiceDraft, plan: Option<&ServicePlan>, pack: &StackPack) -> Option<Asked> {
    let (form, detected) = match question {
        Question::Stack => stack(draft),
        Question::RuntimeVersion => runtime(draft, pack)?,
        Question::PackageManager => {
            let ids: Vec<&str> = pack.package_manager.iter().map(|row| row.id.as_str()).collect();
            let decision = draft.package_manager.as_ref().filter(|_| ids.len() > 1)?;
            pick(&ids, &decision.value, &decision.source.to_string())
        }
        Question::BuildCmd => command(question, draft.build.as_ref()?),
        Question::StartCmd if draft.kind != Kind::Site => command(question, draft.start.as_ref()?),
        Question::Port if matches!(draft.kind, Kind::Server) => match &draft.port {
            Some(decision) => (Form::Text { detected: decision.value.to_string(), check: check_of(question, true) }, Some(decision.value.to_string())),
            None => (Form::Text { detected: String::new(), check: check_of(question, true) }, Some(String::new())),
        },
        Question::Base => {
            let plan = plan?;
            let ids: Vec<&str> = pack.bases.keys().map(String::as_str).filter(|id| !draft.refused.contains_key(*id)).collect();
            if ids.len() < 2 {
                return None;
            }
            pick(&ids, &plan.base, plan.why.get("base").map_or("", String::as_str))
        }
        _ => return None,
    };
    let why = match question {
        Question::BuildCmd => draft.build.as_ref().map(|decision| decision.source.to_string()),
        Question::StartCmd => draft.start.as_ref().map(|decision| decision.source.to_string()),
        Question::Port => draft.port.as_ref().map(|decision| decision.source.to_string()),
        _ => None,
    };
    let prompt = why.map_or_else(|| question.prompt().to_owned(), |why| format!("{} ({why})", question.prompt()));
    Some(Asked { question, prompt, form, detected })
}

fn stack(draft: &ServiceDraft) -> (Form, Option<String>) {
    pick(&files::stacks(), draft.pack, "detected")
}

/// The platform where nothing was found.
pub(super) fn any_stack() -> Asked {
    let values: Vec<String> = files::stacks().into_iter().map(str::to_owned).collect();
    let form = Form::Pick { shown: values.clone(), values, at: 0 };
    Asked { question: Question::Stack, prompt: "platform: nothing was detected".to_owned(), form, detected: None }
}

fn pick(ids: &[&str], detected: &str, why: &str) -> (Form, Option<String>) {
    let mut values: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    if !ids.contains(&detected) {
        values.insert(0, detected.to_owned());
    }
    let shown = values.iter().map(|value| if value == detected && !why.is_empty() { format!("{value}  ({why})") } else { value.clone() }).collect();
    let at = values.iter().position(|value| value == detected).unwrap_or(0);
    (Form::Pick { values, shown, at }, Some(detected.to_owned()))
}

fn runtime(draft: &ServiceDraft, pack: &StackPack) -> Option<(Form, Option<String>)> {
    let (decision, row) = draft.runtime.as_ref().zip(pack.runtime.as_ref())?;
    let detected = decision.value.to_string();
    let lines: Vec<String> = row.lines.iter().rev().filter(|line| line.end_of_life.as_str() > CHECKED).map(|line| line.version.to_string()).collect();
    let (mut form, detected) = pick(&lines.iter().map(String::as_str).collect::<Vec<_>>(), &detected, &decision.source.to_string());
    if let Form::Pick { shown, .. } = &mut form {
        shown.push(OTHER.to_owned());
    }
    Some((form, detected))
}

fn command(question: Question, decision: &Decision<Cmd>) -> (Form, Option<String>) {
    let detected = decision.value.to_string();
    (Form::Text { detected: detected.clone(), check: check_of(question, false) }, Some(detected))
}

/// What a line of text must be.
pub(super) fn check_of(question: Question, may_be_empty: bool) -> fn(&str) -> Result<(), String> {
    match (question, may_be_empty) {
        (Question::Port, true) => |text| if text.is_empty() { Ok(()) } else { port(text) },
        (Question::Port, false) => port,
        (Question::BuildCmd | Question::StartCmd, _) => |text| Cmd::parse(text).map(|_| ()),
        _ => |text| if text.is_empty() { Err("say something, or press Esc to stop".to_owned()) } else { Ok(()) },
    }
}

fn port(text: &str) -> Result<(), String> {
    text.parse::<u16>().ok().filter(|port| *port > 0).map(|_| ()).ok_or_else(|| "a number from 1 to 65535".to_owned())
}

/// Which applications of several.
pub(super) fn apps(drafts: &[ServiceDraft]) -> Asked {
    let values: Vec<String> = drafts.iter().map(|draft| draft.name.clone()).collect();
    let shown = drafts.iter().map(|draft| format!("{}  ({} in {})", draft.name, draft.stack, tame(draft.root.display()))).collect();
    let all = values.join(",");
    let chosen = vec![true; values.len()];
    Asked { question: Question::App, prompt: Question::App.prompt().to_owned(), form: Form::Many { values, shown, chosen }, detected: Some(all) }
}

/// Which databases and brokers.
pub(super) fn services(plan: &Plan) -> Option<Asked> {
    let rows = Services::load().ok()?.service;
    let there: Vec<&str> = plan.compose.as_ref()?.services.iter().filter(|service| service.build.is_none()).map(|service| service.name.as_str()).collect();
    let chosen: Vec<bool> = rows.iter().map(|row| there.contains(&row.id.as_str())).collect();
    let shown = rows.iter().map(|row| format!("{}  ({})", row.title, row.image)).collect();
    let values: Vec<String> = rows.into_iter().map(|row| row.id).collect();
    let detected = values.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|(value, _)| value.as_str()).collect::<Vec<_>>().join(",");
    let form = Form::Many { values, shown, chosen };
    Some(Asked { question: Question::Services, prompt: Question::Services.prompt().to_owned(), form, detected: Some(detected) })
}
