mod store;
mod store_directory;
mod store_suite;
