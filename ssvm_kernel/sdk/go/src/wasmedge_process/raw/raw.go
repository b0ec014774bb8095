// Package raw has the eleven functions of the host in the module wasmedge_process; most guests want wasmedge_process itself.
//
// What the next run is to be comes first; the host forgets it after the run.
package raw

import "unsafe"

// SetProgName adds to the name of the program, which starts out empty.
//
//go:wasmimport wasmedge_process wasmedge_process_set_prog_name
func SetProgName(name string)

// AddArg adds one argument; the name of the program is none of them.
//
//go:wasmimport wasmedge_process wasmedge_process_add_arg
func AddArg(arg string)

// AddEnv adds one environment variable; of two with the same name the first counts.
//
//go:wasmimport wasmedge_process wasmedge_process_add_env
func AddEnv(name, value string)

// AddStdin adds bytes to the standard input.
//
//go:wasmimport wasmedge_process wasmedge_process_add_stdin
func AddStdin(data unsafe.Pointer, size uint32)

// SetTimeout sets how long the next run may take.
//
//go:wasmimport wasmedge_process wasmedge_process_set_timeout
func SetTimeout(milliseconds uint32)

// Run runs the program to its end and returns its exit status.
//
//go:wasmimport wasmedge_process wasmedge_process_run
func Run() int32

// GetExitCode returns the exit status of the last run.
//
//go:wasmimport wasmedge_process wasmedge_process_get_exit_code
func GetExitCode() int32

// GetStdoutLen returns how many bytes the last run wrote to its standard output.
//
//go:wasmimport wasmedge_process wasmedge_process_get_stdout_len
func GetStdoutLen() uint32

// GetStdout copies them to a buffer, which must have room for all of them.
//
//go:wasmimport wasmedge_process wasmedge_process_get_stdout
func GetStdout(buffer unsafe.Pointer)

// GetStderrLen returns how many bytes the last run wrote to its standard error.
//
//go:wasmimport wasmedge_process wasmedge_process_get_stderr_len
func GetStderrLen() uint32

// GetStderr copies them to a buffer, which must have room for all of them.
//
//go:wasmimport wasmedge_process wasmedge_process_get_stderr
func GetStderr(buffer unsafe.Pointer)
