// SPDX-License-Identifier: GPL-2.0
/*
 * Prints tables.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/**
 * table_print - print a table, each column as wide as it must be
 * @cells: the texts, row by row, the heading first
 * @rows: how many rows, with the heading
 * @columns: how many columns, at most TABLE_MAX_COLUMNS
 */
void table_print(char **cells, size_t rows, size_t columns)
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
