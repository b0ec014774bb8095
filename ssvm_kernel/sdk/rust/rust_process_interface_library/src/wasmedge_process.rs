//! The eleven functions of the host, in the module `wasmedge_process`. Texts and buffers are a pointer and a length in bytes.

#[link(wasm_import_module = "wasmedge_process")]
extern "C" {
    /// Adds to the name of the program, which starts out empty.
    pub fn wasmedge_process_set_prog_name(name: *const u8, len: u32);
    /// Adds one argument; the name of the program is none of them.
    pub fn wasmedge_process_add_arg(arg: *const u8, len: u32);
    /// Adds one environment variable; of two with the same name the first counts.
    pub fn wasmedge_process_add_env(name: *const u8, name_len: u32, value: *const u8, value_len: u32);
    /// Adds bytes to the standard input.
    pub fn wasmedge_process_add_stdin(data: *const u8, len: u32);
    /// Sets how many milliseconds the next run may take.
    pub fn wasmedge_process_set_timeout(milliseconds: u32);
    /// Runs the program to its end; returns its exit status.
    pub fn wasmedge_process_run() -> i32;
    /// Returns the exit status of the last run.
    pub fn wasmedge_process_get_exit_code() -> i32;
    /// Returns how many bytes the last run wrote to its standard output.
    pub fn wasmedge_process_get_stdout_len() -> u32;
    /// Copies them to `buffer`, which must have room for all of them.
    pub fn wasmedge_process_get_stdout(buffer: *mut u8);
    /// Returns how many bytes the last run wrote to its standard error.
    pub fn wasmedge_process_get_stderr_len() -> u32;
    /// Copies them to `buffer`, which must have room for all of them.
    pub fn wasmedge_process_get_stderr(buffer: *mut u8);
}
