/* SPDX-License-Identifier: MIT
 * cli.h - what the commands share: options, exit codes, and one way to complain. */
#ifndef APP_CLI_H
#define APP_CLI_H

#include "base/mem.h"

typedef enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,  /* a file or the network would not do */
    CLI_DAMAGED = 2, /* the input is not what it should be */
    CLI_STORE = 3,   /* the document's store cannot be used */
    CLI_USAGE = 64,  /* EX_USAGE of sysexits.h */
} cli_exit;

typedef struct cli_command {
    const char *name, *summary, *help;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} cli_command;
extern const cli_command cli_serve, cli_link, cli_join, cli_new, cli_cat, cli_log, cli_diff,
    cli_checkout, cli_export, cli_import, cli_doctor;

typedef VEC(const char *) cli_list;

typedef struct cli_option { /* exactly one of the three places is set */
    const char *name;       /* "--listen" */
    const char **value;     /* takes a value; the last one counts */
    cli_list *values;       /* takes a value; all count */
    bool *flag;             /* takes none */
} cli_option;

/* Sort argv into `options` and the rest into `files`. CLI_OK, or CLI_USAGE after complaining.
 * "--" ends the options; "--name=value" works too. */
int cli_parse(int argc, char **argv, const cli_option *options, size_t option_count,
              cli_list *files);

/* "lorikeet COMMAND: ..." and a newline on stderr. */
__attribute__((format(printf, 2, 3))) void cli_complain(const char *command, const char *format,
                                                        ...);
/* The nearest of `names` to what was typed, or NULL if none is near. */
const char *cli_nearest(const char *typed, const char *const *names, size_t count);

/* All of a file, or of standard input if it is called "-". 0 or an errno value. */
int cli_read_file(const char *path, lk_buf *out);
/* Write beside `path`, make it durable, rename; "-" is standard output. 0 or an errno value. */
int cli_write_file(const char *path, lk_bytes bytes);
/* The same for a command's result. CLI_OK, or CLI_FAILED after complaining. */
int cli_save(const char *command, const char *path, const lk_buf *bytes);
/* Print what a command has to say. CLI_OK, or CLI_FAILED after complaining. */
int cli_say(const char *command, const lk_buf *text);

#endif
