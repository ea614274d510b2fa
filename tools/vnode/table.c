// SPDX-License-Identifier: GPL-2.0
/*
 * Prints tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Each column as wide as it must be; the heading is the first row. */
static void print_cells(char **cells, size_t rows, size_t columns)
{
	size_t width[TABLE_MAX_COLUMNS] = { 0 };
	size_t row, column, len;

	for (row = 0; row < rows; row++) {
		for (column = 0; column < columns; column++) {
			len = strlen(cells[row * columns + column]);
			if (len > width[column])
				width[column] = len;
		}
	}
	for (row = 0; row < rows; row++) {
		for (column = 0; column + 1 < columns; column++)
			printf("%-*s  ", (int)width[column], cells[row * columns + column]);
		printf("%s\n", cells[row * columns + column]);
	}
}

/**
 * table_print - print a table
 * @command: the command, for an error
 * @heading: the names of its columns
 * @columns: how many, at most TABLE_MAX_COLUMNS
 * @rows: how many rows, without the heading
 * @fill: stores the texts of row @i, which are freed here; false if it cannot
 * @of: what the table shows, for @fill
 *
 * Return: vnode's exit status.
 */
int table_print(const char *command, const char *const *heading, size_t columns, size_t rows,
		bool (*fill)(const void *of, size_t i, char **row), const void *of)
{
	char **cells = calloc((rows + 1) * columns, sizeof(*cells));
	bool ok = cells;
	size_t i;

	if (ok)
		memcpy(cells, heading, columns * sizeof(*cells));
	for (i = 0; ok && i < rows; i++)
		ok = fill(of, i, cells + (i + 1) * columns);
	if (ok)
		print_cells(cells, rows + 1, columns);
	else
		report("%s: out of memory", command);
	for (i = columns; cells && i < (rows + 1) * columns; i++)
		free(cells[i]);
	free(cells);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
