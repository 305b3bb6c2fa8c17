#!/usr/bin/env bash
# Times whole processes in turn, on the fixtures and on a tree of 100,000 files:
#   dockgen detect | dockgen init --dry-run | nixpacks plan | cargo metadata | rg --files
# Needs hyperfine and ripgrep; nixpacks (from crates.io) is left out where it is not installed.
#
# usage: benches/compare.sh [RUNS]      prints a table; nothing is written to the repository
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-50}
cargo build --release --quiet
dockgen=${CARGO_TARGET_DIR:-target}/release/dockgen
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# mean of a command in milliseconds; its exit code does not matter here
mean() { hyperfine -N -i --warmup 5 --runs "$runs" --export-json "$work/out.json" "$1" >/dev/null 2>&1 && python3 -c 'import json,sys; print("%.1f" % (1000*json.load(open(sys.argv[1]))["results"][0]["mean"]))' "$work/out.json"; }

printf '%-28s %10s %10s %10s\n' project detect 'dry run' nixpacks
for fixture in tests/fixtures/*/; do
  name=$(basename "$fixture")
  cp -r "$fixture" "$work/$name"
  peer=-
  if command -v nixpacks >/dev/null; then peer=$(mean "nixpacks plan $work/$name"); fi
  printf '%-28s %10s %10s %10s\n' "$name" "$(mean "$dockgen detect $work/$name")" "$(mean "$dockgen init --yes --dry-run $work/$name")" "$peer"
done

echo
workspace=tests/fixtures/rust-workspace
if [ -d "$workspace" ]; then
  echo "cargo workspace: detect $(mean "$dockgen detect $work/rust-workspace") ms, cargo metadata --no-deps --offline $(mean "cargo metadata --no-deps --offline --format-version 1 --manifest-path $work/rust-workspace/Cargo.toml") ms"
fi

# 100,000 files, half of them in ignored folders
mkdir -p "$work/large"
python3 - "$work/large" <<'PY'
import os, sys
root = sys.argv[1]
open(f"{root}/.gitignore", "w").write("ignored/\n")
open(f"{root}/go.mod", "w").write("module example.com/large\n\ngo 1.27\n")
open(f"{root}/main.go", "w").write("package main\n\nfunc main() {}\n")
for part in ("kept", "ignored"):
    for folder in range(500):
        path = f"{root}/{part}/d{folder}"
        os.makedirs(path)
        for file in range(100):
            open(f"{path}/f{file}.txt", "w").close()
PY
echo "100,000 files: detect $(mean "$dockgen detect $work/large") ms, rg --files $(mean "rg --files --no-require-git --hidden $work/large") ms"
