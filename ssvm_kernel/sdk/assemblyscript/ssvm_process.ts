// Run programs on the host, where the person who runs the guest allows it.
//
//   import { Command } from "ssvm_process";
//
//   const output = new Command("git").arg("status").output();
//   console.log(output.text);
//
// wasmedge_process has the same under the interface's later name.

/** Status of a program that was denied, not found, or is none; the error output says which. */
export const REFUSED: i32 = -1;
/** Status of a program that was stopped after its time was up. */
export const TIMED_OUT: i32 = 110;

/** How a program ended and what it wrote. */
export class Output {
  constructor(
    /** Its exit status: `REFUSED` when it did not run, `TIMED_OUT` when its time was up. */
    public status: i32,
    /** What it wrote to its standard output. */
    public stdout: Uint8Array,
    /** What it wrote to its standard error, or why it did not run. */
    public stderr: Uint8Array,
  ) {}

  /** Its standard output as text. */
  get text(): string {
    return String.UTF8.decodeUnsafe(this.stdout.dataStart, this.stdout.length);
  }

  /** Its standard error as text. */
  get error(): string {
    return String.UTF8.decodeUnsafe(this.stderr.dataStart, this.stderr.length);
  }
}

/** A program to run on the host, with everything that is given to it. It can be run more than once. */
export class Command {
  /** Its arguments, without the name. */
  arguments: string[] = [];
  /** Its environment; at first the guest's own. */
  environment: Map<string, string> = new Map<string, string>();
  /** How many milliseconds it may take. */
  milliseconds: u32 = 10000;
  /** Its standard input. */
  input: Uint8Array = new Uint8Array(0);

  constructor(
    /** Its name or path. */
    public name: string,
  ) {
    const names = process.env.keys();
    for (let i = 0; i < names.length; i++) this.environment.set(names[i], process.env.get(names[i]));
  }

  /** Add one argument. */
  arg(text: string): Command {
    this.arguments.push(text);
    return this;
  }

  /** Add arguments. */
  args(texts: string[]): Command {
    for (let i = 0; i < texts.length; i++) this.arguments.push(texts[i]);
    return this;
  }

  /** Set one variable of the environment, in place of an earlier value. */
  env(name: string, value: string): Command {
    this.environment.set(name, value);
    return this;
  }

  /** Add text to the standard input. */
  stdin(text: string): Command {
    return this.stdinBytes(Uint8Array.wrap(String.UTF8.encode(text)));
  }

  /** Add bytes to the standard input. */
  stdinBytes(data: Uint8Array): Command {
    const all = new Uint8Array(this.input.length + data.length);
    all.set(this.input);
    all.set(data, this.input.length);
    this.input = all;
    return this;
  }

  /** Set how many milliseconds the program may take. */
  timeout(milliseconds: u32): Command {
    this.milliseconds = milliseconds;
    return this;
  }

  /** Run the program to its end. Throws when the name, an argument or the environment has a NUL in it. */
  output(): Output {
    const variables = this.environment.keys();
    withoutNul("the program's name", this.name);
    for (let i = 0; i < this.arguments.length; i++) withoutNul("an argument", this.arguments[i]);
    for (let i = 0; i < variables.length; i++) {
      withoutNul("the environment", variables[i]);
      withoutNul("the environment", this.environment.get(variables[i]));
    }
    const name = String.UTF8.encode(this.name);
    ssvm_process_set_prog_name(changetype<usize>(name), name.byteLength);
    for (let i = 0; i < this.arguments.length; i++) {
      const arg = String.UTF8.encode(this.arguments[i]);
      ssvm_process_add_arg(changetype<usize>(arg), arg.byteLength);
    }
    for (let i = 0; i < variables.length; i++) {
      const key = String.UTF8.encode(variables[i]);
      const value = String.UTF8.encode(this.environment.get(variables[i]));
      ssvm_process_add_env(changetype<usize>(key), key.byteLength, changetype<usize>(value), value.byteLength);
    }
    ssvm_process_set_timeout(this.milliseconds);
    ssvm_process_add_stdin(this.input.dataStart, this.input.length);
    const status = ssvm_process_run();
    const stdout = new Uint8Array(ssvm_process_get_stdout_len());
    ssvm_process_get_stdout(stdout.dataStart);
    const stderr = new Uint8Array(ssvm_process_get_stderr_len());
    ssvm_process_get_stderr(stderr.dataStart);
    return new Output(status, stdout, stderr);
  }
}

function withoutNul(what: string, text: string): void {
  if (text.includes("\0")) throw new Error(what + " has a NUL in it");
}

// The eleven functions of the host. Texts and buffers are a pointer and a length in bytes. What the next run is to be
// comes first; the host forgets it after the run.

/** Add to the name of the program, which starts out empty. */
@external("ssvm_process", "ssvm_process_set_prog_name")
export declare function ssvm_process_set_prog_name(text: usize, size: i32): void;
/** Add one argument; the name of the program is none of them. */
@external("ssvm_process", "ssvm_process_add_arg")
export declare function ssvm_process_add_arg(text: usize, size: i32): void;
/** Add one environment variable; of two with the same name the first counts. */
@external("ssvm_process", "ssvm_process_add_env")
export declare function ssvm_process_add_env(name: usize, nameSize: i32, value: usize, valueSize: i32): void;
/** Add bytes to the standard input. */
@external("ssvm_process", "ssvm_process_add_stdin")
export declare function ssvm_process_add_stdin(data: usize, size: i32): void;
/** Set how many milliseconds the next run may take. */
@external("ssvm_process", "ssvm_process_set_timeout")
export declare function ssvm_process_set_timeout(milliseconds: u32): void;
/** Run the program to its end; returns its exit status. */
@external("ssvm_process", "ssvm_process_run")
export declare function ssvm_process_run(): i32;
/** Return the exit status of the last run. */
@external("ssvm_process", "ssvm_process_get_exit_code")
export declare function ssvm_process_get_exit_code(): i32;
/** Return how many bytes the last run wrote to its standard output. */
@external("ssvm_process", "ssvm_process_get_stdout_len")
export declare function ssvm_process_get_stdout_len(): i32;
/** Copy them to a buffer, which must have room for all of them. */
@external("ssvm_process", "ssvm_process_get_stdout")
export declare function ssvm_process_get_stdout(buffer: usize): void;
/** Return how many bytes the last run wrote to its standard error. */
@external("ssvm_process", "ssvm_process_get_stderr_len")
export declare function ssvm_process_get_stderr_len(): i32;
/** Copy them to a buffer, which must have room for all of them. */
@external("ssvm_process", "ssvm_process_get_stderr")
export declare function ssvm_process_get_stderr(buffer: usize): void;
