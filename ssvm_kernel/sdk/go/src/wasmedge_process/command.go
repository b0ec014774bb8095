// Package wasmedgeprocess runs programs on the host, where the person who runs the guest allows it.
//
//	output, err := wasmedgeprocess.Command("git", "status").Output()
//
// It speaks to the host by the module wasmedge_process.
package wasmedgeprocess

import (
	"process_interface"
	"unsafe"
	"wasmedge_process/raw"
)

// Statuses that the host makes up; all others are those of the program.
const (
	Refused  = processinterface.Refused  // denied, not found, or not a program; Stderr says which
	TimedOut = processinterface.TimedOut // stopped after its time was up
)

// Cmd is a program to run on the host, with everything that is given to it. It can be run more than once.
type Cmd = processinterface.Cmd

// Result is how a program ended and what it wrote.
type Result = processinterface.Result

// ExitError says that a program did not end with status 0.
type ExitError = processinterface.ExitError

// Command returns a command with a program's name or path and its arguments.
func Command(name string, args ...string) *Cmd {
	return processinterface.NewCmd(&host, name, args)
}

var host = processinterface.Host{
	SetProgName:  raw.SetProgName,
	AddArg:       raw.AddArg,
	AddEnv:       raw.AddEnv,
	AddStdin:     func(data []byte) { raw.AddStdin(unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data))) },
	SetTimeout:   raw.SetTimeout,
	Run:          raw.Run,
	GetStdoutLen: raw.GetStdoutLen,
	GetStdout:    func(buffer []byte) { raw.GetStdout(unsafe.Pointer(unsafe.SliceData(buffer))) },
	GetStderrLen: raw.GetStderrLen,
	GetStderr:    func(buffer []byte) { raw.GetStderr(unsafe.Pointer(unsafe.SliceData(buffer))) },
}
