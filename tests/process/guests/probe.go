// The probe in Go; README.md beside it says what it does.
package main

import (
	"fmt"
	"os"
	"time"

	process "ssvm_process"
)

func command(scenario, n string) *process.Cmd {
	switch scenario {
	case "args":
		return process.Command("printf", "[%s]", "one", "", "two words", "zwei ü \"$HOME\" \\n")
	case "env":
		cmd := process.Command("env")
		cmd.Env = []string{"A=1", "EMPTY=", "EQUALS=x=y ü"}
		return cmd
	case "text":
		cmd := process.Command("cat")
		cmd.Stdin = []byte("first line\nzweite Zeile ü\n")
		return cmd
	case "binary":
		cmd := process.Command("cat")
		for i := range 256 {
			cmd.Stdin = append(cmd.Stdin, byte(i))
		}
		return cmd
	case "timeout":
		cmd := process.Command("sleep", "1000")
		cmd.Timeout = 300 * time.Millisecond
		return cmd
	case "exit":
		return process.Command("sh", "-c", "echo out; echo err >&2; exit $0", n)
	case "large":
		cmd := process.Command("sh", "-c", "yes 0123456 | head -c $0", n)
		cmd.Timeout = 100 * time.Second
		return cmd
	}
	os.Exit(2)
	return nil
}

func hash(data []byte) uint32 {
	var h uint32
	for i := 0; i < len(data); i += 61 {
		h = h*31 + uint32(data[i])
	}
	return h
}

func word(at int) string {
	if at < len(os.Args) {
		return os.Args[at]
	}
	return ""
}

func main() {
	result := command(word(1), word(2)).Run()
	fmt.Println(result.Status, len(result.Stdout), len(result.Stderr), hash(result.Stdout))
	if len(result.Stdout) <= 4096 {
		os.Stdout.Write(result.Stdout)
	}
	os.Stderr.Write(result.Stderr)
}
