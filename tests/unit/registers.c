// SPDX-License-Identifier: GPL-2.0
/*
 * A program with numbers in all SSE and x87 registers, which looks again and again
 * whether they are still there: what kernels do with the registers must not show.
 *
 *	registers FILE	until FILE exists; status 1 if a register has changed
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPINS	200000	/* with the registers full */

struct registers {
	unsigned long long xmm[16];
	unsigned long long st[8];	/* integers, which are exact there */
};

static void hold(const struct registers *in, struct registers *out)
{
	unsigned int spins = SPINS;

	/* No clobbers but memory: the compiler has no SSE, and nothing in the x87 here. */
	asm volatile("movups (%1), %%xmm0; movups 16(%1), %%xmm1\n\t"
		     "movups 32(%1), %%xmm2; movups 48(%1), %%xmm3\n\t"
		     "movups 64(%1), %%xmm4; movups 80(%1), %%xmm5\n\t"
		     "movups 96(%1), %%xmm6; movups 112(%1), %%xmm7\n\t"
		     "fildll 128(%1); fildll 136(%1); fildll 144(%1); fildll 152(%1)\n\t"
		     "fildll 160(%1); fildll 168(%1); fildll 176(%1); fildll 184(%1)\n"
		     "1:	subl $1, %0; jnz 1b\n\t"
		     "fistpll 184(%2); fistpll 176(%2); fistpll 168(%2); fistpll 160(%2)\n\t"
		     "fistpll 152(%2); fistpll 144(%2); fistpll 136(%2); fistpll 128(%2)\n\t"
		     "movups %%xmm0, (%2); movups %%xmm1, 16(%2)\n\t"
		     "movups %%xmm2, 32(%2); movups %%xmm3, 48(%2)\n\t"
		     "movups %%xmm4, 64(%2); movups %%xmm5, 80(%2)\n\t"
		     "movups %%xmm6, 96(%2); movups %%xmm7, 112(%2)"
		     : "+r" (spins) : "r" (in), "r" (out) : "memory");
}

int main(int argc, char **argv)
{
	unsigned long long number = 88172645463325252ULL;
	struct registers in, out;
	unsigned long rounds = 0;
	unsigned int i;

	if (argc != 2)
		return 2;
	for (; access(argv[1], F_OK); rounds++) {
		for (i = 0; i < 16; i++)
			in.xmm[i] = number *= 6364136223846793005ULL;
		for (i = 0; i < 8; i++)
			in.st[i] = number *= 6364136223846793005ULL;
		memset(&out, 0, sizeof(out));
		hold(&in, &out);
		if (memcmp(&in, &out, sizeof(in))) {
			printf("registers: changed in round %lu\n", rounds);
			return 1;
		}
	}
	printf("registers: kept for %lu rounds\n", rounds);
	return rounds == 0;
}
