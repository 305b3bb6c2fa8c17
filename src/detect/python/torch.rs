//! `PyTorch`: what the index of Python's packages has for Linux brings CUDA along, which is most of an image and of use to a GPU alone.

use super::project::Project;
use super::wheels::Closure;
use crate::fs::Dir;
use crate::model::{Diagnostic, Evidence};

/// Packages that are `PyTorch`, or need it.
const PACKAGES: &[&str] = &[
    "torch",
    "torchvision",
    "torchaudio",
    "easyocr",
    "lightning",
    "open-clip-torch",
    "openai-whisper",
    "pytorch-lightning",
    "sentence-transformers",
    "timm",
    "ultralytics",
];

/// The warning where production gets CUDA that nobody chose. Whoever names one of `PyTorch`'s own indexes has chosen.
pub fn cuda(dir: &Dir<'_>, project: &Project, closure: &Closure<'_>, manager: &str, service: &str) -> Option<Diagnostic> {
    let manifests = project.files.iter().map(String::as_str).chain(["pyproject.toml", "uv.toml", "Pipfile"]);
    if manifests
        .filter_map(|file| dir.peek(file))
        .any(|text| ["whl/cpu", "whl/cu", "whl/rocm", "whl/xpu", "+cpu"].iter().any(|sign| text.as_str().contains(sign)))
    {
        return None;
    }
    let locked = closure.locked();
    let at: Evidence = if locked.is_empty() {
        project.requirements.iter().find(|one| one.production && PACKAGES.contains(&one.name.as_str()))?.at.clone()
    } else {
        let brings = locked.iter().find(|package| package.name.starts_with("nvidia-") || package.name.starts_with("cuda-"))?;
        locked.iter().find(|package| package.name == "torch").unwrap_or(brings).at.clone()
    };
    let help = match manager {
        "uv" => {
            "without a GPU: name PyTorch's index of CPU wheels (`whl/cpu`) under [[tool.uv.index]] with `explicit = true`, give it to `torch` in [tool.uv.sources], and lock again"
        }
        "poetry" => {
            "without a GPU: name PyTorch's index of CPU wheels (`whl/cpu`) under [[tool.poetry.source]] with `priority = \"explicit\"`, give it to `torch`, and lock again"
        }
        "pdm" => {
            "without a GPU: name PyTorch's index of CPU wheels (`whl/cpu`) under [[tool.pdm.source]] with `include_packages = [\"torch\"]`, and lock again"
        }
        "conda" | "pixi" => "without a GPU: ask for `pytorch-cpu`",
        _ => "without a GPU: add PyTorch's index of CPU wheels (`whl/cpu`) by `--extra-index-url`, and pin `torch` with `+cpu` behind its version",
    };
    let message = format!("service `{service}`: PyTorch brings CUDA into the image, several gigabytes that only a GPU uses");
    Some(Diagnostic::warning("cuda", message).at(at).help(help))
}

#[cfg(test)]
mod tests {
    use super::{Closure, cuda};
    use crate::catalog::StackPack;
    use crate::detect::python::lock;
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    fn warned(files: &[(&str, &str)]) -> bool {
        let tree = Tree::memory(files.iter().copied());
        let project = Project::read(&tree.root()).expect("fine");
        let pack = StackPack::load("python").expect("the pack");
        let closure = Closure::new(&project, lock::production(&tree.root(), "uv.lock", &[("torch".to_owned(), Vec::new())]), &pack);
        cuda(&tree.root(), &project, &closure, "pip", "a").is_some()
    }

    #[test]
    fn cuda_that_nobody_chose() {
        let torch = ("requirements.txt", "torch==2.9.0\n");
        assert!(warned(&[torch]));
        assert!(!warned(&[("requirements.txt", "--extra-index-url https://pytorch.invalid/whl/cpu\ntorch==2.9.0+cpu\n")]));
        assert!(!warned(&[("requirements.txt", "flask\n")]));
        let lock = |needs: &str| {
            format!(
                "[[package]]\nname = \"torch\"\nversion = \"2.9.0\"\ndependencies = [\n    {{ name = \"{needs}\" }},\n]\n\n[[package]]\nname = \"{needs}\"\nversion = \"1\"\n"
            )
        };
        assert!(warned(&[torch, ("uv.lock", &lock("nvidia-cublas-cu12"))]));
        assert!(!warned(&[torch, ("uv.lock", &lock("sympy"))]));
    }
}
