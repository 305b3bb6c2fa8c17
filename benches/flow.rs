//! scan + detect + plan + render on a project of 5,000 files, and each step of it alone.
#![allow(clippy::disallowed_methods, reason = "benches make their own input")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use dockgen::fs::disk::scan;
use dockgen::model::Answers;
use dockgen::workflow::init::prepare;

/// A Go service among 5,000 source files.
fn project(root: &Path) {
    std::fs::write(root.join("go.mod"), "module example.com/big\n\ngo 1.27\n").expect("written");
    std::fs::write(root.join("main.go"), "package main\n\nimport \"net/http\"\n\nfunc main() {\n\t_ = http.ListenAndServe(\":8080\", nil)\n}\n")
        .expect("written");
    for folder in 0..100 {
        let path = root.join(format!("internal/p{folder}"));
        std::fs::create_dir_all(&path).expect("made");
        for file in 0..50 {
            std::fs::write(
                path.join(format!("f{file}.go")),
                format!("package p{folder}\n\n// F{file} is a function.\nfunc F{file}() int {{ return {file} }}\n"),
            )
            .expect("written");
        }
    }
}

fn flow(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path());
    c.bench_function("scan 5000 files", |b| b.iter(|| scan(black_box(folder.path())).expect("a tree")));
    let tree = scan(folder.path()).expect("a tree");
    c.bench_function("detect, plan, render", |b| b.iter(|| prepare(black_box(&tree), Answers::default())));
    c.bench_function("scan, detect, plan, render 5000 files", |b| {
        b.iter(|| prepare(&scan(black_box(folder.path())).expect("a tree"), Answers::default()));
    });
}

criterion_group!(benches, flow);
criterion_main!(benches);
