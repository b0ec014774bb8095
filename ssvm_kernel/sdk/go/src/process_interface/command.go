// Package processinterface is what ssvm_process and wasmedge_process have in common; guests import one of those.
package processinterface

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Statuses that the host makes up; all others are those of the program.
const (
	Refused  = -1  // denied, not found, or not a program; Stderr says which
	TimedOut = 110 // stopped after its time was up
)

const defaultTimeout = 10 * time.Second

// Host is the host's side of the process interface.
type Host struct {
	SetProgName  func(name string)
	AddArg       func(arg string)
	AddEnv       func(name, value string)
	AddStdin     func(data []byte)
	SetTimeout   func(milliseconds uint32)
	Run          func() int32
	GetStdoutLen func() uint32
	GetStdout    func(buffer []byte)
	GetStderrLen func() uint32
	GetStderr    func(buffer []byte)
}

// Cmd is a program to run on the host, with everything that is given to it. It can be run more than once.
type Cmd struct {
	Name    string        // its name or path
	Args    []string      // its arguments, without the name
	Env     []string      // its environment as "NAME=value", of two with one name the last counts; nil is the guest's own
	Stdin   []byte        // its standard input
	Timeout time.Duration // how long it may take; 0 is ten seconds
	host    *Host
}

// Result is how a program ended and what it wrote.
type Result struct {
	Status int    // its exit status: Refused when it did not run, TimedOut when its time was up
	Stdout []byte // what it wrote to its standard output
	Stderr []byte // what it wrote to its standard error, or why it did not run
}

// ExitError says that a program did not end with status 0.
type ExitError struct {
	Result
	Name string // the program's name
}

func (e *ExitError) Error() string {
	text := strings.TrimSpace(string(e.Stderr))
	switch {
	case e.Status == TimedOut:
		text = "its time was up"
	case text == "":
		text = "it said nothing"
	}
	return fmt.Sprintf("%s ended with status %d: %s", e.Name, e.Status, text)
}

// NewCmd returns a command for a host.
func NewCmd(host *Host, name string, args []string) *Cmd {
	return &Cmd{Name: name, Args: args, host: host}
}

// Run runs the program to its end. It panics when the name, an argument or a variable has a NUL in it.
func (c *Cmd) Run() Result {
	variables := c.variables()
	withoutNUL("the program's name", c.Name)
	for _, arg := range c.Args {
		withoutNUL("an argument", arg)
	}
	for _, variable := range variables {
		withoutNUL("the environment", variable)
	}
	c.host.SetProgName(c.Name)
	for _, arg := range c.Args {
		c.host.AddArg(arg)
	}
	for at := len(variables) - 1; at >= 0; at-- { // the host keeps the first of two, here the last counts
		name, value, _ := strings.Cut(variables[at], "=")
		c.host.AddEnv(name, value)
	}
	c.host.SetTimeout(milliseconds(c.Timeout))
	c.host.AddStdin(c.Stdin)
	result := Result{Status: int(c.host.Run())}
	result.Stdout = make([]byte, c.host.GetStdoutLen())
	c.host.GetStdout(result.Stdout)
	result.Stderr = make([]byte, c.host.GetStderrLen())
	c.host.GetStderr(result.Stderr)
	return result
}

// Output runs the program to its end and returns its standard output; the error is an *ExitError unless it ended with 0.
func (c *Cmd) Output() ([]byte, error) {
	result := c.Run()
	if result.Status != 0 {
		return result.Stdout, &ExitError{Result: result, Name: c.Name}
	}
	return result.Stdout, nil
}

func (c *Cmd) variables() []string {
	if c.Env == nil {
		return os.Environ()
	}
	return c.Env
}

func milliseconds(timeout time.Duration) uint32 {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	const most = 1<<32 - 1
	rounded := (timeout + time.Millisecond - 1) / time.Millisecond
	if rounded > most {
		return most
	}
	return uint32(rounded)
}

func withoutNUL(what, text string) {
	if strings.IndexByte(text, 0) >= 0 {
		panic(what + " has a NUL in it")
	}
}
