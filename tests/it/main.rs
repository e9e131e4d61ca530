<<<<<<< HEAD
mod store;
mod store_directory;
mod store_suite;
=======
mod audit;
>>>>>>> audit
