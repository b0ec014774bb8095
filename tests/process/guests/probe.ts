// The probe in AssemblyScript; README.md beside it says what it does.
import { Command } from "ssvm_process";

function word(at: i32): string {
  return at < process.argv.length ? process.argv[at] : "";
}

function command(scenario: string, n: string): Command | null {
  if (scenario == "args") return new Command("printf").args(["[%s]", "one", "", "two words", 'zwei ü "$HOME" \\n']);
  if (scenario == "env") return new Command("env").env("A", "1").env("EMPTY", "").env("EQUALS", "x=y ü");
  if (scenario == "text") return new Command("cat").stdin("first line\nzweite Zeile ü\n");
  if (scenario == "binary") {
    const bytes = new Uint8Array(256);
    for (let i = 0; i < 256; i++) bytes[i] = <u8>i;
    return new Command("cat").stdinBytes(bytes);
  }
  if (scenario == "timeout") return new Command("sleep").arg("1000").timeout(300);
  if (scenario == "exit") return new Command("sh").args(["-c", "echo out; echo err >&2; exit $0", n]);
  if (scenario == "large") return new Command("sh").args(["-c", "yes 0123456 | head -c $0", n]).timeout(100000);
  return null;
}

function hash(data: Uint8Array): u32 {
  let h: u32 = 0;
  for (let i = 0; i < data.length; i += 61) h = h * 31 + data[i];
  return h;
}

const found = command(word(1), word(2));
if (found === null) process.exit(2);
const output = found!.output();
const out = output.stdout;
const err = output.stderr;
console.log(`${output.status} ${out.length} ${err.length} ${hash(out)}`);
if (out.length <= 4096) process.stdout.write(out.buffer);
process.stderr.write(err.buffer);
