//! The files of the repository, as far as people write and read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold what tools made or fetched.
const NOT_OURS: [&str; 7] = [".git", "target", "node_modules", "corpus", "artifacts", "coverage", "__pycache__"];

/// A text file of the repository.
pub struct File {
    /// Its path from the top of the repository, with `/` between names.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl File {
    /// Whether its name ends in this.
    pub fn is(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }
}

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file, in order.
pub fn all() -> Vec<File> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.sort();
    let files: Vec<File> = paths.iter().filter_map(|path| read(path)).collect();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the files of the repository were not found");
    files
}

/// The Rust files, in order.
pub fn rust() -> Vec<File> {
    all().into_iter().filter(|file| file.is(".rs")).collect()
}

/// A file that has to be there.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the files in a folder that end in `ending`, without it.
pub fn stems(folder: &str, ending: &str) -> Vec<String> {
    let names = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let stems = names.filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_owned()));
    let mut stems: Vec<String> = stems.collect();
    stems.sort();
    assert!(!stems.is_empty(), "{folder} holds no {ending}");
    stems
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let is_ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name);
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && is_ours {
            walk(&entry.path(), paths);
        } else if kind.is_file() && is_ours {
            paths.push(entry.path());
        }
    }
}

fn read(path: &Path) -> Option<File> {
    // What is no UTF-8 is no text: test data in bytes, say.
    let text = String::from_utf8(fs::read(path).unwrap()).ok()?;
    let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    Some(File { path, text })
}
