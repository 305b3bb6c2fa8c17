//! A kill at any moment of a write leaves old or new files, never a torn or missing one, and the next run finishes.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use dockgen::fs::Tree;
use dockgen::model::RelPath;
use dockgen::model::plan::Rendered;
use dockgen::write::{self, Action, Job, Lock, Step};

use crate::project::Project;

const FILES: [&str; 3] = ["Dockerfile", ".dockerignore", "compose.yaml"];
const EDIT: &str = "# an edit\n";

fn generation(number: u32) -> Vec<Rendered> {
    FILES.iter().map(|path| Rendered { path: RelPath::known(path), text: format!("# {path} {number}\n{}# end\n", "middle\n".repeat(9)) }).collect()
}

fn tree(project: &Project) -> Tree {
    dockgen::fs::disk::scan(project.path()).expect("scanned")
}

/// Writes a generation over what stands in the folder.
fn write_generation(folder: &std::path::Path, number: u32, watch: &mut dyn FnMut(Step)) -> Vec<Action> {
    let tree = dockgen::fs::disk::scan(folder).expect("scanned");
    let before = Lock::read(&tree.root()).expect("a lock");
    let set = write::compare(generation(number), &tree.root(), &before, false).expect("compared");
    assert_eq!(set.refused().count(), 0, "refused: {set:?}");
    let after = set.lock(&before);
    write::apply(&Job { files: set.files(), before: &before, after: &after }, folder, watch).expect("written");
    set.changes.into_iter().map(|change| change.action).collect()
}

/// Not a test of its own: the process that is killed.
#[test]
#[ignore = "run by the test below"]
fn dies_at_a_step() {
    let (Ok(folder), Ok(last)) = (std::env::var("KILL_FOLDER"), std::env::var("KILL_AT")) else { return };
    let last: usize = last.parse().expect("a number");
    let mut step = 0;
    write_generation(std::path::Path::new(&folder), 2, &mut |_| {
        if step == last {
            // The one signal that no process can answer; a shell has `kill` where the machine has no program of that name.
            Command::new("sh").args(["-c", &format!("kill -9 {}", std::process::id())]).status().expect("a shell runs");
            std::thread::sleep(std::time::Duration::from_mins(1));
        }
        step += 1;
    });
}

#[test]
fn each_step_may_be_the_last() {
    let mut steps = Vec::new();
    let project = Project::new(&[]);
    write_generation(project.path(), 1, &mut |_| {});
    write_generation(project.path(), 2, &mut |step| steps.push(step));
    assert_eq!(steps, [Step::Make, Step::Make, Step::Make, Step::Make, Step::Announce, Step::Move, Step::Move, Step::Move, Step::Conclude]);
    for last in 0..steps.len() {
        let project = Project::new(&[]);
        write_generation(project.path(), 1, &mut |_| {});
        // One of the files was edited.
        project.edit("Dockerfile", "# end\n", &format!("# end\n{EDIT}"));
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "kill::dies_at_a_step", "--ignored"])
            .env("KILL_FOLDER", project.path())
            .env("KILL_AT", last.to_string())
            .output()
            .expect("runs")
            .status;
        assert_eq!(status.signal(), Some(9), "step {last}: {status}");
        let moved = steps[..last].iter().filter(|step| **step == Step::Move).count();
        for (place, path) in FILES.iter().enumerate() {
            let number = if place < moved { 2 } else { 1 };
            let edit = if *path == "Dockerfile" { EDIT } else { "" };
            let whole = format!("{}{edit}", generation(number)[place].text);
            assert_eq!(project.read(path), whole, "step {last}: {path} is torn");
        }
        // The next run knows what it finds, whatever it is to write, and leaves nothing lying about.
        Lock::read(&tree(&project).root()).expect("the lock is whole");
        let actions = write_generation(project.path(), 3, &mut |_| {});
        assert_eq!(actions, [Action::Merge, Action::Update, Action::Update], "step {last}");
        assert_eq!(project.read("Dockerfile"), format!("{}{EDIT}", generation(3)[0].text), "step {last}");
        assert_eq!(project.names(), [".dockerignore", "Dockerfile", "compose.yaml", "dockgen.lock"], "step {last}");
    }
}
