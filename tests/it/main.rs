mod store;
mod store_suite;
