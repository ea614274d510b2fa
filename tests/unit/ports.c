// SPDX-License-Identifier: GPL-2.0
/* All ways for a program to the machine's ports: which are open, one a line? */
#include <fcntl.h>
#include <stdio.h>
#include <sys/io.h>

int main(void)
{
	if (!ioperm(0x80, 1, 1))
		puts("ioperm");
	if (!iopl(3))
		puts("iopl");
	if (open("/dev/port", O_RDWR) >= 0)
		puts("/dev/port");
	if (open("/dev/mem", O_RDWR) >= 0)
		puts("/dev/mem");
	return 0;
}
