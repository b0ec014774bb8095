// The probe in Rust; README.md beside it says what it does.
use rust_process_interface_library::Command;
use std::io::Write;

fn command(scenario: &str, n: &str) -> Option<Command> {
    let mut command = Command::new(match scenario {
        "args" => "printf",
        "env" => "env",
        "text" | "binary" => "cat",
        "timeout" => "sleep",
        "exit" | "large" => "sh",
        _ => return None,
    });
    match scenario {
        "args" => command.args(["[%s]", "one", "", "two words", "zwei ü \"$HOME\" \\n"]),
        "env" => command.env("A", "1").env("EMPTY", "").env("EQUALS", "x=y ü"),
        "text" => command.stdin("first line\nzweite Zeile ü\n"),
        "binary" => command.stdin_u8vec((0..=255).collect::<Vec<u8>>()),
        "timeout" => command.arg("1000").timeout(300),
        "exit" => command.args(["-c", "echo out; echo err >&2; exit $0", n]),
        _ => command.args(["-c", "yes 0123456 | head -c $0", n]).timeout(100_000),
    };
    Some(command)
}

fn hash(data: &[u8]) -> u32 {
    data.iter().step_by(61).fold(0, |h: u32, byte| h.wrapping_mul(31).wrapping_add(u32::from(*byte)))
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let word = |at: usize| args.get(at).map_or("", String::as_str);
    let mut command = command(word(1), word(2)).unwrap_or_else(|| std::process::exit(2));
    let output = command.output();
    let (out, err) = (&output.stdout, &output.stderr);
    println!("{} {} {} {}", output.status, out.len(), err.len(), hash(out));
    if out.len() <= 4096 {
        std::io::stdout().write_all(out).unwrap();
    }
    std::io::stderr().write_all(err).unwrap();
}
