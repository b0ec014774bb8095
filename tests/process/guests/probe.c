/* The probe in C, and in C++; README.md beside it says what it does. */
#include <ssvm_process.h>
#include <stdio.h>
#include <string.h>

static uint32_t hash(const char *data, size_t size) {
    uint32_t h = 0;
    for (size_t i = 0; i < size; i += 61) {
        h = h * 31 + (unsigned char)data[i];
    }
    return h;
}

int main(int argc, char **argv) {
    const char *scenario = argc > 1 ? argv[1] : "";
    const char *n = argc > 2 ? argv[2] : "";
    const char *const words[] = {"[%s]", "one", "", "two words", "zwei ü \"$HOME\" \\n", NULL};
    const char *const variables[] = {"A=1", "EMPTY=", "EQUALS=x=y ü", NULL};
    const char *const seconds[] = {"1000", NULL};
    const char *const exits[] = {"-c", "echo out; echo err >&2; exit $0", n, NULL};
    const char *const prints[] = {"-c", "yes 0123456 | head -c $0", n, NULL};
    const char text[] = "first line\nzweite Zeile ü\n";
    unsigned char bytes[256];
    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)i;
    }

    ssvm_command command;
    memset(&command, 0, sizeof command);
    if (strcmp(scenario, "args") == 0) {
        command.program = "printf";
        command.args = words;
    } else if (strcmp(scenario, "env") == 0) {
        command.program = "env";
        command.env = variables;
    } else if (strcmp(scenario, "text") == 0) {
        command.program = "cat";
        command.input = text;
        command.input_size = strlen(text);
    } else if (strcmp(scenario, "binary") == 0) {
        command.program = "cat";
        command.input = bytes;
        command.input_size = sizeof bytes;
    } else if (strcmp(scenario, "timeout") == 0) {
        command.program = "sleep";
        command.args = seconds;
        command.timeout_ms = 300;
    } else if (strcmp(scenario, "exit") == 0) {
        command.program = "sh";
        command.args = exits;
    } else if (strcmp(scenario, "large") == 0) {
        command.program = "sh";
        command.args = prints;
        command.timeout_ms = 100000;
    } else {
        return 2;
    }

    ssvm_output output = ssvm_run(&command);
    printf("%d %zu %zu %u\n", (int)output.status, output.out_size, output.err_size,
           (unsigned)hash(output.out, output.out_size));
    if (output.out_size <= 4096) {
        fwrite(output.out, 1, output.out_size, stdout);
    }
    fwrite(output.err, 1, output.err_size, stderr);
    ssvm_output_free(&output);
    return 0;
}
