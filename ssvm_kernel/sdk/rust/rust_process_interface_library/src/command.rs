use std::collections::HashMap;

use crate::output::Output;
#[cfg(not(feature = "wasmedge"))]
use crate::ssvm_process::{
    ssvm_process_add_arg as add_arg, ssvm_process_add_env as add_env, ssvm_process_add_stdin as add_stdin,
    ssvm_process_get_stderr as get_stderr, ssvm_process_get_stderr_len as get_stderr_len,
    ssvm_process_get_stdout as get_stdout, ssvm_process_get_stdout_len as get_stdout_len, ssvm_process_run as run,
    ssvm_process_set_prog_name as set_prog_name, ssvm_process_set_timeout as set_timeout,
};
#[cfg(feature = "wasmedge")]
use crate::wasmedge_process::{
    wasmedge_process_add_arg as add_arg, wasmedge_process_add_env as add_env,
    wasmedge_process_add_stdin as add_stdin, wasmedge_process_get_stderr as get_stderr,
    wasmedge_process_get_stderr_len as get_stderr_len, wasmedge_process_get_stdout as get_stdout,
    wasmedge_process_get_stdout_len as get_stdout_len, wasmedge_process_run as run,
    wasmedge_process_set_prog_name as set_prog_name, wasmedge_process_set_timeout as set_timeout,
};

const DEFAULT_TIMEOUT_MS: u32 = 10_000;

/// A program to run on the host, with everything that is given to it.
pub struct Command {
    /// Its name or path.
    pub name: String,
    /// Its arguments, without the name.
    pub args_list: Vec<String>,
    /// Its environment.
    pub envp_map: HashMap<String, String>,
    /// How many milliseconds it may take.
    pub timeout_val: u32,
    /// Its standard input.
    pub stdin_str: Vec<u8>,
}

impl Command {
    /// Starts from the program's name, the guest's own environment and ten seconds of time.
    pub fn new<S: AsRef<str>>(prog: S) -> Command {
        Command::named(prog.as_ref())
    }

    /// Adds one argument.
    pub fn arg<S: AsRef<str>>(&mut self, arg: S) -> &mut Command {
        self.add_arg(arg.as_ref())
    }

    /// Adds arguments.
    pub fn args<I, S>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        for arg in args {
            self.add_arg(arg.as_ref());
        }
        self
    }

    /// Removes all arguments.
    pub fn args_clear(&mut self) -> &mut Command {
        self.args_list.clear();
        self
    }

    /// Sets one variable of the environment, in place of an earlier value.
    pub fn env<K, V>(&mut self, key: K, val: V) -> &mut Command
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        self.set_env(key.as_ref(), val.as_ref())
    }

    /// Sets variables of the environment.
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<str>,
        V: AsRef<str>,
    {
        for (key, val) in vars {
            self.set_env(key.as_ref(), val.as_ref());
        }
        self
    }

    /// Adds text to the standard input.
    ///
    /// # Panics
    ///
    /// When the text has a NUL in it; bytes that may have one go through [`Command::stdin_u8vec`].
    pub fn stdin<S: AsRef<str>>(&mut self, buf: S) -> &mut Command {
        self.add_stdin(without_nul("stdin", buf.as_ref()).as_bytes())
    }

    /// Adds one byte to the standard input.
    pub fn stdin_u8(&mut self, buf: u8) -> &mut Command {
        self.add_stdin(&[buf])
    }

    /// Adds bytes to the standard input.
    pub fn stdin_u8vec<S: AsRef<[u8]>>(&mut self, buf: S) -> &mut Command {
        self.add_stdin(buf.as_ref())
    }

    /// Sets how many milliseconds the program may take.
    pub fn timeout(&mut self, time: u32) -> &mut Command {
        self.timeout_val = time;
        self
    }

    /// Runs the program to its end; a command can be run again.
    ///
    /// # Panics
    ///
    /// When the name, an argument or the environment has a NUL in it.
    pub fn output(&mut self) -> Output {
        let name = without_nul("the program's name", &self.name);
        let args: Vec<&str> = self.args_list.iter().map(|arg| without_nul("an argument", arg)).collect();
        for text in self.envp_map.iter().flat_map(|(key, val)| [key, val]) {
            without_nul("the environment", text);
        }
        // SAFETY: each pointer comes with the length of the slice it was taken from, and each buffer has the length
        // that the host gave for what it copies there.
        unsafe {
            set_prog_name(name.as_ptr(), length(name));
            for arg in args {
                add_arg(arg.as_ptr(), length(arg));
            }
            for (key, val) in &self.envp_map {
                add_env(key.as_ptr(), length(key), val.as_ptr(), length(val));
            }
            set_timeout(self.timeout_val);
            add_stdin(self.stdin_str.as_ptr(), length(&self.stdin_str));
            let status = run();
            let mut stdout = vec![0; get_stdout_len() as usize];
            let mut stderr = vec![0; get_stderr_len() as usize];
            get_stdout(stdout.as_mut_ptr());
            get_stderr(stderr.as_mut_ptr());
            Output { status, stdout, stderr }
        }
    }
}

// What does not depend on a type of the caller's is here, so that it is compiled once and not again with each guest.
impl Command {
    fn named(prog: &str) -> Command {
        Command {
            name: prog.to_owned(),
            args_list: Vec::new(),
            envp_map: std::env::vars().collect(),
            timeout_val: DEFAULT_TIMEOUT_MS,
            stdin_str: Vec::new(),
        }
    }

    fn add_arg(&mut self, arg: &str) -> &mut Command {
        self.args_list.push(arg.to_owned());
        self
    }

    fn set_env(&mut self, key: &str, val: &str) -> &mut Command {
        self.envp_map.insert(key.to_owned(), val.to_owned());
        self
    }

    fn add_stdin(&mut self, data: &[u8]) -> &mut Command {
        self.stdin_str.extend_from_slice(data);
        self
    }
}

fn length<T: AsRef<[u8]> + ?Sized>(data: &T) -> u32 {
    data.as_ref().len() as u32 // a guest's memory ends at 4 GiB
}

fn without_nul<'a>(what: &str, text: &'a str) -> &'a str {
    assert!(!text.contains('\0'), "{what} has a NUL in it");
    text
}
