/*
 * The process interface of the Second State VM, for C and C++ guests.
 *
 * A guest cannot start a program by itself: it asks the host, and the host asks the person.  The eleven functions of
 * the interface come first; below them is a small API that most guests want:
 *
 *     const char *const arguments[] = {"status", "--short", NULL};
 *     ssvm_command command = {.program = "git", .args = arguments};
 *     ssvm_output output = ssvm_run(&command);
 *     fwrite(output.out, 1, output.out_size, stdout);
 *     ssvm_output_free(&output);
 */
#ifndef SSVM_PROCESS_H
#define SSVM_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SSVM_PROCESS_IMPORT(name) __attribute__((import_module("ssvm_process"), import_name(#name))) extern

/* What the next run is to be; the host forgets it after the run. Texts are UTF-8 with a length, not NUL-terminated. */

/* Add to the program's name, which starts out empty. */
SSVM_PROCESS_IMPORT(ssvm_process_set_prog_name) void ssvm_process_set_prog_name(const char *text, uint32_t size);
/* Add one argument; the program's name is not one of them. */
SSVM_PROCESS_IMPORT(ssvm_process_add_arg) void ssvm_process_add_arg(const char *text, uint32_t size);
/* Add one environment variable; of two with the same name the first counts. */
SSVM_PROCESS_IMPORT(ssvm_process_add_env)
void ssvm_process_add_env(const char *name, uint32_t name_size, const char *value, uint32_t value_size);
/* Add bytes to the program's standard input. */
SSVM_PROCESS_IMPORT(ssvm_process_add_stdin) void ssvm_process_add_stdin(const void *data, uint32_t size);
/* Set how long the program may take; 10 s unless set. */
SSVM_PROCESS_IMPORT(ssvm_process_set_timeout) void ssvm_process_set_timeout(uint32_t milliseconds);

/* Run it, wait for its end, and return its exit status: -1 when it was denied or not found, 110 after the timeout. */
SSVM_PROCESS_IMPORT(ssvm_process_run) int32_t ssvm_process_run(void);

/* What came of the last run. The buffers must have room for all of it. */
SSVM_PROCESS_IMPORT(ssvm_process_get_exit_code) int32_t ssvm_process_get_exit_code(void);
SSVM_PROCESS_IMPORT(ssvm_process_get_stdout_len) uint32_t ssvm_process_get_stdout_len(void);
SSVM_PROCESS_IMPORT(ssvm_process_get_stdout) void ssvm_process_get_stdout(void *buffer);
SSVM_PROCESS_IMPORT(ssvm_process_get_stderr_len) uint32_t ssvm_process_get_stderr_len(void);
SSVM_PROCESS_IMPORT(ssvm_process_get_stderr) void ssvm_process_get_stderr(void *buffer);

#undef SSVM_PROCESS_IMPORT

enum {
    SSVM_STATUS_REFUSED = -1,   /* denied, not found, or not a program; the error output says which */
    SSVM_STATUS_TIMED_OUT = 110 /* stopped after its time was up */
};

/* A command to run. Members that are zero are left to the host. */
typedef struct ssvm_command {
    const char *program;      /* its name or path */
    const char *const *args;  /* its arguments without the program, then NULL */
    const char *const *env;   /* its environment as "NAME=value", then NULL; it inherits nothing */
    const void *input;        /* its standard input */
    size_t input_size;        /* in bytes */
    uint32_t timeout_ms;      /* how long it may take */
} ssvm_command;

/* What came of it. A NUL follows each output, so that text can be used as a string. */
typedef struct ssvm_output {
    int32_t status;
    char *out; /* NULL when there is no memory for it */
    size_t out_size;
    char *err; /* NULL when there is no memory for it */
    size_t err_size;
} ssvm_output;

static inline char *ssvm_output_buffer_(size_t size) {
    char *buffer = (char *)malloc(size + 1);
    if (buffer != NULL) {
        buffer[size] = '\0';
    }
    return buffer;
}

/* Run a command and return what it wrote; release it with ssvm_output_free. */
static inline ssvm_output ssvm_run(const ssvm_command *command) {
    ssvm_output output;
    ssvm_process_set_prog_name(command->program, (uint32_t)strlen(command->program));
    for (const char *const *arg = command->args; arg != NULL && *arg != NULL; arg++) {
        ssvm_process_add_arg(*arg, (uint32_t)strlen(*arg));
    }
    for (const char *const *variable = command->env; variable != NULL && *variable != NULL; variable++) {
        size_t name_size = strcspn(*variable, "=");
        const char *value = *variable + name_size + ((*variable)[name_size] == '=');
        ssvm_process_add_env(*variable, (uint32_t)name_size, value, (uint32_t)strlen(value));
    }
    if (command->timeout_ms != 0) {
        ssvm_process_set_timeout(command->timeout_ms);
    }
    if (command->input_size != 0) {
        ssvm_process_add_stdin(command->input, (uint32_t)command->input_size);
    }
    output.status = ssvm_process_run();
    output.out_size = ssvm_process_get_stdout_len();
    output.err_size = ssvm_process_get_stderr_len();
    output.out = ssvm_output_buffer_(output.out_size);
    output.err = ssvm_output_buffer_(output.err_size);
    if (output.out != NULL) {
        ssvm_process_get_stdout(output.out);
    }
    if (output.err != NULL) {
        ssvm_process_get_stderr(output.err);
    }
    return output;
}

/* Release what ssvm_run returned. */
static inline void ssvm_output_free(ssvm_output *output) {
    free(output->out);
    free(output->err);
    output->out = output->err = NULL;
    output->out_size = output->err_size = 0;
}

#ifdef __cplusplus
}
#endif

#endif
