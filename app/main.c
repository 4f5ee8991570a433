/* SPDX-License-Identifier: MIT
 * main.c - finds the command. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const cli_command *const main_commands[] = {
    &cli_serve, &cli_link,     &cli_join,   &cli_new,    &cli_cat,   &cli_log,
    &cli_diff,  &cli_checkout, &cli_export, &cli_import, &cli_doctor};

static void main_help(FILE *to) {
    fputs("lorikeet - documents that merge, peer to peer\n\nusage: lorikeet COMMAND ...\n\n", to);
    for (size_t i = 0; i < countof(main_commands); i++)
        fprintf(to, "  %-8s %s\n", main_commands[i]->name, main_commands[i]->summary);
    fputs("\n\"lorikeet COMMAND --help\" says more. \"lorikeet --version\" prints the version.\n",
          to);
}

static int main_unknown(const char *typed) {
    const char *names[countof(main_commands)];
    for (size_t i = 0; i < countof(names); i++) names[i] = main_commands[i]->name;
    const char *near = cli_nearest(typed, names, countof(names));
    if (near != NULL)
        cli_complain(NULL, "no command \"%s\"; did you mean \"%s\"?", typed, near);
    else
        cli_complain(NULL, "no command \"%s\"; see lorikeet --help", typed);
    return CLI_USAGE;
}

static bool main_wants_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        main_help(stderr);
        return CLI_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        main_help(stdout);
        return CLI_OK;
    }
    if (strcmp(word, "--version") == 0) {
        puts("lorikeet " LK_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < countof(main_commands); i++) {
        if (strcmp(word, main_commands[i]->name) != 0) continue;
        if (!main_wants_help(argc - 1, argv + 1)) return main_commands[i]->run(argc - 1, argv + 1);
        fputs(main_commands[i]->help, stdout);
        return CLI_OK;
    }
    return main_unknown(word);
}
